// One contract in full, in a dialog.
"use strict";

function witnessList(witness) {
  const rows = [...witness.inputs, ["computed", witness.computed], ["exact", witness.exact]];
  return element("dl", { class: "witness" },
    rows.filter(([, text]) => text !== "").map(([name, text]) => [element("dt", {}, name), element("dd", {}, element("code", {}, text))]));
}

function replayLine(witness) {
  if (witness.replay === "") return null;
  return element("div", { class: "replay" }, element("code", {}, witness.replay), copyButton("Copy", witness.replay));
}

/** What a sweep found, and on demand by binades of the input. */
function sweepDetails(sweep) {
  if (sweep.binades.length === 0) return element("div", {}, sweep.text);
  const names = ["inputs from", "results", "not correctly rounded", "largest error, ulp", "mean error, ulp"];
  return element("details", {}, element("summary", {}, sweep.text),
    element("table", { class: "binades" },
      element("thead", {}, element("tr", {}, names.map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, sweep.binades.map((binade) => element("tr", {}, binade.map((text) => element("td", {}, text)))))));
}

function factList(contract) {
  const facts = [
    ["Largest error", [contract.ulp + " ulp ", evidenceMark(contract), " " + contract.evidence]],
    ["Budget", contract.budget + (contract.source === "" ? "" : " – " + contract.source)],
    ["A computed 0 passes", contract.zero === "" ? "" : "for exact results " + contract.zero],
    ["Mean error", contract.mean + " ulp"],
    ["Relative error", "at most " + contract.relative],
    ["Correctly rounded", contract.right],
    ["Inputs tried", contract.count + (contract.inputs === "" ? "" : " – " + contract.inputs)],
    ["Every value tried", contract.sweeps.map(sweepDetails)],
    ["Hunted", contract.hunt.map((text) => element("div", {}, text))],
    ["What happened", hasNumbers(contract) ? "" : contract.detail],
    ["Worse", contract.grown],
    ["Fails nobody", contract.excused],
    ["The subject's note", contract.note],
  ];
  return element("dl", { class: "facts" }, facts.filter(([, text]) => text.length > 0)
    .map(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]));
}

function ruleBlock(rule) {
  const kind = rule.required ? "Rule broken" : "Recommended rule broken";
  return [
    element("h4", {}, kind + ": " + rule.text, element("small", {}, " " + rule.name + ", in " + rule.broken + (rule.broken === "1" ? " case" : " cases") + (rule.excused === "" ? "" : ", " + rule.excused))),
    witnessList(rule.worst), replayLine(rule.worst),
  ];
}

function contractDetails(contract) {
  return element("div", {},
    element("p", {}, chip(contract.standing)), factList(contract),
    contract.rules.map(ruleBlock),
    contract.lost === null ? null
      : [element("h4", {}, "Nothing is left of the result"), witnessList(contract.lost), replayLine(contract.lost)],
    contract.hunted === null || !(contract.hunt.length > 0) ? null
      : [element("h4", {}, "Found by the hunt, with the fewest inputs"), witnessList(contract.hunted), replayLine(contract.hunted)],
    contract.beyond === null ? null
      : [element("h4", {}, "Farthest beyond the budget"), witnessList(contract.beyond), replayLine(contract.beyond)],
    contract.worst.inputs.length === 0 ? null
      : [element("h4", {}, hasNumbers(contract) ? "Worst input" : "The case"), witnessList(contract.worst), replayLine(contract.worst)]);
}

/** Shows the worst of these contracts; the others are a choice away. */
function openPanel(contracts) {
  const sorted = [...contracts].sort(bySeverity);
  const panel = byId("panel");
  const place = element("div");
  const show = (contract) => place.replaceChildren(contractDetails(contract));
  const choice = element("select", { "aria-label": "contract", change: () => show(sorted[choice.value]) },
    sorted.map((contract, i) => element("option", { value: i }, standings.get(contract.standing).sign + " " + shortText(contract))));
  panel.replaceChildren(
    element("header", {},
      element("h3", { id: "panel-title" }, subjectOf(sorted[0]).label + ": " + sorted[0].function),
      element("button", { type: "button", class: "close", "aria-label": "close", click: () => panel.close() }, "×")),
    sorted.length > 1 ? choice : element("p", { class: "quiet" }, shortText(sorted[0])),
    place);
  show(sorted[0]);
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
}

// A press beside the dialog closes it.
byId("panel").addEventListener("click", (event) => { if (event.target === byId("panel")) byId("panel").close(); });
