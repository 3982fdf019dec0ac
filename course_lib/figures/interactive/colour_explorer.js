// One colour in six spaces, where it sits in each, and in which channel two classes of pictures come apart.
// Its arithmetic stands in colour_explorer.arithmetic.js, which `live.module` puts before this.

// --- DOM ---

const SIDE = 120, SHOWN = 280, LENGTH = 120, BATCH = 30;
const TRAITS = [
  "space", "plane", "near", "colour", "rgb_r", "rgb_g", "rgb_b", "hsv_h", "hsv_s", "hsv_v", "hsl_h", "hsl_s", "hsl_l",
  "ycbcr601_y", "ycbcr601_cb", "ycbcr601_cr", "lab_l", "lab_a", "lab_b", "oklch_l", "oklch_c", "oklch_h",
];
const COLOUR_STYLE = `
@media (max-width: 900px) { .cnnsee-ce-title { min-height: 2.8em; } } /* else a drag moves the plane */
.cnnsee-ce-right { flex: 1 1 320px; min-width: 0; max-width: 810px; }
.cnnsee-ce-hatch { background: repeating-linear-gradient(45deg,
  color-mix(in srgb, currentColor 34%, transparent) 0 1.2px, transparent 1.2px 8px); }
.cnnsee-ce-head { font-size: 13px; margin: 0 0 4px; }
.cnnsee-ce-square { display: grid; grid-template: auto auto / 30px minmax(0, ${SHOWN}px); gap: 3px 5px; }
.cnnsee-ce-up { display: flex; flex-direction: column; justify-content: space-between; text-align: right;
  font-size: 12px; }
.cnnsee-ce-up > :nth-child(2) { writing-mode: vertical-rl; transform: rotate(180deg); align-self: end; }
.cnnsee-ce-across { grid-column: 2; display: flex; justify-content: space-between; font-size: 12px; gap: 8px; }
.cnnsee-ce-across > :nth-child(2) { text-align: center; }
.cnnsee-ce-plane { position: relative; aspect-ratio: 1; cursor: crosshair; overflow: hidden;
  outline: 1px solid color-mix(in srgb, currentColor 30%, transparent); }
.cnnsee-ce-disk { border-radius: 50%; }
.cnnsee-ce-plane canvas { position: absolute; inset: 0; width: 100% !important; height: 100%; outline: none;
  image-rendering: auto; }
.cnnsee-ce-mark { position: absolute; width: 18px; height: 18px; margin: -9px; border: 3px solid #fff;
  border-radius: 50%; outline: 1.5px solid #000; box-shadow: inset 0 0 0 1.5px #000; pointer-events: none; }
.cnnsee-ce-colour { flex: 1 1 190px; max-width: 330px; }
.cnnsee-ce-swatch { height: 118px; border-radius: 4px; position: relative; overflow: hidden;
  outline: 1px solid color-mix(in srgb, currentColor 30%, transparent); }
.cnnsee-ce-swatch > div { position: absolute; inset: 0; background:
  repeating-linear-gradient(45deg, rgb(0 0 0 / 70%) 0 1px, rgb(255 255 255 / 70%) 1px 2px, transparent 2px 14px); }
.cnnsee-ce-strips { display: grid; grid-template-columns: auto 1fr; gap: 9px 8px; align-items: center;
  margin-top: 12px; }
.cnnsee-ce-strip { position: relative; height: 16px; }
.cnnsee-ce-strip canvas { width: 100% !important; height: 100%; aspect-ratio: auto !important; display: block;
  image-rendering: auto; }
.cnnsee-ce-needle { position: absolute; top: -3px; bottom: -3px; width: 6px; margin-left: -3px;
  border: 1.5px solid #000; background: #fff; border-radius: 2px; }
.cnnsee-ce-table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; flex: 1 1 300px;
  max-width: 450px; }
.cnnsee-ce-table tr, .cnnsee-ce-table tr:nth-child(n) { background: none !important; }
.cnnsee-ce-table :is(th, td) { text-align: left !important; font-weight: 400; padding: 4px 0 4px 10px;
  white-space: nowrap; vertical-align: top; border-top: 1px solid color-mix(in srgb, currentColor 16%, transparent); }
.cnnsee-ce-table th { padding-left: 0; }
.cnnsee-ce-table th::before { content: "▶ "; font-size: 0.75em; visibility: hidden; }
.cnnsee-ce-table td { width: 28%; }
.cnnsee-ce-table caption { text-align: left; padding: 0 0 4px; color: inherit; }
.cnnsee-ce-now :is(th, td) { font-weight: 700; }
.cnnsee-ce-now th::before { visibility: visible; }
.cnnsee-ce-apart { display: grid; grid-template-columns: 1fr 2.4em; gap: 6px; align-items: center; font-weight: 400;
  font-size: 12px; line-height: 1.2; }
.cnnsee-ce-apart .cnnsee-track { height: 8px; }
.cnnsee-ce-most { font-weight: 700; }
.cnnsee-ce-most .cnnsee-bar { background: var(--cnnsee-1); }
.cnnsee-ce-classes { margin-top: 14px; }
.cnnsee-ce-class { display: grid; grid-template-columns: repeat(4, 80px); gap: 2px 8px; font-size: 12px; }
.cnnsee-ce-class > :first-child { grid-column: 1 / -1; font-size: 13px; font-weight: 600; overflow-wrap: anywhere; }
.cnnsee-ce-class canvas { width: 100% !important; align-self: start; }
@media (max-width: 420px) { .cnnsee-ce-class { grid-template-columns: repeat(4, minmax(0, 1fr)); } }
`;

export default live(TRAITS, ({ model, root }) => {
  const [views, names, apart, windows] = ["views", "names", "apart", "windows"].map((name) => model.get(name));
  const convert = converters(model.get("matrices")), quick = converters(model.get("matrices"), nearlyStored);
  const clouds = names.length ? addNumbers(model, views, convert) : null;

  add(root, "style", "", COLOUR_STYLE);
  const heading = addTitle(root);
  heading.classList.add("cnnsee-ce-title");
  const sides = add(root, "div", "cnnsee-sides");
  const square = addSquare(sides, names, model);
  const right = add(sides, "div", "cnnsee-ce-right"), above = add(right, "div", "cnnsee-sides");
  const colour = addColour(above);
  const rows = addTable(above, views, names, apart);
  const classes = clouds ? addClasses(right, model) : [];
  const hatched = "Hatched: outside sRGB. Drag in the plane, or use the arrow keys.";
  const which = " d′ is the distance of the classes' means in standard deviations. Which channel sets them apart?";
  add(root, "p", "cnnsee-note", names.length ? hatched + which : hatched);

  const valuesOf = (view) => view.axes.map(({ trait }) => model.get(trait));
  const near = () => clouds !== null && model.get("near");
  const now = () => frame(views[model.get("space")], model.get("plane"), near() ? windows[model.get("space")] : null);

  // --- paint ---

  let settled = { space: model.get("space"), values: "" }, settling = false;
  /** Sliders that were moved lead the colour; those of another space follow it. */
  function settle() {
    const space = model.get("space"), view = views[space], values = valuesOf(view), before = settled;
    settled = { space, values: String(values) };
    if (agree(view, convert[view.name], values, model.get("colour"))) return;
    if (space !== before.space) {
      const next = moved(view, convert[view.name], model.get("colour"));
      const traits = Object.fromEntries(view.axes.map(({ trait }, k) => [trait, next.values[k]]));
      choose(model, { colour: next.colour, ...traits });
      settled.values = String(next.values);
    } else if (String(values) !== before.values) {
      choose(model, { colour: toColour(view, convert[view.name], values) });
    }
  }

  let painted = {};
  function paintSquare(view, values) {
    const where = now(), [across, up] = where.pair, third = 3 - across - up;
    const which = `${view.name} ${model.get("plane")} ${near()}`, key = `${which} ${values[third]}`;
    const [left, top] = toPlace(where, values[across], values[up]);
    square.mark.style.left = `${100 * left}%`;
    square.mark.style.top = `${100 * top}%`;
    const both = `${view.axes[across].channel} and ${view.axes[up].channel}`;
    const name = `${both} at ${told(view.axes[third], values[third])}`;
    square.plane.setAttribute("aria-label", `${heading.textContent}. Arrow keys move it in the plane of ${name}.`);
    if (painted.key === key) return;
    square.name.textContent = `${view.label}, plane of ${name}`;
    putPixels(square.canvas, planePixels(view, quick[view.name], where, values, SIDE), SIDE, SIDE);
    if (painted.which !== which) {
      square.label(view, where);
      clouds?.draw(square.cloud, model.get("space"), where);
    }
    painted = { key, which };
  }

  let classesOf = -1;
  function paintClasses(space) {
    if (!clouds || classesOf === space) return;
    classesOf = space;
    const view = views[space], [height, width] = model.get("size");
    classes.forEach(({ canvases, captions }, which) => {
      view.axes.forEach(({ channel }, k) => {
        const found = clouds.picture(space, which);
        putPixels(canvases[k], channelPixels(found, k, windows[space][k], k === view.hue), width, height);
        canvases[k].setAttribute("aria-label", `${names[which]}: channel ${channel} as a grey picture`);
        captions[k].textContent = `${channel}: ${view.axes[k].words}`;
      });
    });
  }

  function paint() {
    if (settling) return;
    settling = true;
    settle();
    settling = false;
    const space = model.get("space"), view = views[space], values = valuesOf(view), rgb = model.get("colour");
    heading.textContent = title(view, values, rgb, names, apart[space]);
    paintSquare(view, values);
    colour.paint(view, quick[view.name], values, rgb);
    rows.forEach(({ row, cells }, place) => {
      const shown = place === space ? values : others(views[place], convert[views[place].name], rgb);
      row.classList.toggle("cnnsee-ce-now", place === space);
      cells.forEach((cell, k) => (cell.textContent = told(views[place].axes[k], shown[k])));
    });
    paintClasses(space);
  }

  // --- pointer and keyboard ---

  /** Set the plane's two channels; a hue goes round, what leaves the sliders stops at their end. */
  function move(across, up) {
    const view = views[model.get("space")], { pair } = now();
    const [x, y] = pair.map((k) => view.axes[k]);
    const turned = pair[0] === view.hue ? modulo(across, 360) : across;
    choose(model, { [x.trait]: snapped(x, turned), [y.trait]: snapped(y, up) });
  }
  onDrag(square.plane, (left, top) => {
    const where = now(), far = where.disk ? Math.max(1, Math.hypot(2 * left - 1, 2 * top - 1) + 1e-9) : 1;
    move(...fromPlace(where, 0.5 + (left - 0.5) / far, 0.5 + (top - 0.5) / far));
  });
  onArrows(square.plane, (dx, dy) => {
    const view = views[model.get("space")], [x, y] = now().pair.map((k) => view.axes[k]);
    move(model.get(x.trait) + dx * x.step, model.get(y.trait) - dy * y.step);
  });

  return paint;
});

/** The plane with its labels: {plane, canvas, cloud, mark, name, label(view, frame)}. */
function addSquare(parent, names, model) {
  const block = add(parent, "div");
  const name = add(block, "p", "cnnsee-ce-head");
  const square = add(block, "div", "cnnsee-ce-square");
  const side = add(square, "div", "cnnsee-ce-up");
  const up = [0, 1, 2].map(() => add(side, "span"));
  const plane = add(square, "div", "cnnsee-ce-plane cnnsee-ce-hatch", "", { role: "application" });
  const canvas = addCanvas(plane, SIDE, SIDE, SHOWN, "The colours of the plane");
  const cloud = addCanvas(plane, 2 * SHOWN, 2 * SHOWN, SHOWN, "");
  const mark = add(plane, "div", "cnnsee-ce-mark");
  const ends = add(square, "div", "cnnsee-ce-across");
  const across = [0, 1, 2].map(() => add(ends, "span"));
  if (names.length) {
    const [drawn, counted] = ["drawn", "counted"].map((trait) => model.get(trait).map(grouped).join(" + "));
    const note = model.get("note") ? `, ${model.get("note")}` : "";
    add(block, "p", "cnnsee-ce-head", `○ ${names[0]}, × ${names[1]}: ${drawn} pixels (d′ from ${counted})${note}`);
    block.lastChild.style.cssText = `max-width: ${SHOWN + 35}px; margin-top: 6px; overflow-wrap: anywhere;`;
    cloud.setAttribute("aria-label", `Pixels of ${names[0]} and of ${names[1]} in the plane`);
  }
  const once = ({ unit }, value) => (unit && value !== 360 ? modulo(value, 360) : value); // a window goes beyond 0–360
  const number = (axis, value) => `${fixed(once(axis, value), axis.digits)}${axis.unit}`;
  const label = (view, { pair, disk, x, y }) => {
    const [first, second] = pair.map((k) => view.axes[k]);
    plane.classList.toggle("cnnsee-ce-disk", disk);
    const middle = disk ? `angle: ${first.words}, outwards: ${second.words}` : `${first.channel}: ${first.words}`;
    ends.style.justifyContent = disk ? "center" : "space-between";
    [number(first, x[0]), middle, number(first, x[1])].forEach((text, k) => (across[k].textContent = text));
    across[0].hidden = across[2].hidden = disk;
    [number(second, y[1]), `${second.channel}: ${second.words}`, number(second, y[0])].forEach((text, k) => {
      up[k].textContent = disk ? "" : text;
    });
  };
  return { plane, canvas, cloud, mark, name, label };
}

/** The swatch, and what each slider runs through. */
function addColour(parent) {
  const block = add(parent, "div", "cnnsee-ce-colour");
  const name = add(block, "p", "cnnsee-ce-head");
  const swatch = add(block, "div", "cnnsee-ce-swatch", "", { role: "img" });
  const cut = add(swatch, "div");
  const strips = add(block, "div", "cnnsee-ce-strips");
  const lines = [0, 1, 2].map(() => {
    const letter = add(strips, "span"), strip = add(strips, "div", "cnnsee-ce-strip cnnsee-ce-hatch");
    return { letter, canvas: addCanvas(strip, LENGTH, 1, 100, ""), needle: add(strip, "div", "cnnsee-ce-needle") };
  });
  return {
    paint(view, convert, values, colour) {
      const shown = inGamut(colour), text = shown ? hex(colour) : `${hex(colour)}, cut to sRGB`;
      name.textContent = text;
      swatch.style.backgroundColor = hex(colour);
      swatch.setAttribute("aria-label", `Swatch of ${text}`);
      cut.hidden = shown;
      lines.forEach(({ letter, canvas, needle }, k) => {
        const { channel, words, low, high } = view.axes[k];
        letter.textContent = channel;
        canvas.setAttribute("aria-label", `What the slider of ${words} runs through`);
        putPixels(canvas, stripPixels(view, convert, k, values, LENGTH), LENGTH, 1);
        needle.style.left = `${(100 * (values[k] - low)) / (high - low)}%`;
      });
    },
  };
}

/** A row a space, a cell a channel; with classes, a bar of d′ in each. Gives {row, cells}. */
function addTable(parent, views, names, apart) {
  const table = add(parent, "table", "cnnsee-ce-table");
  const most = Math.max(1, ...apart.flat().filter((value) => value !== null));
  const against = names.length ? `; bars: d′ of ${names[0]} against ${names[1]}` : "";
  add(table, "caption", "", `The same colour in six spaces${against}`).style.overflowWrap = "anywhere";
  const body = add(table, "tbody");
  return views.map(({ label, axes }, place) => {
    const row = add(body, "tr");
    add(row, "th", "", label, { scope: "row" });
    const cells = axes.map((_, k) => {
      const cell = add(row, "td"), number = add(cell, "div");
      if (names.length) addApart(cell, apart[place][k], most);
      return number;
    });
    return { row, cells };
  });
}

function addApart(cell, value, most) {
  const line = add(cell, "div", "cnnsee-ce-apart");
  line.classList.toggle("cnnsee-ce-most", value === most);
  add(add(line, "div", "cnnsee-track"), "div", "cnnsee-bar").style.width = `${(100 * (value ?? 0)) / most}%`;
  add(line, "span", "", dPrime(value), { "aria-label": `d′ ${dPrime(value)}` });
}

/** For each class its first picture, and room for that picture's three channels. */
function addClasses(root, model) {
  const names = model.get("names"), [height, width] = model.get("size");
  const bytes = array(model.get("pictures"), Uint8Array);
  const sides = add(root, "div", "cnnsee-sides cnnsee-ce-classes");
  return names.map((name, which) => {
    const grid = add(sides, "div", "cnnsee-ce-class");
    add(grid, "div", "", `${"○×"[which]} ${name}: a picture, and its channels`);
    const rgb = bytes.subarray(3 * which * height * width), rgba = new Uint8ClampedArray(4 * height * width).fill(255);
    for (let place = 0; place < height * width; place++) rgba.set(rgb.subarray(3 * place, 3 * place + 3), 4 * place);
    putPixels(addCanvas(grid, width, height, 80, `A picture of ${name}`), rgba, width, height);
    const canvases = [0, 1, 2].map(() => addCanvas(grid, width, height, 80, ""));
    canvases.forEach((canvas) => canvas.classList.add("cnnsee-ce-hatch"));
    const captions = ["picture", "", "", ""].map((text) => add(grid, "span", "", text));
    return { canvases, captions: captions.slice(1) };
  });
}

/** The classes' pixels in each space, computed when they are first asked for: {picture(space, which), draw(…)}. */
function addNumbers(model, views, convert) {
  const points = array(model.get("clouds"), Uint8Array), pictures = array(model.get("pictures"), Uint8Array);
  const [first, second] = model.get("drawn"), known = views.map(() => ({}));
  function of(space, what, bytes) {
    known[space][what] ??= allNumbers(views[space], convert[views[space].name], bytes());
    return known[space][what];
  }
  return {
    picture(space, which) {
      const half = pictures.length / 2;
      return of(space, which, () => pictures.subarray(which * half, (which + 1) * half));
    },
    draw(canvas, space, where) {
      const found = of(space, "points", () => points), context = canvas.getContext("2d"), size = canvas.width;
      const places = Array.from({ length: first + second }, (_, point) => {
        const [left, top] = toPlace(where, ...where.pair.map((k) => found[3 * point + k]));
        return [size * left, size * top];
      });
      const rings = places.slice(0, first), crosses = places.slice(first);
      context.clearRect(0, 0, size, size);
      for (let k = 0; k < Math.max(first, second); k += BATCH) { // by turns: else one class would hide the other
        strokeAll(context, rings.slice(k, k + BATCH), addRing, "#fff", "rgb(0 0 0 / 45%)");
        strokeAll(context, crosses.slice(k, k + BATCH), addCross, "#000", "rgb(255 255 255 / 45%)");
      }
    },
  };
}

function addRing(context, x, y) {
  context.moveTo(x + 5.5, y);
  context.arc(x, y, 5.5, 0, 7);
}

function addCross(context, x, y) {
  context.moveTo(x - 5, y - 5);
  context.lineTo(x + 5, y + 5);
  context.moveTo(x - 5, y + 5);
  context.lineTo(x + 5, y - 5);
}

/** The same mark at all places, in `colour`, with an edge for grounds like itself. */
function strokeAll(context, places, addMark, colour, edge) {
  context.beginPath();
  for (const [x, y] of places) if (Number.isFinite(x)) addMark(context, x, y);
  for (const [strokeStyle, lineWidth] of [[edge, 3.6], [colour, 2.2]]) {
    Object.assign(context, { strokeStyle, lineWidth });
    context.stroke();
  }
}
