// Run by test_resolution_explorer.py: the module's arithmetic against answers that Python wrote down.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { blockAverage, likeliest, percent, title } = await import(process.env.MODULE);
const vectors = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

test("blocks have Python's means", () => {
  assert.ok(vectors.blocks.length > 0);
  for (const { pixels, side, size, means } of vectors.blocks) {
    const rgba = [...blockAverage(pixels, side, size)];
    assert.deepEqual(rgba.filter((_, place) => place % 4 < 3), means, `${side} pixels in ${size} blocks`);
    assert.ok(rgba.every((value, place) => place % 4 < 3 || value === 255), "opaque");
  }
});

test("percent reads as in Python", () => {
  assert.ok(vectors.percents.length > 0);
  for (const [probability, words] of vectors.percents) assert.equal(percent(probability), words);
});

test("the likeliest class, and the title, are Python's", () => {
  assert.ok(vectors.titles.length > 0);
  for (const { size, classes, probabilities, note, words, first } of vectors.titles) {
    assert.equal(likeliest(probabilities), first);
    assert.equal(title(size, classes, probabilities, note), words);
  }
});
