// Subtract a mean, divide by a deviation: what becomes of the channels, the picture, and the shape of the problem.

// --- arithmetic: pure, checked against Python by node's test runner ---

/** Eigenvalues of a symmetric matrix [[…]…], ascending. Jacobi's method: turn two axes at a time until it is diagonal. */
export function eigenvalues(matrix) {
  const a = matrix.map((row) => [...row]), n = a.length;
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (a[p][q] === 0) continue;
        const slope = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const t = (slope >= 0 ? 1 : -1) / (Math.abs(slope) + Math.hypot(slope, 1));
        const c = 1 / Math.hypot(t, 1), s = t * c;
        for (let k = 0; k < n; k++) [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
        for (let k = 0; k < n; k++) [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
      }
    }
  }
  return a.map((row, place) => row[place]).sort((x, y) => x - y);
}

/** Means and deviations of the channels after (x − chosen[c]) / chosen[3 + c]. */
export function after(mean, covariance, chosen) {
  return {
    means: mean.map((value, c) => (value - chosen[c]) / chosen[3 + c]),
    deviations: mean.map((_, c) => covariance[c][c] ** 0.5 / chosen[3 + c]),
  };
}

/** Condition number of the second moments of (x', 1), as `condition_number` in Python. */
export function condition(mean, covariance, chosen) {
  const middle = [...after(mean, covariance, chosen).means, 1];
  const moments = middle.map((x, i) =>
    middle.map((y, j) => x * y + (i < 3 && j < 3 ? covariance[i][j] / (chosen[3 + i] * chosen[3 + j]) : 0)),
  );
  const values = eigenvalues(moments);
  return values[0] > 1e-15 ? values.at(-1) / values[0] : Infinity;
}

/** "The set's own: mean 0.00 0.00 0.00, deviation 1.00 1.00 1.00; condition number 60" */
export function title(name, { means, deviations }, number) {
  const told = (values) => values.map((value) => fixed(value, 2)).join(" ");
  const condition = number > 1e12 ? "∞" : grouped(number);
  return `${name}: mean ${told(means)}, deviation ${told(deviations)}; condition number ${condition}`;
}

/** The picture's normalised values as RGBA bytes: −3 to 3 as 0 to 255, beyond cut. 0 is grey. */
export function seen(rgb, chosen) {
  const bytes = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
  for (let place = 0; place < rgb.length; place++) {
    const c = place % 3, value = (rgb[place] / 255 - chosen[c]) / chosen[3 + c];
    bytes[4 * Math.floor(place / 3) + c] = Math.min(Math.max(Math.floor(127.5 + 42.5 * value + 0.5), 0), 255);
  }
  return bytes;
}

/** Shares of the 64 bins of four levels each. */
export function shares(counts) {
  const n = counts.reduce((sum, count) => sum + count, 0);
  return Array.from({ length: 64 }, (_, bin) => (counts[4 * bin] + counts[4 * bin + 1] + counts[4 * bin + 2] + counts[4 * bin + 3]) / n);
}

// --- DOM ---

const TRAITS = ["mean_red", "mean_green", "mean_blue", "deviation_red", "deviation_green", "deviation_blue"];
const LINES = [["red", "2", "none"], ["green", "3", "7 3"], ["blue", "1", "2 3"]]; // name, accent, dashes
const REACH = 4;

export default live(TRAITS, ({ model, root }) => {
  const [counts, mean, covariance, height, width] = ["counts", "mean", "covariance", "height", "width"].map((t) => model.get(t));
  const presets = { "Nothing done": [0, 0, 0, 1, 1, 1], "The set's own": model.get("own"), "ImageNet's": model.get("imagenet") };
  const rgb = array(model.get("pixels"), Uint8Array);
  const all = counts.map(shares);

  const buttons = add(root, "div", "cnnsee-sides", "", { role: "group", "aria-label": "Numbers to normalise with" });
  buttons.style.marginBottom = "10px";
  const pressed = Object.entries(presets).map(([name, numbers]) => {
    const button = add(buttons, "button", "cnnsee-button", name, { type: "button" });
    button.addEventListener("click", () => choose(model, Object.fromEntries(TRAITS.map((trait, at) => [trait, numbers[at]]))));
    return [name, button];
  });
  const heading = addTitle(root);
  heading.style.minHeight = "2.8em";
  const sides = add(root, "div", "cnnsee-sides");
  const left = add(sides, "div");
  const moveCurves = addHistograms(left, all, `${grouped(model.get("n"))} pictures${model.get("note")}`);
  const ladder = addLadder(left, mean, covariance, presets);
  const right = add(sides, "div");
  const canvas = addCanvas(right, width, height, 240, "The picture as the first layer gets it");
  add(right, "div", "cnnsee-note", `${model.get("what")}, as the first layer gets it: −3 is black, 0 grey, 3 white.`).style.maxWidth = "240px";
  add(root, "p", "cnnsee-note", "A long and narrow problem (a large condition number) wants many small steps. Which slider shortens it most?");

  // --- paint ---

  return () => {
    const chosen = TRAITS.map((trait) => model.get(trait));
    const near = (numbers) => numbers.every((value, at) => Math.abs(value - chosen[at]) < 5e-4);
    const name = Object.keys(presets).find((one) => near(presets[one])) ?? "Your choice";
    const number = condition(mean, covariance, chosen);
    heading.textContent = title(name, after(mean, covariance, chosen), number);
    pressed.forEach(([one, button]) => button.setAttribute("aria-pressed", String(one === name)));
    moveCurves(chosen);
    ladder(number);
    putPixels(canvas, seen(rgb, chosen), width, height);
  };
});

/** Three histograms in one chart; gives a function that moves them to where the chosen numbers put them. */
function addHistograms(parent, all, n) {
  const highest = Math.max(...all.flat());
  const chart = addChart(parent, {
    width: 460,
    height: 220,
    x: { from: -REACH, to: REACH, label: `value that the first layer gets, n = ${n}`,
      ticks: [-4, -2, 0, 2, 4].map((value) => [value, fixed(value, 0)]) },
    y: { from: 0, to: highest, label: "pixels (%)", ticks: [[0, "0"], [highest, fixed(100 * highest, 0)]] },
    label: "Histograms of the three channels after normalisation",
  });
  chart.svg.style.overflow = "hidden"; // what is beyond four deviations
  const curves = LINES.map(([name, accent, dashes], c) => {
    const style = { fill: "none", stroke: `var(--cnnsee-${accent})`, "stroke-width": 2, "stroke-dasharray": dashes };
    draw(chart.svg, "line", { x1: 330, x2: 360, y1: 20 + 16 * c, y2: 20 + 16 * c, ...style });
    draw(chart.svg, "text", { x: 366, y: 24 + 16 * c }, name);
    return draw(chart.plot, "path", style);
  });
  return (chosen) => {
    curves.forEach((curve, c) => {
      const points = all[c].map((share, bin) => {
        const value = ((4 * bin + 1.5) / 255 - chosen[c]) / chosen[3 + c];
        return `${chart.x(value).toFixed(1)},${chart.y(share).toFixed(1)}`;
      });
      curve.setAttribute("d", `M${points.join("L")}`);
    });
  };
}

/** The condition number on a logarithmic ladder, with the presets' as rungs; gives a function that moves the mark. */
function addLadder(parent, mean, covariance, presets) {
  const limit = 1e6, clip = (number) => Math.log10(Math.min(Math.max(number, 1), limit));
  const chart = addChart(parent, {
    width: 460,
    height: 112,
    x: { from: 0, to: 6, label: "condition number (1: a circle)",
      ticks: [0, 1, 2, 3, 4, 5, 6].map((power) => [power, power < 5 ? grouped(10 ** power) : power < 6 ? "100k" : "≥ 1M"]) },
    y: { from: 0, to: 1, label: "", ticks: [] },
    label: "Condition number on a logarithmic scale",
  });
  const letters = { "Nothing done": "nothing", "The set's own": "own", "ImageNet's": "ImageNet's" };
  Object.entries(presets).forEach(([name, numbers], row) => {
    const x = chart.x(clip(condition(mean, covariance, numbers)));
    draw(chart.plot, "line", { x1: x, x2: x, y1: 8, y2: 74, class: "cnnsee-axis", "stroke-dasharray": "3 3" });
    draw(chart.plot, "text", { x: x + 4, y: 19 + 14 * row }, letters[name]);
  });
  const mark = draw(chart.plot, "path", { d: "M-7,-12h14l-7,12z", fill: "var(--cnnsee-2)", stroke: "currentColor" });
  return (number) => mark.setAttribute("transform", `translate(${chart.x(clip(number))} 74)`);
}
