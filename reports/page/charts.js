// Charts: error against input for elementwise functions, against class count for rows, against the number of losses for reductions. Chart.js draws; this says what.
"use strict";

// Okabe and Ito's palette (Color Universal Design, 2008), darker or lighter to stand out on the page; shapes tell subjects apart
// without it.
const seriesColours = {
  light: ["#0072b2", "#d55e00", "#009e73", "#b5528a", "#8a6d00", "#3a86a8", "#555555"],
  dark: ["#5cb8f0", "#ff9249", "#2fd0a0", "#e79ac6", "#e8bd30", "#9fd8f5", "#c0c0c0"],
};
const pointStyles = ["circle", "triangle", "rect", "rectRot", "crossRot", "star", "cross"];

/** Errors below this are drawn at it: a logarithmic scale has no 0. */
const lowest = 0.1;

const darkMedia = window.matchMedia("(prefers-color-scheme: dark)");
let printing = false;
const liveCharts = new Map();  // canvas → Chart
const chosenContract = new Map();  // grid and function → contract text

const theme = () => (darkMedia.matches && !printing ? "dark" : "light");
const inkOf = () => (theme() === "dark" ? { text: "#b6bec8", grid: "#2f363e", budget: "#e6e9ed" } : { text: "#4c5661", grid: "#e4e7eb", budget: "#1c2228" });

function decadeLabel(exponent) {
  if (exponent >= 0 && exponent <= 3) return String(10 ** exponent);
  return "1e" + String(exponent).replace("-", "\u2212");
}

/** Even steps between powers of ten. */
const decadeSteps = [1, 2, 3, 5, 10, 15, 20, 30, 50, 100, 150, 300, 600];

/** Ticks at powers of ten of the bit-ordered axis, and at 0, where there is room for their labels. */
function inputTicks(axis, min, max, width) {
  const pixels = width / (max - min);
  const step = decadeSteps.find((each) => each * Math.log2(10) * pixels >= 52) || 600;
  const inside = (place) => place >= min && place <= max;
  const ticks = inside(0) ? [{ value: 0, label: "0" }] : [];
  for (const [exponent, place] of axis.decades) {
    if (exponent % step !== 0 || place * pixels < 34) continue;
    if (inside(place)) ticks.push({ value: place, label: decadeLabel(exponent) });
    if (inside(-place)) ticks.push({ value: -place, label: "\u2212" + decadeLabel(exponent) });
  }
  return ticks.sort((a, b) => a.value - b.value);
}

/** Ticks at powers of ten. */
function logTicks(min, max, pixels, room) {
  const from = Math.ceil(Math.log10(min) - 1e-9);
  const to = Math.floor(Math.log10(max) + 1e-9);
  const step = decadeSteps.find((each) => (each * pixels) / Math.log10(max / min) >= room) || 600;
  const exponents = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  return exponents.filter((exponent) => exponent === from || exponent % step === 0 || exponent === to).map((exponent) => ({ value: 10 ** exponent, label: decadeLabel(exponent) }));
}

/** Drawn heights: 0 at the bottom; what has no right bit at the top, however large: a height for it would flatten the rest. */
function heightsOf(contracts) {
  let largest = 1;
  for (const contract of contracts) {
    for (const [, ulp] of contract.curve) largest = Math.max(largest, numberOf(ulp));
    if (Number.isFinite(numberOf(contract.budget))) largest = Math.max(largest, numberOf(contract.budget));
  }
  const cap = 10 ** Math.ceil(Math.log10(data.axes[contracts[0].format].all_wrong));
  const decades = Math.min(308, Math.ceil(Math.log10(largest) + 0.3));
  const top = Math.min(10 ** (decades > 3 ? decades + (decades % 2) : decades), cap);
  const height = (ulp) => Math.min(Math.max(numberOf(ulp), lowest), top);
  return { top, height, capped: largest > top };
}

/** The line of the index-th subject through points. */
function lineOf(label, index, points, more) {
  const colours = seriesColours[theme()];
  const colour = colours[index % colours.length];
  // The eighth subject has the first one's colour and another shape: 49 pairs before one comes again.
  const shape = pointStyles[(index + Math.floor(index / colours.length)) % pointStyles.length];
  // A marker every so often, at other points than the other subjects', tells dense lines apart without their colours.
  const sparse = points.length <= 60;
  const marked = (i) => sparse || i % 48 === (index * 13) % 48;
  return {
    label, data: points, showLine: true, borderColor: colour, backgroundColor: colour,
    borderWidth: 1.5, pointRadius: points.map((_, i) => (marked(i) ? 3.5 : 0)), pointHoverRadius: 5, pointStyle: shape,
    pointBorderWidth: 1, clip: 8, ...more,
  };
}

function seriesOf(contract, height) {
  const points = contract.curve.map(([x, ulp, at]) => ({ x, y: height(ulp), ulp, at: at === undefined ? x.toLocaleString("en") : at }));
  points.sort((a, b) => a.x - b.x);
  return lineOf(subjectOf(contract).label.slice(0, 40), contract.column, points, { contract });
}

function budgetSeries(budget, min, max) {
  return {
    label: "budget " + budget + " ulp", data: [{ x: min, y: numberOf(budget) }, { x: max, y: numberOf(budget) }], showLine: true, borderColor: inkOf().budget,
    backgroundColor: "transparent", borderWidth: 1.25, borderDash: [5, 4], pointRadius: 0, pointHitRadius: 0, pointHoverRadius: 0, pointStyle: "line",
  };
}

function axisTitle(text) {
  return { display: true, text, color: inkOf().text, font: { size: 11.5 } };
}

/** A scale whose ticks are those of ticksFor(scale), each a value and its label. */
function scaleWith(ticksFor, title, { autoSkip = false, ...more }) {
  const ink = inkOf();
  let ticks = [];
  return {
    grid: { color: ink.grid, borderColor: ink.grid, tickLength: 4 }, ...more, title: axisTitle(title),
    ticks: { color: ink.text, font: { size: 11 }, autoSkip, maxRotation: 0, callback: (value) => { const tick = ticks.find((each) => each.value === value); return tick ? tick.label : ""; } },
    afterBuildTicks: (scale) => { ticks = ticksFor(scale); scale.ticks = ticks.map(({ value }) => ({ value })); },
  };
}

/** The logarithmic scale of errors up to `top`; `taken`: pixels that the rest takes of the canvas' height. */
function errorScale(title, top, capped, taken) {
  const labelled = ({ value, label }) => ({ value, label: value === lowest ? "\u2264 0.1" : value === top && capped ? "\u2265 " + label : label });
  return scaleWith((scale) => logTicks(lowest, top, scale.chart.height - taken, 22).map(labelled), title, { type: "logarithmic", min: lowest, max: top });
}

function scalesOf(contracts, axisName, min, max, { top, capped }, errorName = "largest error, ulp") {
  // What the labels and the legend leave of the canvas; the scales' own sizes are not known yet when ticks are made.
  const across = (scale) => scale.chart.width - 70;
  const y = errorScale(errorName, top, capped, 90);
  if (axisName !== "input") {
    return { x: scaleWith((scale) => logTicks(min, max, across(scale), 40), axisName, { type: "logarithmic", min, max }), y };
  }
  const axis = data.axes[contracts[0].format];
  return { x: scaleWith((scale) => inputTicks(axis, min, max, across(scale)), "input, " + contracts[0].format.slice(0, 20) + " in bit order", { type: "linear", min, max }), y };
}

/** Room between the legend and the scale's uppermost label. */
const legendGap = {
  id: "legendGap",
  beforeInit: (chart) => {
    const fit = chart.legend.fit.bind(chart.legend);
    chart.legend.fit = () => { fit(); chart.legend.height += 8; };
  },
};

function rangeOf(contracts, axisName) {
  let min = Infinity;
  let max = -Infinity;
  for (const contract of contracts) for (const [x] of contract.curve) { min = Math.min(min, x); max = Math.max(max, x); }
  if (axisName !== "input") return [min, Math.max(max, 2 * min)];
  return min === max ? [min - 1, max + 1] : [min, max];
}

/** The legend of lines above a chart. */
const lineLegend = () => ({ position: "top", align: "start", labels: { color: inkOf().text, usePointStyle: true, boxWidth: 8, boxHeight: 7, padding: 12, font: { size: 12 } } });

function drawChart(canvas, contracts, axisName) {
  const [min, max] = rangeOf(contracts, axisName);
  const heights = heightsOf(contracts);
  const budgets = [...new Set(contracts.map((contract) => contract.budget))].filter((budget) => numberOf(budget) > 0 && numberOf(budget) < Infinity);
  const datasets = [...contracts.map((contract) => seriesOf(contract, heights.height)), ...budgets.map((budget) => budgetSeries(budget, min, max))];
  if (liveCharts.has(canvas)) liveCharts.get(canvas).destroy();
  liveCharts.set(canvas, new Chart(canvas, {
    type: "scatter",
    data: { datasets },
    plugins: [legendGap],
    options: {
      animation: false, responsive: true, maintainAspectRatio: false, parsing: false,
      interaction: { mode: "nearest", intersect: false },
      onClick: (_, hits) => { const hit = hits.map(({ datasetIndex }) => datasets[datasetIndex].contract).find(Boolean); if (hit) openPanel([hit]); },
      scales: scalesOf(contracts, axisName, min, max, heights),
      plugins: {
        legend: lineLegend(),
        tooltip: {
          filter: (item) => item.dataset.contract !== undefined, usePointStyle: true,
          callbacks: {
            title: (items) => (items.length === 0 ? "" : (axisName === "input" ? "at " : axisName + ": ") + items[0].raw.at),
            label: (item) => item.dataset.label + ": " + item.raw.ulp + " ulp",
          },
        },
      },
    },
  }));
}

/** The contract shown first: the one most subjects offer, at its plainest. */
function likeliest(groups) {
  const key = ([text, contracts]) => [-contracts.length, contracts[0].options === "" ? 0 : 1, contracts[0].dialect === "exact" ? 0 : 1, contracts[0].format === "f32" ? 0 : 1, text];
  return [...groups].sort((a, b) => {
    const [ka, kb] = [key(a), key(b)];
    const i = ka.findIndex((part, j) => part !== kb[j]);
    return i < 0 ? 0 : ka[i] < kb[i] ? -1 : 1;
  })[0][0];
}

/** A card with the chart that drawInto(canvas, contracts) draws of one contract, and the choice of it. */
function chartCard(grid, name, contracts, label, drawInto) {
  const groups = new Map();
  for (const contract of contracts) {
    const text = shortText(contract);
    groups.set(text, [...(groups.get(text) || []), contract]);
  }
  const key = grid.id + " " + name;
  if (!groups.has(chosenContract.get(key))) chosenContract.set(key, likeliest(groups));
  const canvas = element("canvas", { role: "img", "aria-label": label });
  const draw = () => drawInto(canvas, groups.get(chosenContract.get(key)));
  const choice = element("select", { "aria-label": "contract", change: () => { chosenContract.set(key, choice.value); draw(); } },
    [...groups.keys()].map((text) => element("option", { value: text, selected: text === chosenContract.get(key) }, text)));
  grid.append(element("figure", { class: "chart" },
    element("figcaption", {}, element("h3", {}, name), groups.size > 1 ? choice : element("span", { class: "quiet" }, chosenContract.get(key))),
    element("div", { class: "canvas" }, canvas)));
  draw();
}

function clearGrid(grid) {
  for (const canvas of grid.querySelectorAll("canvas")) {
    if (liveCharts.has(canvas)) liveCharts.get(canvas).destroy();
    liveCharts.delete(canvas);
  }
  grid.replaceChildren();
}

function drawChartGrid(section, grid, axisName) {
  clearGrid(grid);
  const contracts = shownContracts().filter((contract) => contract.axis === axisName && contract.curve.length > 0);
  section.hidden = contracts.length === 0;
  for (const name of data.functions) {
    const own = contracts.filter((contract) => contract.function === name);
    if (own.length > 0) chartCard(grid, name, own, "error of " + name + " against " + axisName, (canvas, chosen) => drawChart(canvas, chosen, axisName));
  }
}

function drawCharts() {
  drawChartGrid(byId("input-charts"), byId("input-chart-grid"), "input");
  drawChartGrid(byId("class-charts"), byId("class-chart-grid"), "classes");
  drawChartGrid(byId("loss-charts"), byId("loss-chart-grid"), "losses");
}

/** Whether some series can be seen in its own colour, for the page's test: axes alone are a blank chart. */
function checkDrawn() {
  for (const [canvas, chart] of liveCharts) {
    const { left, top, width, height } = chart.chartArea;
    const scale = chart.currentDevicePixelRatio;
    const pixels = canvas.getContext("2d").getImageData(left * scale, top * scale, width * scale, height * scale).data;
    const seen = chart.data.datasets.filter((series) => series.contract !== undefined || series.point !== undefined || series.curve !== undefined).some((series) => {
      const colour = [1, 3, 5].map((i) => parseInt(series.borderColor.slice(i, i + 2), 16));
      for (let i = 0; i < pixels.length; i += 4) {
        if (pixels[i + 3] > 200 && colour.every((part, j) => Math.abs(pixels[i + j] - part) < 12)) return true;
      }
      return false;
    });
    canvas.dataset.drawn = String(seen);
  }
}

const drawAllCharts = () => { drawCharts(); drawTrades(); drawLengthCharts(); };
darkMedia.addEventListener("change", drawAllCharts);
window.addEventListener("beforeprint", () => { printing = true; drawAllCharts(); });
window.addEventListener("afterprint", () => { printing = false; drawAllCharts(); });
