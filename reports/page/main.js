// Draws the page.
"use strict";

function drawTop() {
  document.body.classList.toggle("wide", data.subjects.length > 8);
  byId("headline").textContent = data.headline;
  document.title = "lossaudit: " + data.headline.slice(0, 200);
  byId("runs").replaceChildren(...data.runs.map((run) => {
    const cpu = run.machine.find(([name]) => name === "cpu");
    return element("p", { class: "run" }, [run.started.replace("T", " ").replace("Z", " UTC"), cpu ? cpu[1] : "", run.profile && "profile " + run.profile, run.profile && "seed " + run.seed, "lossaudit " + run.tool, run.interrupted]
      .filter(Boolean).map((text) => element("span", {}, text)),
      run.zero === "" ? null : element("span", { class: "zero", title: "a computed 0 is within the profile's budget for every exact result up to this size" }, "a computed 0 passes for exact results: " + run.zero));
  }));
}

function drawAll() {
  drawVerdicts();
  drawCharts();
  drawTrades();
  drawFindings();
  drawContracts();
}

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
drawTop();
// A report of speeds alone has nothing to show there.
for (const section of ["verdicts", "findings", "contracts", "budgets"]) byId(section).hidden = data.contracts.length === 0 && data.speed.length + data.sweep_speed.length + data.lengths.length > 0;
buildFilters(drawAll);
drawAll();
drawChanges();
drawBudgets();
drawSpeed();
drawSweepSpeed();
drawLengths();
drawAbout();
byId("contract-search").addEventListener("input", drawContracts);
// The page's test asks for proof that the charts are not blank.
if (location.hash === "#check") requestAnimationFrame(() => requestAnimationFrame(checkDrawn));
