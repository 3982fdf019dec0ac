// Pictures on a map: where they are, how far apart, and which part of a split each is in. In Python: map_places.py.

// --- arithmetic: pure, checked against Python by node's test runner ---

const STEPS = 2 ** 24 - 1, EARTH_KM = 6371.0088, RADIANS = Math.PI / 180;
const RANDOM = 0, CELLS = 3; // 1 and 2 are cuts by a line of longitude, of latitude

/** {east, north}: Float64Array of degrees, from six bytes a place and the corners [west, south, east, north]. */
export function unpack(bytes, [west, south, right, top]) {
  const n = bytes.length / 6, east = new Float64Array(n), north = new Float64Array(n);
  const across = (right - west) / STEPS, up = (top - south) / STEPS;
  const steps = (at) => bytes[at] + 256 * bytes[at + 1] + 65536 * bytes[at + 2];
  for (let k = 0; k < n; k++) {
    east[k] = west + steps(6 * k) * across;
    north[k] = south + steps(6 * k + 3) * up;
  }
  return { east, north };
}

/** Great-circle distances to the place number `chosen`, by the haversine formula, to the millimetre: Float64Array. */
export function kilometres({ east, north }, chosen) {
  const lon = east[chosen] * RADIANS, lat = north[chosen] * RADIANS, level = Math.cos(lat);
  return Float64Array.from(east, (value, k) => {
    const up = Math.sin((north[k] * RADIANS - lat) / 2), across = Math.sin((value * RADIANS - lon) / 2);
    const half = up ** 2 + Math.cos(north[k] * RADIANS) * level * across ** 2;
    const metres = 2e3 * EARTH_KM * Math.asin(Math.sqrt(Math.min(half, 1)));
    return Math.floor(metres * 1e3 + 0.5) / 1e6;
  });
}

/** Positions of the `count` nearest, without `chosen` itself; of equals the first. */
export function nearest(distances, chosen, count) {
  const best = [];
  for (let k = 0; k < distances.length; k++) {
    if (k === chosen || (best.length === count && distances[k] >= distances[best.at(-1)])) continue;
    let at = best.length;
    while (at > 0 && distances[k] < distances[best[at - 1]]) at--;
    best.splice(at, 0, k);
    best.length = Math.min(best.length, count);
  }
  return best;
}

/**
 * Which pictures are in the test part: Uint8Array of 0 and 1. `state`: {split, longitude, latitude, cell, reverse};
 * `dealt`: bits for the random split, then for each size of cell.
 */
export function testPart({ east, north }, dealt, { split, longitude, latitude, cell, reverse }) {
  const n = east.length, test = new Uint8Array(n);
  if (split === RANDOM || split === CELLS) {
    const from = Math.ceil(n / 8) * (split === RANDOM ? 0 : 1 + cell);
    for (let k = 0; k < n; k++) test[k] = (dealt[from + (k >> 3)] >> (k & 7)) & 1;
    return test;
  }
  const [along, line] = split === 1 ? [east, longitude] : [north, latitude];
  for (let k = 0; k < n; k++) test[k] = along[k] < line === reverse ? 1 : 0;
  return test;
}

/** Pictures of each class, [in train, in test], and how many of the test part are right; answers may be empty. */
export function count(labels, answers, test, k) {
  const parts = [new Array(k).fill(0), new Array(k).fill(0)], right = [new Array(k).fill(0), new Array(k).fill(0)];
  for (let at = 0; at < labels.length; at++) {
    parts[test[at]][labels[at]]++;
    if (answers.length && answers[at] === labels[at]) right[test[at]][labels[at]]++;
  }
  return { parts, right };
}

const sum = (values) => values.reduce((all, value) => all + value, 0);

/** Of equals the first; undefined where there is none. `rows`: [split, value, reverse, accuracy, balanced, note]. */
export function stored(rows, { split, longitude, latitude, cell, reverse }, cells) {
  const value = [0, longitude, latitude, cells[cell]][split];
  const off = (row) => (split === RANDOM ? 0 : split === CELLS ? Math.abs(Math.log(row[1] / value)) : Math.abs(row[1] - value));
  const mine = rows.filter((row) => row[0] === split && (split === RANDOM || split === CELLS || row[2] === reverse));
  return mine.reduce((best, row) => (best && off(best) <= off(row) ? best : row), undefined);
}

/** "17.4° east". `axis`: 0 for longitude, 1 for latitude. */
export function degrees(value, axis, digits) {
  const text = fixed(Math.abs(value), digits);
  return Number(text) === 0 ? `${text}°` : `${text}° ${[["east", "west"], ["north", "south"]][axis][value < 0 ? 1 : 0]}`;
}

/** "0.62 km", "58 km" */
export function away(distance) {
  return `${fixed(distance, distance < 1 ? 2 : distance < 10 ? 1 : 0)} km`;
}

/** Without zeros at its end: "0.1°", "3°". */
export function cellWords(size) {
  return `${String(size)}°`;
}

/** "accuracy 85.1 %, balanced 79.8 % (mean of 10)" */
export function score([, , , accuracy, balanced, note]) {
  return `accuracy ${fixed(100 * accuracy, 1)} %, balanced ${fixed(100 * balanced, 1)} %${note ? ` (${note})` : ""}`;
}

/** "Train west of 17.4° east, test the rest", "Test: a fifth of the cells of 1°" */
export function cut({ split, longitude, latitude, cell, reverse }, { cells, digits }) {
  if (split === RANDOM) return "Test: a fifth, drawn at random";
  if (split === CELLS) return `Test: a fifth, whole cells of ${cellWords(cells[cell])}`;
  const line = split === 1 ? degrees(longitude, 0, digits) : degrees(latitude, 1, digits);
  const side = (split === 1 ? ["west", "east"] : ["south", "north"])[reverse ? 1 : 0];
  return `Train ${side} of ${line}, test the rest`;
}

/** What a random split is stored with, to compare the others with it: a sentence, or nothing. */
export function comparison(rows, split) {
  const row = rows.find((one) => one[0] === RANDOM);
  return row && split !== RANDOM ? `With a random fifth as test: ${score(row)}.` : "";
}

/** What is stored of this split's accuracy, or of the nearest split's, and that it is: a sentence, or nothing. */
export function told(rows, state, { cells, digits }) {
  if (!rows.length) return "";
  const row = stored(rows, state, cells), { split, longitude, latitude, cell } = state;
  if (!row) return " No accuracy is stored for this kind of split.";
  const off = split === RANDOM ? 0 : Math.abs(row[1] - [0, longitude, latitude, cells[cell]][split]);
  const same = split === CELLS ? off === 0 : off < 0.5 / 10 ** digits; // it is written as the same
  const at = split === CELLS ? cellWords(row[1]) : same ? "" : degrees(row[1], split - 1, digits);
  return same ? ` Stored ${score(row)}.` : ` Nearest stored, ${at}: ${score(row)}.`;
}

/** The line above the figure. `scale`: {cells, digits}; `parts`: as `count` gives them. */
export function title(rows, state, scale, parts) {
  const [train, test] = parts.map((part) => grouped(sum(part)));
  return `${cut(state, scale)}: ${train} to learn from, ${test} to test.${told(rows, state, scale)}`;
}

/** Where and what the chosen picture is. `answer`: [class, probability or null], or null. */
export function chosenWords(name, answer, { east, north }, chosen, inTest, digits) {
  const where = `${degrees(east[chosen], 0, digits + 1)}, ${degrees(north[chosen], 1, digits + 1)}`;
  const sure = answer && answer[1] !== null ? `, ${percent(answer[1])}` : "";
  const taken = answer ? `, ${answer[0] === name ? "recognised" : `taken for ${answer[0]}`}${sure}` : "";
  return `${name}${taken}. ${where}, ${inTest ? "test" : "train"} part.`;
}

/** How far it is to the nearest picture of the other part, which is the one to learn from or to be tested on. */
export function otherWords(distances, test, chosen) {
  let least = Infinity;
  for (let k = 0; k < distances.length; k++) if (test[k] !== test[chosen] && distances[k] < least) least = distances[k];
  const other = test[chosen] ? "training" : "test";
  return least === Infinity ? `No ${other} picture.` : `Nearest ${other} picture: ${away(least)}.`;
}

/**
 * The next place in a direction: the nearest within 45° of it that is at least `least` away, or `from` where there is
 * none. x and y: places on the map, y downwards; `among`: which may be had.
 */
export function towards(x, y, from, dx, dy, least, among) {
  let best = from, shortest = Infinity;
  for (let k = 0; k < x.length; k++) {
    if (k === from || !among(k)) continue;
    const right = x[k] - x[from], down = y[k] - y[from];
    const ahead = right * dx + down * dy, aside = Math.abs(right * dy) + Math.abs(down * dx);
    const far = right * right + down * down;
    if (ahead <= 0 || aside > ahead || far < least * least || far >= shortest) continue;
    [best, shortest] = [k, far];
  }
  return best;
}

/** Bin of a sureness 0–1: below 50 %, 70, 90, 99, and above. */
export function sureness(value) {
  return value < 0.5 ? 0 : value < 0.7 ? 1 : value < 0.9 ? 2 : value < 0.99 ? 3 : 4;
}
