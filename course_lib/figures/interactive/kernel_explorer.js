// What a kernel's shape buys: size of the output, weights, work, and how much of the picture one number sees.

// --- arithmetic: pure, checked against Python by node's test runner ---

const SAME = 16; // the padding slider's last position

/** A layer as `Conv` in Python. `kernel`: [h, w]; the rest holds for both directions; a padding of 16 is "same". */
export function layer(kernel, stride = 1, dilation = 1, padding = 0) {
  const covers = kernel.map((k) => dilation * (k - 1) + 1);
  const halves = (all) => [Math.floor((all - 1) / 2), Math.floor(all / 2)];
  const pads = covers.map((all) => (padding === SAME ? halves(all) : [padding, padding]));
  return { kernel, stride, dilation, covers, pads };
}

/** {sizes, fault}: [h, w] after each layer; where one does not fit, none, and why. */
export function outputSizes(size, layers) {
  const sizes = [];
  for (const { stride, covers, pads } of layers) {
    const padded = (sizes.at(-1) ?? size).map((length, axis) => length + pads[axis][0] + pads[axis][1]);
    if (padded.some((length, axis) => length < covers[axis])) {
      const told = `its kernel covers ${times(covers)}, its padded input has ${times(padded)}`;
      return { sizes: [], fault: `layer ${sizes.length + 1} does not fit: ${told}` };
    }
    sizes.push(padded.map((length, axis) => Math.floor((length - covers[axis]) / stride) + 1));
  }
  return { sizes, fault: "" };
}

/** Weights of all layers, with as many channels into and out of each. */
export function weights(layers, channels = 1) {
  return layers.reduce((sum, { kernel: [h, w] }) => sum + h * w * channels * channels, 0);
}

/** Multiply–accumulate operations for one picture; null where a layer does not fit. */
export function macs(size, layers, channels = 1) {
  const { sizes, fault } = outputSizes(size, layers);
  if (fault) return null;
  return sizes.reduce((sum, [h, w], at) => sum + weights([layers[at]], channels) * h * w, 0);
}

/** {size, stride, start} of what one number of the last layer sees, each [down, across]. */
export function receptiveField(layers) {
  const size = [1, 1], step = [1, 1], start = [0, 0];
  for (const { stride, covers, pads } of layers) {
    for (const axis of [0, 1]) {
      size[axis] += (covers[axis] - 1) * step[axis];
      start[axis] -= pads[axis][0] * step[axis];
      step[axis] *= stride;
    }
  }
  return { size, stride: step, start };
}

const mean = (n) => Array(n).fill(1 / n);
const edge = (n) => Array.from({ length: n }, (_, k) => {
  const half = Math.floor(n / 2);
  return k < half ? -1 / half : k >= n - half ? 1 / half : 0;
});
const inner = (n) => Array.from({ length: n }, (_, k) => {
  const outer = n > 2 ? Math.floor(n / 3 + 0.5) : 0;
  return k >= outer && k < n - outer ? 1 / (n - 2 * outer) : 0;
});

/** The kernel as a sum of products [column, row]. `content` is a position in Python's `CONTENTS`. */
export function kernelParts(content, h, w) {
  if (content === 0) return [[mean(h), mean(w)]];
  if (content === 1) return [[mean(h), edge(w)]];
  if (content === 2) return [[edge(h), mean(w)]];
  return [[inner(h), inner(w)], [mean(h).map((value) => -value), mean(w)]];
}

/** Whether all weights are 0, because the kernel is too small for its content. */
export function isEmpty(content, h, w) {
  return content === 1 ? w === 1 : content === 2 ? h === 1 : content === 3 && Math.max(h, w) <= 2;
}

/** What `parts` with the layers' strides, dilations and paddings make of the picture: Float64Array [h · w]. */
export function response(picture, size, layers, parts) {
  let found = picture;
  for (const one of layers) {
    const [h, w] = outputSizes(size, [one]).sizes[0], sum = new Float64Array(h * w);
    for (const [column, row] of parts) {
      const part = along(1, along(0, found, size, column, one, h), [h, size[1]], row, one, w);
      for (let at = 0; at < sum.length; at++) sum[at] += part[at];
    }
    [found, size] = [sum, [h, w]];
  }
  return found;
}

/**
 * `count` sums along an axis (0: down, 1: across). Taps that are equal are not added one by one: the difference of two
 * running totals is their sum, so that a long kernel takes no more time than a short one.
 */
function along(axis, input, [height, width], taps, { stride, dilation, pads }, count) {
  const [lines, length] = axis ? [height, width] : [width, height], runs = runsOf(taps);
  const [line, step] = axis ? [width, 1] : [1, width], [lineOut, stepOut] = axis ? [count, 1] : [1, width];
  const sums = new Float64Array(lines * count), total = new Float64Array(length);
  for (let k = 0; k < lines; k++) {
    for (let at = 0; at < length; at++) {
      total[at] = input[k * line + at * step] + (at < dilation ? 0 : total[at - dilation]);
    }
    for (let at = 0; at < count; at++) {
      const first = at * stride - pads[axis][0];
      let sum = 0;
      for (const { from, to, value } of runs) {
        sum += value * between(total, first + from * dilation, first + to * dilation, dilation);
      }
      sums[k * lineOut + at * stepOut] = sum;
    }
  }
  return sums;
}

/** Of values at first, first + step, … last the sum, beyond the ends 0; `total` are their running totals. */
function between(total, first, last, step) {
  if (last >= total.length) last -= step * Math.ceil((last - total.length + 1) / step);
  if (last < 0 || last < first) return 0;
  return total[last] - (first >= step ? total[first - step] : 0);
}

/** Where the same value stands side by side, but for 0: [{from, to, value}], `to` inclusive. */
function runsOf(taps) {
  const runs = [];
  taps.forEach((value, k) => {
    if (value === 0) return;
    if (runs.at(-1)?.to === k - 1 && runs.at(-1).value === value) runs.at(-1).to = k;
    else runs.push({ from: k, to: k, value });
  });
  return runs;
}

/** [shown black, shown white]: of a mean 0 and 1, else as far as the response goes to both sides of 0. */
export function responseRange(content, found) {
  if (content === 0) return [0, 1];
  const most = found.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return most > 1e-9 ? [-most, most] : [-1, 1];
}

/** With two digits that count: "−0.016", "1.00". */
export function shortly(value) {
  return fixed(value, value ? Math.min(Math.max(1 - Math.floor(Math.log10(Math.abs(value))), 2), 9) : 2);
}

/** RGBA bytes of a grey picture of numbers. */
export function greys(found, [low, high]) {
  const bytes = new Uint8ClampedArray(4 * found.length).fill(255);
  for (let at = 0; at < found.length; at++) {
    bytes[4 * at] = bytes[4 * at + 1] = bytes[4 * at + 2] = (255 * (found[at] - low)) / (high - low);
  }
  return bytes;
}

const times = ([h, w]) => `${h}×${w}`;

/** "12 345", "7.1 million" */
export function counted(number) {
  for (const [size, name] of [[1e12, "trillion"], [1e9, "billion"], [1e6, "million"]]) {
    if (number >= size) return `${fixed(number / size, 1)} ${name}`;
  }
  return grouped(number);
}

/** "2 layers of 30×3, stride 2". `state`: {height, width, stride, dilation, padding, layers, channels: how many}. */
export function words({ height, width, stride, dilation, padding, layers, channels }) {
  const kernel = `${height}×${width}`;
  const parts = [
    layers === 1 ? `One ${kernel} kernel` : `${layers} layers of ${kernel}`,
    stride > 1 ? `stride ${stride}` : "",
    dilation > 1 ? `dilation ${dilation}` : "",
    padding === SAME ? "same padding" : padding ? `padding ${padding}` : "",
    channels > 1 ? `${channels} channels` : "",
  ];
  return parts.filter(Boolean).join(", ");
}

/** The layers of a state. */
export function stack({ height, width, stride, dilation, padding, layers }) {
  return Array(layers).fill(layer([height, width], stride, dilation, padding));
}

/** "One 30×3 kernel: 64×64 → 35×62, each number sees 30×3 pixels; 90 weights, 195 300 MACs" */
export function title(size, state) {
  const layers = stack(state), { sizes, fault } = outputSizes(size, layers);
  if (fault) return `${words(state)}: impossible, ${fault}`;
  const work = counted(macs(size, layers, state.channels));
  const costs = `${countedWeights(weights(layers, state.channels))}, ${work} MACs`;
  const change = `${times(size)} → ${times(sizes.at(-1))}`;
  return `${words(state)}: ${change}, each number sees ${times(receptiveField(layers).size)} pixels; ${costs}`;
}

function countedWeights(count) {
  return `${counted(count)} weight${count === 1 ? "" : "s"}`;
}

/** [row, column] of the number that is pointed at, from shares of the output's [height, width]. */
export function place([h, w], down, across) {
  return [Math.min(Math.floor(down * h), h - 1), Math.min(Math.floor(across * w), w - 1)];
}

/** [top, left, bottom, right] of its field, the last two exclusive. */
export function fieldOf({ size, stride, start }, at) {
  const [top, left] = at.map((number, axis) => start[axis] + number * stride[axis]);
  return [top, left, top + size[0], left + size[1]];
}

/** "Row 3, column 4 sees rows 3 to 5, columns 4 to 6." */
export function seen(size, layers, down, across) {
  const { sizes, fault } = outputSizes(size, layers);
  if (fault) return "";
  const [row, column] = place(sizes.at(-1), down, across);
  const [top, left, bottom, right] = fieldOf(receptiveField(layers), [row, column]);
  const zeros = Math.min(top, left) < 0 || bottom > size[0] || right > size[1];
  const [first, last, from, to] = [top, bottom - 1, left, right - 1].map((end) => fixed(end, 0));
  const told = `rows ${first} to ${last}, columns ${from} to ${to}`;
  return `Row ${row}, column ${column} sees ${told}${zeros ? ", partly padding" : ""}.`;
}

/** One large square kernel, and pairs that lie across each other and see as much, all unpadded: lists of layers. */
export function instead(height, width) {
  const long = Math.max(height, width), short = Math.min(height, width), thin = long > 1 ? [1] : [];
  const pairs = short > 1 && short < long ? [short, ...thin] : thin;
  return [[layer([long, long])], ...pairs.map((one) => [layer([long, one]), layer([one, long])])];
}

/** Pixels to show around the picture, so that the padding is in sight; half a picture at most. */
export function margin(size, { start }) {
  return Math.min(Math.max(0, ...start.map((value) => -value)), Math.floor(Math.max(...size) / 2));
}

// --- DOM ---

const SHOWN = 290, MOST = 6;
const TRAITS = ["height", "width", "content", "stride", "dilation", "padding", "layers", "channels", "down", "across"];
const NOTE = "Drag in either picture, or use the arrow keys. Hatched on the left: zeros of the padding; " +
  "on the right: an edge that is lost without padding. There is no activation between the layers.";
const KERNEL_STYLE = `
.cnnsee-ke-head { font-size: 13px; margin: 0 0 4px; min-height: 1.4em; }
.cnnsee-ke-below { margin-top: 5px; min-height: 2.8em; }
.cnnsee-ke-block { width: ${SHOWN}px; max-width: 100%; }
.cnnsee-ke-view { position: relative; overflow: hidden; cursor: move;
  background: repeating-linear-gradient(45deg,
    color-mix(in srgb, currentColor 30%, transparent) 0 1.2px, transparent 1.2px 8px);
  outline: 1px solid color-mix(in srgb, currentColor 30%, transparent); }
.cnnsee-ke-view > * { position: absolute; pointer-events: none; }
.cnnsee-ke-view canvas { max-width: none; aspect-ratio: auto !important; outline: none; }
.cnnsee-ke-field { box-shadow: 0 0 0 2px #fff, 0 0 0 3.5px #000, 0 0 0 2000px rgb(0 0 0 / 48%); }
.cnnsee-ke-number { box-shadow: 0 0 0 2px #fff, 0 0 0 3.5px #000; min-width: 3px; min-height: 3px; }
.cnnsee-ke-outline { border: 1px dashed color-mix(in srgb, currentColor 65%, transparent); }
.cnnsee-ke-numbers { flex: 1 1 300px; max-width: 420px; font-size: 13px; }
.cnnsee-ke-row { display: flex; gap: 10px 24px; align-items: flex-start; flex-wrap: wrap; margin-bottom: 14px; }
.cnnsee-ke-kernel { background: color-mix(in srgb, currentColor 8%, transparent); }
.cnnsee-ke-table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
.cnnsee-ke-table tr, .cnnsee-ke-table tr:nth-child(n) { background: none !important; }
.cnnsee-ke-table :is(th, td) { padding: 1px 14px 1px 0; text-align: left !important; font-weight: 400; }
.cnnsee-ke-table thead th { border-bottom: 1px solid color-mix(in srgb, currentColor 40%, transparent); }
.cnnsee-ke-choice { margin: 0 0 9px; }
.cnnsee-ke-choice .cnnsee-track { height: 12px; margin: 2px 0; }
.cnnsee-ke-choice b { font-size: 14px; }
.cnnsee-ke-title { min-height: 2.8em; }
`;

export default live(TRAITS, ({ model, root }) => {
  const [size, counts, contents] = ["size", "all_channels", "contents"].map((name) => model.get(name));
  const picture = Float64Array.from(array(model.get("pixels"), Uint8Array), (value) => value / 255);
  const note = model.get("note") ? ` The picture is a ${model.get("note")} one.` : "";

  add(root, "style", "", KERNEL_STYLE);
  const heading = addTitle(root);
  heading.classList.add("cnnsee-ke-title"); // two lines: else the picture would jump from under the pointer
  const sides = add(root, "div", "cnnsee-sides");
  const left = addView(sides), right = addView(sides);
  const field = add(left.view, "div", "cnnsee-ke-field"), number = add(right.view, "div", "cnnsee-ke-number");
  const outline = add(right.view, "div", "cnnsee-ke-outline");
  putPixels(left.canvas, greys(picture, [0, 1]), size[1], size[0]);
  left.canvas.setAttribute("aria-label", `A grey picture of ${times(size)} pixels`);
  const below = add(right.block, "p", "cnnsee-ke-head cnnsee-ke-below");
  const range = add(right.block, "p", "cnnsee-ke-head");
  const numbers = add(sides, "div", "cnnsee-ke-numbers");
  const top = add(numbers, "div", "cnnsee-ke-row");
  const kernel = addKernel(top), rows = addLayers(top), choices = addChoices(numbers);
  add(root, "p", "cnnsee-note", NOTE + note);

  const state = () => ({
    ...Object.fromEntries(TRAITS.map((trait) => [trait, model.get(trait)])),
    channels: counts[model.get("channels")],
  });

  // --- paint ---

  /** Put an element onto a view, in pixels of the picture. */
  function lay(element, [y, x, h, w], around) {
    const percentOf = (value, all) => `${(100 * value) / (all + 2 * around)}%`;
    element.style.left = percentOf(x + around, size[1]);
    element.style.top = percentOf(y + around, size[0]);
    element.style.width = percentOf(w, size[1]);
    element.style.height = percentOf(h, size[0]);
  }

  let painted = "";
  function paintResponse(now, layers, sizes, reach, around) {
    const key = TRAITS.slice(0, 7).map((trait) => now[trait]).join(); // all but channels, down and across
    if (key === painted) return;
    painted = key;
    for (const { view } of [left, right]) view.style.aspectRatio = `${size[1] + 2 * around} / ${size[0] + 2 * around}`;
    lay(left.canvas, [0, 0, ...size], around);
    lay(outline, [0, 0, ...size], around);
    const parts = kernelParts(now.content, now.height, now.width);
    kernel(parts, layers[0]);
    for (const element of [right.canvas, field, number]) element.hidden = !sizes.length;
    if (!sizes.length) {
      right.head.textContent = "No response: the kernel does not fit";
      range.textContent = "";
      return;
    }
    const found = response(picture, size, layers, parts), [h, w] = sizes.at(-1);
    const ends = responseRange(now.content, found);
    putPixels(right.canvas, greys(found, ends), w, h);
    lay(right.canvas, [...corner(reach), h * reach.stride[0], w * reach.stride[1]], around);
    right.head.textContent = `Response of ${contents[now.content]}, ${times([h, w])}`;
    right.canvas.setAttribute("aria-label", right.head.textContent);
    range.textContent = isEmpty(now.content, now.height, now.width)
      ? "All weights are 0: the kernel is too small for this."
      : `Black ${shortly(ends[0])}, white ${shortly(ends[1])}.`;
  }

  function paintField(now, layers, sizes, reach, around) {
    left.head.textContent = sizes.length ? `Lit: what one number sees, ${times(reach.size)}` : "The picture";
    below.textContent = seen(size, layers, now.down, now.across);
    const what = `${below.textContent} Arrow keys move it.`;
    for (const { view } of [left, right]) view.setAttribute("aria-label", what);
    if (!sizes.length) return;
    const at = place(sizes.at(-1), now.down, now.across), [y, x, bottom, end] = fieldOf(reach, at);
    lay(field, [y, x, bottom - y, end - x], around);
    const middle = corner(reach).map((start, axis) => start + at[axis] * reach.stride[axis]);
    lay(number, [...middle, ...reach.stride], around);
  }

  function paint() {
    const now = state(), layers = stack(now), { sizes } = outputSizes(size, layers);
    const reach = receptiveField(layers), around = margin(size, reach);
    heading.textContent = title(size, now);
    paintResponse(now, layers, sizes, reach, around);
    paintField(now, layers, sizes, reach, around);
    rows(layers, sizes);
    choices(size, instead(now.height, now.width));
  }

  // --- pointer and keyboard ---

  /** Point at the number in a row and column of the output, as near as may be. */
  function point(row, column, [h, w]) {
    const share = (index, all) => (Math.min(Math.max(Math.round(index), 0), all - 1) + 0.5) / all;
    choose(model, { down: share(row, h), across: share(column, w) });
  }
  for (const { view } of [left, right]) {
    onDrag(view, (x, y) => {
      const layers = stack(state()), { sizes } = outputSizes(size, layers), reach = receptiveField(layers);
      if (!sizes.length) return;
      const around = margin(size, reach), first = corner(reach);
      const at = [y, x].map((share, axis) => share * (size[axis] + 2 * around) - around - first[axis]);
      point(...at.map((pixels, axis) => pixels / reach.stride[axis] - 0.5), sizes.at(-1));
    });
    onArrows(view, (dx, dy) => {
      const now = state(), { sizes } = outputSizes(size, stack(now));
      if (!sizes.length) return;
      const [row, column] = place(sizes.at(-1), now.down, now.across);
      point(row + dy, column + dx, sizes.at(-1));
    });
  }

  return paint;
});

/** [top, left] of the response's first number, in pixels of the picture: in the middle of what it sees. */
function corner({ size, stride, start }) {
  return start.map((first, axis) => first + (size[axis] - stride[axis]) / 2);
}

/** A picture with room around it: {block, head, view, canvas}. */
function addView(parent) {
  const block = add(parent, "div", "cnnsee-ke-block"), head = add(block, "p", "cnnsee-ke-head");
  const view = add(block, "div", "cnnsee-ke-view", "", { role: "application" });
  return { block, head, view, canvas: addCanvas(view, 1, 1, SHOWN, "") };
}

/** The kernel as a picture, its taps apart where it is dilated. Gives `paint(parts, layer)`. */
function addKernel(parent) {
  const block = add(parent, "div"), head = add(block, "p", "cnnsee-ke-head");
  const canvas = addCanvas(block, 1, 1, 84, "");
  canvas.classList.add("cnnsee-ke-kernel");
  return (parts, { kernel: [h, w], covers, dilation }) => {
    const dense = new Float64Array(h * w);
    for (const [column, row] of parts) {
      for (let at = 0; at < h * w; at++) dense[at] += column[Math.floor(at / w)] * row[at % w];
    }
    const most = Math.max(1e-9, ...dense.map(Math.abs)), shades = greys(dense, [-most, most]);
    const bytes = new Uint8ClampedArray(4 * covers[0] * covers[1]);
    dense.forEach((_, at) => {
      const to = dilation * Math.floor(at / w) * covers[1] + dilation * (at % w);
      bytes.set(shades.subarray(4 * at, 4 * at + 4), 4 * to);
    });
    putPixels(canvas, bytes, covers[1], covers[0]);
    const cell = Math.min(14, 96 / Math.max(...covers));
    canvas.style.cssText = `width: ${Math.max(2, cell * covers[1])}px; height: ${Math.max(2, cell * covers[0])}px;`;
    head.textContent = `kernel ${h}×${w}`;
    canvas.setAttribute("aria-label", `The kernel's weights, ${h}×${w}: black is negative, white positive`);
  };
}

/** Size and field after each layer. Gives `paint(layers, sizes)`. */
function addLayers(parent) {
  const table = add(parent, "table", "cnnsee-ke-table");
  const head = add(add(table, "thead"), "tr");
  for (const name of ["layer", "output", "sees"]) add(head, "th", "", name, { scope: "col" });
  const body = add(table, "tbody");
  const rows = Array.from({ length: MOST }, (_, at) => {
    const row = add(body, "tr");
    add(row, "th", "", String(at + 1), { scope: "row" });
    return { row, cells: [add(row, "td"), add(row, "td")] };
  });
  return (layers, sizes) => rows.forEach(({ row, cells: [output, field] }, at) => {
    row.hidden = at >= layers.length;
    if (row.hidden) return;
    output.textContent = sizes.length ? times(sizes[at]) : "—";
    field.textContent = times(receptiveField(layers.slice(0, at + 1)).size);
  });
}

/** One large kernel against two in a row, with a bar of weights each. Gives `paint(size, lists of layers)`. */
function addChoices(parent) {
  add(parent, "p", "cnnsee-ke-head", "One large kernel, or two in a row (for each pair of channels, unpadded)");
  const all = [0, 1, 2].map(() => {
    const block = add(parent, "div", "cnnsee-ke-choice"), name = add(block, "b");
    const bar = add(add(block, "div", "cnnsee-track"), "div", "cnnsee-bar");
    return { block, name, bar, told: add(block, "span") };
  });
  all[0].bar.style.background = "var(--cnnsee-1)";
  return (size, lists) => {
    const most = Math.max(...lists.map((layers) => weights(layers)));
    all.forEach(({ block, name, bar, told }, at) => {
      block.hidden = at >= lists.length;
      if (block.hidden) return;
      const layers = lists[at], count = weights(layers), work = macs(size, layers);
      name.textContent = layers.map(({ kernel }) => times(kernel)).join(" then ");
      bar.style.width = `${(100 * count) / most}%`;
      const field = times(receptiveField(layers).size);
      told.textContent = `${countedWeights(count)}, sees ${field}; ${work === null ? "—" : counted(work)} MACs`;
    });
  };
}
