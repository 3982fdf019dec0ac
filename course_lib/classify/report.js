// The two things in the report that move: how many answers are given, and what errors cost. Pure arithmetic first.

/**
 * The cheapest thing to do with one picture: a class, or `classes` (a person looks). Elkan 2001, as decide.by_cost.
 * `cost[k][a]`: of answering a where k is true; `person`: of looking.
 */
export function cheapest(probabilities, cost, person) {
  let best = 0;
  let least = Infinity;
  for (let a = 0; a < probabilities.length; a++) {
    const expected = probabilities.reduce((sum, p, k) => sum + p * cost[k][a], 0);
    if (expected < least) [best, least] = [a, expected];
  }
  return person < least ? probabilities.length : best;
}

/** What becomes of all test pictures: { answered, wrong, person, mean, line }; mean costs a picture. */
export function bill({ truth, answer, accepted, probabilities, top }, cost, person) {
  const sum = { answered: 0, wrong: 0, person: 0, mean: 0, line: 0 };
  truth.forEach((k, n) => {
    const of = (a) => (cost ? cost[k][a] : Number(a !== k));
    sum.line += accepted[n] ? of(answer[n]) : person;
    let action = answer[n];
    let looks = !accepted[n];
    if (!looks && cost) {
      action = cheapest(probabilities[n], cost, person);
      looks = action === cost.length;
    } else if (!looks) {
      looks = person < 1 - top[n];
    }
    sum.person += Number(looks);
    sum.answered += Number(!looks);
    sum.wrong += Number(!looks && action !== k);
    sum.mean += looks ? person : of(action);
  });
  const n = Math.max(1, truth.length);
  return { ...sum, mean: sum.mean / n, line: sum.line / n };
}

/** Must say the same as report.py's `_bill_told`. */
export function billTold({ answered, wrong, person, mean, line }, looking) {
  return (
    `${answered} answered, ${wrong} of them wrong; ${person} go to a person. ` +
    `Mean cost of a picture: ${mean.toFixed(3)}. With the line alone: ${line.toFixed(3)}; ` +
    `if a person looked at all: ${looking.toFixed(3)}.`
  );
}

/** Must say the same as report.py's `_step_told`. */
export function stepTold([probability, answered, wrong], n) {
  return (
    `Answer where the probability is ${(100 * probability).toFixed(1)} % or more: ${answered} of ${n} are answered, ` +
    `${wrong} of them wrong (${((100 * wrong) / answered).toFixed(1)} %); ${n - answered} are not answered.`
  );
}

// --- the page ---

function answerLess({ steps, truth }) {
  const slider = document.querySelector("#sure input");
  if (!slider) return;
  const [dot, curve] = [".here", ".curve"].map((part) => document.querySelector(`#sure ${part}`));
  const points = curve.getAttribute("d").slice(1).split("L").map((point) => point.split(" "));
  const show = () => {
    const at = Number(slider.value);
    const said = stepTold(steps[at], truth.length);
    document.querySelector("#sure output").textContent = said;
    slider.setAttribute("aria-valuetext", said);
    dot.setAttribute("cx", points[at][0]);
    dot.setAttribute("cy", points[at][1]);
  };
  slider.addEventListener("input", show);
  show();
}

function costs(data) {
  const person = document.querySelector("#cost .person");
  if (!person) return;
  const cells = [...document.querySelectorAll("#cost [data-true]")];
  const value = (input) => Math.max(0, Number(input.value) || 0);
  const show = () => {
    let cost = null;
    if (data.probabilities) {
      cost = data.probabilities[0].map((_, k) => data.probabilities[0].map(() => 0));
      for (const input of cells) cost[Number(input.dataset.true)][Number(input.dataset.answer)] = value(input);
    }
    document.querySelector("#cost output").textContent = billTold(bill(data, cost, value(person)), value(person));
  };
  for (const input of [person, ...cells]) input.addEventListener("input", show);
  show();
}

if (globalThis.document) {
  const data = JSON.parse(document.querySelector("#data").textContent);
  document.documentElement.classList.add("scripted");
  answerLess(data);
  costs(data);
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => (one.open = true)));
}
