// Error against length: a chart for each function, at one of its contracts; a line for each subject, with the exponent that is
// fitted to it and the accumulator that this betrays.
"use strict";

/** "plain: n^0.88, float" */
const lengthLabel = (row) => row.subject.slice(0, 24) + ": n^" + row.exponent.replace("-", "\u2212") + (row.accumulator === "" ? "" : ", " + row.accumulator);

function drawLengthChart(canvas, rows) {
  const curves = rows.map((row) => ({ ...row, curve: row.points, budget: "" }));
  const heights = heightsOf(curves);
  const [min, max] = rangeOf(curves, "terms");
  const datasets = curves.map((row) => lineOf(lengthLabel(row), subjectNames.indexOf(row.subject),
    row.points.map(([n, rms, largest]) => ({ x: n, y: heights.height(rms), rms, largest })), { curve: row }));
  if (liveCharts.has(canvas)) liveCharts.get(canvas).destroy();
  liveCharts.set(canvas, new Chart(canvas, {
    type: "scatter", data: { datasets }, plugins: [legendGap],
    options: {
      animation: false, responsive: true, maintainAspectRatio: false, parsing: false,
      interaction: { mode: "nearest", intersect: false },
      scales: scalesOf(curves, "terms", min, max, heights, "error, ulp (root mean square)"),
      plugins: {
        legend: lineLegend(),
        tooltip: {
          usePointStyle: true,
          callbacks: {
            title: (items) => (items.length === 0 ? "" : items[0].raw.x.toLocaleString("en") + " terms"),
            label: (item) => item.dataset.curve.subject + ": " + item.raw.rms + " ulp, at most " + item.raw.largest,
          },
        },
      },
    },
  }));
}

function drawLengthCharts() {
  const grid = byId("length-chart-grid");
  clearGrid(grid);
  const drawn = data.lengths.filter((row) => row.points.length > 1);
  for (const name of new Set(drawn.map((row) => row.function))) {
    chartCard(grid, name, drawn.filter((row) => row.function === name), "error of " + name + " against the number of terms", drawLengthChart);
  }
}

function drawLengths() {
  byId("lengths").hidden = data.lengths.length === 0;
  drawLengthCharts();
  sortableTable(byId("lengths-table"), [
    textColumn("subject", (row) => row.subject, "name"), textColumn("function", (row) => row.function), textColumn("contract", (row) => shortText(row), "origin"),
    { head: "terms", text: (row) => row.terms, key: (row) => numberOf(row.terms), number: true },
    numberColumn("rms, ulp", (row) => row.rms), numberColumn("largest, ulp", (row) => row.max), numberColumn("exponent", (row) => row.exponent),
    textColumn("accumulator", (row) => row.accumulator + (row.ended === "" ? "" : (row.accumulator === "" ? "" : "; ") + row.ended), "options"), textColumn("to the bit", (row) => row.bits, "origin"),
  ], data.lengths, null, { column: undefined, direction: 1 });
}
