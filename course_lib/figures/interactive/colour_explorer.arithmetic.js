// One colour in six spaces, where it sits in each, and in which channel two classes of pictures come apart.

// --- arithmetic: pure, checked against Python by node's test runner ---

const RESOLUTION = 1e-5, KNEE = 6 / 29; // as in course_lib.pixels.colour, where every formula has its source
/** 0 ≤ … < by, also of what is negative. */
function modulo(value, by) {
  const rest = value - by * Math.floor(value / by); // faster than %
  return rest < by ? rest : 0;
}
const within = (value, low, high) => Math.min(Math.max(value, low), high);
const mix = (m, x, y, z) => [
  m[0][0] * x + m[0][1] * y + m[0][2] * z,
  m[1][0] * x + m[1][1] * y + m[1][2] * z,
  m[2][0] * x + m[2][1] * y + m[2][2] * z,
];
const light = (v) => (v > 0.04045 ? ((v + 0.055) / 1.055) ** 2.4 : v / 12.92);
const stored = (v) => (v > 0.0031308 ? 1.055 * v ** (1 / 2.4) - 0.055 : 12.92 * v);
const TABLE = Float32Array.from({ length: 4096 }, (_, k) => stored(k / 4095));
/** `stored` to half an 8-bit step, beyond 1 only more than 1: for the thousands of colours of a plane. */
const nearlyStored = (v) => (v <= 0 ? 12.92 * v : v <= 1 ? TABLE[(4095 * v + 0.5) | 0] : v);

/** Hue of HSV and HSL, the smallest and the largest channel. */
function hueLowHigh(r, g, b) {
  const low = Math.min(r, g, b), high = Math.max(r, g, b), chroma = high - low;
  let sixths = 5 * chroma + r - b;
  if (r === low) sixths = 3 * chroma + b - g;
  if (b === low) sixths = chroma + g - r;
  return [chroma > RESOLUTION ? modulo((60 * sixths) / chroma, 360) : 0, low, high];
}

/** RGB of a hue at its most colourful. */
function pure(hue) {
  const sixths = modulo(hue / 60, 6);
  const fill = (value) => within(value, 0, 1);
  return [fill(Math.abs(sixths - 3) - 1), fill(2 - Math.abs(sixths - 2)), fill(2 - Math.abs(sixths - 4))];
}

const cube = (v) => v * v * v; // v ** 3 takes several times as long
const SLOPE = 3 * KNEE * KNEE;
const labCurve = (v) => (v > cube(KNEE) ? Math.cbrt(v) : v / SLOPE + 4 / 29);
const labLine = (v) => (v > KNEE ? cube(v) : SLOPE * (v - 4 / 29));
const luma = (r, g, b) => 0.299 * r + 0.587 * g + 0.114 * b;

/** {space: {from(r, g, b), to(x, y, z)}}: sRGB, 0–1, to each space and back, in the units of `SPACES` in Python. */
export function converters(m, store = stored) {
  const storedAll = ([r, g, b]) => [store(r), store(g), store(b)];
  return {
    rgb: { from: (r, g, b) => [r, g, b], to: (r, g, b) => [r, g, b] },
    hsv: {
      from(r, g, b) {
        const [hue, low, high] = hueLowHigh(r, g, b);
        return [hue, (high - low) / (high > 0 ? high : 1), high];
      },
      to(hue, saturation, value) {
        const [r, g, b] = pure(hue), faded = (full) => value * (1 + saturation * (full - 1));
        return [faded(r), faded(g), faded(b)];
      },
    },
    hsl: {
      from(r, g, b) {
        const [hue, low, high] = hueLowHigh(r, g, b);
        const room = Math.min(high + low, 1 - high + (1 - low));
        return [hue, (high - low) / (room > 0 ? room : 1), (high + low) / 2];
      },
      to(hue, saturation, lightness) {
        const [r, g, b] = pure(hue), chroma = saturation * 2 * Math.min(lightness, 1 - lightness);
        return [lightness + chroma * (r - 0.5), lightness + chroma * (g - 0.5), lightness + chroma * (b - 0.5)];
      },
    },
    ycbcr601: {
      from(r, g, b) {
        const y = luma(r, g, b);
        return [y, (b - y) / (2 - 2 * 0.114), (r - y) / (2 - 2 * 0.299)];
      },
      to(y, cb, cr) {
        const r = y + (2 - 2 * 0.299) * cr, b = y + (2 - 2 * 0.114) * cb;
        return [r, (y - 0.299 * r - 0.114 * b) / 0.587, b];
      },
    },
    lab: {
      from(r, g, b) {
        const [x, y, z] = mix(m.toXyz, light(r), light(g), light(b)).map(labCurve);
        return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
      },
      to(lightness, a, b) {
        const y = (lightness + 16) / 116;
        return storedAll(mix(m.fromXyz, labLine(y + a / 500), labLine(y), labLine(y - b / 200)));
      },
    },
    oklch: {
      from(r, g, b) {
        const [long, middle, short] = mix(m.toLms, light(r), light(g), light(b));
        const [lightness, x, y] = mix(m.toOklab, Math.cbrt(long), Math.cbrt(middle), Math.cbrt(short));
        const chroma = Math.sqrt(x * x + y * y), coloured = chroma > 0.4 * RESOLUTION;
        return [lightness, chroma, coloured ? modulo((Math.atan2(y, x) * 180) / Math.PI, 360) : 0];
      },
      to(lightness, chroma, hue) {
        const angle = (hue * Math.PI) / 180;
        const [l, n, s] = mix(m.fromOklab, lightness, chroma * Math.cos(angle), chroma * Math.sin(angle));
        return storedAll(mix(m.fromLms, cube(l), cube(n), cube(s)));
      },
    },
  };
}

/** Three numbers on the sliders' scales, from an sRGB colour [r, g, b], and back. */
export function numbers({ axes }, { from }, colour) {
  return from(...colour).map((value, k) => value * axes[k].scale);
}
export function toColour({ axes }, { to }, values) {
  return to(values[0] / axes[0].scale, values[1] / axes[1].scale, values[2] / axes[2].scale);
}

/** Whether a screen can show it. */
export function inGamut(colour, tolerance = 1e-4) {
  return colour.every((value) => value >= -tolerance && value <= 1 + tolerance);
}

/** The nearest number that a slider can have; of a hue 0 rather than 360. */
export function snapped({ low, high, step, digits, unit }, value) {
  const found = Number((Math.floor(within(value, low, high) / step + 0.5) * step).toFixed(digits)) + 0;
  return unit && found >= high ? 0 : found;
}

/** Whether the sliders show the colour: exactly, or each at its nearest step. */
export function agree(view, convert, values, colour) {
  if (view.cube && !inGamut(colour, 1e-6)) return false;
  if (toColour(view, convert, values).every((value, k) => Math.abs(value - colour[k]) < 1e-6)) return true;
  return numbers(view, convert, colour).every((value, k) => {
    const off = Math.abs(value - values[k]);
    return (k === view.hue ? Math.min(off, 360 - off) : off) <= 0.5001 * view.axes[k].step;
  });
}

/** The sliders for a colour, and the colour; only where no slider reaches it does the colour give way. */
export function moved(view, convert, colour) {
  const given = view.cube ? colour.map((value) => within(value, 0, 1)) : colour;
  const values = numbers(view, convert, given).map((value, k) => snapped(view.axes[k], value));
  return { values, colour: agree(view, convert, values, given) ? given : toColour(view, convert, values) };
}

/** "#1F77B4", each channel cut to 0–255. */
export function hex(colour) {
  const bytes = colour.map((value) => Math.floor(255 * within(value, 0, 1) + 0.500001));
  return `#${bytes.map((value) => value.toString(16).padStart(2, "0")).join("")}`.toUpperCase();
}

/** The colour in a space that is not the sliders'. HSV and HSL have no numbers for what is outside of sRGB. */
export function others(view, convert, colour) {
  return view.cube && view.hue >= 0 && !inGamut(colour) ? [NaN, NaN, NaN] : numbers(view, convert, colour);
}

/** "H 205°"; "H —" of NaN */
export function told({ channel, digits, unit }, value) {
  return `${channel} ${fixed(value, digits)}${Number.isNaN(value) ? "" : unit}`;
}

/** d′ with one decimal. */
export function dPrime(value) {
  if (value === null) return "—";
  return value > 99 ? ">99" : fixed(value, 1);
}

/** "HSV: H 205°, S 0.83, V 0.71 is #1F77B4. A against B: d′ H 3.4, S 0.2, V 0.1" */
export function title(view, values, colour, names, apart) {
  const numbers = view.axes.map((axis, k) => told(axis, values[k])).join(", ");
  const words = `${view.label}: ${numbers} is ${inGamut(colour) ? "" : "outside sRGB, shown cut to "}${hex(colour)}`;
  if (!names.length) return words;
  const each = view.axes.map(({ channel }, k) => `${channel} ${dPrime(apart[k])}`).join(", ");
  return `${words}. ${names[0]} against ${names[1]}: d′ ${each}`;
}

/**
 * How a plane lies in its square. `pair`: the channels across and up. A disk's angle is the hue, its edge the other
 * channel's high end. `windows` are where the pixels are: then the plane is cut to them, and no disk.
 */
export function frame(view, plane, windows) {
  const pair = view.planes[plane], [across, up] = pair.map((k) => view.axes[k]);
  const disk = plane === 0 && view.hue >= 0 && !windows;
  const ends = windows ? pair.map((k) => windows[k]) : [[across.low, across.high], [up.low, up.high]];
  return { pair, disk, turns: pair[0] === view.hue, x: ends[0], y: ends[1] };
}

/** [across, up] at a place 0–1 from the left and from the top; null outside of a disk. */
export function fromPlace({ disk, x, y }, left, top) {
  if (!disk) return [x[0] + left * (x[1] - x[0]), y[1] - top * (y[1] - y[0])];
  const right = 2 * left - 1, above = 1 - 2 * top, radius = Math.sqrt(right * right + above * above);
  return radius > 1 ? null : [modulo((Math.atan2(above, right) * 180) / Math.PI, 360), radius * y[1]];
}

/** Back from `fromPlace`: [left, top], also beyond 0–1. */
export function toPlace({ disk, turns, x, y }, across, up) {
  if (disk) {
    const angle = (across * Math.PI) / 180, radius = up / y[1] / 2;
    return [0.5 + radius * Math.cos(angle), 0.5 - radius * Math.sin(angle)];
  }
  const unrolled = turns ? nearby(across, ...x) : across;
  return [(unrolled - x[0]) / (x[1] - x[0]), (y[1] - up) / (y[1] - y[0])];
}

/** A plane through the colour as RGBA bytes [side, side]; transparent where sRGB has no such colour. */
export function planePixels(view, convert, where, values, side) {
  const bytes = new Uint8ClampedArray(4 * side * side), at = [...values];
  for (let row = 0, place = 0; row < side; row++) {
    for (let column = 0; column < side; column++, place += 4) {
      const found = fromPlace(where, (column + 0.5) / side, (row + 0.5) / side);
      if (!found) continue;
      [at[where.pair[0]], at[where.pair[1]]] = found;
      putColour(bytes, place, toColour(view, convert, at));
    }
  }
  return bytes;
}

/** What one slider runs through, as RGBA bytes [length]. */
export function stripPixels(view, convert, channel, values, length) {
  const bytes = new Uint8ClampedArray(4 * length), at = [...values], { low, high } = view.axes[channel];
  for (let k = 0; k < length; k++) {
    at[channel] = low + (k / (length - 1)) * (high - low);
    putColour(bytes, 4 * k, toColour(view, convert, at));
  }
  return bytes;
}

function putColour(bytes, place, [r, g, b]) {
  const least = -1e-4, most = 1 + 1e-4;
  if (r < least || g < least || b < least || r > most || g > most || b > most) return;
  bytes[place] = 255 * r;
  bytes[place + 1] = 255 * g;
  bytes[place + 2] = 255 * b;
  bytes[place + 3] = 255;
}

/** Numbers [3·n] on the sliders' scales of RGB bytes [3·n]; the hue of a grey is NaN. */
export function allNumbers(view, convert, bytes) {
  const found = new Float64Array(bytes.length);
  for (let place = 0; place < bytes.length; place += 3) {
    const [r, g, b] = [bytes[place], bytes[place + 1], bytes[place + 2]];
    found.set(numbers(view, convert, [r / 255, g / 255, b / 255]), place);
    if (view.hue >= 0 && r === g && g === b) found[place + view.hue] = NaN;
  }
  return found;
}

/** One channel as a grey picture: black at the low end of the window, white at its high end; clear where it is NaN. */
export function channelPixels(found, channel, [low, high], turns) {
  const bytes = new Uint8ClampedArray((found.length / 3) * 4);
  for (let place = 0; place < found.length / 3; place++) {
    const value = found[3 * place + channel];
    if (Number.isNaN(value)) continue;
    const grey = (255 * ((turns ? nearby(value, low, high) : value) - low)) / (high - low);
    bytes.fill(grey, 4 * place, 4 * place + 3);
    bytes[4 * place + 3] = 255;
  }
  return bytes;
}

/** The hue, whole turns added, that lies nearest to the middle between low and high. */
function nearby(hue, low, high) {
  const cut = (low + high) / 2 - 180;
  return hue > cut && hue <= cut + 360 ? hue : cut + modulo(hue - cut, 360);
}
