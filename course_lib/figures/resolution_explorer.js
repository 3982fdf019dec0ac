// A picture in size × size blocks, and the probabilities that go with each size. The Python file beside it says more.

// --- arithmetic: pure, checked against Python by node's test runner ---

/** Means of RGB bytes [side, side, 3] over size × size blocks, as RGBA bytes. Whole numbers, halves up. */
export function blockAverage(pixels, side, size) {
  const step = side / size, count = step * step;
  const blocks = new Uint8ClampedArray(4 * size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const target = 4 * (row * size + column);
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let y = row * step; y < (row + 1) * step; y++) {
          for (let x = column * step; x < (column + 1) * step; x++) sum += pixels[3 * (y * side + x) + channel];
        }
        blocks[target + channel] = Math.floor((2 * sum + count) / (2 * count));
      }
      blocks[target + 3] = 255;
    }
  }
  return blocks;
}

/** Place of the highest probability; the first of equals. */
export function likeliest(probabilities) {
  return probabilities.indexOf(Math.max(...probabilities));
}

/** Whole percent, halves up. Only certainty is called 100 %, and only the impossible 0 %. */
export function percent(probability) {
  if (probability > 0 && probability < 0.005) return "<1 %";
  if (probability >= 0.995 && probability < 1) return ">99 %";
  return `${Math.floor(100 * probability + 0.5)} %`;
}

/** "16×16 pixels: Highway, 83 %" */
export function title(size, classes, probabilities, note) {
  const first = likeliest(probabilities);
  const answer = `${size}×${size} pixels: ${classes[first]}, ${percent(probabilities[first])}`;
  return note ? `${answer} (${note})` : answer;
}

// --- DOM ---

// Text takes the colour of the page around it, and lines are cut from that colour: so the figure is right in light
// and dark, also where a page is light and the system dark. Accent: 3:1 or more against white and JupyterLab's dark.
const STYLE = `
.cnnsee-res { --cnnsee-accent: #0072b2; color: var(--jp-content-font-color1, inherit); padding: 4px 1px 8px;
  font: 14px/1.4 var(--jp-content-font-family, system-ui, sans-serif); }
[data-jp-theme-light="false"] .cnnsee-res, [theme="dark"] .cnnsee-res, .vscode-dark .cnnsee-res {
  --cnnsee-accent: #56b4e9; }
@media (prefers-color-scheme: dark) { body:not([data-jp-theme-light]) .cnnsee-res { --cnnsee-accent: #3d94d1; } }
.cnnsee-res-title { font-size: 1.15em; font-weight: 600; margin: 0 0 10px; font-variant-numeric: tabular-nums; }
.cnnsee-res-sides { display: flex; flex-wrap: wrap; gap: 12px 28px; align-items: center; }
.cnnsee-res-picture { flex: 0 1 300px; width: 300px; max-width: 100%; aspect-ratio: 1; image-rendering: pixelated;
  outline: 1px solid color-mix(in srgb, currentColor 30%, transparent); }
.cnnsee-res-bars { flex: 1 1 300px; max-width: 560px; display: grid; gap: 3px 10px; align-items: center;
  grid-template-columns: auto minmax(60px, 1fr) 3.4em; }
.cnnsee-res-row { display: contents; }
.cnnsee-res-name { overflow-wrap: anywhere; text-align: right; }
.cnnsee-res-name::before { content: "▶ "; visibility: hidden; font-size: 0.8em; }
.cnnsee-res-track { height: 1.05em; border-radius: 2px;
  background: color-mix(in srgb, currentColor 9%, transparent); }
.cnnsee-res-bar { height: 100%; border-radius: 2px; background: color-mix(in srgb, currentColor 42%, transparent); }
.cnnsee-res-value { font-variant-numeric: tabular-nums; white-space: nowrap; }
.cnnsee-res-first > * { font-weight: 700; }
.cnnsee-res-first .cnnsee-res-name::before { visibility: visible; }
.cnnsee-res-first .cnnsee-res-bar { background: var(--cnnsee-accent); }
.cnnsee-res-true { font-weight: 400; font-style: italic; }
.cnnsee-figure :is(.noUi-handle, .ui-slider-handle):focus-visible { outline: 2px solid; outline-offset: 3px; }
`;

/** A new element in `parent`. `text` comes from data: it is set as text, never as HTML. */
function add(parent, tag, name, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  parent.append(element);
  return element;
}

function addRow(bars, name, isTrue) {
  const row = add(bars, "div", "cnnsee-res-row");
  row.setAttribute("role", "listitem");
  const label = add(row, "span", "cnnsee-res-name", name);
  if (isTrue) add(label, "span", "cnnsee-res-true", " (true)");
  const track = add(row, "div", "cnnsee-res-track");
  return { row, bar: add(track, "div", "cnnsee-res-bar"), value: add(row, "span", "cnnsee-res-value") };
}

function render({ model, el }) {
  const [side, sizes, classes] = ["side", "sizes", "classes"].map((name) => model.get(name));
  const bytes = model.get("pixels");
  const pixels = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

  const figure = add(el, "div", "cnnsee-res");
  add(figure, "style", "", STYLE);
  const heading = add(figure, "div", "cnnsee-res-title");
  heading.setAttribute("aria-live", "polite");
  const sides = add(figure, "div", "cnnsee-res-sides");
  const canvas = add(sides, "canvas", "cnnsee-res-picture");
  canvas.setAttribute("role", "img");
  const bars = add(sides, "div", "cnnsee-res-bars");
  bars.setAttribute("role", "list");
  bars.setAttribute("aria-label", "Probability of each class");
  const rows = classes.map((name) => addRow(bars, name, name === model.get("truth")));

  // --- paint ---

  function paint() {
    const size = sizes[model.get("position")];
    const probabilities = model.get("probabilities")[model.get("position")];
    heading.textContent = title(size, classes, probabilities, model.get("note"));
    canvas.width = canvas.height = size; // one pixel a block; the style sheet enlarges it with hard edges
    canvas.getContext("2d").putImageData(new ImageData(blockAverage(pixels, side, size), size, size), 0, 0);
    canvas.setAttribute("aria-label", `The picture in ${size}×${size} blocks`);
    const first = likeliest(probabilities);
    rows.forEach(({ row, bar, value }, place) => {
      row.classList.toggle("cnnsee-res-first", place === first);
      bar.style.width = `${100 * probabilities[place]}%`;
      value.textContent = percent(probabilities[place]);
    });
  }

  // --- model listeners, clean-up ---

  model.on("change:position", paint);
  paint();
  return () => model.off("change:position", paint);
}

export default { render };
