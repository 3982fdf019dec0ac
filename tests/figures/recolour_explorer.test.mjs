// Run by test_recolour_explorer.py: the module's arithmetic against answers that Python wrote down.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { change, hsvToRgb, rgbToHsv, title, words } = await import(process.env.MODULE);
const v = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

test("the picture is Python's, to one level where a half is rounded", () => {
  let values = 0, off = 0;
  for (const { state, pixels } of v.cases) {
    const mine = [...change(v.rgb, v.side, state, v)].filter((_, at) => at % 4 < 3);
    assert.equal(mine.length, pixels.length);
    mine.forEach((value, at) => {
      const difference = Math.abs(value - pixels[at]);
      assert.ok(difference <= 1, `${state}: ${value} for ${pixels[at]}`);
      values++;
      off += difference;
    });
  }
  assert.ok(values > 100_000 && off < values / 1000, `${off} of ${values} differ`);
});

test("words and titles are Python's", () => {
  for (const { state, words: told, title: line, now } of v.cases) {
    assert.equal(words(state, v), told);
    assert.equal(title(told, v.classes, now, v.plain, true), line);
  }
});

test("there and back", () => {
  for (let place = 0; place < v.rgb.length; place += 3) {
    const rgb = v.rgb.slice(place, place + 3).map((value) => value / 255);
    hsvToRgb(...rgbToHsv(...rgb)).forEach((value, channel) => assert.ok(Math.abs(value - rgb[channel]) < 1e-12));
  }
});
