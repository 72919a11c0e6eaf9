// Time against error: a chart for each contract, at one of its shapes; a mark for each subject.
"use strict";

const chosenShape = new Map();  // contract and inputs → shape

const subjectNames = [...new Set([...data.subjects.map((subject) => subject.label), ...data.speed.map((row) => row.subject), ...data.lengths.map((row) => row.subject)])];

/** Room for names: each beside its mark, where it covers no other name or mark. */
const namesBeside = {
  id: "namesBeside",
  afterDatasetsDraw: (chart) => {
    const { ctx, chartArea } = chart;
    const marks = chart.data.datasets.flatMap((series, i) => (series.point ? [{ series, at: chart.getDatasetMeta(i).data[0] }] : []));
    const limit = chart.data.datasets.find((series) => series.limit);
    const taken = marks.map(({ at }) => ({ left: at.x - 6, right: at.x + 6, top: at.y - 6, bottom: at.y + 6 }));
    const free = (box) => box.left >= chartArea.left && box.right <= chartArea.right && box.top >= chartArea.top - 4 && box.bottom <= chartArea.bottom + 4 &&
      taken.every((other) => box.right <= other.left || box.left >= other.right || box.bottom <= other.top || box.top >= other.bottom);
    ctx.save();
    ctx.font = "12px " + Chart.defaults.font.family;
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    ctx.lineWidth = 4;
    ctx.strokeStyle = getComputedStyle(document.body).backgroundColor;
    const write = (text, colour, x, y) => {
      ctx.strokeText(text, x, y);
      ctx.fillStyle = colour;
      ctx.fillText(text, x, y);
    };
    if (limit !== undefined) {
      const x = chart.scales.x.getPixelForValue(limit.data[0].x) + 5;
      const y = chartArea.top + 9;
      write("limit", limit.borderColor, x, y);
      taken.push({ left: x, right: x + ctx.measureText("limit").width, top: y - 6, bottom: y + 6 });
    }
    for (const { series, at } of marks) {
      const width = ctx.measureText(series.label).width;
      const places = [[9, 0], [-9 - width, 0], [-width / 2, -15], [-width / 2, 15], [7, -13], [7, 13], [-7 - width, -13], [-7 - width, 13], [9, -26], [9, 26], [-9 - width, -26], [-9 - width, 26]];
      const boxAt = ([x, y]) => ({ left: at.x + x, right: at.x + x + width, top: at.y + y - 6, bottom: at.y + y + 6 });
      const place = places.find((each) => free(boxAt(each)));
      if (place === undefined) continue;
      const box = boxAt(place);
      taken.push(box);
      write(series.label, series.borderColor, box.left, at.y + place[1]);
    }
    ctx.restore();
  },
};

/** The corner points of the stairs below and left of which nobody is. */
function stairsOf(points) {
  const front = points.filter((point) => point.beaten === "").map((point) => ({ x: point.x, y: point.y })).sort((a, b) => a.x - b.x || b.y - a.y);
  return front.flatMap((point, i) => (i === 0 ? [point] : [{ x: point.x, y: front[i - 1].y }, point]));
}

function tradeSeries(point) {
  const colours = seriesColours[theme()];
  const index = subjectNames.indexOf(point.subject);
  const colour = colours[index % colours.length];
  const best = point.beaten === "";
  const shapes = ["circle", "triangle", "rect", "rectRot"];  // those that can be filled
  return {
    label: point.subject.slice(0, 24), point, data: [point], borderColor: colour, backgroundColor: best ? colour : "transparent",
    pointStyle: shapes[(index + 2 * Math.floor(index / colours.length)) % shapes.length], pointRadius: best ? 5.5 : 4.5, pointHoverRadius: 7, pointBorderWidth: 1.75, clip: 8,
  };
}

const line = (label, points, more) => ({
  label, data: points, showLine: true, borderColor: inkOf().text, backgroundColor: "transparent", borderWidth: 1,
  pointRadius: 0, pointHitRadius: 0, pointHoverRadius: 0, ...more,
});

/** Ticks at 1, 2 and 5 times powers of ten. */
function timeTicks(min, max) {
  const ticks = [];
  for (let exponent = Math.floor(Math.log10(min)); exponent <= Math.log10(max); ++exponent) {
    for (const digit of [1, 2, 5]) {
      const value = Number(digit + "e" + exponent);
      if (value >= min && value <= max) ticks.push({ value, label: String(value) });
    }
  }
  return ticks;
}

function tooltipOf(point) {
  return [
    point.subject + ": " + point.ns + " ns, " + point.ulp + " ulp (" + point.evidence + ")",
    point.ratio === "inf" ? "" : point.ratio + " times the bandwidth limit", point.spread,
    point.beaten === "" ? "no other is as quick and as accurate" : point.beaten + " is as quick and as accurate, and better at one",
    point.note,
  ].filter(Boolean);
}

function drawTrade(canvas, group) {
  const limit = numberOf(group.limit);
  const largest = 10 ** Math.ceil(Math.log10((data.axes[group.format] || { all_wrong: 1e7 }).all_wrong));
  const top = Math.min(largest, 10 ** Math.ceil(Math.log10(Math.max(10, ...group.points.map((point) => numberOf(point.ulp)))) + 0.3));
  const height = (ulp) => Math.min(Math.max(numberOf(ulp), lowest), top);
  const points = group.points.map((point) => ({ ...point, x: numberOf(point.ns), y: height(point.ulp) }));
  const times = [...points.map((point) => point.x), ...(limit > 0 && limit < Infinity ? [limit] : [])];
  const [min, max] = [Math.min(...times) / 1.4, Math.max(...times) * 1.6];
  const capped = group.points.some((point) => numberOf(point.ulp) > top);
  const bounds = limit > 0 && limit < Infinity ? [line("bandwidth limit", [{ x: limit, y: lowest }, { x: limit, y: top }], { limit: true, borderDash: [5, 4], borderWidth: 1.25 })] : [];
  const datasets = [...points.map(tradeSeries), line("front", stairsOf(points)), ...bounds];
  if (liveCharts.has(canvas)) liveCharts.get(canvas).destroy();
  liveCharts.set(canvas, new Chart(canvas, {
    type: "scatter", data: { datasets }, plugins: [namesBeside],
    options: {
      animation: false, responsive: true, maintainAspectRatio: false, layout: { padding: { top: 10, right: 12 } },
      interaction: { mode: "nearest", intersect: true },
      scales: {
        x: scaleWith(() => timeTicks(min, max), "ns an element", { type: "logarithmic", min, max, autoSkip: true }),
        y: errorScale("largest error, ulp", top, capped, 70),
      },
      plugins: { legend: { display: false }, tooltip: { filter: (item) => item.dataset.point !== undefined, displayColors: false, callbacks: { title: () => "", label: (item) => tooltipOf(item.dataset.point) } } },
    },
  }));
}

function tradeCard(grid, name, groups) {
  const shapes = groups.map((group) => group.shape);
  if (!shapes.includes(chosenShape.get(name))) chosenShape.set(name, shapes[0]);
  const current = () => groups[shapes.indexOf(chosenShape.get(name))];
  const canvas = element("canvas", { role: "img", "aria-label": "time against error of " + name });
  const words = element("p", { class: "quiet trade-words" });
  const draw = () => {
    const group = current();
    drawTrade(canvas, group);
    const front = group.points.filter((point) => point.beaten === "").sort((a, b) => numberOf(a.ns) - numberOf(b.ns));
    words.textContent = (front.length === 1 ? front[0].subject + " beats all others" : "On the front: " + front.map((point) => point.subject).join(", ")) + ".";
  };
  const choice = element("select", { "aria-label": "shape", change: () => { chosenShape.set(name, choice.value); draw(); } },
    groups.map((group) => element("option", { value: group.shape, selected: group.shape === chosenShape.get(name) }, group.shape)));
  const { contract, inputs, function: title } = groups[0];
  grid.append(element("figure", { class: "chart trade" },
    element("figcaption", {}, element("h3", {}, title), groups.length > 1 ? choice : element("span", { class: "quiet" }, shapes[0])),
    element("p", { class: "quiet trade-words" }, [contract.slice(title.length + 1), inputs].filter(Boolean).join(" · ")),
    element("div", { class: "canvas" }, canvas), words));
  draw();
}

/** Where there is something to compare: two subjects or more whose error is known. */
function drawTrades() {
  const grid = byId("trade-grid");
  clearGrid(grid);
  const cards = new Map();
  for (const group of data.trades.filter((each) => each.points.length > 1)) {
    const key = [group.run, group.contract, group.inputs].join("\n");
    cards.set(key, [...(cards.get(key) || []), group]);
  }
  byId("trades").hidden = cards.size === 0;
  for (const [key, groups] of cards) tradeCard(grid, key, groups);
}
