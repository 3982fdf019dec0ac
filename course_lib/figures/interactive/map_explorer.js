// --- DOM ---

const MAP_WIDTH = 560, THUMB = 40, SHEET_COLUMNS = 16, NEAREST = 5, GRIP = 9;
const MAP_TRAITS = ["split", "longitude", "latitude", "cell", "reverse", "colour", "only", "chosen", "answer"];
const MAP_NOTE = "Strong dots: test; pale dots: train. Drag the line. Click a dot, or move from dot to dot with the " +
  "arrow keys; with Shift, in larger steps.";
const MAP_STYLE = `
.cnnsee-me-title { min-height: 2.8em; } /* two lines: else the map would jump from under the pointer */
.cnnsee-me-left { flex: 1 1 320px; max-width: ${MAP_WIDTH}px; min-width: 0; }
.cnnsee-me-map { position: relative; width: 100%; cursor: crosshair; overflow: hidden;
  outline: 1px solid color-mix(in srgb, currentColor 30%, transparent); }
.cnnsee-me-map > * { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.cnnsee-me-land { fill: color-mix(in srgb, currentColor 8%, transparent); fill-rule: evenodd;
  stroke: color-mix(in srgb, currentColor 45%, transparent); }
.cnnsee-me-tint { fill: color-mix(in srgb, currentColor 7%, transparent); }
.cnnsee-me-halo { fill: none; stroke: #fff; stroke-width: 4; }
.cnnsee-me-ink { fill: none; stroke: #000; stroke-width: 1.7; }
.cnnsee-me-dash { stroke-dasharray: 6 4; }
.cnnsee-me-legend { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 12px; margin: 4px 0 0; min-height: 1.5em; }
.cnnsee-me-swatch { display: inline-block; width: 10px; height: 10px; border-radius: 5px; margin-right: 6px; }
.cnnsee-me-swatch[hidden] { display: none; }
.cnnsee-me-right { flex: 1 1 300px; max-width: 470px; min-width: 0; }
.cnnsee-me-words { min-height: 4.2em; }
.cnnsee-me-near { display: grid; grid-template-columns: repeat(3, 1fr); gap: 8px; margin: 4px 0 10px; }
.cnnsee-me-near > * { font: inherit; font-size: 12px; line-height: 1.25; color: inherit; text-align: left; margin: 0;
  padding: 2px; border: 1px solid transparent; border-radius: 3px; background: none; min-width: 0; overflow-wrap: anywhere; }
.cnnsee-me-near > button { cursor: pointer; border-color: color-mix(in srgb, currentColor 25%, transparent); }
.cnnsee-me-near canvas { width: 100% !important; max-width: 96px; display: block; image-rendering: auto; }
.cnnsee-me-table { width: 100%; font-size: 13px; }
.cnnsee-me-table tr, .cnnsee-me-table tr:nth-child(n) { background: none !important; }
.cnnsee-me-table th:first-child { overflow-wrap: anywhere; }
.cnnsee-me-table td { white-space: nowrap; }
.cnnsee-me-off { opacity: 0.45; }
`;

export default live(MAP_TRAITS, ({ model, root }) => {
  const names = ["classes", "extent", "cells", "digits", "accuracies", "shown", "palettes", "legends", "note", "left_out"];
  const [classes, box, cells, digits, rows, shown, palettes, legends, note, leftOut] = names.map((name) => model.get(name));
  const [labels, answers, dealt] = ["labels", "answers", "dealt"].map((name) => array(model.get(name), Uint8Array));
  const places = unpack(array(model.get("where"), Uint8Array), model.get("corners"));
  const sure = Float64Array.from(array(model.get("sure"), Uint16Array), (value) => value / 65535);
  const n = labels.length, k = classes.length, scale = { cells, digits };
  const slots = new Map(shown.map((place, at) => [place, at]));
  const codes = [labels, answers.map((value, at) => Number(value !== labels[at])), Uint8Array.from(sure, sureness)];

  add(root, "style", "", MAP_STYLE);
  const heading = addTitle(root);
  heading.classList.add("cnnsee-me-title");
  const sides = add(root, "div", "cnnsee-sides");
  const left = add(sides, "div", "cnnsee-me-left"), right = add(sides, "div", "cnnsee-me-right");
  const map = addMap(left, box, model.get("coast"));
  const legend = add(left, "div", "cnnsee-me-legend");
  const without = leftOut ? ` ${grouped(leftOut)} without a known place left out.` : "";
  const source = note ? ` ${note[0].toUpperCase()}${note.slice(1)}.` : "";
  add(left, "p", "cnnsee-note", `${grouped(n)} pictures, a dot each.${without}${source} ${MAP_NOTE}`);
  const words = add(right, "div", "cnnsee-me-words", "", { "aria-live": "polite" });
  const frames = addFrames(right);
  const table = addCounts(right, classes, answers.length > 0);
  const compared = add(right, "p", "cnnsee-note");
  const paintDots = addDots(map.canvas, n);

  const sheets = { page: null, kernel: null }; // decoded in the background; until then the frames are empty
  const decode = (bytes, name, asked) => createImageBitmap(new Blob([bytes], { type: "image/jpeg" })).then((bitmap) => {
    sheets[name] = { bitmap, asked };
    paintPictures();
  });
  decode(model.get("sheet"), "page", slots);

  const state = () => Object.fromEntries(MAP_TRAITS.slice(0, 8).map((trait) => [trait, model.get(trait)]));
  let distances = null, near = [], measured = -1, test = null;

  // --- paint ---

  function measure(chosen) {
    if (chosen === measured) return;
    measured = chosen;
    distances = kilometres(places, chosen);
    near = nearest(distances, chosen, NEAREST);
  }

  const answered = (at) => (answers.length ? [classes[answers[at]], sure.length ? sure[at] : null] : null);

  function paintPictures() {
    const chosen = model.get("chosen"), all = [chosen, ...near];
    const missing = all.filter((at) => !slots.has(at));
    if (missing.length && hasKernel(model) && String(model.get("asked")) !== String(missing)) {
      choose(model, { asked: missing });
    }
    frames.forEach(({ frame, canvas, caption }, slot) => {
      const at = all[slot];
      frame.hidden = at === undefined;
      if (frame.hidden) return;
      const found = Object.values(sheets).find((sheet) => sheet?.asked.has(at));
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, THUMB, THUMB);
      if (found) {
        const place = found.asked.get(at), x = (place % SHEET_COLUMNS) * THUMB, y = Math.floor(place / SHEET_COLUMNS) * THUMB;
        context.drawImage(found.bitmap, x, y, THUMB, THUMB, 0, 0, THUMB, THUMB);
      }
      const far = slot ? away(distances[at]) : "chosen", part = test[at] ? "test" : "train";
      const picture = found || slots.has(at) ? "" : " (picture not in this page)";
      caption.textContent = `${far}, ${part}: ${classes[labels[at]]}${picture}`;
      canvas.setAttribute("aria-label", `Picture of ${classes[labels[at]]}`);
    });
  }

  let explained = -1;
  function paintLegend(colour) {
    if (colour === explained) return;
    explained = colour;
    legend.replaceChildren();
    table.swatches.forEach((swatch) => (swatch.hidden = colour !== 0));
    if (colour === 0) return; // the table is the legend
    legends[colour].forEach((name, at) => {
      const entry = add(legend, "span");
      add(entry, "span", "cnnsee-me-swatch").style.background = palettes[colour][at];
      entry.append(name);
    });
  }

  let told = "";
  function paint() {
    const now = state();
    test = testPart(places, dealt, now);
    measure(now.chosen);
    const { parts, right: good } = count(labels, answers, test, k);
    heading.textContent = title(rows, now, scale, parts);
    const answer = answered(now.chosen);
    const about = chosenWords(classes[labels[now.chosen]], answer, places, now.chosen, test[now.chosen], digits);
    words.textContent = `${about} ${otherWords(distances, test, now.chosen)}`;
    compared.textContent = comparison(rows, now.split);
    map.move(now, places);
    map.view.setAttribute("aria-label", `Map. Chosen: ${about} Arrow keys move to the next dot.`);
    const bins = codes[now.colour];
    paintDots({ ...map.spots(places), test, bins, palette: palettes[now.colour], labels, only: now.only - 1,
      ink: getComputedStyle(root).color });
    paintLegend(now.colour);
    table.paint(parts, good, now.only - 1, palettes[0]);
    const given = model.get("answer");
    if (given.sheet && String(given.asked) !== told) {
      told = String(given.asked);
      const bytes = Uint8Array.from(atob(given.sheet), (letter) => letter.charCodeAt(0));
      decode(bytes, "kernel", new Map(given.asked.map((place, at) => [place, at])));
    }
    paintPictures();
  }

  // --- pointer and keyboard ---

  const seen = (at) => model.get("only") === 0 || labels[at] === model.get("only") - 1;

  /** The dot nearest to the pointer; among those within a few pixels, one whose picture is in the page. */
  function pick(x, y) {
    const spots = map.spots(places);
    let best = -1, least = Infinity;
    for (let at = 0; at < n; at++) {
      if (!seen(at)) continue;
      const off = (spots.x[at] - x) ** 2 + (spots.y[at] - y) ** 2 + (slots.has(at) ? 0 : GRIP ** 2);
      if (off < least) [best, least] = [at, off];
    }
    if (best >= 0) choose(model, { chosen: best });
  }

  /** Put the line there, on the slider's grid. */
  function pull(share) {
    const split = model.get("split"), [low, high] = split === 1 ? [box[0], box[2]] : [box[3], box[1]];
    const [from, to] = [split - 1, split + 1].map((corner) => model.get("corners")[corner]), grid = 10 ** digits;
    const value = Math.round((low + share * (high - low)) * grid);
    const within = Math.min(Math.max(value, Math.floor(from * grid)), Math.ceil(to * grid)) / grid;
    choose(model, { [split === 1 ? "longitude" : "latitude"]: within });
  }

  let pulling = false;
  map.view.addEventListener("pointerdown", (event) => {
    const bounds = map.view.getBoundingClientRect(), line = map.lineAt(state());
    const at = model.get("split") === 1 ? event.clientX - bounds.left : event.clientY - bounds.top;
    pulling = line !== null && Math.abs(at - line) < (event.pointerType === "mouse" ? GRIP : 2 * GRIP);
  });
  onDrag(map.view, (x, y) => {
    if (pulling) pull(model.get("split") === 1 ? x : y);
    else pick(x * map.width(), y * map.height());
  });
  map.view.style.touchAction = "pan-y"; // the map fills a phone: a finger must get past it
  onArrows(map.view, (dx, dy) => {
    const far = Math.abs(dx + dy) > 1, { x, y } = map.spots(places);
    const among = (at) => seen(at) && (!far || slots.has(at));
    const least = far ? map.height() / 40 : 0;
    choose(model, { chosen: towards(x, y, model.get("chosen"), Math.sign(dx), Math.sign(dy), least, among) });
  });
  frames.forEach(({ frame }, slot) => {
    if (slot) frame.addEventListener("click", () => choose(model, { chosen: near[slot - 1] }));
  });

  new ResizeObserver(() => map.resize() && paint()).observe(map.view); // goes with the element that it watches
  return paint;
});

/** The map without its dots: coast, lines of the globe, the line that parts. Sizes are CSS pixels, at any width. */
function addMap(parent, [west, south, east, north], coast) {
  const view = add(parent, "div", "cnnsee-me-map", "", { role: "application" });
  const level = Math.cos(((south + north) / 2) * RADIANS), ratio = ((east - west) * level) / (north - south);
  view.style.aspectRatio = String(ratio);
  const ground = draw(view, "svg"), canvas = add(view, "canvas", "", "", { role: "img", "aria-label": "A dot a picture" });
  const globe = draw(ground, "g"), tint = draw(ground, "rect", { class: "cnnsee-me-tint" });
  const land = draw(ground, "path", { class: "cnnsee-me-land", d: coast, "vector-effect": "non-scaling-stroke" });
  const top = draw(view, "svg");
  const lines = ["halo", "ink"].map((name) => draw(top, "line", { class: `cnnsee-me-${name} cnnsee-me-dash` }));
  lines[0].classList.remove("cnnsee-me-dash");
  const rings = ["halo", "ink"].map((name) => draw(top, "circle", { r: 7, class: `cnnsee-me-${name}` }));
  let width = 0, height = 0, spots = null;

  const x = (value) => ((value - west) / (east - west)) * width;
  const y = (value) => ((north - value) / (north - south)) * height;

  /** Take the view's present size; false where it has not changed. */
  function resize() {
    const wide = view.clientWidth || MAP_WIDTH;
    if (wide === width) return false;
    [width, height, spots] = [wide, wide / ratio, null];
    const [sx, sy] = [width / (east - west) / 100, -height / (north - south) / 100];
    land.setAttribute("transform", `translate(${x(0)} ${y(0)}) scale(${sx} ${sy})`);
    globe.replaceChildren();
    addGlobe(globe, 0, west, east, (value) => ({ x1: x(value), x2: x(value), y1: 0, y2: height }), [width, height]);
    addGlobe(globe, 1, south, north, (value) => ({ x1: 0, x2: width, y1: y(value), y2: y(value) }), [width, height]);
    return true;
  }

  const lineAt = ({ split, longitude, latitude }) => (split === 1 ? x(longitude) : split === 2 ? y(latitude) : null);

  /** Where each picture's dot is: {x, y, width, height}. */
  function spotsOf(places) {
    if (!spots) spots = { x: places.east.map(x), y: places.north.map(y), width, height };
    return spots;
  }

  function move(now, places) {
    if (!width) resize();
    const at = lineAt(now), up = now.split === 1;
    for (const part of [tint, ...lines]) part.style.display = at === null ? "none" : "";
    if (at !== null) {
      const ends = up ? { x1: at, x2: at, y1: 0, y2: height } : { x1: 0, x2: width, y1: at, y2: at };
      for (const line of lines) for (const [name, value] of Object.entries(ends)) line.setAttribute(name, value);
      const first = up ? !now.reverse : now.reverse; // is the test part right of the line, below it?
      const [from, to] = (first ? [at, up ? width : height] : [0, at]).map((value) => Math.max(0, value));
      const area = up ? [from, 0, to - from, height] : [0, from, width, to - from];
      ["x", "y", "width", "height"].forEach((name, part) => tint.setAttribute(name, Math.max(0, area[part])));
    }
    const { x: across, y: down } = spotsOf(places);
    for (const ring of rings) ring.setAttribute("transform", `translate(${across[now.chosen]} ${down[now.chosen]})`);
  }

  return { view, canvas, resize, move, lineAt, spots: spotsOf, width: () => width, height: () => height };
}

/** Lines of longitude (axis 0) or latitude, with their degrees at the edge. */
function addGlobe(parent, axis, low, high, ends, [width, height]) {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30].find((one) => (high - low) / one <= 7) ?? 60;
  const decimals = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  for (let at = Math.ceil(low / step); at * step < high; at++) {
    const line = ends(at * step), side = at === 0 ? "" : ["EW", "NS"][axis][at < 0 ? 1 : 0];
    draw(parent, "line", { ...line, class: "cnnsee-grid" });
    const place = axis ? { x: 3, y: line.y1 - 3 } : { x: line.x1 + 3, y: height - 4 };
    if (axis ? line.y1 > 14 && line.y1 < height - 16 : line.x1 < width - 42) {
      draw(parent, "text", { ...place, "font-size": 11 }, `${fixed(Math.abs(at * step), decimals)}° ${side}`.trim());
    }
  }
}

/** Paints all dots into a canvas, pixel by pixel: 27,000 of them take a few milliseconds. */
function addDots(canvas, n) {
  const stride = [7919, 7907].find((prime) => n % prime); // an order that mixes the classes: EuroSAT comes by class
  let pixels = null, image = null;
  return ({ x, y, width, height, test, bins, palette, labels, only, ink }) => {
    const density = Math.min(globalThis.devicePixelRatio || 1, 2);
    const w = Math.round(width * density), h = Math.round(height * density);
    if (canvas.width !== w || canvas.height !== h || !pixels) {
      Object.assign(canvas, { width: w, height: h });
      image = new ImageData(w, h);
      pixels = new Uint32Array(image.data.buffer);
    }
    pixels.fill(0);
    const small = Math.min(5, Math.max(0.9, Math.sqrt((width * height) / n) / 3.4)) * density;
    const light = (ink.match(/\d+/g) ?? [0, 0, 0]).slice(0, 3).reduce((all, value) => all + Number(value), 0) > 380;
    const colours = [0.5, 1].map((alpha) => palette.map((hex) => packedColour(hex, alpha, light)));
    const disc = discOf(small, w);
    for (const part of [0, 1]) { // test over train; not wrong over right: few errors would cover the map
      for (let step = 0, at = 0; step < n; step++, at = (at + stride) % n) {
        if (test[at] !== part || (only >= 0 && labels[at] !== only)) continue;
        const middle = Math.round(y[at] * density) * w + Math.round(x[at] * density), colour = colours[part][bins[at]];
        for (let d = 0; d < disc.length; d++) pixels[middle + disc[d]] = colour; // the map has room around all places
      }
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  };
}

/** Offsets of a disc's pixels in an image `width` wide. */
function discOf(radius, width) {
  const offsets = [], reach = Math.ceil(radius);
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) if (dx * dx + dy * dy <= radius * radius) offsets.push(dy * width + dx);
  }
  return offsets;
}

/** "#rrggbb" as the bytes A B G R of one number; lighter on a dark page. */
function packedColour(hex, alpha, light) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))
    .map((value) => (light ? Math.round(value + 0.22 * (255 - value)) : value));
  return ((Math.round(255 * alpha) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** The chosen picture and its neighbours, which are buttons that choose them. */
function addFrames(parent) {
  const near = add(parent, "div", "cnnsee-me-near");
  return Array.from({ length: 1 + NEAREST }, (_, slot) => {
    const frame = add(near, slot ? "button" : "figure", "", "", slot ? { type: "button" } : {});
    const canvas = addCanvas(frame, THUMB, THUMB, 96, "");
    return { frame, canvas, caption: add(frame, slot ? "span" : "figcaption") };
  });
}

/** A row a class: pictures to learn from, to test, and how many of these are right. */
function addCounts(parent, classes, answered) {
  const table = add(parent, "table", "cnnsee-table cnnsee-me-table");
  const head = add(add(table, "thead"), "tr"), columns = ["class", "train", "test", ...(answered ? ["test right"] : [])];
  columns.forEach((name) => add(head, "th", "", name, { scope: "col" }));
  const body = add(table, "tbody");
  const lines = [...classes, "all"].map((name) => {
    const line = add(body, "tr"), first = add(line, "th", "", "", { scope: "row" });
    const swatch = add(first, "span", "cnnsee-me-swatch");
    first.append(name);
    return { line, swatch, cells: columns.slice(1).map(() => add(line, "td")) };
  });
  return {
    swatches: lines.slice(0, -1).map(({ swatch }) => swatch),
    paint: (parts, right, only, palette) => lines.forEach(({ line, swatch, cells }, at) => {
      const all = (values) => (at < classes.length ? values[at] : sum(values));
      line.classList.toggle("cnnsee-me-off", only >= 0 && at < classes.length && at !== only);
      swatch.style.background = palette[at] ?? "none";
      const [train, test] = [all(parts[0]), all(parts[1])];
      cells[0].textContent = grouped(train);
      cells[1].textContent = grouped(test);
      if (answered) cells[2].textContent = test ? `${fixed((100 * all(right[1])) / test, 1)} %` : "—";
    }),
  };
}
