// Which differences noise does not explain, given how many there are: the rule of src/shoal/estimate/standout.py, on both
// sides of zero. Of a hundred thousand differences five thousand are larger than their interval by chance.

/** Half of a 95 % interval in standard deviations of its noise. */
const GAUSSIAN = 1.959964;
const LAPLACE = Math.log(20) / Math.SQRT2;
/** Of those that are chosen, at most so many are really none, on average. */
const SHARE = 0.01;

/**
 * Benjamini and Hochberg 1995: of the tails in ascending order the k-th stands out where one at or after it is at most
 * SHARE * k / n. Of sums of Laplace noise the tail of one with their variance is the longer, which errs on the safe side.
 */
export function standingOut(value: Float32Array, half: Float32Array, laplace: boolean): Uint8Array {
  const tails = Float64Array.from(value, (one, at) => {
    const sizes = Math.abs(one) / half[at]!;
    return laplace ? Math.exp(-Math.SQRT2 * LAPLACE * sizes) : 2 * gaussianTail(GAUSSIAN * sizes);
  });
  const known = tails.filter((tail) => !Number.isNaN(tail)).sort();
  let last = known.length - 1;
  while (last >= 0 && known[last]! > (SHARE * (last + 1)) / known.length) last--;
  return Uint8Array.from(tails, (tail) => (last >= 0 && tail <= known[last]! ? 1 : 0));
}

/** Chance of more than so many standard deviations (Laplace's continued fraction). Below two it decides nothing: 1. */
function gaussianTail(deviations: number): number {
  if (Number.isNaN(deviations)) return deviations;
  if (deviations < 2) return 1;
  let fraction = deviations;
  for (let at = 40; at > 0; at--) fraction = deviations + at / fraction;
  return Math.exp(-(deviations ** 2) / 2) / Math.sqrt(2 * Math.PI) / fraction;
}
