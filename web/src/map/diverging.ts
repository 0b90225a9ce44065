// More and less as two hues that nobody confuses, orange and blue, paler the less a difference is known. What noise
// alone explains is all but paper, and hatched.

import type { Slice } from "../data/types";
import { type Certainty, css, mix, parse, type Rgb, roundUp } from "./colour";

/** Steps of each side that are told apart, by certainty. */
const STEPS = [4, 2, 1] as const;
const FADE = [0, 0.35, 0.72] as const;

const DAY = {
  less: ["#c9dbe6", "#88b0ca", "#3f7ea9", "#1c4c75"],
  more: ["#f1dcc3", "#e2ad76", "#c7742f", "#894013"],
  paper: "#f6f3ec",
};
const NIGHT = {
  less: ["#2b414e", "#3f6b88", "#6aa4c9", "#b4def6"],
  more: ["#4a3729", "#8b5c32", "#d18f4b", "#fcd4a2"],
  paper: "#1a2126",
};

export interface Diverging {
  less: readonly (readonly Rgb[])[];
  more: readonly (readonly Rgb[])[];
}

/** The palette as bytes: diverging(dark).more[certainty][step]. */
export function diverging(dark: boolean): Diverging {
  const { less, more, paper } = dark ? NIGHT : DAY;
  const faded = (ramp: string[]) =>
    STEPS.map((steps, level) =>
      Array.from({ length: steps }, (_, step) => {
        const at = Math.round(((step + 0.5) / steps) * ramp.length - 0.5);
        return mix(parse(ramp[at]!), parse(paper), FADE[level]!);
      }),
    );
  return { less: faded(less), more: faded(more) };
}

/** How well a difference is known: 2 where it could be none. */
export function changeCertainty(value: number, lower: number, upper: number): Certainty {
  if (!Number.isFinite(lower) || !Number.isFinite(upper)) return 2;
  if (lower <= 0 && upper >= 0) return 2;
  return upper - lower > Math.abs(value) ? 1 : 0;
}

export function changeColour(value: number, top: number, known: Certainty, colours: Diverging): Rgb {
  const steps = STEPS[known];
  const step = Math.min(steps - 1, Math.floor((Math.abs(value) / top) * steps));
  return (value < 0 ? colours.less : colours.more)[known]![step]!;
}

/** The end of the scale on both sides: a round number that nearly all differences stay below that noise does not explain. */
export function changeTop({ value, lower, upper }: Slice): number {
  const finite = value.filter(Number.isFinite);
  const sure = value.filter(
    (one, at) => Number.isFinite(one) && changeCertainty(one, lower[at]!, upper[at]!) < 2,
  );
  const sizes = (sure.length > 0 ? sure : finite).map(Math.abs).sort();
  return sizes.length === 0 ? 1 : roundUp(sizes[Math.floor((sizes.length - 1) * 0.98)]! || 1);
}

/** The scale from the most less to the most more, for a legend. */
export function changeRamp(dark: boolean, known: Certainty): string[] {
  const { less, more } = diverging(dark);
  return [...less[known]!.toReversed(), ...more[known]!].map(css);
}
