// From a number and its interval to a colour that does not say more than the number knows: a value-suppressing
// palette (Correll, Moritz and Heer 2018). The wider the interval beside the value, the fewer steps are told apart and
// the paler they are; what noise alone explains is hatched.

/** How well a number is known: 0 well, 1 roughly, 2 not told from zero. */
export type Certainty = 0 | 1 | 2;

/** Steps that are told apart, by certainty. */
const STEPS = [8, 4, 2] as const;
/** How far each certainty fades towards the paper. */
const FADE = [0, 0.3, 0.66] as const;

// Dark teal to ink on paper, and pale gold on slate at night: lightness changes evenly, readable without red and green.
const DAY = ["#e3eadb", "#c3dccb", "#97c8bf", "#68afb5", "#4291a8", "#2f7096", "#27507c", "#1f3158"];
const NIGHT = ["#23343d", "#2a4953", "#2f6067", "#3d7976", "#5f9280", "#8eaa86", "#c2c08d", "#f3dfa2"];
const PAPER = { day: "#f6f3ec", night: "#1a2126" };

export type Rgb = readonly [number, number, number];

/**
 * Neither the interval nor one of its width around the number may reach zero. The number lies below its interval where
 * all others say that what was measured was mostly noise: of many intervals one in forty is above zero by chance.
 */
export function certainty(value: number, lower: number, upper: number): Certainty {
  if (lower <= 0 || value <= (upper - lower) / 2) return 2;
  return upper - lower > value ? 1 : 0;
}

/** A round number that most values stay below: the top of the scale. Above it there is one colour, and the legend says so. */
export function scaleTop(values: Float32Array): number {
  const known = values.filter((value) => value > 0).sort();
  if (known.length === 0) return 1;
  return roundUp(known[Math.min(known.length - 1, Math.floor(known.length * 0.995))]!);
}

export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((one) => one * power >= value)!;
  return step * power;
}

/** Where a value stands on the scale, 0 to 1: by its square root, so that small places differ too. */
export function position(value: number, top: number): number {
  return Math.sqrt(Math.min(1, Math.max(0, value / top)));
}

/** The value at a position; the inverse of `position`. */
export function valueAt(at: number, top: number): number {
  return at * at * top;
}

/** The palette as bytes: palette(dark)[certainty][step]. */
export function palette(dark: boolean): readonly (readonly Rgb[])[] {
  const ramp = (dark ? NIGHT : DAY).map(parse);
  const paper = parse(dark ? PAPER.night : PAPER.day);
  return STEPS.map((steps, level) =>
    Array.from({ length: steps }, (_, step) => {
      const at = ((step + 0.5) / steps) * ramp.length - 0.5;
      return mix(between(ramp, at), paper, FADE[level]!);
    }),
  );
}

/** Step of a value among the steps of its certainty. */
export function step(value: number, top: number, known: Certainty): number {
  return Math.min(STEPS[known] - 1, Math.floor(position(value, top) * STEPS[known]));
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

export function parse(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function between(ramp: Rgb[], at: number): Rgb {
  const low = Math.max(0, Math.min(ramp.length - 1, Math.floor(at)));
  return mix(ramp[low]!, ramp[Math.min(ramp.length - 1, low + 1)]!, Math.max(0, at - low));
}

export function mix(a: Rgb, b: Rgb, share: number): Rgb {
  const part = (at: 0 | 1 | 2) => Math.round(a[at] + (b[at] - a[at]) * share);
  return [part(0), part(1), part(2)];
}
