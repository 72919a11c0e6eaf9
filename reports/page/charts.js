// Charts: error against input for elementwise functions, against class count for rows. Chart.js draws; this says what.
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

/** The smallest of some even steps that leaves at most `most` of `span` decades. */
function decadeStep(span, most) {
  return [1, 2, 3, 5, 10, 15, 20, 30, 50, 100, 150, 300].find((step) => span / step <= most) || 600;
}

/** Ticks at powers of ten of the bit-ordered axis, and at 0, where there is room for their labels. */
function inputTicks(axis, min, max, room) {
  const inside = axis.decades.filter(([, place]) => place <= Math.max(max, -min));
  const span = inside.length === 0 ? 0 : inside[inside.length - 1][0] - inside[0][0];
  const step = decadeStep(span * ((max - min) / Math.max(max, -min)), room);
  const gap = (max - min) / (room * 2);  // beside the label of 0
  const ticks = min <= 0 && max >= 0 ? [{ value: 0, label: "0" }] : [];
  for (const [exponent, place] of inside) {
    if (exponent % step !== 0 || place < gap) continue;
    if (place <= max && place >= min) ticks.push({ value: place, label: decadeLabel(exponent) });
    if (-place >= min && -place <= max) ticks.unshift({ value: -place, label: "\u2212" + decadeLabel(exponent) });
  }
  return ticks.sort((a, b) => a.value - b.value);
}

function logTicks(min, max, most) {
  const from = Math.ceil(Math.log10(min) - 1e-9);
  const to = Math.floor(Math.log10(max) + 1e-9);
  const step = decadeStep(to - from, most);
  const ticks = [];
  for (let exponent = from; exponent <= to; ++exponent) {
    if (exponent === from || (exponent % step === 0 && exponent - from >= step / 2)) {
      ticks.push({ value: 10 ** exponent, label: decadeLabel(exponent) });
    }
  }
  return ticks;
}

/** Drawn heights: 0 at the bottom, an infinite error above everything that is finite. */
function heightsOf(contracts) {
  let largest = 1;
  for (const contract of contracts) {
    for (const [, ulp] of contract.curve) if (Number.isFinite(numberOf(ulp))) largest = Math.max(largest, numberOf(ulp));
    if (Number.isFinite(numberOf(contract.budget))) largest = Math.max(largest, numberOf(contract.budget));
  }
  const top = 10 ** Math.min(308, Math.ceil(Math.log10(largest) + 0.3));
  const height = (ulp) => (Number.isFinite(numberOf(ulp)) ? Math.max(numberOf(ulp), lowest) : top);
  return { top, height };
}

function seriesOf(contract, height) {
  const colour = seriesColours[theme()][contract.column % seriesColours.light.length];
  const points = contract.curve.map(([x, ulp, at]) => ({ x, y: height(ulp), ulp, at: at === undefined ? x.toLocaleString("en") : at }));
  points.sort((a, b) => a.x - b.x);
  const sparse = points.length <= 60;
  return {
    label: subjectOf(contract).label.slice(0, 40), contract, data: points, showLine: true, borderColor: colour, backgroundColor: colour,
    borderWidth: sparse ? 1.75 : 1.25, pointRadius: sparse ? 3.5 : 1.75, pointHoverRadius: 5, pointStyle: pointStyles[contract.column % pointStyles.length],
    pointBorderWidth: 1, clip: 8,
  };
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

function scalesOf(contracts, axisName, min, max, top) {
  const ink = inkOf();
  const common = { grid: { color: ink.grid, borderColor: ink.grid, tickLength: 4 }, ticks: { color: ink.text, font: { size: 11 }, autoSkip: false, maxRotation: 0 } };
  const labelled = (ticks) => ({ ...common.ticks, callback: (value) => { const tick = ticks().find((each) => each.value === value); return tick ? tick.label : ""; } });
  const placed = (ticksFor, title, more) => {
    let ticks = [];
    return {
      ...common, ...more, title: axisTitle(title), ticks: labelled(() => ticks),
      afterBuildTicks: (scale) => { ticks = ticksFor(scale); scale.ticks = ticks.map(({ value }) => ({ value })); },
    };
  };
  // About 54 pixels a label across, 32 up and down; before the first layout the chart's own size stands for the scale's.
  const across = (scale) => Math.max(3, Math.floor((scale.width || scale.chart.width || 400) / 54));
  const upward = (scale) => Math.max(3, Math.floor((scale.height || scale.chart.height || 260) / 32));
  const y = placed((scale) => logTicks(lowest, top, upward(scale)).map((tick) => (tick.value === lowest ? { ...tick, label: "\u2264 0.1" } : tick)),
    "largest error, ulp", { type: "logarithmic", min: lowest, max: top });
  if (axisName === "classes") {
    return { x: placed((scale) => logTicks(min, max, across(scale)), "classes", { type: "logarithmic", min, max }), y };
  }
  const axis = data.axes[contracts[0].format];
  return { x: placed((scale) => inputTicks(axis, min, max, across(scale)), "input, " + contracts[0].format + " in bit order", { type: "linear", min, max }), y };
}

function rangeOf(contracts, axisName) {
  let min = Infinity;
  let max = -Infinity;
  for (const contract of contracts) for (const [x] of contract.curve) { min = Math.min(min, x); max = Math.max(max, x); }
  if (axisName === "classes") return [min, Math.max(max, 2 * min)];
  return min === max ? [min - 1, max + 1] : [min, max];
}

function drawChart(canvas, contracts, axisName) {
  const [min, max] = rangeOf(contracts, axisName);
  const { top, height } = heightsOf(contracts);
  const budgets = [...new Set(contracts.map((contract) => contract.budget))].filter((budget) => numberOf(budget) > 0 && numberOf(budget) < Infinity);
  const datasets = [...contracts.map((contract) => seriesOf(contract, height)), ...budgets.map((budget) => budgetSeries(budget, min, max))];
  if (liveCharts.has(canvas)) liveCharts.get(canvas).destroy();
  liveCharts.set(canvas, new Chart(canvas, {
    type: "scatter",
    data: { datasets },
    options: {
      animation: false, responsive: true, maintainAspectRatio: false, parsing: false,
      interaction: { mode: "nearest", intersect: false },
      onClick: (_, hits) => { const hit = hits.map(({ datasetIndex }) => datasets[datasetIndex].contract).find(Boolean); if (hit) openPanel([hit]); },
      scales: scalesOf(contracts, axisName, min, max, top),
      plugins: {
        legend: { position: "top", align: "start", labels: { color: inkOf().text, usePointStyle: true, boxWidth: 8, boxHeight: 7, padding: 12, font: { size: 12 } } },
        tooltip: {
          filter: (item) => item.dataset.contract !== undefined, usePointStyle: true,
          callbacks: {
            title: (items) => (items.length === 0 ? "" : axisName === "classes" ? plural(items[0].raw.x, "class").replace("classs", "classes") : "at " + items[0].raw.at),
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

function chartCard(grid, name, contracts, axisName) {
  const groups = new Map();
  for (const contract of contracts) {
    const text = shortText(contract);
    groups.set(text, [...(groups.get(text) || []), contract]);
  }
  const key = grid.id + " " + name;
  if (!groups.has(chosenContract.get(key))) chosenContract.set(key, likeliest(groups));
  const canvas = element("canvas", { role: "img", "aria-label": "error of " + name + " against " + axisName });
  const draw = () => drawChart(canvas, groups.get(chosenContract.get(key)), axisName);
  const choice = element("select", { "aria-label": "contract", change: () => { chosenContract.set(key, choice.value); draw(); } },
    [...groups.keys()].map((text) => element("option", { value: text, selected: text === chosenContract.get(key) }, text)));
  grid.append(element("figure", { class: "chart" },
    element("figcaption", {}, element("h3", {}, name), groups.size > 1 ? choice : element("span", { class: "quiet" }, chosenContract.get(key))),
    element("div", { class: "canvas" }, canvas)));
  draw();
}

function drawChartGrid(section, grid, axisName) {
  for (const canvas of grid.querySelectorAll("canvas")) {
    if (liveCharts.has(canvas)) liveCharts.get(canvas).destroy();
    liveCharts.delete(canvas);
  }
  grid.replaceChildren();
  const contracts = shownContracts().filter((contract) => contract.axis === axisName && contract.curve.length > 0);
  section.hidden = contracts.length === 0;
  for (const name of data.functions) {
    const own = contracts.filter((contract) => contract.function === name);
    if (own.length > 0) chartCard(grid, name, own, axisName);
  }
}

function drawCharts() {
  drawChartGrid(byId("input-charts"), byId("input-chart-grid"), "input");
  drawChartGrid(byId("class-charts"), byId("class-chart-grid"), "classes");
}

/** Whether some series can be seen in its own colour, for the page's test: axes alone are a blank chart. */
function checkDrawn() {
  for (const [canvas, chart] of liveCharts) {
    const { left, top, width, height } = chart.chartArea;
    const scale = chart.currentDevicePixelRatio;
    const pixels = canvas.getContext("2d").getImageData(left * scale, top * scale, width * scale, height * scale).data;
    const seen = chart.data.datasets.filter((series) => series.contract !== undefined).some((series) => {
      const colour = [1, 3, 5].map((i) => parseInt(series.borderColor.slice(i, i + 2), 16));
      for (let i = 0; i < pixels.length; i += 4) {
        if (pixels[i + 3] > 200 && colour.every((part, j) => Math.abs(pixels[i + j] - part) < 12)) return true;
      }
      return false;
    });
    canvas.dataset.drawn = String(seen);
  }
}

darkMedia.addEventListener("change", drawCharts);
window.addEventListener("beforeprint", () => { printing = true; drawCharts(); });
window.addEventListener("afterprint", () => { printing = false; drawCharts(); });
