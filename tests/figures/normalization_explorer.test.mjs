// Run by test_normalization_explorer.py: the module's arithmetic against answers that Python wrote down.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { after, condition, eigenvalues, seen, shares, title } = await import(process.env.MODULE);
const v = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));
const near = (a, b, tolerance) => assert.ok(Math.abs(a - b) <= tolerance * Math.abs(b), `${a} is not ${b}`);

test("condition numbers are numpy's", () => {
  assert.ok(v.moments.length > 0);
  for (const [mean, covariance, chosen, number] of v.moments) near(condition(mean, covariance, chosen), number, 1e-6);
});

test("eigenvalues of a diagonal, and of a matrix that can be done by hand", () => {
  assert.deepEqual(eigenvalues([[3, 0], [0, 1]]), [1, 3]);
  eigenvalues([[2, 1], [1, 2]]).forEach((value, place) => near(value, [1, 3][place], 1e-12));
});

test("titles and pictures are Python's", () => {
  for (const state of v.states) {
    const number = condition(v.mean, v.covariance, state.chosen);
    assert.equal(title(state.name, after(v.mean, v.covariance, state.chosen), number), state.title);
    assert.deepEqual([...seen(v.rgb, state.chosen)].filter((_, at) => at % 4 < 3), state.seen);
  }
});

test("histograms hold every pixel", () => {
  v.counts.forEach((counts, c) => shares(counts).forEach((share, bin) => near(share, v.shares[c][bin], 1e-12)));
});
