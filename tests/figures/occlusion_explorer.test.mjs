// Run by test_occlusion_explorer.py: the module's arithmetic against answers that Python wrote down.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { cover, fallColour, gridAt, nearest, places, title } = await import(process.env.MODULE);
const v = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

test("each place of each grid is found", () => {
  const k = v.classes.length;
  for (const [size, fill, row, column, told] of v.answers) {
    const { start, rows } = gridAt({ ...v, k }, size, fill);
    const from = start + (row * rows + column) * k;
    assert.deepEqual(v.numbers.slice(from, from + k), told);
  }
});

test("titles are Python's", () => {
  for (const { words, ...state } of v.titles) assert.equal(title({ ...state, classes: v.classes }), words);
  assert.match(title({ ...v.titles[0], classes: v.classes, now: null }), /asking the model$/);
});

test("patches cover what Python's cover", () => {
  const rgba = Array.from({ length: 4 * v.side ** 2 }, (_, at) => (at % 4 < 3 ? v.pixels[3 * (at >> 2) + (at % 4)] : 255));
  for (const [top, left, size, covered] of v.covers) {
    const mine = [...cover(rgba, v.side, top, left, size, [1, 2, 3])];
    assert.deepEqual(mine.filter((_, at) => at % 4 < 3), covered);
  }
});

test("the nearest place, and the smaller of two", () => {
  const all = places(12, 3, 2);
  assert.deepEqual(all, [0, 2, 4, 6, 8, 9]);
  assert.deepEqual([-5, 0.9, 1, 3.1, 8.6, 40].map((value) => nearest(all, value)), [0, 0, 0, 4, 9, 9]);
});

test("a fall is darker than none, a rise lighter", () => {
  const light = (share) => fallColour(share).reduce((sum, value) => sum + value, 0);
  assert.ok(light(1) < light(0.5) && light(0.5) < light(0) && light(0) < light(-0.5) && light(-0.5) < light(-1));
});
