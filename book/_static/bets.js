// What follows a bet is folded until the reader has chosen, or asks to see it. Without this script all of it is open.

/** From the first output behind the bet to the end of its section, or to the next bet. */
function resultsOf(bet) {
  const results = [];
  for (let next = bet.nextElementSibling; next && !next.matches(".tag_bet"); next = next.nextElementSibling) {
    const output = next.matches(".cell") ? next.querySelector(":scope > .cell_output") : null;
    if (results.length) results.push(next);
    else if (output) results.push(output);
  }
  return results;
}

const make = (parent, kind, text = "", attributes = {}) =>
  parent.appendChild(Object.assign(document.createElement(kind), { textContent: text }, attributes));

/** The fields of a form in the place of what is printed: a button for each option, or a place for a number. */
function fields(form, printed) {
  const question = printed.querySelector("p").textContent.replace(/^Prediction: /, "");
  const options = [...printed.querySelectorAll("li")].map((item) => item.textContent);
  const set = make(form, "fieldset");
  make(set, "legend", question);
  if (options.length) {
    options.forEach((option, place) => {
      const label = make(set, "label");
      make(label, "input", "", { type: "radio", name: "guess", value: option });
      label.append(` ${String.fromCharCode(97 + place)}) ${option}`);
    });
  } else {
    const label = make(set, "label", "Your guess: ");
    make(label, "input", "", { type: "number", name: "guess", step: "any" });
  }
  return set;
}

function fold(bet, printed, results) {
  const form = document.createElement("form");
  form.className = "bet";
  form.noValidate = true;
  const set = fields(form, printed);
  const commit = make(form, "button", "Commit", { type: "submit" });
  const skip = make(form, "button", "Show it without a guess", { type: "button" });
  const state = make(form, "p", "What came of it is folded until you have chosen.", { tabIndex: -1 });
  state.setAttribute("role", "status");
  printed.replaceChildren(form);

  const open = (told) => {
    results.forEach((result) => (result.hidden = false));
    set.disabled = true;
    commit.remove();
    skip.remove();
    state.textContent = told;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const guess = new FormData(form).get("guess");
    if (guess) {
      open(`Your guess: ${guess}. What was measured follows.`);
      state.focus({ preventScroll: true }); // the button that had it is gone
    } else {
      state.textContent = set.querySelector("[type=radio]") ? "Choose one first." : "Enter a number first.";
      set.querySelector("input").focus();
    }
  });
  skip.addEventListener("click", () => {
    open("No guess made. What was measured follows.");
    state.focus({ preventScroll: true });
  });
  // A link that leads into what is folded opens it.
  const arrive = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !results.some((result) => result.hidden && result.contains(target))) return;
    open("No guess made. What was measured follows.");
    target.scrollIntoView();
  };

  results.forEach((result) => {
    result.classList.add("bet-result");
    result.hidden = true;
  });
  addEventListener("hashchange", arrive);
  arrive();
}

for (const bet of document.querySelectorAll(".cell.tag_bet")) {
  const printed = bet.querySelector(".cell_output .text_html");
  const results = resultsOf(bet);
  if (printed?.querySelector("p") && results.length) fold(bet, printed, results);
}
