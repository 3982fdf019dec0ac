// The same logits as softmax, as sigmoids, and as energy. The Python file beside it says more.

// --- arithmetic: pure, checked against Python by node's test runner ---

/** Shares of one whole: exp(z/T) / Σ exp(z/T). Less the maximum, so that nothing overflows. */
export function softmax(logits, temperature) {
  const highest = Math.max(...logits);
  const powers = logits.map((z) => Math.exp((z - highest) / temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Each class on its own, 0–1. */
export function sigmoid(logit) {
  return 1 / (1 + Math.exp(-logit));
}

/** −T · log Σ exp(z/T) */
export function energy(logits, temperature) {
  const highest = Math.max(...logits);
  const sum = logits.reduce((total, z) => total + Math.exp((z - highest) / temperature), 0);
  return -highest - temperature * Math.log(sum);
}

/** `percent` of a probability that is never certain, even where a float rounds to 1. */
export function honest(probability) {
  return percent(Math.min(Math.max(probability, 1e-12), 1 - 1e-12));
}

/** The classes whose sigmoid is above one half, in words. */
export function noneOrSome(names, sigmoids) {
  return names.filter((_, place) => sigmoids[place] > 0.5).join(" and ") || "none of these";
}

/** All that is shown of these logits. */
export function read(logits, temperature) {
  const shares = softmax(logits, temperature), alone = logits.map(sigmoid);
  return { logits, softmax: shares, sigmoid: alone, energy: energy(logits, temperature), first: likeliest(shares) };
}

/** The numbers as a framework prints them: "[1.00, 0.00]" */
export function printed(values) {
  return `[${values.map((value) => fixed(value, 2)).join(", ")}]`;
}

/** "cat: softmax >99 % (printed 1.00), sigmoid <1 %, energy 12.0" */
export function title(names, { softmax, sigmoid, energy, first }) {
  const p = softmax[first];
  const both = `softmax ${honest(p)} (printed ${fixed(p, 2)}), sigmoid ${honest(sigmoid[first])}`;
  return `${names[first]}: ${both}, energy ${fixed(energy, 1)}`;
}

// --- DOM ---

const MOST = 8, SHIFT = 20;
const TRAITS = Array.from({ length: MOST }, (_, place) => `z${place + 1}`);
const NOTE = "Move “Add to all” to −20. Softmax stays exactly as it is, because it only compares the logits with each " +
  "other; sigmoid and energy see that all of them are low. (Upright marks and the hollow diamond: before adding.) " +
  "Then lower the temperature: the same logits, ever closer to 1.00.";
const STYLE_LAB = `
.cnnsee-sm-panel { flex: 1 1 270px; max-width: 400px; }
.cnnsee-sm-panel-title { font-weight: 600; margin: 0 0 5px; }
.cnnsee-sm-panel-title > span { font-weight: 400; }
.cnnsee-sm-cells { display: grid; gap: 3px 8px; align-items: center; min-width: 0;
  grid-template-columns: fit-content(9em) minmax(60px, 1fr) 3.7em; }
.cnnsee-sm-cells .cnnsee-value { text-align: right; }
.cnnsee-sm-cells :is(.cnnsee-track, .cnnsee-bar) { border-radius: 0; }
.cnnsee-sm-cells .cnnsee-track { position: relative; }
.cnnsee-sm-cells .cnnsee-bar { position: absolute; }
.cnnsee-sm-ghost { position: absolute; top: -2px; bottom: -2px; margin-left: -1px; border-left: 2px solid; }
.cnnsee-sm-lab :is(.cnnsee-sm-ghost, .cnnsee-sm-before) { visibility: hidden; }
.cnnsee-sm-shifted :is(.cnnsee-sm-ghost, .cnnsee-sm-before) { visibility: visible; }
.cnnsee-sm-zero { position: absolute; left: 50%; top: -2px; bottom: -2px;
  border-left: 1px solid color-mix(in srgb, currentColor 45%, transparent); }
.cnnsee-sm-says { margin: 5px 0 0; overflow-wrap: anywhere; }
.cnnsee-sm-code { font-family: var(--jp-code-font-family, ui-monospace, monospace); font-size: 13px; }
.cnnsee-sm-energy { margin-top: 14px; }
.cnnsee-sm-line { position: relative; height: 22px; margin: 2px 9px 0; border-bottom: 1px solid; }
.cnnsee-sm-diamond { position: absolute; bottom: -8px; width: 15px; height: 15px; margin-left: -7.5px;
  transform: rotate(45deg); border: 2px solid currentColor; }
.cnnsee-sm-diamond:not(.cnnsee-sm-before) { background: var(--cnnsee-1); }
.cnnsee-sm-tick { position: absolute; top: 100%; padding-top: 11px; transform: translateX(-50%); font-size: 12px; }
.cnnsee-sm-ends { display: flex; justify-content: space-between; gap: 16px; margin: 30px 0 0; }
.cnnsee-sm-ends > :last-child { text-align: right; }
`;

/** A heading, a row a class, and what the numbers say. Gives {rest, rows, says}; `rest` is the heading's end. */
function addPanel(parent, names, name, what) {
  const panel = add(parent, "div", "cnnsee-sm-panel");
  const heading = add(panel, "p", "cnnsee-sm-panel-title", name);
  const rest = add(heading, "span", "", what);
  const cells = add(panel, "div", "cnnsee-sm-cells", "", { role: "list", "aria-label": name });
  return { rest, rows: names.map((text) => addRow(cells, text)), says: add(panel, "p", "cnnsee-sm-says") };
}

function addRow(cells, name) {
  const row = add(cells, "div", "cnnsee-row", "", { role: "listitem" });
  add(row, "span", "cnnsee-name", name);
  const track = add(row, "div", "cnnsee-track");
  const [bar, ghost] = ["cnnsee-bar", "cnnsee-sm-ghost"].map((part) => add(track, "div", part));
  return { row, track, bar, ghost, value: add(row, "span", "cnnsee-value") };
}

/** Energy on a line from −limit to limit. Gives {now, before}: the marks. */
function addLine(parent, limit) {
  const line = add(parent, "div", "cnnsee-sm-line");
  const step = limit > 150 ? 100 : limit > 60 ? 40 : 20;
  for (let value = -Math.floor(limit / step) * step; value <= limit; value += step) {
    add(line, "span", "cnnsee-sm-tick", fixed(value, 0)).style.left = `${along(value, limit)}%`;
  }
  const ends = add(parent, "div", "cnnsee-sm-ends");
  add(ends, "span", "", "◀ high logits: something is seen");
  add(ends, "span", "", "low logits everywhere: nothing is seen ▶");
  const before = add(line, "span", "cnnsee-sm-diamond cnnsee-sm-before");
  return { now: add(line, "span", "cnnsee-sm-diamond"), before };
}

/** Place of `value` between −limit and limit, in percent. */
function along(value, limit) {
  return 50 + 50 * Math.min(Math.max(value / limit, -1), 1);
}

// --- paint ---

/** Bars from zero, which is `origin` percent along, to `place(value)`; a mark at the value `before`. */
function paintRows(panel, values, before, first, origin, place, words) {
  panel.rows.forEach(({ row, bar, ghost, value }, k) => {
    const shown = k < values.length;
    row.style.display = shown ? "" : "none";
    if (!shown) return;
    const end = place(values[k]);
    row.classList.toggle("cnnsee-first", k === first);
    bar.style.left = `${Math.min(origin, end)}%`;
    bar.style.width = `${Math.abs(end - origin)}%`;
    ghost.style.left = `${place(before[k])}%`;
    value.textContent = words(values[k]);
  });
}

export default live([...TRAITS, "n", "shift", "heat"], ({ model, root }) => {
  const [names, temperatures, reach] = ["names", "temperatures", "reach"].map((name) => model.get(name));
  const widest = reach + SHIFT, limit = widest + temperatures.at(-1) * Math.log(MOST);

  add(root, "style", "", STYLE_LAB);
  root.classList.add("cnnsee-sm-lab");
  const heading = addTitle(root);
  const sides = add(root, "div", "cnnsee-sides");
  const logits = addPanel(sides, names, "Logits", "");
  const shares = addPanel(sides, names, "Softmax", ": shares of one whole");
  const alone = addPanel(sides, names, "Sigmoid", ": each class on its own");
  for (const { track } of logits.rows) add(track, "div", "cnnsee-sm-zero");
  const [shareCode, shareSays] = ["cnnsee-sm-code", ""].map((name) => add(shares.says, name ? "span" : "b", name));
  const [aloneCode, aloneSays] = ["cnnsee-sm-code", ""].map((name) => add(alone.says, name ? "span" : "b", name));
  const energyPanel = add(root, "div", "cnnsee-sm-energy");
  const energyTitle = add(energyPanel, "p", "cnnsee-sm-panel-title", "Energy");
  const energyValue = add(energyTitle, "span");
  const marks = addLine(energyPanel, limit);
  add(root, "p", "cnnsee-note", NOTE);

  return () => {
    const shift = model.get("shift"), temperature = temperatures[model.get("heat")];
    const given = TRAITS.slice(0, model.get("n")).map((trait) => model.get(trait));
    const now = read(given.map((z) => z + shift), temperature), before = read(given, temperature);
    const percentOf = (p) => 100 * p;
    heading.textContent = title(names, now);
    root.classList.toggle("cnnsee-sm-shifted", Math.abs(shift) > 1e-9);
    logits.rest.textContent = Math.abs(shift) > 1e-9 ? `, ${fixed(shift, 1)} added to all` : "";
    paintRows(logits, now.logits, given, now.first, 50, (z) => along(z, widest), (z) => fixed(z, 1));
    paintRows(shares, now.softmax, before.softmax, now.first, 0, percentOf, honest);
    paintRows(alone, now.sigmoid, before.sigmoid, now.first, 0, percentOf, honest);
    shareCode.textContent = printed(now.softmax);
    shareSays.textContent = ` → ${names[now.first]}`;
    aloneCode.textContent = printed(now.sigmoid);
    aloneSays.textContent = ` → ${noneOrSome(names, now.sigmoid)}`;
    energyValue.textContent = ` ${fixed(now.energy, 1)}`;
    marks.now.style.left = `${along(now.energy, limit)}%`;
    marks.before.style.left = `${along(before.energy, limit)}%`;
  };
});
