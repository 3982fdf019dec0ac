// A patch to be dragged over a picture, the model's answer, and the heatmap of its answers for all places.

// --- arithmetic: pure, checked against Python by node's test runner ---

/** Where a patch stands along one side: 0, stride, … and flush with the far edge. */
export function places(side, size, stride) {
  const found = [];
  for (let place = 0; place < side - size; place += stride) found.push(place);
  return [...found, side - size];
}

/** Of the places, the nearest to `value`; the smaller of two that are equally near. */
export function nearest(all, value) {
  return all.reduce((best, place) => (Math.abs(place - value) < Math.abs(best - value) ? place : best));
}

/** Where the grid of this fill and size begins in the numbers, and its rows. */
export function gridAt({ side, sizes, stride, k }, size, fill) {
  const counts = sizes.map((one) => places(side, one, stride).length ** 2 * k);
  const sum = (some) => some.reduce((total, count) => total + count, 0);
  return { start: fill * sum(counts) + sum(counts.slice(0, size)), rows: places(side, sizes[size], stride).length };
}

/** A copy of RGBA bytes with a square patch. */
export function cover(rgba, side, top, left, size, colour) {
  const covered = Uint8ClampedArray.from(rgba);
  for (let y = top; y < Math.min(top + size, side); y++) {
    for (let x = left; x < Math.min(left + size, side); x++) covered.set(colour, 4 * (y * side + x));
  }
  return covered;
}

/** Colour of a fall, −1 to 1 of the largest: darker than the middle where it falls, lighter where it rises. */
export function fallColour(share) {
  const end = share >= 0 ? [0, 40, 90] : [255, 232, 190];
  return end.map((value) => Math.round(128 + Math.abs(share) * (value - 128)));
}

/** "16×16 patch at row 24, column 16: Highway 83 % → 34 %; answer River, 51 %" */
export function title({ size, top, left, classes, target, before, now }) {
  const where = `${size}×${size} patch at row ${top}, column ${left}`;
  if (!now) return `${where}: asking the model`;
  const first = likeliest(now);
  const change = `${percent(before[target])} → ${percent(now[target])}`;
  return `${where}: ${classes[target]} ${change}; answer ${classes[first]}, ${percent(now[first])}`;
}

// --- DOM ---

const OCCLUSION_STYLE = `
.cnnsee-place { position: relative; width: 270px; max-width: 100%; cursor: move; }
.cnnsee-place canvas { width: 100% !important; display: block; }
.cnnsee-patch { position: absolute; border: 2px dashed #fff; outline: 1px solid #000; pointer-events: none; }
.cnnsee-heat { position: relative; width: 270px; max-width: 100%; aspect-ratio: 1; cursor: move;
  background: repeating-linear-gradient(135deg, rgb(255 255 255) 0 5px, rgb(200 200 200) 5px 6px); }
.cnnsee-heat canvas { position: absolute; outline: none; }
.cnnsee-dot { position: absolute; width: 16px; height: 16px; margin: -8px; border: 3px solid #fff; border-radius: 50%;
  outline: 1px solid #000; pointer-events: none; }
.cnnsee-caption { font-size: 12px; margin: 2px 0 4px; max-width: 270px; }
.cnnsee-scale { display: flex; width: 270px; max-width: 100%; font-size: 12px; gap: 6px; align-items: center; }
.cnnsee-scale span:nth-child(2) { flex: 1; height: 10px;
  background: linear-gradient(to right, rgb(0 40 90), rgb(128 128 128), rgb(255 232 190)); }
`;

export default live(["top", "left", "size", "fill", "target", "answer"], ({ model, root }) => {
  const names = ["side", "sizes", "stride", "colours", "classes"];
  const [side, sizes, stride, colours, classes] = names.map((name) => model.get(name));
  const before = model.get("plain_answer"), k = classes.length;
  const numbers = array(model.get("grids"), Float32Array);
  const rgb = array(model.get("pixels"), Uint8Array);
  const rgba = Uint8ClampedArray.from({ length: 4 * side * side }, (_, at) => (at % 4 < 3 ? rgb[3 * (at >> 2) + (at % 4)] : 255));

  add(root, "style", "", OCCLUSION_STYLE);
  const heading = addTitle(root);
  heading.style.minHeight = "2.8em"; // two lines: else the picture would jump from under the pointer
  const sides = add(root, "div", "cnnsee-sides");
  const left = add(sides, "div");
  add(left, "div", "cnnsee-caption", `The picture${model.get("note") ? ` (${model.get("note")})` : ""}: drag the patch`);
  const surface = add(left, "div", "cnnsee-place", "", { role: "application" });
  const canvas = addCanvas(surface, side, side, 270, "The picture with the patch");
  const frame = add(surface, "div", "cnnsee-patch");
  const middle = add(sides, "div");
  const caption = add(middle, "div", "cnnsee-caption");
  const heat = add(middle, "div", "cnnsee-heat");
  const map = addCanvas(heat, 1, 1, 270, "");
  const dot = add(heat, "div", "cnnsee-dot");
  const [falls, , rises] = addScale(middle);
  const paintBars = addBars(sides, classes, model.get("truth"));
  add(root, "p", "cnnsee-note", "Dark: covering this place takes probability from the class. Does it look where you would?");

  // --- paint ---

  const grid = () => gridAt({ side, sizes, stride, k }, model.get("size"), model.get("fill"));

  /** The answer from the grid, or the model's, or null while it is being asked. */
  function answer(question) {
    const [top, leftmost, size] = question, at = places(side, sizes[size], stride);
    const row = at.indexOf(top), column = at.indexOf(leftmost);
    if (row >= 0 && column >= 0) {
      const { start, rows } = grid();
      const from = start + (row * rows + column) * k;
      return [...numbers.subarray(from, from + k)];
    }
    const told = model.get("answer");
    if (String(told.asked) === String(question)) return told.probabilities;
    if (String(model.get("asked")) !== String(question)) choose(model, { asked: question });
    return null;
  }

  let painted = "";
  function paintHeatmap() {
    const target = model.get("target"), size = sizes[model.get("size")];
    const state = `${target} ${size} ${model.get("fill")}`;
    if (state === painted) return;
    painted = state;
    const { start, rows } = grid();
    const fall = Float64Array.from({ length: rows * rows }, (_, at) => before[target] - numbers[start + at * k + target]);
    const most = Math.max(0.01, ...fall.map(Math.abs));
    const bytes = new Uint8ClampedArray(4 * rows * rows).fill(255);
    fall.forEach((value, at) => bytes.set(fallColour(value / most), 4 * at));
    putPixels(map, bytes, rows, rows);
    const inset = (100 * (size - stride)) / 2 / side;
    map.style.cssText = `left: ${inset}%; top: ${inset}%; width: ${100 - 2 * inset}%; height: ${100 - 2 * inset}%;`;
    caption.textContent = `${classes[target]}: change for all ${rows}×${rows} places`;
    falls.textContent = `−${fixed(100 * most, 0)}`;
    rises.textContent = `+${fixed(100 * most, 0)} points`;
    const words = `Heatmap: ${classes[target]} falls by at most ${fixed(100 * Math.max(0, ...fall), 0)} points`;
    map.setAttribute("aria-label", words);
  }

  function paint() {
    const size = sizes[model.get("size")], most = side - size;
    let top = Math.min(model.get("top"), most), leftmost = Math.min(model.get("left"), most);
    if (!hasKernel(model)) [top, leftmost] = [top, leftmost].map((value) => nearest(places(side, size, stride), value));
    if (top !== model.get("top") || leftmost !== model.get("left")) {
      choose(model, { top, left: leftmost }); // paints again
      return;
    }
    const now = answer([top, leftmost, model.get("size"), model.get("fill")]);
    heading.textContent = title({ size, top, left: leftmost, classes, target: model.get("target"), before, now });
    putPixels(canvas, cover(rgba, side, top, leftmost, size, colours[model.get("fill")]), side, side);
    const percentOf = (value) => `${(100 * value) / side}%`;
    frame.style.cssText =
      `left: ${percentOf(leftmost)}; top: ${percentOf(top)}; width: ${percentOf(size)}; height: ${percentOf(size)};`;
    dot.style.left = percentOf(leftmost + size / 2);
    dot.style.top = percentOf(top + size / 2);
    surface.setAttribute("aria-label", `Patch at row ${top}, column ${leftmost}. Arrow keys move it.`);
    paintHeatmap();
    if (now) paintBars(now);
  }

  // --- pointer and keyboard ---

  /** Put the patch's corner as near as may be. */
  function move(top, leftmost) {
    const size = sizes[model.get("size")], at = places(side, size, stride);
    const allowed = (value) =>
      hasKernel(model) ? Math.round(Math.min(Math.max(value, 0), side - size)) : nearest(at, value);
    choose(model, { top: allowed(top), left: allowed(leftmost) });
  }
  for (const element of [surface, heat]) {
    onDrag(element, (x, y) => move(y * side - sizes[model.get("size")] / 2, x * side - sizes[model.get("size")] / 2));
  }
  onArrows(surface, (dx, dy) => {
    const step = hasKernel(model) ? 1 : stride;
    move(model.get("top") + dy * step, model.get("left") + dx * step);
  });

  return paint;
});

/** The legend below the heatmap; gives its three parts. */
function addScale(parent) {
  const scale = add(parent, "div", "cnnsee-scale");
  return [add(scale, "span"), add(scale, "span"), add(scale, "span")];
}
