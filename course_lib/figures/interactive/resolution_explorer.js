// A picture in size × size blocks, and the probabilities that go with each size. The Python file beside it says more.

// --- arithmetic: pure, checked against Python by node's test runner ---

/** Means of RGB bytes [side, side, 3] over size × size blocks, as RGBA bytes. Whole numbers, halves up. */
export function blockAverage(pixels, side, size) {
  const step = side / size, count = step * step;
  const blocks = new Uint8ClampedArray(4 * size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const target = 4 * (row * size + column);
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let y = row * step; y < (row + 1) * step; y++) {
          for (let x = column * step; x < (column + 1) * step; x++) sum += pixels[3 * (y * side + x) + channel];
        }
        blocks[target + channel] = Math.floor((2 * sum + count) / (2 * count));
      }
      blocks[target + 3] = 255;
    }
  }
  return blocks;
}

/** "16×16 pixels: Highway, 83 %" */
export function title(size, classes, probabilities, note) {
  const first = likeliest(probabilities);
  const answer = `${size}×${size} pixels: ${classes[first]}, ${percent(probabilities[first])}`;
  return note ? `${answer} (${note})` : answer;
}

// --- DOM ---

export default live(["position"], ({ model, root }) => {
  const [side, sizes, classes] = ["side", "sizes", "classes"].map((name) => model.get(name));
  const pixels = array(model.get("pixels"), Uint8Array);

  const heading = addTitle(root);
  const sides = add(root, "div", "cnnsee-sides");
  const canvas = addCanvas(sides, side, side, 300, "");
  const paintBars = addBars(sides, classes, model.get("truth"));

  // --- paint ---

  return () => {
    const size = sizes[model.get("position")];
    const probabilities = model.get("probabilities")[model.get("position")];
    heading.textContent = title(size, classes, probabilities, model.get("note"));
    putPixels(canvas, blockAverage(pixels, side, size), size, size); // the style sheet enlarges it with hard edges
    canvas.setAttribute("aria-label", `The picture in ${size}×${size} blocks`);
    paintBars(probabilities);
  };
});
