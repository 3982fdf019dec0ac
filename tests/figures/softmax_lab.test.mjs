// Run by test_softmax_lab.py: the module's arithmetic against answers that Python wrote down.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { honest, noneOrSome, printed, read, title } = await import(process.env.MODULE);
const vectors = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

function near(value, wanted, what) {
  const scale = Math.max(1, Math.abs(wanted));
  assert.ok(Math.abs(value - wanted) <= 1e-9 * scale, `${what}: ${value} is not ${wanted}`);
}

test("softmax, sigmoids and energy are Python's", () => {
  assert.ok(vectors.readings.length > 0);
  for (const { logits, temperature, softmax, sigmoid, energy, first } of vectors.readings) {
    const told = read(logits, temperature);
    logits.forEach((_, place) => {
      near(told.softmax[place], softmax[place], `softmax of ${logits}`);
      near(told.sigmoid[place], sigmoid[place], `sigmoid of ${logits}`);
    });
    near(told.energy, energy, `energy of ${logits}`);
    assert.equal(told.first, first);
  }
});

test("the title and the classes that are seen are Python's", () => {
  assert.ok(vectors.titles.length > 0);
  for (const { names, logits, temperature, words, says } of vectors.titles) {
    const told = read(logits, temperature);
    assert.equal(title(names, told), words);
    assert.equal(noneOrSome(names, told.sigmoid), says);
  }
});

test("no probability of finite logits is certain", () => {
  assert.ok(vectors.honest.length > 0);
  for (const [probability, words] of vectors.honest) assert.equal(honest(probability), words);
});

test("a framework prints two decimals", () => {
  assert.equal(printed([0.9999, 0.0001]), "[1.00, 0.00]");
});
