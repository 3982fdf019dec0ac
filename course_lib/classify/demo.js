// The network answers here, in the page. Pictures are read, scaled and forgotten; nothing is sent, and the page's
// policy forbids it.

/**
 * `picture`: { data: RGBA, width, height } → RGB bytes [side, side, 3]: the shorter side scaled to `side`, the middle
 * cut out, by triangles as wide as a pixel of the result, on white where it is transparent: what `data.read_picture`
 * does (Pillow's ImageOps.fit, bilinear), so that the page answers as `course predict`.
 */
export function fitted({ data, width, height }, side) {
  const shorter = Math.min(width, height);
  const across = weights(width, (width - shorter) / 2, shorter, side);
  const down = weights(height, (height - shorter) / 2, shorter, side);
  const rows = new Uint8ClampedArray(height * side * 3);
  for (let y = down[0].from; y < down[side - 1].to; y++) {
    for (let x = 0; x < side; x++) {
      const { from, to, share } = across[x];
      const sum = [0, 0, 0];
      for (let at = from; at < to; at++) {
        const place = (y * width + at) * 4;
        const opaque = data[place + 3] / 255;
        for (let c = 0; c < 3; c++) sum[c] += share[at - from] * (data[place + c] * opaque + 255 * (1 - opaque));
      }
      for (let c = 0; c < 3; c++) rows[(y * side + x) * 3 + c] = Math.floor(sum[c] + 0.5);
    }
  }
  const out = new Uint8ClampedArray(side * side * 3);
  for (let y = 0; y < side; y++) {
    const { from, to, share } = down[y];
    for (let place = 0; place < side * 3; place++) {
      let sum = 0;
      for (let at = from; at < to; at++) sum += share[at - from] * rows[at * side * 3 + place];
      out[y * side * 3 + place] = Math.floor(sum + 0.5);
    }
  }
  return new Uint8Array(out.buffer);
}

/** For each of `side` pixels: which of the `size` it is made of, and how much of each. */
export function weights(size, start, length, side) {
  const scale = length / side;
  const support = Math.max(scale, 1);
  return Array.from({ length: side }, (_, k) => {
    const center = start + (k + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - support + 0.5));
    const to = Math.min(size, Math.trunc(center + support + 0.5));
    const share = [];
    for (let at = from; at < to; at++) share.push(Math.max(0, 1 - Math.abs((at - center + 0.5) / support)));
    const sum = share.reduce((a, b) => a + b, 0);
    return { from, to, share: share.map((one) => one / sum) };
  });
}

/** Positions of the largest, the largest first. */
export function likeliest(probabilities, n) {
  return [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, n);
}

// --- the page ---

const BARS = 5;
const LARGEST = 4096; // pixels a side that are looked at: a phone's photograph is 4,000, and memory is not endless
const EVERY_MS = 250; // of the camera

function bytes(text) {
  const letters = atob(text);
  const found = new Uint8Array(letters.length);
  for (let k = 0; k < letters.length; k++) found[k] = letters.charCodeAt(k);
  return found;
}

function part(name) {
  const element = document.getElementById(name);
  const text = element.textContent;
  element.remove(); // megabytes that nobody needs twice
  return bytes(text);
}

async function unpacked(name) {
  const stream = new Blob([part(name)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function started() {
  const address = URL.createObjectURL(new Blob([part("runtime")], { type: "text/javascript" }));
  const ort = await import(address);
  URL.revokeObjectURL(address);
  ort.env.wasm.numThreads = 1; // more would need headers that a file does not have
  ort.env.wasm.proxy = false;
  ort.env.wasm.wasmBinary = (await unpacked("wasm")).buffer;
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(await unpacked("network"), { executionProviders: ["wasm"] });
  return { ort, session };
}

function page({ ort, session }, { classes, stored }) {
  const [status, seen, answer, told, table, canvas] = ["status", "seen", "answer", "told", "table", "canvas"].map(
    (id) => document.getElementById(id),
  );
  const video = document.createElement("video");
  const work = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  let busy = Promise.resolve();

  /** The pixels of a bitmap or a video, no larger than `LARGEST`. */
  function pixels(source, width, height) {
    const share = Math.min(1, LARGEST / Math.max(width, height));
    work.canvas.width = Math.max(1, Math.round(width * share));
    work.canvas.height = Math.max(1, Math.round(height * share));
    work.drawImage(source, 0, 0, work.canvas.width, work.canvas.height);
    return work.getImageData(0, 0, work.canvas.width, work.canvas.height);
  }

  function paint(rgb) {
    canvas.width = canvas.height = stored;
    const image = new ImageData(stored, stored);
    for (let k = 0; k < stored * stored; k++) image.data.set([rgb[3 * k], rgb[3 * k + 1], rgb[3 * k + 2], 255], 4 * k);
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  async function ask(picture) {
    const rgb = fitted(picture, stored);
    paint(rgb);
    const input = new ort.Tensor("uint8", rgb, [1, stored, stored, 3]);
    const found = await session.run({ pictures: input });
    return {
      probabilities: [...found.probabilities.data],
      score: found.score.data[0],
      accepted: Boolean(found.accepted.data[0]),
    };
  }

  function show({ probabilities, score, accepted }) {
    const [first, ...others] = likeliest(probabilities, BARS);
    seen.hidden = false;
    answer.classList.toggle("none", !accepted);
    answer.textContent = accepted ? classes[first] : "none of these";
    answer.dataset.probability = probabilities[first];
    told.textContent = accepted
      ? `${(100 * probabilities[first]).toFixed(1)} % sure.`
      : `Too unlike the pictures it learned from (score ${score.toPrecision(4)}). If it had to answer: ${classes[first]}.`;
    table.replaceChildren(...[first, ...others].map((k) => bar(classes[k], probabilities[k])));
  }

  function bar(name, p) {
    const row = document.createElement("tr");
    const head = row.appendChild(document.createElement("th"));
    head.scope = "row";
    head.textContent = name;
    const meter = row.appendChild(document.createElement("td")).appendChild(document.createElement("meter"));
    meter.value = p;
    meter.setAttribute("aria-label", name);
    row.appendChild(document.createElement("td")).textContent = `${(100 * p).toFixed(1)} %`;
    return row;
  }

  /** One after the other: the network answers one picture at a time. */
  function answered(get) {
    busy = busy.then(async () => {
      try {
        show(await ask(await get()));
        status.textContent = "";
      } catch (error) {
        status.textContent = error.message;
      }
    });
    return busy;
  }

  function ofFile(file) {
    stopCamera();
    return answered(async () => {
      let bitmap;
      try {
        bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
      } catch {
        throw new Error(`${file.name} is no picture that this browser can read. Try a JPEG or a PNG.`);
      }
      const found = pixels(bitmap, bitmap.width, bitmap.height);
      bitmap.close();
      return found;
    });
  }

  // --- file, drop, paste, camera ---

  const input = document.getElementById("file");
  document.getElementById("choose").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    if (input.files[0]) ofFile(input.files[0]);
    input.value = "";
  });
  const drop = document.getElementById("drop");
  addEventListener("dragover", (event) => (event.preventDefault(), drop.classList.add("over")));
  addEventListener("dragleave", () => drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const file = event.dataTransfer.files[0];
    if (file) ofFile(file);
    else status.textContent = "That was no file. Save the picture first, then drop the file.";
  });
  addEventListener("paste", (event) => event.clipboardData.files[0] && ofFile(event.clipboardData.files[0]));

  const camera = document.getElementById("camera");
  let stream = null;
  function stopCamera() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    camera.textContent = "Use the camera";
  }
  async function watch() {
    while (stream) {
      if (video.videoWidth) await answered(() => pixels(video, video.videoWidth, video.videoHeight));
      await new Promise((done) => setTimeout(done, EVERY_MS));
    }
  }
  camera.addEventListener("click", async () => {
    if (stream) return stopCamera();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch (error) {
      const why = error.name === "NotFoundError" ? "there is none" : "this browser did not allow it for this page";
      status.textContent = `No camera: ${why}. Choose or drop a file instead.`;
      return undefined;
    }
    video.muted = video.playsInline = true;
    video.srcObject = stream;
    await video.play();
    camera.textContent = "Stop the camera";
    return watch();
  });

  for (const button of document.querySelectorAll("button")) button.disabled = false;
  status.textContent = "";
  document.documentElement.dataset.ready = "true";
}

if (globalThis.document) {
  const about = JSON.parse(document.getElementById("about").textContent);
  started()
    .then((network) => page(network, about))
    .catch((error) => {
      document.getElementById("status").textContent =
        `The network could not be started in this browser (${error.message}). ` +
        "It wants WebAssembly and DecompressionStream: Chrome or Edge 85, Firefox 113, Safari 16.4, or newer.";
    });
}
