// Run by test_colour_explorer.py: the module's arithmetic against answers that Python wrote down.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const {
  allNumbers, channelPixels, converters, frame, fromPlace, inGamut, moved, numbers, planePixels, stripPixels, title,
  toColour, toPlace,
} = await import(process.env.MODULE);
const v = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));
const convert = converters(v.matrices);
const names = v.views.map(({ name }) => name);
const triples = (flat) => Array.from({ length: flat.length / 3 }, (_, k) => flat.slice(3 * k, 3 * k + 3));
const off = (a, b, turns) => (turns ? Math.min(Math.abs(a - b), 360 - Math.abs(a - b)) : Math.abs(a - b));

test("every space is Python's, there and back, to 1e-6", () => {
  const rgb = triples(v.rgb);
  assert.deepEqual(Object.keys(v.spaces).sort(), [...names].sort());
  for (const { name, hue } of v.views) {
    const { from, numbers: given, to } = v.spaces[name];
    const compare = (mine, theirs, turns, what) => mine.forEach((value, k) => {
      assert.ok(off(value, theirs[k], turns === k) < 1e-6, `${name} ${what}: ${mine} for ${theirs}`);
    });
    triples(from).forEach((theirs, k) => compare(convert[name].from(...rgb[k]), theirs, hue, `of ${rgb[k]}`));
    const numbers = triples(given);
    triples(to).forEach((theirs, k) => compare(convert[name].to(...numbers[k]), theirs, -1, `${numbers[k]} to RGB`));
  }
});

test("there and back again", () => {
  for (const rgb of triples(v.rgb)) {
    for (const name of names) {
      convert[name].to(...convert[name].from(...rgb)).forEach((value, k) => {
        // Colours closer to grey than float32 can tell have the hue 0: they come back as greys.
        assert.ok(Math.abs(value - rgb[k]) < 2e-5, `${name}: ${rgb}`);
      });
    }
  }
});

test("titles are Python's", () => {
  for (const { space, values, colour, names: classes, apart, words } of v.titles) {
    assert.equal(title(v.views[space], values, colour, classes, apart), words);
  }
});

test("a change of space moves sliders and colour as in Python", () => {
  for (const { colour, space, values, now } of v.moves) {
    const mine = moved(v.views[space], convert[names[space]], colour);
    assert.deepEqual(mine.values, values, `${colour} in ${names[space]}`);
    mine.colour.forEach((value, k) => assert.ok(Math.abs(value - now[k]) < 1e-9));
  }
});

test("a place in a plane is a colour, and back", () => {
  for (const { space, plane } of v.planes) {
    for (const windows of [null, v.windows[space]]) {
      const where = frame(v.views[space], plane, windows);
      for (let k = 0; k < 200; k++) {
        const place = [((k * 7919) % 199) / 199 + 0.002, ((k * 104729) % 197) / 197 + 0.002];
        const found = fromPlace(where, ...place);
        if (!found) assert.ok(where.disk && Math.hypot(...place.map((at) => 2 * at - 1)) > 1);
        else toPlace(where, ...found).forEach((at, axis) => assert.ok(Math.abs(at - place[axis]) < 1e-9));
      }
    }
  }
});

test("a plane shows the colours of its places, and nothing where sRGB has none", () => {
  const side = 24;
  let clear = 0;
  for (const { space, plane, values } of v.planes) {
    const view = v.views[space], here = convert[view.name], where = frame(view, plane, null);
    const bytes = planePixels(view, here, where, values, side);
    for (let place = 0; place < side * side; place++) {
      const found = fromPlace(where, ((place % side) + 0.5) / side, (Math.floor(place / side) + 0.5) / side);
      const all = [...values];
      if (found) [all[where.pair[0]], all[where.pair[1]]] = found;
      const colour = toColour(view, here, all), shown = found !== null && inGamut(colour);
      clear += !shown;
      assert.equal(bytes[4 * place + 3], shown ? 255 : 0);
      if (shown) colour.forEach((value, k) => assert.ok(Math.abs(255 * value - bytes[4 * place + k]) <= 0.53));
    }
  }
  assert.ok(v.planes.length === 0 || clear > 100);
});

test("strips run from end to end, and a grey has no hue", () => {
  const [rgb, hsv] = v.views;
  assert.deepEqual([...stripPixels(rgb, convert.rgb, 0, [9, 0, 255], 3)], [0, 0, 255, 255, 128, 0, 255, 255, 255, 0, 255, 255]);
  const found = allNumbers(hsv, convert.hsv, Uint8Array.from([7, 7, 7, 255, 0, 0]));
  assert.deepEqual([...found].map((value) => Math.round(value * 1e6) / 1e6), [NaN, 0, 0.027451, 0, 1, 1]);
  const grey = [...channelPixels(found, 0, [-20, 20], true)];
  assert.deepEqual(grey, [0, 0, 0, 0, 128, 128, 128, 255]);
  assert.deepEqual(numbers(rgb, convert.rgb, [0, 0.2, 1]), [0, 51, 255]);
});
