// --- a page without a kernel: `page.py` puts this text behind a figure's module ---

/** A widget's model without Jupyter: traits, and who listens to them. */
export class PageModel {
  constructor(traits) {
    this.traits = traits;
    this.listeners = new Map();
  }
  get(trait) {
    return this.traits[trait];
  }
  set(trait, value) {
    if (this.traits[trait] === value) return;
    this.traits[trait] = value;
    for (const heard of [...(this.listeners.get(`change:${trait}`) ?? [])]) heard();
  }
  on(event, heard) {
    if (!this.listeners.has(event)) this.listeners.set(event, new Set());
    this.listeners.get(event).add(heard);
  }
  off(event, heard) {
    this.listeners.get(event)?.delete(heard);
  }
  save_changes() {} // nobody to tell
}

const CONTROL_STYLE = `
.cnnsee-controls { display: grid; gap: 4px 20px; margin: 0 0 8px;
  grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr));
  font: 14px/1.6 var(--jp-content-font-family, system-ui, sans-serif); }
.cnnsee-control { display: grid; grid-template-columns: 7em minmax(80px, 1fr) 4.5em; gap: 8px; align-items: center;
  max-width: 480px; overflow-wrap: anywhere; }
.cnnsee-control[hidden] { display: none; }
.cnnsee-control > :is(input[type="checkbox"], select) { justify-self: start; max-width: 100%; }
.cnnsee-control > output { font-variant-numeric: tabular-nums; }
`;

/** A browser's own control in place of an ipywidget. `control` is what `Control.plain()` gives in Python. */
function addControl(parent, model, control) {
  const { trait, label, kind, shown } = control;
  const row = add(parent, "label", "cnnsee-control");
  add(row, "span", "", label);
  let show;
  if (kind === "choice") {
    const input = add(row, "select");
    control.options.forEach((text) => add(input, "option", "", text));
    const values = control.values;
    input.addEventListener("input", () => model.set(trait, values[input.selectedIndex]));
    show = () => (input.selectedIndex = values.indexOf(model.get(trait)));
  } else if (kind === "steps") {
    const input = add(row, "input", "", "", { type: "range", min: 0, max: control.options.length - 1, step: 1 });
    const output = add(row, "output");
    input.addEventListener("input", () => model.set(trait, control.values[Number(input.value)]));
    show = () => {
      input.value = control.values.indexOf(model.get(trait));
      output.textContent = control.options[Number(input.value)];
      input.setAttribute("aria-valuetext", output.textContent);
    };
  } else if (kind === "number") {
    const { min, max, step, digits } = control;
    const input = add(row, "input", "", "", { type: "range", min, max, step });
    const output = add(row, "output");
    input.addEventListener("input", () => model.set(trait, Number(input.value)));
    show = () => {
      input.value = model.get(trait);
      output.textContent = fixed(model.get(trait), digits);
    };
  } else {
    const input = add(row, "input", "", "", { type: "checkbox" });
    input.addEventListener("input", () => model.set(trait, input.checked));
    show = () => (input.checked = model.get(trait));
  }
  const reveal = () => (row.hidden = !Object.entries(shown).every(([name, values]) => values.includes(model.get(name))));
  const undo = [listen(model, [trait], show), listen(model, Object.keys(shown), reveal)];
  show();
  reveal();
  return () => undo.forEach((undoOne) => undoOne());
}

/** Show `figure` in `el` with controls above it, from the traits that Python wrote down. Returns what undoes it. */
export function start(figure, el, { state, bytes, controls }) {
  for (const [trait, text] of Object.entries(bytes)) {
    const raw = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    state[trait] = new DataView(raw.buffer); // as ipywidgets gives it
  }
  const model = new PageModel(state);
  const box = add(el, "div", "cnnsee-controls");
  add(box, "style", "", CONTROL_STYLE);
  const undo = controls.map((control) => addControl(box, model, control));
  undo.push(figure.render({ model, el }));
  return { model, remove: () => (undo.forEach((undoOne) => undoOne()), box.remove()) };
}
