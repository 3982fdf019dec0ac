// A confusion matrix, the pictures of one of its cells, and a threshold below which a person looks.

// --- arithmetic: pure, checked against Python by node's test runner ---

/** What a threshold keeps: {n, kept, right, counts: [K·K], truth in rows}. */
export function select(labels, answers, confidence, k, threshold) {
  const counts = new Uint32Array(k * k);
  let kept = 0, right = 0;
  for (let place = 0; place < labels.length; place++) {
    if (confidence[place] < threshold) continue;
    kept++;
    if (labels[place] === answers[place]) right++;
    counts[labels[place] * k + answers[place]]++;
  }
  return { n: labels.length, kept, right, counts };
}

/** "At least 0.60 sure: 2 540 of 2 700 (94 %), 98.9 % of them right. To review: 160" */
export function title(threshold, { n, kept, right }) {
  const share = `${grouped(kept)} of ${grouped(n)} (${percent(kept / n)})`;
  const accuracy = `${fixed(kept ? 100 * (right / kept) : NaN, 1)} % of them right`;
  return `At least ${fixed(threshold, 2)} sure: ${share}, ${accuracy}. To review: ${grouped(n - kept)}`;
}

/** "Highway taken for River: 12 of 250" */
export function cellTitle(classes, cell, counts) {
  const k = classes.length, row = Math.floor(cell / k), column = cell % k;
  const of = counts.slice(row * k, (row + 1) * k).reduce((sum, count) => sum + count, 0);
  const verb = row === column ? "recognised" : `taken for ${classes[column]}`;
  return `${classes[row]} ${verb}: ${grouped(counts[cell])} of ${grouped(of)}`;
}

/** [share kept, accuracy] for the surest 1, 2, … N pictures; equally sure ones in their own order. */
export function curve(labels, answers, confidence) {
  const order = [...labels.keys()].sort((a, b) => confidence[b] - confidence[a]);
  let right = 0;
  return order.map((place, rank) => {
    if (labels[place] === answers[place]) right++;
    return [(rank + 1) / order.length, right / (rank + 1)];
  });
}

// --- DOM ---

const SIDE = 64, COLUMNS = 12, PER_CELL = 6;
const MATRIX_STYLE = `
.cnnsee-scroll { overflow-x: auto; max-width: 100%; padding: 3px; }
.cnnsee-matrix { border-collapse: separate; border-spacing: 1px; font-size: 12px; font-variant-numeric: tabular-nums; }
.cnnsee-matrix th { font-weight: 400; white-space: nowrap; max-width: 13em; overflow: hidden; text-overflow: ellipsis; }
.cnnsee-matrix tbody th { text-align: right; padding-right: 6px; }
.cnnsee-matrix thead th { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; padding-top: 4px;
  max-height: 13em; }
.cnnsee-matrix tr, .cnnsee-matrix tr:nth-child(n) { background: none !important; } /* notebooks stripe their tables */
.cnnsee-matrix td { width: 2.3em; min-width: 2.3em; height: 2.1em; text-align: center !important; padding: 0; cursor: pointer;
  background: color-mix(in srgb, var(--cnnsee-2) var(--share, 0%), color-mix(in srgb, currentColor 5%, transparent)); }
.cnnsee-matrix td.cnnsee-right { font-weight: 700; border: 1px solid color-mix(in srgb, currentColor 35%, transparent); }
.cnnsee-matrix td[aria-selected="true"] { outline: 2px solid; outline-offset: -1px; }
.cnnsee-matrix td:focus-visible { outline: 3px double; }
.cnnsee-detail { flex: 1 1 300px; max-width: 460px; }
.cnnsee-pictures { display: grid; grid-template-columns: repeat(3, 1fr); gap: 8px; min-height: 13em; margin: 6px 0 10px;
  align-content: start; }
.cnnsee-pictures figure { margin: 0; font-size: 12px; line-height: 1.25; overflow-wrap: anywhere; }
.cnnsee-pictures canvas { width: 100% !important; }
.cnnsee-review canvas { opacity: 0.3; }
.cnnsee-review figcaption { font-style: italic; }
`;

export default live(["threshold", "cell"], ({ model, root }) => {
  const [classes, shown, note] = ["classes", "shown", "note"].map((name) => model.get(name));
  const [labels, answers] = ["labels", "answers"].map((name) => array(model.get(name), Uint8Array));
  const confidence = array(model.get("confidence"), Float32Array);
  const k = classes.length;
  const all = select(labels, answers, confidence, k, 0);

  add(root, "style", "", MATRIX_STYLE);
  const heading = addTitle(root);
  const sides = add(root, "div", "cnnsee-sides");
  const cells = addMatrix(add(sides, "div", "cnnsee-scroll"), classes, all.counts);
  const detail = add(sides, "div", "cnnsee-detail");
  const cellHeading = add(detail, "div", "", "", { "aria-live": "polite" });
  const pictures = addPictures(add(detail, "div", "cnnsee-pictures"));
  const point = addCurve(detail, curve(labels, answers, confidence), all.n, note);
  const hint = "Rows are labels, columns are answers. Choose a cell with the mouse or the arrow keys to see its pictures.";
  add(root, "p", "cnnsee-note", hint);

  let sheet = null; // decoded in the background; until then the frames are empty
  createImageBitmap(new Blob([model.get("sheet")], { type: "image/jpeg" })).then((bitmap) => {
    sheet = bitmap;
    paintPictures();
  });

  // --- paint ---

  function paintPictures() {
    const cell = model.get("cell"), threshold = model.get("threshold");
    const own = shown
      .map(([picture, ...best], place) => ({ picture, best, place }))
      .filter(({ picture }) => labels[picture] * k + answers[picture] === cell)
      .slice(0, PER_CELL);
    pictures.forEach(({ frame, canvas, caption }, slot) => {
      const entry = own[slot];
      frame.hidden = !entry;
      if (!entry) return;
      const unsure = confidence[entry.picture] < threshold;
      frame.classList.toggle("cnnsee-review", unsure);
      const names = [0, 2, 4].filter((at) => at < entry.best.length).slice(0, 2);
      const words = names.map((at) => `${classes[entry.best[at]]} ${percent(entry.best[at + 1])}`).join(", ");
      caption.textContent = unsure ? `to review: ${words}` : words;
      canvas.setAttribute("aria-label", `Picture ${slot + 1}: ${words}`);
      if (!sheet) return;
      const x = (entry.place % COLUMNS) * SIDE, y = Math.floor(entry.place / COLUMNS) * SIDE;
      canvas.getContext("2d").drawImage(sheet, x, y, SIDE, SIDE, 0, 0, SIDE, SIDE);
    });
  }

  let painted = new Uint32Array(k * k).fill(-1), chosen = -1;
  function paintMatrix(counts, cell) {
    const errors = Math.max(1, ...counts.filter((_, place) => place % (k + 1)));
    cells.forEach((element, place) => {
      if (painted[place] !== counts[place]) element.textContent = counts[place] || "";
      if (place % (k + 1)) element.style.setProperty("--share", `${Math.round((60 * counts[place]) / errors)}%`);
    });
    painted = counts;
    if (chosen === cell) return;
    cells[chosen]?.setAttribute("aria-selected", "false");
    cells[chosen]?.setAttribute("tabindex", "-1");
    cells[cell].setAttribute("aria-selected", "true");
    cells[cell].setAttribute("tabindex", "0");
    chosen = cell;
  }

  function paint() {
    const cell = model.get("cell");
    const now = select(labels, answers, confidence, k, model.get("threshold"));
    heading.textContent = title(model.get("threshold"), now);
    cellHeading.textContent = cellTitle(classes, cell, all.counts);
    paintMatrix(now.counts, cell);
    paintPictures();
    point(now.kept / now.n, now.kept ? now.right / now.kept : NaN);
  }

  // --- pointer and keyboard ---

  cells.forEach((element, place) => {
    element.addEventListener("click", () => choose(model, { cell: place }));
    onArrows(element, (dx, dy) => {
      const within = (value) => Math.min(Math.max(value, 0), k - 1);
      const next = within(Math.floor(place / k) + dy) * k + within((place % k) + dx);
      choose(model, { cell: next });
      cells[next].focus();
    });
    element.tabIndex = -1; // one cell is a stop for the tab key, the arrows do the rest
  });

  return paint;
});

/** The table; gives its K·K cells. */
function addMatrix(parent, classes, counts) {
  const label = "Confusion matrix: rows are labels, columns are answers";
  const table = add(parent, "table", "cnnsee-matrix", "", { role: "grid", "aria-label": label });
  const head = add(add(table, "thead"), "tr");
  add(head, "td", "", "", { role: "presentation", style: "all: unset" });
  classes.forEach((name) => add(head, "th", "", name, { scope: "col" }));
  const body = add(table, "tbody");
  return classes.flatMap((name, row) => {
    const line = add(body, "tr");
    add(line, "th", "", name, { scope: "row" });
    return classes.map((answer, column) => {
      const count = counts[row * classes.length + column];
      const told = row === column ? `${name} recognised: ${count}` : `${name} taken for ${answer}: ${count}`;
      const style = row === column ? "cnnsee-right" : "";
      return add(line, "td", style, "", { role: "gridcell", "aria-label": told, "aria-selected": "false" });
    });
  });
}

/** Six frames, each with a canvas and a caption. */
function addPictures(parent) {
  return Array.from({ length: PER_CELL }, () => {
    const frame = add(parent, "figure");
    const canvas = addCanvas(frame, SIDE, SIDE, 96, "");
    return { frame, canvas, caption: add(frame, "figcaption") };
  });
}

/** The curve of accuracy over the share kept; gives a function that moves its point. */
function addCurve(parent, points, n, note) {
  const enough = points.slice(Math.min(points.length - 1, 20)); // of fewer, the share is noise
  const lowest = Math.min(...enough.map(([, accuracy]) => accuracy));
  const from = Math.floor(Math.min(lowest, 0.99) * 20) / 20;
  const ticks = [from, (from + 1) / 2, 1].map((value) => [value, `${Math.round(1000 * value) / 10}`]);
  const chart = addChart(parent, {
    width: 330,
    height: 170,
    x: { from: 0, to: 1, label: `kept, the surest first (%), n = ${grouped(n)}${note}`,
      ticks: [0, 0.25, 0.5, 0.75, 1].map((value) => [value, `${100 * value}`]) },
    y: { from, to: 1, label: "right (%)", ticks },
    label: "Accuracy among the kept, against the share that is kept",
  });
  const step = Math.max(1, Math.floor(enough.length / 300));
  const some = enough.filter((_, place) => place % step === 0 || place === enough.length - 1);
  const path = some.map(([share, accuracy]) => `${chart.x(share).toFixed(1)},${chart.y(accuracy).toFixed(1)}`).join("L");
  draw(chart.plot, "path", { d: `M${path}`, fill: "none", stroke: "var(--cnnsee-1)", "stroke-width": 2 });
  const dot = draw(chart.plot, "circle", { r: 6, fill: "var(--cnnsee-2)", stroke: "currentColor", "stroke-width": 1.5 });
  return (share, accuracy) => {
    dot.style.display = Number.isFinite(accuracy) ? "" : "none";
    if (!Number.isFinite(accuracy)) return;
    dot.setAttribute("cx", chart.x(share));
    dot.setAttribute("cy", chart.y(Math.max(accuracy, from)));
  };
}
