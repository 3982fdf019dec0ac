// Known and unknown pictures by their score, and a threshold to move. The Python file beside it says more.
// Everything is counted in Python, over all pictures, for each of the slider's 101 places; here it is looked up.

// --- arithmetic: pure, checked against Python by node's test runner ---

/** A share with two decimals; only 1 is called 1.00, and only 0 is called 0.00. */
export function area(share) {
  if (share > 0 && share < 0.005) return "<0.01";
  return share >= 0.995 && share < 1 ? ">0.99" : fixed(share, 2);
}

/** "energy: 95 % of known kept, 43 % of unknown let in; AUROC 0.87" */
export function title(score, keep, known, unknown, note) {
  const kept = percent(score.kept[keep] / known), letIn = percent(score.let_in[keep] / unknown);
  const words = `${score.name}: ${kept} of known kept, ${letIn} of unknown let in; AUROC ${area(score.auroc)}`;
  return note ? `${words} (${note})` : words;
}

/** The four counts in words: [[kept, rejected] of the known, the same of the unknown]. */
export function counts(score, keep, known, unknown) {
  const tell = (words, k, n) => `${words}: ${grouped(k)} of ${grouped(n)}, ${percent(k / n)}`;
  const kept = score.kept[keep], letIn = score.let_in[keep];
  return [
    [tell("✓ known kept", kept, known), tell("✗ known rejected", known - kept, known)],
    [tell("✗ unknown let in", letIn, unknown), tell("✓ unknown rejected", unknown - letIn, unknown)],
  ];
}

/** The slider's last place whose line is not above `value`; the first where all are. */
export function keepAt(lines, value) {
  let low = 0, high = lines.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (lines[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}

// --- DOM ---

const WIDE = 326, HIGH = 250; // of each chart: three stand beside each other on a page, and one fits a phone
const HALVES = [["known", 1], ["unknown", -1]];
const PERCENTS = [0, 0.5, 1].map((share) => [share, `${100 * share} %`]);
const NOTE = "Pictures from the least unknown to the most, by this score; the rejected are crossed out.";
const STYLE_LAB = `
.cnnsee-os-chart { width: ${WIDE}px; max-width: 100%; }
.cnnsee-os-chart-title { margin: 0 0 2px; font-weight: 600; font-variant-numeric: tabular-nums; }
.cnnsee-os-chart > p:not(.cnnsee-os-chart-title) { margin: 2px 0 0; font-size: 12px; }
.cnnsee svg.cnnsee-os-clip { overflow: hidden; max-width: none; }
.cnnsee-os-known { --ink: var(--cnnsee-1); }
.cnnsee-os-unknown { --ink: var(--cnnsee-2); }
.cnnsee-os-hollow { fill: none; stroke: var(--ink); }
.cnnsee-os-solid { fill: var(--ink); stroke: var(--ink); }
.cnnsee-os-threshold { stroke: currentColor; stroke-width: 2.5; }
.cnnsee-os-pull { cursor: ew-resize; }
.cnnsee-os-curve { fill: none; stroke: currentColor; stroke-width: 2; }
.cnnsee-os-chance { stroke: color-mix(in srgb, currentColor 50%, transparent); stroke-dasharray: 2 4; }
.cnnsee-os-here { fill: var(--cnnsee-1); stroke: currentColor; stroke-width: 1.5; }
.cnnsee-os-mark { fill: none; stroke: currentColor; stroke-width: 1.5; }
.cnnsee-os-group { margin: 12px 0 0; max-width: 1068px; }
.cnnsee-os-cells { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 20px; font-weight: 600;
  font-variant-numeric: tabular-nums; }
.cnnsee-os-share { height: 12px; border: 1px solid var(--ink); margin: 3px 0 6px; }
.cnnsee-os-share > div { height: 100%; background: var(--ink); }
.cnnsee-os-strip { display: grid; gap: 6px 4px; grid-template-columns: repeat(auto-fit, minmax(48px, 1fr)); }
.cnnsee-os-thumb { position: relative; text-align: center; min-width: 0; }
.cnnsee-os-thumb canvas { width: 100%; max-width: 64px; display: block; margin: 0 auto; }
.cnnsee-os-thumb > span { display: block; font-size: 11px; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.cnnsee-os-frame { position: relative; max-width: 64px; margin: 0 auto; }
.cnnsee-os-out canvas { opacity: 0.35; }
.cnnsee-os-out .cnnsee-os-frame::after { content: ""; position: absolute; inset: 0;
  background: linear-gradient(to top right, transparent 48%, currentColor 48% 52%, transparent 52%); }
`;

/** Bars of one score, known up and unknown down, and its threshold. Gives {svg, move(keep)}. */
function addHistogram(parent, score, known, unknown) {
  const { start, stop } = score, bars = { known: score.bars_known, unknown: score.bars_unknown };
  const shares = { known: bars.known.map((n) => n / known), unknown: bars.unknown.map((n) => n / unknown) };
  const highest = Math.max(...shares.known, ...shares.unknown);
  const label = `unknown score (higher = more unknown)${score.beyond ? "; outer bars: all beyond" : ""}`;
  const room = 1.2 * highest; // above and below the highest bar, for words
  const { svg, plot, x, y } = addChart(parent, {
    width: WIDE, height: HIGH, label, x: { from: start, to: stop, label, ticks: score.ticks },
    y: { from: -room, to: room, ticks: upAndDown(highest) },
  });
  const left = x(start), wide = x(stop) - left;
  const clip = draw(plot, "svg", { x: left, y: 0, height: HIGH, class: "cnnsee-os-clip" }); // cuts at the line
  for (const [group, sign] of HALVES) {
    const step = wide / shares[group].length;
    const path = shares[group].map((share, k) => bar(left + k * step, step, y(0), y(sign * share)));
    for (const [place, kind] of [[plot, "hollow"], [clip, "solid"]]) {
      draw(draw(place, "g", { class: `cnnsee-os-${group}` }), "path", { d: path.join(""), class: `cnnsee-os-${kind}` });
    }
    const turned = `translate(9 ${(y(0) + y(sign * room)) / 2}) rotate(-90)`;
    draw(svg, "text", { transform: turned, "text-anchor": "middle" }, `% of ${group}`);
  }
  draw(plot, "line", { x1: left, x2: left + wide, y1: y(0), y2: y(0), class: "cnnsee-axis" });
  const line = draw(plot, "g");
  draw(line, "line", { x1: 0, x2: 0, y1: y(room), y2: y(-room), class: "cnnsee-os-threshold" });
  const say = (text, dx, anchor) => draw(line, "text", { x: dx, y: y(room) + 11, "text-anchor": anchor }, text);
  const kept = say("◀ kept", -6, "end"), rejected = say("rejected ▶", 6, "start");
  return {
    svg,
    valueAt: (across) => start + ((across * WIDE - left) / wide) * (stop - start),
    move: (keep) => {
      const place = x(Math.min(Math.max(score.lines[keep], start), stop));
      line.setAttribute("transform", `translate(${place} 0)`);
      const width = Math.max(place - left, 0.01); // a width of 0 would be no width at all
      clip.setAttribute("width", width);
      clip.setAttribute("viewBox", `${left} 0 ${width} ${HIGH}`);
      rejected.style.visibility = place > left + wide - 50 ? "hidden" : ""; // it would stick out
      kept.style.visibility = place < left + 4 ? "hidden" : "";
    },
  };
}

/** A rectangle from the axis to a bar's end, with a gap to its neighbour. */
function bar(left, width, axis, end) {
  return end === axis ? "" : `M${left + 0.5},${axis}V${end}h${width - 1}V${axis}Z`;
}

/** Ticks at the same shares above and below zero. */
function upAndDown(highest) {
  const rough = highest / 2, unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([5, 2, 1].find((times) => times * unit <= rough) ?? 1), digits = step < 0.0099 ? 1 : 0;
  const ticks = [];
  for (let k = -Math.floor(highest / step); k * step <= highest; k++) {
    ticks.push([k * step, fixed(100 * Math.abs(k) * step, digits)]);
  }
  return ticks;
}

/** A square chart of shares with a curve for each score, of which one is shown, and a point that moves along. */
function addCurves(parent, curves, across, up) {
  const box = add(parent, "div", "cnnsee-os-chart");
  const heading = add(box, "p", "cnnsee-os-chart-title");
  const { svg, plot, x, y } = addChart(box, {
    width: WIDE, height: HIGH, label: `${up} against ${across}`,
    x: { from: 0, to: 1, label: across, ticks: PERCENTS }, y: { from: 0, to: 1, label: "", ticks: PERCENTS },
  });
  draw(svg, "text", { transform: `translate(9 ${y(0.5)}) rotate(-90)`, "text-anchor": "middle" }, up);
  const paths = curves.map((points) => `M${points.map(([a, b]) => `${x(a)},${y(b)}`).join("L")}`);
  const chance = draw(plot, "line", { x1: x(0), y1: y(0), x2: x(1), class: "cnnsee-os-chance" });
  const curve = draw(plot, "path", { class: "cnnsee-os-curve" });
  const mark = draw(plot, "path", { d: "M0,-6L6,0L0,6L-6,0Z", class: "cnnsee-os-mark" });
  const here = draw(plot, "circle", { r: 6, class: "cnnsee-os-here" });
  const move = (what, [a, b]) => what.setAttribute("transform", `translate(${x(a)} ${y(b)})`);
  return {
    heading,
    note: add(box, "p"),
    choose: (place, end, at) => {
      curve.setAttribute("d", paths[place]);
      chance.setAttribute("y2", y(end));
      mark.style.display = at ? "" : "none";
      if (at) move(mark, at);
    },
    move: (at) => move(here, at),
  };
}

/** One group: what is kept and what is not, as words, as a bar, and as pictures. Gives {cells, share, thumbs}. */
function addGroup(parent, name, side, pictures, answers) {
  const group = add(parent, "div", `cnnsee-os-group cnnsee-os-${name}`);
  const words = add(group, "div", "cnnsee-os-cells");
  const cells = [add(words, "span"), add(words, "span")];
  const share = add(add(group, "div", "cnnsee-os-share"), "div");
  const strip = add(group, "div", "cnnsee-os-strip", "", { role: "list", "aria-label": `${name} pictures` });
  const thumbs = pictures.map((rgb, k) => {
    const thumb = add(strip, "div", "cnnsee-os-thumb", "", { role: "listitem" });
    const canvas = addCanvas(add(thumb, "div", "cnnsee-os-frame"), side, side, 64, "");
    canvas.removeAttribute("style");
    putPixels(canvas, opaque(rgb), side, side);
    if (answers.length) add(thumb, "span", "", answers[k], { title: answers[k] });
    return { thumb, canvas, words: `${name}${answers.length ? `, taken for ${answers[k]}` : ""}` };
  });
  return { cells, share, thumbs };
}

/** RGB bytes as RGBA. */
function opaque(rgb) {
  const rgba = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
  for (let k = 0; k < rgb.length / 3; k++) rgba.set(rgb.subarray(3 * k, 3 * k + 3), 4 * k);
  return rgba;
}

/** A group's pictures in the order of the score, the rejected crossed out. */
function paintThumbs(thumbs, enters, keep) {
  thumbs.forEach(({ thumb, canvas, words }, k) => {
    const out = enters[k] > keep;
    thumb.style.order = enters[k];
    thumb.classList.toggle("cnnsee-os-out", out);
    canvas.setAttribute("aria-label", `${words}, ${out ? "rejected" : "kept"}`);
  });
}

// --- paint, pointer and keyboard ---

export default live(["keep", "choice"], ({ model, root }) => {
  const names = ["scores", "n_known", "n_unknown", "side", "shown", "answers", "note"];
  const [scores, known, unknown, side, shown, answers, note] = names.map((name) => model.get(name));
  const pixels = array(model.get("pixels"), Uint8Array), size = 3 * side * side;

  add(root, "style", "", STYLE_LAB);
  const heading = addTitle(root);
  const sides = add(root, "div", "cnnsee-sides");
  const box = add(sides, "div", "cnnsee-os-chart");
  const threshold = add(box, "p", "cnnsee-os-chart-title");
  const histograms = scores.map((score) => addHistogram(box, score, known, unknown));
  add(box, "p", "", "Drag the line. Hollow bars: rejected.");
  const curves = (kind) => scores.map((score) => score[kind]);
  const roc = addCurves(sides, curves("roc"), "known rejected (FPR)", "unknown rejected (TPR)");
  const hasOscr = scores[0].oscr !== null;
  const oscr = hasOscr && addCurves(sides, curves("oscr_curve"), "unknown let in", "known kept and right");
  const [first] = shown;
  const groups = ["known", "unknown"].map((name, group) => {
    const places = Array.from({ length: shown[group] }, (_, k) => k + group * first);
    const pictures = places.map((place) => pixels.subarray(place * size, (place + 1) * size));
    return addGroup(root, name, side, pictures, answers.length ? places.map((place) => answers[place]) : []);
  });
  if (side) add(root, "p", "cnnsee-note", NOTE);

  const move = (keep) => choose(model, { keep: Math.min(Math.max(keep, 0), 100) });
  histograms.forEach(({ svg, valueAt }, k) => {
    svg.classList.add("cnnsee-os-pull");
    const told = { role: "slider", "aria-label": "Threshold", "aria-valuemin": 0, "aria-valuemax": 100 };
    for (const [name, value] of Object.entries(told)) svg.setAttribute(name, value);
    onDrag(svg, (across) => move(keepAt(scores[k].lines, valueAt(across))));
    onArrows(svg, (dx, dy) => move(model.get("keep") + dx - dy));
  });

  return () => {
    const keep = model.get("keep"), place = model.get("choice"), score = scores[place];
    const kept = score.kept[keep] / known, letIn = score.let_in[keep] / unknown;
    heading.textContent = title(score, keep, known, unknown, note);
    threshold.textContent = `Scores, threshold ${fixed(keep ? score.thresholds[keep] : -Infinity, score.digits)}`;
    histograms.forEach(({ svg, move: moveLine }, k) => {
      svg.style.display = k === place ? "" : "none";
      if (k === place) moveLine(keep);
    });
    const { svg } = histograms[place];
    svg.setAttribute("aria-valuenow", keep);
    svg.setAttribute("aria-valuetext", `${percent(kept)} of known kept`);
    roc.heading.textContent = `ROC: AUROC ${area(score.auroc)}`;
    roc.note.textContent = `◇ FPR@95TPR ${percent(score.fpr95)}. Unknown is the positive class.`;
    roc.choose(place, 1, score.fpr95_at);
    roc.move([1 - kept, 1 - letIn]);
    if (hasOscr) {
      oscr.heading.textContent = `OSCR ${area(score.oscr)}, accuracy ${percent(score.accuracy)}`;
      oscr.note.textContent = "Its authors call unknown let in FPR, too.";
      oscr.choose(place, score.accuracy, null);
      oscr.move([letIn, score.right[keep] / known]);
    }
    const told = counts(score, keep, known, unknown);
    groups.forEach(({ cells, share, thumbs }, group) => {
      cells.forEach((cell, k) => (cell.textContent = told[group][k]));
      share.style.width = `${100 * [kept, letIn][group]}%`;
      paintThumbs(thumbs, group ? score.enters.slice(first) : score.enters, keep);
    });
  };
});
