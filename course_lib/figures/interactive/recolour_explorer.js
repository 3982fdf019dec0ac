// A picture whose colours, layout and scale are changed by slider, and a model's answer to the result.

// --- arithmetic: pure, checked against Python by node's test runner ---

/** RGB, each 0–1 → [hue in degrees, saturation, value]; the hue of a grey is 0. */
export function rgbToHsv(red, green, blue) {
  const low = Math.min(red, green, blue), high = Math.max(red, green, blue), chroma = high - low;
  if (chroma <= 1e-5) return [0, high > 0 ? chroma / high : 0, high];
  let sixths = 5 * chroma + red - blue;
  if (red === low) sixths = 3 * chroma + blue - green;
  if (blue === low) sixths = chroma + green - red;
  return [((60 * sixths) / chroma) % 360, chroma / high, high];
}

/** Back from `rgbToHsv`; the hue may be any number of degrees. */
export function hsvToRgb(hue, saturation, value) {
  const sixths = (((hue / 60) % 6) + 6) % 6;
  const pure = [Math.abs(sixths - 3) - 1, 2 - Math.abs(sixths - 2), 2 - Math.abs(sixths - 4)];
  return pure.map((one) => value * (1 + saturation * (Math.min(Math.max(one, 0), 1) - 1)));
}

const within = (value) => Math.min(Math.max(value, 0), 1);

/** The picture in a state, as RGBA bytes. `rgb` are bytes [side, side, 3]. As `RecolourExplorer.changed` in Python. */
export function change(rgb, side, state, { scales, patches, orders }) {
  const [hue, saturation, brightness, withoutColour, patch, scale] = state;
  const factor = scales[scale], shift = (side - side / factor) / 2;
  const plain = hue === 0 && saturation === 100 && brightness === 100;
  const size = patches[patch] || side, columns = side / size, order = patch ? orders[patch] : [0];
  const bytes = new Uint8ClampedArray(4 * side * side).fill(255);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const piece = order[Math.floor(y / size) * columns + Math.floor(x / size)]; // which piece stands here
      const fromY = Math.floor(piece / columns) * size + (y % size), fromX = (piece % columns) * size + (x % size);
      const from = 3 * ((shift + Math.floor(fromY / factor)) * side + shift + Math.floor(fromX / factor));
      let [r, g, b] = [rgb[from], rgb[from + 1], rgb[from + 2]];
      if (!plain) {
        const [h, s, v] = rgbToHsv(r / 255, g / 255, b / 255);
        const turned = hsvToRgb(h + hue, within(s * (saturation / 100)), within(v * (brightness / 100)));
        [r, g, b] = turned.map((one) => Math.floor(255 * one + 0.5));
      }
      // In float32, as Python has it: a half is rounded to the even number.
      if (withoutColour) r = g = b = even(Math.fround(Math.fround(luma(r, 0) + luma(g, 1)) + luma(b, 2)));
      bytes.set([r, g, b], 4 * (y * side + x));
    }
  }
  return bytes;
}

const WEIGHTS = [0.299, 0.587, 0.114].map(Math.fround); // ITU-R BT.601
const luma = (value, channel) => Math.fround(value * WEIGHTS[channel]);
const even = (value) => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

/** The change in words: "hue +40°, grey". */
export function words([hue, saturation, brightness, withoutColour, patch, scale], { patches, scales }) {
  const parts = [
    hue ? `hue ${hue > 0 ? "+" : "−"}${Math.abs(hue)}°` : "",
    saturation !== 100 ? `saturation ${saturation} %` : "",
    brightness !== 100 ? `brightness ${brightness} %` : "",
    withoutColour ? "grey" : "",
    patch ? `patches of ${patches[patch]} pixels shuffled` : "",
    scale ? `enlarged ${scales[scale]}×` : "",
  ];
  return parts.filter(Boolean).join(", ") || "As it is";
}

/** "hue +40°: Highway, 83 % (as it is: River, 90 %)". `now` is null while there is no answer. */
export function title(said, classes, now, plain, alive) {
  const told = (answer) => `${classes[likeliest(answer)]}, ${percent(Math.max(...answer))}`;
  if (!now) return `${said}: ${alive ? "asking the model" : "only a running kernel answers to a mixture of changes"}`;
  return said === "As it is" ? `${said}: ${told(now)}` : `${said}: ${told(now)} (as it is: ${told(plain)})`;
}

// --- DOM ---

const TRAITS = ["hue", "saturation", "brightness", "without_colour", "patch", "scale"];
const NEUTRAL = [0, 100, 100, false, 0, 0];

export default live([...TRAITS, "answer"], ({ model, root }) => {
  const [side, patches, scales, orders, classes] = ["side", "patches", "scales", "orders", "classes"].map((t) => model.get(t));
  const rgb = array(model.get("pixels"), Uint8Array);
  const numbers = array(model.get("answers"), Float32Array);
  const known = new Map(model.get("singles").map((state, place) => [String(state), place]));
  const alive = hasKernel(model);
  if (!alive) model.set("alive", false);

  const heading = addTitle(root);
  heading.style.minHeight = "2.8em"; // two lines: else the picture would jump from under the pointer
  const sides = add(root, "div", "cnnsee-sides");
  const pictures = add(sides, "div");
  const canvas = addCanvas(pictures, side, side, 270, "The changed picture");
  const below = add(pictures, "div", "cnnsee-sides");
  below.style.marginTop = "8px";
  const original = addCanvas(below, side, side, 96, "The picture as it is");
  const reset = add(below, "button", "cnnsee-button", "Back to the picture as it is", { type: "button" });
  const paintBars = addBars(sides, classes, model.get("truth"));
  const note = model.get("note") ? ` The picture is ${model.get("note")}.` : "";
  add(root, "p", "cnnsee-note", `Which change alters the answer, and which one leaves it alone?${note}`);
  putPixels(original, change(rgb, side, NEUTRAL, { scales, patches, orders }), side, side);

  // --- paint ---

  /** The answer that was computed before, or the model's, or null. */
  function answer(state) {
    const k = classes.length, place = known.get(String(state));
    if (place !== undefined) return [...numbers.subarray(place * k, (place + 1) * k)];
    const told = model.get("answer");
    if (String(told.asked) === String(state)) return told.probabilities;
    if (alive && String(model.get("asked")) !== String(state)) choose(model, { asked: state });
    return null;
  }

  let painted = "";
  function paint() {
    const state = TRAITS.map((trait) => model.get(trait));
    const now = answer(state);
    heading.textContent = title(words(state, { patches, scales }), classes, now, answer(NEUTRAL), alive);
    if (now) paintBars(now);
    if (painted === String(state)) return;
    painted = String(state);
    putPixels(canvas, change(rgb, side, state, { scales, patches, orders }), side, side);
    canvas.setAttribute("aria-label", `The picture: ${words(state, { patches, scales })}`);
  }

  // --- pointer and keyboard ---

  reset.addEventListener("click", () => {
    choose(model, Object.fromEntries(TRAITS.map((trait, place) => [trait, NEUTRAL[place]])));
  });

  return paint;
});
