// Findings, the table of all contracts, speed, subjects and machines.
"use strict";

const findingsAtFirst = 12;
let allFindings = false;

function findingCard(finding) {
  const contract = data.contracts[finding.contract];
  const witness = finding.rule !== null ? contract.rules[finding.rule].worst : finding.beyond ? contract.beyond : contract.worst;
  const report = element("details", {}, element("summary", {}, "Text for a bug report"), element("pre", {}, finding.report));
  return element("article", { class: "finding" },
    element("h3", {}, chip(finding.standing, "fault"), element("span", { class: "name" }, subjectOf(contract).label), element("code", {}, contract.text)),
    element("div", { class: "shown" }, element("p", {}, finding.text[0].toUpperCase() + finding.text.slice(1) + "."), witnessList(witness), report),
    element("div", { class: "actions" },
      copyButton("Copy bug report", finding.report),
      witness.replay === "" ? null : copyButton("Copy replay command", witness.replay),
      element("button", { type: "button", class: "small", click: () => openPanel([contract]) }, "The contract"),
      finding.others.length === 0 ? null
        : element("button", { type: "button", class: "small", click: () => openPanel(finding.others.map((i) => data.contracts[i])) },
          "The same in " + plural(finding.others.length, "more contract").replace("more contracts", "more"))));
}

function drawFindings() {
  const findings = data.findings.filter((finding) => shown(data.contracts[finding.contract]) || finding.others.some((i) => shown(data.contracts[i])));
  const visible = allFindings ? findings : findings.slice(0, findingsAtFirst);
  byId("finding-count").textContent = findings.length === 0 ? "" : findings.length + ", most severe first";
  const rest = findings.length - visible.length;
  byId("finding-list").replaceChildren(...visible.map(findingCard),
    findings.length === 0 ? element("p", {}, "None: every contract shown conforms.") : "",
    rest === 0 ? "" : element("button", { type: "button", class: "more", click: () => { allFindings = true; drawFindings(); } }, "Show the other " + rest));
}

/** A table whose heads sort it. A column: its head, its text, what it sorts by (text without), and a class. */
function sortableTable(table, columns, rows, choose, state) {
  const sortBy = (i) => {
    state.direction = state.column === i ? -state.direction : columns[i].number ? -1 : 1;
    state.column = i;
    fill();
  };
  const heads = columns.map((column, i) => element("th", { scope: "col", class: column.number ? "number" : "" },
    element("button", { type: "button", class: "sort", click: () => sortBy(i) }, column.head)));
  const body = element("tbody");
  const compare = (a, b) => {
    const column = columns[state.column];
    const [x, y] = [column.key(a), column.key(b)];
    const order = typeof x === "string" ? x.localeCompare(y, "en") : (Number.isNaN(x) ? Infinity : x) - (Number.isNaN(y) ? Infinity : y);
    return (Number.isNaN(order) ? 0 : order) * state.direction;
  };
  const fill = () => {
    heads.forEach((head, i) => head.setAttribute("aria-sort", i !== state.column ? "none" : state.direction > 0 ? "ascending" : "descending"));
    const sorted = state.column === undefined ? rows : [...rows].sort(compare);
    body.replaceChildren(...sorted.map((row) => element("tr", choose ? { class: "choose", tabindex: "0", click: () => choose(row),
      keydown: (event) => { if (event.key === "Enter") choose(row); } } : {},
      columns.map((column) => element("td", { class: column.number ? "number" : column.class || "" }, column.text(row))))));
  };
  table.replaceChildren(element("thead", {}, element("tr", {}, heads)), body);
  fill();
}

const textColumn = (head, text, name) => ({ head, text, key: text, class: name });
const numberColumn = (head, text) => ({ head, text, key: (row) => numberOf(text(row)), number: true });

const contractColumns = [
  { head: "verdict", text: (row) => chip(row.standing), key: (row) => standings.get(row.standing).rank },
  textColumn("subject", (row) => subjectOf(row).label, "name"),
  textColumn("function", (row) => row.function),
  textColumn("dialect", (row) => row.dialect),
  textColumn("format", (row) => row.format),
  textColumn("pass", (row) => row.pass),
  textColumn("options", (row) => row.options, "options"),
  numberColumn("max ulp", (row) => row.ulp),
  { head: "", text: (row) => evidenceMark(row), key: (row) => row.evidence },
  textColumn("budget", (row) => row.budget),
  numberColumn("mean ulp", (row) => row.mean),
  numberColumn("correctly rounded", (row) => row.right),
  numberColumn("relative error", (row) => row.relative),
  numberColumn("inputs", (row) => row.count),
];
const contractOrder = { column: undefined, direction: 1 };

function drawContracts() {
  const words = byId("contract-search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (row) => { const text = (subjectOf(row).label + " " + row.text + " " + standings.get(row.standing).word).toLowerCase(); return words.every((word) => text.includes(word)); };
  const rows = shownContracts().filter(matches).sort(bySeverity);
  byId("contract-count").textContent = rows.length.toLocaleString("en");
  const columns = contractColumns.filter((column) => column.head !== "pass" || new Set(data.contracts.map((contract) => contract.pass)).size > 1);
  sortableTable(byId("contract-table"), columns, rows, (row) => openPanel([row]), contractOrder);
}

function drawChanges() {
  const gone = (line) => ({ kind: "no longer occurs", subject: "", contract: line, text: "an expected finding: remove its line" });
  const rows = data.runs.flatMap((run) => [...run.gone.map(gone), ...run.changes, ...(run.baseline !== "" && run.changes.length === 0
    ? [{ kind: "nothing changed", subject: "", contract: "", text: "against " + run.baseline }] : [])]);
  byId("changes").hidden = rows.length === 0;
  sortableTable(byId("change-table"), [
    textColumn("change", (row) => row.kind, "name"), textColumn("subject", (row) => row.subject), textColumn("contract", (row) => row.contract),
    textColumn("by how much", (row) => row.text, "options"),
  ], rows, null, { column: undefined, direction: 1 });
}

function drawBudgets() {
  sortableTable(byId("budget-table"), [
    textColumn("profile", (row) => data.runs[row.run].profile, "name"), textColumn("format", (row) => row.format), textColumn("budget", (row) => row.budget),
    textColumn("a computed 0 passes for exact results", (row) => row.zero),
    textColumn("contracts", (row) => row.contracts.join(", "), "options"), textColumn("source", (row) => row.source, "origin"),
  ], data.budgets, null, { column: undefined, direction: 1 });
}

function drawSpeed() {
  byId("speed").hidden = data.speed.length === 0;
  sortableTable(byId("speed-table"), [
    textColumn("subject", (row) => row.subject, "name"), textColumn("function", (row) => row.function), textColumn("dialect", (row) => row.dialect),
    textColumn("pass", (row) => row.pass), textColumn("options", (row) => row.options, "options"), textColumn("inputs", (row) => row.inputs),
    textColumn("shape", (row) => row.shape), numberColumn("ns an element", (row) => row.ns), numberColumn("limit, ns", (row) => row.limit),
    numberColumn("times the limit", (row) => row.ratio), textColumn("least to most", (row) => row.spread), textColumn("note", (row) => row.note),
  ], data.speed, null, { column: undefined, direction: 1 });
}

function drawSweepSpeed() {
  byId("sweep-speed").hidden = data.sweep_speed.length === 0;
  sortableTable(byId("sweep-speed-table"), [
    textColumn("measured", (row) => row.what), numberColumn("ns a float", (row) => row.ns), textColumn("beside", (row) => row.beside),
    numberColumn("ns a float of it", (row) => row.beside_ns), numberColumn("times as long", (row) => row.ratio), textColumn("goal", (row) => row.goal),
  ], data.sweep_speed, null, { column: undefined, direction: 1 });
}

function drawAbout() {
  sortableTable(byId("subject-table"), [
    textColumn("subject", (row) => row.label, "name"), textColumn("version", (row) => row.version), textColumn("origin", (row) => row.origin, "origin"),
    textColumn("decides the verdict", (row) => (row.gated ? "yes" : "no, reported only")),
  ], data.subjects, null, { column: undefined, direction: 1 });
  byId("machines").replaceChildren(...data.runs.map((run, i) => element("div", {},
    data.runs.length > 1 ? element("h3", {}, "Run " + (i + 1)) : "",
    element("dl", { class: "facts" }, [["started", run.started], ["command", run.command], ["profile", run.profile], ["seed", run.seed], ["lossaudit", run.tool], ...run.machine]
      .filter(([, text]) => text !== "").map(([name, text]) => [element("dt", {}, name), element("dd", {}, text)])))));
}
