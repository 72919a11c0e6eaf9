// The data, and how elements are made of it. Text from the data only ever becomes text nodes and attribute values.
"use strict";

// What goes wrong is noted on the root element, where the page's own test looks.
const noteError = (message) => {
  const root = document.documentElement;
  root.dataset.errors = (root.dataset.errors ? root.dataset.errors + "; " : "") + message;
};
window.addEventListener("error", (event) => noteError(event.message));
window.addEventListener("unhandledrejection", (event) => noteError(String(event.reason)));
document.addEventListener("securitypolicyviolation", (event) => noteError("blocked " + event.violatedDirective));
document.documentElement.dataset.errors = "";

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

/** An element with attributes (a function is a listener; false leaves one out) and children (strings become text). */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

/** The number that a text of the data stands for: "8.39e6", "1,024", "99.9%", "inf". */
function numberOf(text) {
  if (text === "inf") return Infinity;
  return Number(text.replace(/[,%]/g, ""));
}

const standings = new Map(data.standings.map((standing, rank) => [standing.name, { ...standing, rank }]));
const subjectOf = (contract) => data.subjects[contract.column];

/** Whether it was measured at all: what crashed, hung or was not offered was not. */
const hasNumbers = (contract) => !contract.stopped && contract.standing !== "unsupported";

/** How a contract's error compares with its budget. */
const excessOf = (contract) => numberOf(contract.excess);

/** Worst first: by standing, then by error. NaN counts as the largest. */
function bySeverity(a, b) {
  const size = (contract) => (Number.isNaN(excessOf(contract)) ? Infinity : excessOf(contract));
  const rank = standings.get(b.standing).rank - standings.get(a.standing).rank;
  if (rank !== 0) return rank;
  return size(a) === size(b) ? 0 : size(b) - size(a);
}

/** A subject's or function's contract without what the place it stands in says already. */
const shortText = (contract) => [contract.dialect, contract.format, contract.pass, contract.options].filter(Boolean).join(" ");

function chip(standingName, words = "word") {
  const standing = standings.get(standingName);
  return element("span", { class: "chip " + standing.name }, standing.sign + " " + standing[words]);
}

function evidenceMark(contract) {
  const evidence = contract.evidence;
  if (evidence === "" || contract.standing === "unsupported") return "";
  return element("span", { class: "mark", title: evidence, "aria-label": evidence }, evidence === "proved" ? "●" : "○");
}

const plural = (count, word) => count.toLocaleString("en") + " " + word + (count === 1 ? "" : "s");

function copyButton(label, text) {
  const button = element("button", { type: "button", class: "small", click: async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without the permission, or in an old browser: the selection of an element that is there for the moment.
      const place = element("textarea", { class: "offscreen" });
      place.value = text;
      button.after(place);
      place.select();
      document.execCommand("copy");
      place.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  } }, label);
  return button;
}
