// Run by test_kernel_explorer.py: the module's arithmetic against answers of Python and PyTorch.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const {
  counted, greys, instead, isEmpty, kernelParts, macs, margin, outputSizes, receptiveField, response, responseRange,
  seen, shortly, stack, title, weights,
} = await import(process.env.MODULE);
const v = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

const dense = (parts, h, w) => Array.from({ length: h * w }, (_, at) =>
  parts.reduce((sum, [column, row]) => sum + column[Math.floor(at / w)] * row[at % w], 0));

test("sizes, fields, weights and MACs are Python's, to the last digit", () => {
  for (const { state, size, sizes, fault, field, weights: count, macs: work } of v.arithmetic) {
    const layers = stack(state);
    assert.deepEqual(outputSizes(size, layers), { sizes, fault });
    const { size: reach, stride, start } = receptiveField(layers);
    assert.deepEqual([reach, stride, start.map((value) => value + 0)], field);
    assert.equal(weights(layers, state.channels), count);
    assert.equal(macs(size, layers, state.channels), work);
  }
});

test("the response is PyTorch's, to 1e-5", () => {
  let compared = 0;
  for (const { size, pixels, content, response: theirs, ...state } of v.figures) {
    if (!theirs) continue;
    const picture = Float64Array.from(pixels, (value) => value / 255);
    const mine = response(picture, size, stack(state), kernelParts(content, state.height, state.width));
    assert.equal(mine.length, theirs.length);
    mine.forEach((value, at) => assert.ok(Math.abs(value - theirs[at]) < 1e-5, `${JSON.stringify(state)} at ${at}`));
    compared += mine.length;
  }
  assert.ok(compared > 0);
});

test("kernels are Python's; those that are too small are known to be empty", () => {
  for (const { content, size: [h, w], kernel } of v.parts) {
    const mine = dense(kernelParts(content, h, w), h, w);
    mine.forEach((value, at) => assert.ok(Math.abs(value - kernel[at]) < 1e-12));
    assert.equal(isEmpty(content, h, w), mine.every((value) => Math.abs(value) < 1e-12), `${content} ${h}×${w}`);
  }
});

test("titles, words and what to take instead are Python's", () => {
  for (const { size, words, seen: told, margin: around, instead: others, down, across, ...state } of v.figures) {
    const layers = stack(state);
    assert.equal(title(size, state), words);
    assert.equal(seen(size, layers, down, across), told);
    assert.equal(margin(size, receptiveField(layers)), around);
    const mine = instead(state.height, state.width).map((row) => row.map(({ kernel }) => kernel));
    assert.deepEqual(mine, others);
  }
});

test("numbers read as in Python", () => {
  for (const [number, words] of v.counted) assert.equal(counted(number), words);
  assert.deepEqual([0, 1, -0.25, 0.0163, 1e-12].map(shortly), ["0.00", "1.00", "−0.25", "0.016", "0.000000000"]);
});

test("a response is shown from black to white", () => {
  assert.deepEqual(responseRange(0, Float64Array.of(3)), [0, 1]);
  assert.deepEqual(responseRange(1, Float64Array.of(-0.5, 0.1)), [-0.5, 0.5]);
  assert.deepEqual(responseRange(1, Float64Array.of(0)), [-1, 1]);
  assert.deepEqual([...greys([-1, 0, 1], [-1, 1])], [0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]);
});
