// What differs between two slices, with an interval of its own. Every number has noise drawn by itself, whether of two
// hours or of two releases, so the half widths of the two intervals add up as squares. It is the rule of
// `shoal derive change` with a baseline of one number (docs/definitions.md, "Difference").

import type { Slice } from "../data/types";

export type Measure = "absolute" | "percent" | "density";
export const MEASURES: readonly Measure[] = ["absolute", "percent", "density"];

/** A number with its interval. */
export interface Known {
  value: number;
  lower: number;
  upper: number;
}

/**
 * `now` less `then`, place by place; NaN where nothing may be said, infinite ends where the noise leaves them open.
 * `areas` in km² are asked for by "density" alone.
 */
export function difference(now: Slice, then: Slice, measure: Measure, areas: Float64Array | null): Slice {
  const count = now.value.length;
  const made: Slice = {
    value: new Float32Array(count).fill(Number.NaN),
    lower: new Float32Array(count).fill(Number.NaN),
    upper: new Float32Array(count).fill(Number.NaN),
    suppressed: new Uint8Array(count),
  };
  for (let at = 0; at < count; at++) {
    made.suppressed[at] = now.suppressed[at]! | then.suppressed[at]!;
    if (made.suppressed[at]) continue;
    const found = between(knownAt(now, at), knownAt(then, at), measure, areas?.[at] ?? Number.NaN);
    made.value[at] = found.value;
    made.lower[at] = found.lower;
    made.upper[at] = found.upper;
  }
  return made;
}

/** The middle of the interval is the number as it was measured: consistent ones have been drawn towards each other. */
export function between(now: Interval, then: Interval, measure: Measure, area = Number.NaN): Known {
  const [a, b] = [measured(now), measured(then)];
  if (measure === "percent") return percent(a, b);
  const per = measure === "density" ? area : 1;
  const value = (a.value - b.value) / per;
  const half = Math.hypot(a.half, b.half) / per;
  return { value, lower: value - half, upper: value + half };
}

type Interval = Pick<Known, "lower" | "upper">;

function knownAt(slice: Slice, at: number): Interval {
  return { lower: slice.lower[at]!, upper: slice.upper[at]! };
}

function measured({ lower, upper }: Interval): Measured {
  return { value: (lower + upper) / 2, half: (upper - lower) / 2 };
}

interface Measured {
  value: number;
  half: number;
}

/** a / b - 1 in percent. Fieller 1954, as src/shoal/estimate/ratio.py: all ratios that the noise leaves possible. */
function percent(a: Measured, b: Measured): Known {
  if (!(b.value > 0))
    return { value: Number.NaN, lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
  const square = b.value ** 2 - b.half ** 2;
  const middle = a.value * b.value;
  const value = (a.value / b.value - 1) * 100;
  if (!(square > 0)) return { value, lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
  const reach = Math.sqrt(Math.max(0, middle ** 2 - square * (a.value ** 2 - a.half ** 2)));
  return {
    value,
    lower: ((middle - reach) / square - 1) * 100,
    upper: ((middle + reach) / square - 1) * 100,
  };
}
