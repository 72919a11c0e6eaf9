// The verdict table: functions down, subjects across; a function's contracts as rows of their own below it.
"use strict";

const openFunctions = new Set();

function summaryOf(contracts) {
  const worst = [...contracts].sort(bySeverity)[0];
  const largest = contracts.reduce((a, b) => (numberOf(b.ulp) > numberOf(a.ulp) ? b : a));
  return {
    worst,
    standing: standings.get(worst.standing),
    ulp: largest.ulp,
    excess: Math.max(...contracts.map(excessOf)),
    failing: contracts.filter((contract) => standings.get(contract.standing).fails).length,
    // As good as the weakest evidence among them.
    evidence: { standing: worst.standing, evidence: contracts.every((contract) => contract.evidence === "proved") ? "proved" : "observed" },
  };
}

/** The shade of an exceeded budget: up to 100 times, up to a million times, beyond. */
const heatOf = (excess) => (excess > 1e6 ? 3 : excess > 100 ? 2 : 1);

function explanation(summary, total) {
  const { worst, standing } = summary;
  if (standing.name === "unjudged" || standing.name === "known") return [standing.word];
  if (!standing.fails) return [total > 1 ? `${total} of ${total} conform` : standing.word];
  const share = total > 1 ? `${summary.failing} of ${total} fail` : "";
  if (!hasNumbers(worst)) return [share, worst.detail];
  const broken = worst.rules.filter((rule) => rule.required).map((rule) => rule.name);
  if (broken.length > 0) return [share || standing.word, broken.join(", ")];
  return [share || standing.word];
}

function hoverText(contract) {
  const witness = contract.rules.length > 0 ? contract.rules[0].worst : contract.worst;
  const lines = [contract.text, standings.get(contract.standing).word + ", largest error " + contract.ulp + " ulp, budget " + contract.budget];
  for (const rule of contract.rules) lines.push(rule.text + ", in " + rule.broken);
  for (const [name, text] of witness.inputs) lines.push(name + " = " + text);
  if (witness.computed !== "") lines.push("computed " + witness.computed, "exact " + witness.exact);
  return lines.join("\n").slice(0, 1500);
}

function verdictCell(all) {
  const contracts = all.filter((contract) => contract.standing !== "unsupported");
  if (contracts.length === 0) {
    return element("td", { class: "none" }, element("span", { title: all.length > 0 && all[0].detail !== "" ? all[0].detail : "not offered" }, "–"));
  }
  // An error that no budget judges says nothing of the verdict beside it.
  const judged = contracts.filter((contract) => contract.standing !== "unjudged");
  const summary = summaryOf(judged.length > 0 ? judged : contracts);
  const number = hasNumbers(summary.worst) ? summary.ulp : summary.standing.word;
  const below = explanation(summary, judged.length || contracts.length).filter(Boolean).join(" · ");
  return element("td", {},
    element("button", { type: "button", class: "cell " + summary.standing.name, "data-heat": heatOf(summary.excess),
      title: hoverText(summary.worst), click: () => openPanel(contracts) },
      element("span", { class: "value" }, summary.standing.sign + " " + number + " ", hasNumbers(summary.worst) ? evidenceMark(summary.evidence) : ""),
      element("span", { class: "below" }, below)));
}

const shownColumns = () => data.subjects.map((_, column) => column).filter((column) => filter.subject === "" || filter.subject === data.subjects[column].label);

function subjectHead(column) {
  const subject = data.subjects[column];
  const own = shownContracts().filter((contract) => contract.column === column && !["unsupported", "unjudged"].includes(contract.standing));
  const failing = own.filter((contract) => standings.get(contract.standing).fails || contract.standing === "known").length;
  return element("th", { scope: "col", title: subject.origin },
    element("span", { class: "name" }, subject.label), element("span", { class: "version" }, subject.version),
    element("span", { class: "tally" }, `${own.length - failing} of ${own.length} conform`),
    subject.gated ? null : element("span", { class: "tally" }, "reported, not gated"));
}

function functionRows(name, contracts) {
  const cells = (list) => shownColumns().map((column) => verdictCell(list.filter((contract) => contract.column === column)));
  const texts = [...new Set(contracts.map(shortText))];
  const body = element("tbody", { class: openFunctions.has(name) ? "open" : "" });
  const toggle = element("button", { type: "button", class: "toggle", "aria-expanded": String(openFunctions.has(name)), click: () => {
    body.classList.toggle("open");
    const open = body.classList.contains("open");
    toggle.setAttribute("aria-expanded", String(open));
    if (open) openFunctions.add(name); else openFunctions.delete(name);
    if (open && body.childElementCount === 1) addRows();
  } }, element("span", { class: "name" }, name), element("span", { class: "version" }, plural(texts.length, "contract")));
  const addRows = () => body.append(...texts.map((text) => element("tr", { class: "sub" },
    element("th", { scope: "row" }, text), cells(contracts.filter((contract) => shortText(contract) === text)))));
  body.append(element("tr", {}, element("th", { scope: "row" }, toggle), cells(contracts)));
  if (openFunctions.has(name)) addRows();
  return body;
}

function drawVerdicts() {
  const contracts = shownContracts();
  const rows = data.functions.map((name) => [name, contracts.filter((contract) => contract.function === name)])
    .filter(([, list]) => list.length > 0).map(([name, list]) => functionRows(name, list));
  byId("verdict-table").style.minWidth = 170 + 118 * shownColumns().length + "px";
  byId("verdict-table").replaceChildren(
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, element("span", { class: "version" }, "largest error, ulp")),
      shownColumns().map(subjectHead))), ...rows);
}
