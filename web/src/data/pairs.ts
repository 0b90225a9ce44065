// Questions to the pairs of one time.

import { certainty } from "../map/colour";
import type { Pairs, Slice } from "./types";

/** One pair, for lists and arrows. */
export interface Pair {
  from: number;
  to: number;
  value: number;
  lower: number;
  upper: number;
}

/** The pairs that noise does not explain and that lead elsewhere; of one place those of a direction, null: of both. */
export function standingPairs(pairs: Pairs, place: number, direction: "out" | "in" | null): Pair[] {
  const found: Pair[] = [];
  for (let row = 0; row < pairs.value.length; row++) {
    const [from, to] = [pairs.from[row]!, pairs.to[row]!];
    if (!pairs.sure[row] || from === to || from < 0 || to < 0) continue;
    if (place >= 0 && (direction === "in" ? to : from) !== place && (direction !== null || to !== place))
      continue;
    found.push({ from, to, value: pairs.value[row]!, lower: pairs.lower[row]!, upper: pairs.upper[row]! });
  }
  return found;
}

/**
 * The pairs that noise does not explain, given how many there are, the largest first. Of thousands of pairs the
 * intervals of one in forty lie above zero by chance: those are not meant. Nor are those whose colour would say that
 * they can't be told from zero.
 */
export function surePairs(
  pairs: Pairs,
  most: number,
  place = -1,
  direction: "out" | "in" | null = null,
): Pair[] {
  return standingPairs(pairs, place, direction)
    .filter(({ value, lower, upper }) => certainty(value, lower, upper) !== 2)
    .sort((a, b) => b.value - a.value)
    .slice(0, most);
}

/** What goes from a place to each other, or comes from each to it, as a slice over all places. */
export function endsOf(pairs: Pairs, place: number, direction: "out" | "in", count: number): Slice {
  const slice: Slice = {
    value: new Float32Array(count).fill(Number.NaN),
    lower: new Float32Array(count).fill(Number.NaN),
    upper: new Float32Array(count).fill(Number.NaN),
    suppressed: new Uint8Array(count),
  };
  const [here, there] = direction === "out" ? [pairs.from, pairs.to] : [pairs.to, pairs.from];
  for (let row = 0; row < pairs.value.length; row++) {
    const at = there[row]!;
    if (here[row] !== place || at < 0) continue;
    if (Number.isNaN(pairs.value[row]!)) slice.suppressed[at] = 1;
    slice.value[at] = pairs.value[row]!;
    slice.lower[at] = pairs.lower[row]!;
    slice.upper[at] = pairs.upper[row]!;
  }
  return slice;
}
