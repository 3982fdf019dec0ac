// Run by test_words.py: how shared.js writes numbers, against words.py.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const words = await import(process.env.MODULE);
const vectors = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

for (const name of ["percent", "fixed", "grouped"]) {
  test(name, () => {
    assert.ok(vectors[name].length > 1000);
    for (const [given, text] of vectors[name]) assert.equal(words[name](...given), text, `${name}(${given})`);
  });
}

test("what JSON cannot hold", () => {
  assert.deepEqual([NaN, Infinity, -Infinity].map((value) => words.fixed(value, 2)), ["—", "∞", "−∞"]);
});

test("a figure draws text as text, and listens no longer than it lives", () => {
  const heard = [];
  const model = { on: (event) => heard.push(event), off: (event) => heard.splice(heard.indexOf(event), 1) };
  const stop = words.listen(model, ["a", "b"], () => {});
  assert.deepEqual(heard, ["change:a", "change:b"]);
  stop();
  assert.deepEqual(heard, []);
});
