// Filters the ledger. Without this script all rows are there, and no field that does nothing.
(() => {
  const ledger = document.currentScript.closest(".ledger");
  const rows = [...ledger.querySelectorAll("tbody tr")];
  const form = ledger.insertBefore(document.createElement("form"), ledger.querySelector("table"));

  function field(name, kind) {
    const label = form.appendChild(document.createElement("label"));
    label.append(name);
    return label.appendChild(document.createElement(kind));
  }
  function choice(name, key, all) {
    const select = field(name, "select");
    select.append(new Option(all, ""));
    for (const value of new Set(rows.map((row) => row.dataset[key]))) select.append(new Option(value, value));
    return [select, key];
  }

  const choices = [choice("Notebook", "lesson", "all"), choice("Verdict", "verdict", "all")];
  const words = field("Words", "input");
  words.type = "search";
  words.placeholder = "hue, softmax, augment …";
  const told = ledger.insertBefore(document.createElement("p"), ledger.querySelector("table"));
  told.setAttribute("role", "status");

  const texts = rows.map((row) => `${row.id} ${row.textContent}`.toLowerCase());
  function filter() {
    const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, k) => {
      const wanted = choices.every(([select, key]) => !select.value || row.dataset[key] === select.value);
      row.hidden = !(wanted && asked.every((word) => texts[k].includes(word)));
      shown += !row.hidden;
    });
    const count = rows.length === 1 ? "1 piece" : `${rows.length} pieces`;
    told.textContent = `${shown} of ${count} of advice${shown ? "" : ". Take a word away, or choose all."}`;
  }

  // A link to a claim shows it, whatever is chosen.
  function follow() {
    const row = rows.find((row) => row.id === decodeURIComponent(location.hash.slice(1)));
    if (!row) return;
    if (row.hidden) {
      form.reset();
      filter();
    }
    row.querySelector("details").open = true;
    row.scrollIntoView();
  }

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", follow);
  filter();
  follow();
})();
