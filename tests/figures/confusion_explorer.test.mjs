// Run by test_confusion_explorer.py: the module's arithmetic against answers that Python wrote down.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { cellTitle, curve, select, title } = await import(process.env.MODULE);
const { sets } = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

test("counts and words are Python's", () => {
  assert.ok(sets.length > 0);
  for (const { labels, answers, confidence, classes, steps } of sets) {
    const all = select(labels, answers, confidence, classes.length, 0);
    for (const step of steps) {
      const kept = select(labels, answers, confidence, classes.length, step.threshold);
      assert.deepEqual([...kept.counts], step.counts);
      assert.equal(title(step.threshold, kept), step.title);
      assert.equal(cellTitle(classes, step.cell, all.counts), step.cellTitle);
    }
  }
});

test("the curve ends at the accuracy of all", () => {
  for (const { labels, answers, confidence } of sets) {
    const right = labels.filter((label, place) => label === answers[place]).length;
    assert.deepEqual(curve(Uint8Array.from(labels), answers, confidence).at(-1), [1, right / labels.length]);
  }
});
