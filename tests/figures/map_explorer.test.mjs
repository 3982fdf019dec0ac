// Run by test_map_explorer.py: the module's arithmetic against answers that Python wrote down.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const map = await import(process.env.MODULE);
const { sets } = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

test("parts, counts, distances, neighbours and words are Python's", () => {
  assert.ok(sets.length > 0);
  for (const { where, corners, labels, answers, sure, dealt, classes, cells, digits, accuracies, east, north, steps } of sets) {
    const places = map.unpack(Uint8Array.from(where), corners);
    assert.deepEqual([[...places.east], [...places.north]], [east, north]);
    for (const { state, test, counts, kilometres, near, title, comparison, chosen, other } of steps) {
      const part = map.testPart(places, dealt, state);
      assert.deepEqual([...part], test);
      const { parts } = map.count(labels, answers, part, classes.length);
      assert.deepEqual(parts, counts);
      const distances = map.kilometres(places, state.chosen);
      distances.forEach((distance, k) => assert.ok(Math.abs(distance - kilometres[k]) < 1.5e-6));
      assert.deepEqual(map.nearest(distances, state.chosen, near.length), near);
      assert.equal(map.title(accuracies, state, { cells, digits }, parts), title);
      assert.equal(map.comparison(accuracies, state.split), comparison);
      const at = state.chosen, answer = answers.length ? [classes[answers[at]], sure.length ? sure[at] / 65535 : null] : null;
      assert.equal(map.chosenWords(classes[labels[at]], answer, places, at, part[at], digits), chosen);
      assert.equal(map.otherWords(distances, part, at), other);
    }
  }
});

test("an arrow goes to the nearest dot within 45° of its direction, and stays where there is none", () => {
  const x = [0, 3, 9, 1, -4], y = [0, 1, 0, 5, 0], all = () => true;
  assert.equal(map.towards(x, y, 0, 1, 0, 0, all), 1);
  assert.equal(map.towards(x, y, 0, 1, 0, 5, all), 2);
  assert.equal(map.towards(x, y, 0, 0, 1, 0, all), 3);
  assert.equal(map.towards(x, y, 0, -1, 0, 0, all), 4);
  assert.equal(map.towards(x, y, 0, 0, -1, 0, all), 0);
  assert.equal(map.towards(x, y, 0, 1, 0, 0, (k) => k === 2), 2);
});
