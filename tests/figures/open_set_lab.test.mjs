// Run by test_open_set_lab.py: the module's arithmetic against answers that Python wrote down.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { area, counts, keepAt, title } = await import(process.env.MODULE);
const vectors = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

test("the title and the four counts are Python's at every place of the slider", () => {
  assert.ok(vectors.figures.length > 0);
  for (const { score, known, unknown, note, told } of vectors.figures) {
    assert.equal(told.length, 101);
    told.forEach(([words, cells], keep) => {
      assert.equal(title(score, keep, known, unknown, note), words);
      assert.deepEqual(counts(score, keep, known, unknown), cells);
    });
  }
});

test("a drag finds the slider's place", () => {
  assert.ok(vectors.drags.length > 0);
  for (const [figure, value, keep] of vectors.drags) assert.equal(keepAt(vectors.figures[figure].lines, value), keep);
});

test("areas read as in Python", () => {
  assert.ok(vectors.areas.length > 0);
  for (const [share, words] of vectors.areas) assert.equal(area(share), words);
});
