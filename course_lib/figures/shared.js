// What all figures share. `live.py` puts this text in front of each figure's own, so that every module that
// reaches a browser is one self-contained piece: no imports, no address, no build step.

// --- arithmetic ---

/** Place of the highest value; the first of equals. */
export function likeliest(values) {
  return values.indexOf(Math.max(...values));
}

/** Whole percent, halves up. Only certainty is called 100 %, and only the impossible 0 %. */
export function percent(probability) {
  if (probability > 0 && probability < 0.005) return "<1 %";
  if (probability >= 0.995 && probability < 1) return ">99 %";
  return `${Math.floor(100 * probability + 0.5)} %`;
}

/** Python's f"{value:.{digits}f}", with a true minus and no minus before a zero; "—" for what is not a number. */
export function fixed(value, digits) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "—" : value > 0 ? "∞" : "−∞";
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** Whole numbers with thin spaces between thousands: 12 345. */
export function grouped(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** `ArrayType` over the bytes of a `traitlets.Bytes` trait; copied, because a float's bytes must begin at its size. */
export function array(bytes, ArrayType) {
  return new ArrayType(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

// --- DOM ---

// Text takes the colour of the page around it, and lines are cut from that colour: so a figure is right in light
// and dark, also where a page is light and the system dark. The four accents are Okabe and Ito's, the dark ones
// lightened: 3:1 or more against white and against JupyterLab's dark. Never the only signal.
// A figure out of sight is not laid out: with eight on a page a frame took 18 ms without that rule, and takes 4 with it.
const STYLE = `
.cnnsee { --cnnsee-1: #0072b2; --cnnsee-2: #b35000; --cnnsee-3: #007a5a; --cnnsee-4: #a3457c;
  color: var(--jp-content-font-color1, inherit); padding: 6px 6px 8px;
  font: 14px/1.4 var(--jp-content-font-family, system-ui, sans-serif);
  content-visibility: auto; contain-intrinsic-size: auto 500px; }
[data-jp-theme-light="false"] .cnnsee, [theme="dark"] .cnnsee, [data-theme="dark"] .cnnsee, .vscode-dark .cnnsee {
  --cnnsee-1: #56b4e9; --cnnsee-2: #f0a04b; --cnnsee-3: #2cc295; --cnnsee-4: #e39ac4; }
@media (prefers-color-scheme: dark) { body:not([data-jp-theme-light]) .cnnsee {
  --cnnsee-1: #3d94d1; --cnnsee-2: #d98324; --cnnsee-3: #1fa37c; --cnnsee-4: #cc79a7; } }
.cnnsee * { box-sizing: border-box; }
.cnnsee-title { font-size: 1.15em; font-weight: 600; margin: 0 0 10px; font-variant-numeric: tabular-nums; }
.cnnsee-note { margin: 6px 0 0; max-width: 70ch; }
.cnnsee-sides { display: flex; flex-wrap: wrap; gap: 12px 28px; align-items: flex-start; }
.cnnsee-picture { max-width: 100%; image-rendering: pixelated;
  outline: 1px solid color-mix(in srgb, currentColor 30%, transparent); }
.cnnsee-bars { flex: 1 1 300px; max-width: 560px; display: grid; gap: 3px 10px; align-items: center;
  grid-template-columns: auto minmax(60px, 1fr) 3.6em; }
.cnnsee-row { display: contents; }
.cnnsee-name { overflow-wrap: anywhere; text-align: right; }
.cnnsee-name::before { content: "▶ "; visibility: hidden; font-size: 0.8em; }
.cnnsee-track { height: 1.05em; border-radius: 2px; background: color-mix(in srgb, currentColor 9%, transparent); }
.cnnsee-bar { height: 100%; border-radius: 2px; background: color-mix(in srgb, currentColor 42%, transparent); }
.cnnsee-value { font-variant-numeric: tabular-nums; white-space: nowrap; }
.cnnsee-first > * { font-weight: 700; }
.cnnsee-first .cnnsee-name::before { visibility: visible; }
.cnnsee-first .cnnsee-bar { background: var(--cnnsee-1); }
.cnnsee-true { font-weight: 400; font-style: italic; }
.cnnsee-table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.cnnsee-table :is(th, td) { padding: 2px 10px 2px 0; text-align: right; font-weight: 400; }
.cnnsee-table :is(th:first-child, caption) { text-align: left; }
.cnnsee-table thead th { border-bottom: 1px solid color-mix(in srgb, currentColor 40%, transparent); }
.cnnsee-button { font: inherit; color: inherit; cursor: pointer; padding: 3px 12px; border-radius: 4px;
  border: 1px solid color-mix(in srgb, currentColor 50%, transparent);
  background: color-mix(in srgb, currentColor 6%, transparent); }
.cnnsee-button[aria-pressed="true"] { font-weight: 700; border-width: 2px; padding: 2px 11px; }
.cnnsee svg { display: block; max-width: 100%; overflow: visible; }
.cnnsee svg text { fill: currentColor; font-size: 12px; }
.cnnsee-axis { stroke: color-mix(in srgb, currentColor 60%, transparent); fill: none; }
.cnnsee-grid { stroke: color-mix(in srgb, currentColor 14%, transparent); fill: none; }
.cnnsee-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.cnnsee :focus-visible, .cnnsee-figure :is(.noUi-handle, .ui-slider-handle, input, select, button):focus-visible {
  outline: 2px solid; outline-offset: 3px; }
`;

/** A new element in `parent`. `text` comes from data: it is set as text, never as HTML. */
export function add(parent, tag, name = "", text = "", attributes = {}) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
}

/** A new SVG element in `parent`. */
export function draw(parent, tag, attributes = {}, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  parent.append(element);
  return element;
}

/** The line above a figure, which a screen reader speaks when it changes. Equal to `title()` in Python. */
export function addTitle(parent) {
  return add(parent, "div", "cnnsee-title", "", { "aria-live": "polite" });
}

/** A canvas of `width` × `height` pixels, shown `shown` CSS pixels wide; `label` is what it shows, in words. */
export function addCanvas(parent, width, height, shown, label) {
  const canvas = add(parent, "canvas", "cnnsee-picture", "", { role: "img", "aria-label": label });
  Object.assign(canvas, { width, height });
  canvas.style.cssText = `width: ${shown}px; aspect-ratio: ${width} / ${height};`;
  return canvas;
}

/** Put RGBA bytes (length 4·width·height) onto a canvas, which takes their size. */
export function putPixels(canvas, rgba, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const clamped = rgba instanceof Uint8ClampedArray ? rgba : Uint8ClampedArray.from(rgba);
  canvas.getContext("2d").putImageData(new ImageData(clamped, width, height), 0, 0);
}

/** Bars of probability, one a class; `truth` is marked. Gives `paint(probabilities)`. */
export function addBars(parent, classes, truth, label = "Probability of each class") {
  const bars = add(parent, "div", "cnnsee-bars", "", { role: "list", "aria-label": label });
  const rows = classes.map((name) => {
    const row = add(bars, "div", "cnnsee-row", "", { role: "listitem" });
    const words = add(row, "span", "cnnsee-name", name);
    if (name === truth) add(words, "span", "cnnsee-true", " (true)");
    const track = add(row, "div", "cnnsee-track");
    return { row, bar: add(track, "div", "cnnsee-bar"), value: add(row, "span", "cnnsee-value") };
  });
  return (probabilities) => {
    const first = likeliest(probabilities);
    rows.forEach(({ row, bar, value }, place) => {
      row.classList.toggle("cnnsee-first", place === first);
      bar.style.width = `${100 * probabilities[place]}%`;
      value.textContent = percent(probabilities[place]);
    });
  };
}

/**
 * An empty chart with axes. `x` and `y`: {from, to, label, ticks: [[value, text]…]}. Sizes are CSS pixels, so text
 * keeps its size on a phone. Gives {svg, plot, x(value), y(value)}: draw into `plot` with `draw`.
 */
export function addChart(parent, { width, height, x, y, label }) {
  const left = y.label || y.ticks?.length ? 52 : 8, bottom = 38, top = 8, right = 14;
  const svg = draw(parent, "svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  const across = (value) => left + ((value - x.from) / (x.to - x.from)) * (width - left - right);
  const up = (value) => height - bottom - ((value - y.from) / (y.to - y.from)) * (height - bottom - top);
  for (const [value, text] of x.ticks ?? []) {
    draw(svg, "line", { x1: across(value), x2: across(value), y1: top, y2: height - bottom, class: "cnnsee-grid" });
    draw(svg, "text", { x: across(value), y: height - bottom + 15, "text-anchor": "middle" }, text);
  }
  for (const [value, text] of y.ticks ?? []) {
    draw(svg, "line", { x1: left, x2: width - right, y1: up(value), y2: up(value), class: "cnnsee-grid" });
    draw(svg, "text", { x: left - 5, y: up(value) + 4, "text-anchor": "end" }, text);
  }
  draw(svg, "path", { d: `M${left},${top}V${height - bottom}H${width - right}`, class: "cnnsee-axis" });
  const middle = (left + width - right) / 2;
  draw(svg, "text", { x: middle, y: height - 5, "text-anchor": "middle" }, x.label ?? "");
  const turned = `translate(12 ${(top + height - bottom) / 2}) rotate(-90)`;
  draw(svg, "text", { transform: turned, "text-anchor": "middle" }, y.label ?? "");
  return { svg, plot: draw(svg, "g"), x: across, y: up };
}

// --- pointer and keyboard ---

/** Call `moved(x, y)`, each 0–1 within `element`, while the pointer is down on it: mouse, pen or finger. */
export function onDrag(element, moved) {
  element.style.touchAction = "none"; // else a finger scrolls the page away
  const tell = (event) => {
    const box = element.getBoundingClientRect();
    const within = (value, size) => Math.min(Math.max(value / size, 0), 1);
    moved(within(event.clientX - box.left, box.width), within(event.clientY - box.top, box.height));
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    tell(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) tell(event);
  });
}

/** Call `moved(dx, dy)` in steps of ±1 for the arrow keys, ±10 with Shift. Makes `element` focusable. */
export function onArrows(element, moved) {
  element.tabIndex = 0;
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  element.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step) return;
    // JupyterLab would move to the next cell, a page would scroll.
    event.preventDefault();
    event.stopPropagation();
    moved(...step.map((value) => (event.shiftKey ? 10 : 1) * value));
  });
}

// --- model listeners, clean-up ---

/** Set traits from the view: all listeners hear of them, and Python where there is a kernel. */
export function choose(model, values) {
  for (const [trait, value] of Object.entries(values)) model.set(trait, value);
  model.save_changes();
}

/** True where a kernel may answer; false on a page without one. */
export function hasKernel(model) {
  return Boolean(model.widget_manager);
}

/** Call `heard` at each change of the traits. Returns what undoes it. */
export function listen(model, traits, heard) {
  for (const trait of traits) model.on(`change:${trait}`, heard);
  return () => traits.forEach((trait) => model.off(`change:${trait}`, heard));
}

/** Tie each control's model to its trait, both ways, in the browser. Returns what undoes it. */
function link(model, control, { trait, reads, shown }) {
  const toFigure = () => {
    if (model.get(trait) !== control.get(reads)) choose(model, { [trait]: control.get(reads) });
  };
  const toControl = () => {
    if (model.get(trait) !== control.get(reads)) choose(control, { [reads]: model.get(trait) });
  };
  const show = () => {
    const visible = Object.entries(shown).every(([name, values]) => values.includes(model.get(name)));
    control.get("layout").set("display", visible ? "" : "none");
  };
  const undo = [
    listen(control, [reads], toFigure),
    listen(model, [trait], toControl),
    listen(model, Object.keys(shown), show),
  ];
  toControl();
  if (Object.keys(shown).length) show();
  return () => undo.forEach((undoOne) => undoOne());
}

/** Links all controls of a figure. They are asked for by id: Jupyter has made them, but perhaps not yet. */
function linkControls(model) {
  const undo = [];
  let gone = false;
  for (const control of hasKernel(model) ? model.get("_controls") : []) {
    model.widget_manager.get_model(control.widget).then((found) => {
      if (!gone) undo.push(link(model, found, control));
    });
  }
  return () => {
    gone = true;
    undo.forEach((undoOne) => undoOne());
  };
}

/**
 * What a figure's module exports. `build({ model, root })` makes the DOM in `root`, once, and returns `paint`,
 * which shows the model's present state; it is called now and at each change of one of `traits`.
 */
export function live(traits, build) {
  return {
    render({ model, el }) {
      const root = add(el, "div", "cnnsee");
      add(root, "style", "", STYLE);
      const paint = build({ model, root });
      const undo = [listen(model, traits, paint), linkControls(model)];
      paint();
      return () => {
        undo.forEach((undoOne) => undoOne());
        root.remove();
      };
    },
  };
}

// --- the figure itself ---
