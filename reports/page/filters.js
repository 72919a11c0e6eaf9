// What part of the contracts is shown: a choice for each word of a contract that differs among them.
"use strict";

const filter = {};

const shown = (contract) => Object.entries(filter).every(([word, value]) => value === "" || contract[word] === value);
const shownContracts = () => data.contracts.filter(shown);

function buildFilters(changed) {
  const bar = byId("filters");
  for (const word of ["subject", "format", "dialect", "pass", "options"]) {
    const values = [...new Set(data.contracts.map((contract) => contract[word]))];
    filter[word] = "";
    if (values.length < 2 || (word === "options" && values.length > 40)) continue;
    if (word === "options") values.splice(values.indexOf(""), values.includes("") ? 1 : 0);
    const choice = element("select", { change: () => { filter[word] = choice.value; changed(); } },
      element("option", { value: "" }, "all"), values.map((value) => element("option", { value }, value)));
    bar.append(element("label", {}, word + " ", choice));
  }
  bar.hidden = bar.childElementCount === 0;
}
