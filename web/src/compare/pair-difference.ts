// What differs between two tables of pairs, pair by pair, with an interval of its own.

import { type Pair, standingPairs } from "../data/pairs";
import type { Pairs } from "../data/types";
import { between, type Measure } from "./difference";
import { standingOut } from "./standing";

/** `now` less `then`; NaN where one of them says nothing. `sure`: noise does not explain that they differ. */
export function pairDifference(now: Pairs, then: Pairs, measure: Measure, laplace: boolean): Pairs {
  const rows = rowsBeside(now, then);
  const count = now.value.length;
  const [value, lower, upper, plain, half] = Array.from({ length: 5 }, () =>
    new Float32Array(count).fill(Number.NaN),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
  for (let row = 0; row < count; row++) {
    const other = rows[row]!;
    if (other < 0 || Number.isNaN(now.value[row]!) || Number.isNaN(then.value[other]!)) continue;
    const [a, b] = [at(now, row), at(then, other)];
    const known = between(a, b, "absolute");
    plain[row] = known.value;
    half[row] = (known.upper - known.lower) / 2;
    const shown = measure === "percent" ? between(a, b, "percent") : known;
    value[row] = shown.value;
    lower[row] = shown.lower;
    upper[row] = shown.upper;
  }
  return { from: now.from, to: now.to, value, lower, upper, sure: standingOut(plain, half, laplace) };
}

const at = ({ lower, upper }: Pairs, row: number) => ({ lower: lower[row]!, upper: upper[row]! });

/** Row of the same pair in the other table; -1 where it has none. */
function rowsBeside(now: Pairs, then: Pairs): Int32Array {
  if (now.from === then.from) return Int32Array.from(now.from, (_, row) => row);
  const known = new Map<string, number>();
  then.from.forEach((from, row) => {
    known.set(`${from} ${then.to[row]}`, row);
  });
  return Int32Array.from(now.from, (from, row) => known.get(`${from} ${now.to[row]}`) ?? -1);
}

/** The differences that noise does not explain, the largest first; of one place those of a direction. */
export function sureChanges(
  change: Pairs,
  most: number,
  place = -1,
  direction: "out" | "in" = "out",
): Pair[] {
  return standingPairs(change, place, direction)
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, most);
}
