"""What pairs of zones have in common, told from noise: a pair's number is learnt from its ends, its regions, and the
way back. Post-processing of noisy numbers: which pairs are large shows long before each stands out by itself."""

from typing import NamedTuple

import numpy as np

from shoal._arrays import Bool, Float64, Int32, Int64
from shoal.estimate.ladder import add_up

ROUNDS = 20
"""Of fitting ends and regions in turn; after ten nothing changes that noise would not hide."""
FEWEST = 100
"""Pairs below which there is next to nothing to learn from."""
CHANCE = 0.05
"""Tables of noise alone in which any number is called surprising."""
LEAST = 0.02
"""Of what is usual between regions, at least so much is expected between any two: none is ruled out."""


class Pairs(NamedTuple):
    """Which pairs the p rows of a table are.

    first, second  int32[p] each: zone of either end; ascending by (first, second), no pair twice
    group          int32[p]: which pair of regions it lies between, from 0; None: no regions are known
    """

    first: Int32
    second: Int32
    group: Int32 | None = None

    @property
    def zones(self) -> int:
        return 1 + int(max(self.first.max(), self.second.max()))

    def ways_back(self) -> Int64:
        """int64[p]: the row of the same pair the other way round; -1 for none, and for a zone with itself."""
        code = self.first.astype(np.int64) * self.zones + self.second
        back = self.second.astype(np.int64) * self.zones + self.first
        at = np.minimum(np.searchsorted(code, back), code.size - 1)
        return np.where((code[at] == back) & (self.first != self.second), at, -1)


class Expected(NamedTuple):
    """What ends and regions say of each pair, float64[p] each, 0 or more.

    usual   by all numbers
    others  by all but the pair's own
    """

    usual: Float64
    others: Float64


def like_others(pairs: Pairs, values: Float64, noise: Float64, *, laplace: bool) -> Float64:
    """The numbers, drawn towards what ends, regions and ways back explain: float64[p, m].

    values   float64[p, m]  unbiased, of p pairs at m times (and classes), with independent noise
    noise    float64[p, m]  its standard deviation
    laplace  whether the noise is Laplace; otherwise it is Gaussian

    Model   what to expect of a pair is the product of how much begins in the one zone, how much ends in the other, and
            how much there is between their regions for zones of that size (the gravity model, with a factor for each
            pair of regions in the place of a function of distance). By how much pairs differ from that is a part that
            both directions share and a part in which they differ; the variance of each grows with what is expected as
            alpha mu + phi mu^2, as counts of a negative binomial distribution do. All of it is learnt from the noisy
            numbers: where they say nothing, nothing is told apart.
    Rule    the posterior mean: what is expected, and of what a pair differs from that as much as noise does not explain
            (empirical Bayes). Several times are first added up; what comes of that is what each time is expected to be
            like. A number so far from this that noise would show one like it in `CHANCE` of all tables stays as
            measured, so that a single event is not smoothed away.
    Source  Wilson 1967, "A statistical theory of spatial distribution models"; Deming & Stephan 1940 (fitting margins
            in turn); Efron & Morris 1973, "Stein's estimation rule and its competitors" (drawing towards a regression).
    """
    if len(values) < FEWEST:
        return values
    back = pairs.ways_back()
    known = None
    if values.shape[1] > 1:
        known = np.maximum(_drawn(pairs, back, values.sum(axis=1), np.sqrt((noise**2).sum(axis=1))), 0.0)
    columns = [_drawn(pairs, back, values[:, at], noise[:, at], known) for at in range(values.shape[1])]
    common = np.stack(columns, axis=1)
    return np.where(np.abs(values - common) > surprising(values.size, laplace=laplace) * noise, values, common)


def said_by_others(pairs: Pairs, values: Float64, noise: Float64) -> Float64:
    """What all other numbers say of each, float64[p, m] of 0 or more: it owes nothing to the number's own noise.

    values, noise  as `like_others` has them

    By ends and regions without the pair itself, and what the way back differs from that as far as both ways are known
    to differ alike. What stays is how the few numbers that describe the whole table are fitted, to all pairs together.
    """
    if len(values) < FEWEST:
        return np.ones(values.shape)
    back = pairs.ways_back()
    return np.stack([_by_others(pairs, back, v, n) for v, n in zip(values.T, noise.T, strict=True)], axis=1)


def surprising(number: int, *, laplace: bool) -> float:
    """Standard deviations that the largest of so many noises exceeds, in either direction, in `CHANCE` of all cases."""
    from scipy.special import ndtri

    return float(np.log(number / CHANCE) / 2**0.5 if laplace else -ndtri(CHANCE / number / 2))


def expected(pairs: Pairs, values: Float64, noise: Float64, known: Float64 | None = None) -> Expected:
    """The gravity model fitted to one time: float64[p] each.

    known  float64[p], 0 or more: what pairs are like over all times, which this time's ends and regions multiply; then
           they are drawn towards what is usual of this time

    Pairs of a zone with itself are no part of what begins and ends in it; how much there is of them, for zones of their
    size, is one number.
    """
    first, second, z = pairs.first, pairs.second, pairs.zones
    own = first == second
    group = np.zeros_like(first) if pairs.group is None else pairs.group
    groups = 1 + int(group.max())
    shape = np.ones(len(values)) if known is None else known
    value, weight = np.where(own, 0.0, values), np.where(own, 0.0, shape)
    out, in_ = _sum(value, first, z), _sum(value, second, z)
    between, var = _sum(value, group, groups), _sum(np.where(own, 0.0, noise**2), group, groups)
    out_var, in_var = (_sum(np.where(own, 0.0, noise**2), ends, z) for ends in (first, second))
    begin, end, factor = np.maximum(out, 0.0), np.maximum(in_, 0.0), np.ones(groups)
    for _ in range(ROUNDS):
        by_end = _sum(weight * factor[group] * end[second], first, z)
        begin = _factors(out, out_var, by_end)[2] if known is not None else _ratio(out, by_end)
        by_begin = _sum(weight * factor[group] * begin[first], second, z)
        end = _factors(in_, in_var, by_begin)[2] if known is not None else _ratio(in_, by_begin)
        by_ends = weight * begin[first] * end[second]
        whole, differ, factor = _factors(between, var, _sum(by_ends, group, groups))
    usual = weight * factor[group] * begin[first] * end[second]

    of_begin, of_end = weight * factor[group] * end[second], weight * factor[group] * begin[first]
    other_begin = _ratio(out[first] - value, _sum(of_begin, first, z)[first] - of_begin)
    other_end = _ratio(in_[second] - value, _sum(of_end, second, z)[second] - of_end)
    rest = _sum(by_ends, group, groups)[group] - by_ends
    others = weight * _factor(between[group] - value, var[group] - noise**2, rest, whole, differ)
    others *= other_begin * other_end

    size, of_own = (shape * begin[first] * end[second])[own], values[own]
    usual[own] = size * _ratio(of_own.sum(keepdims=True), size.sum(keepdims=True))
    others[own] = size * _ratio(of_own.sum() - of_own, size.sum() - size)
    return Expected(usual, others)


def _drawn(pairs: Pairs, back: Int64, values: Float64, noise: Float64, known: Float64 | None = None) -> Float64:
    """One time: float64[p]; see `expected`."""
    usual = expected(pairs, values, noise, known).usual
    off, variance = values - usual, noise**2
    there = back >= 0
    result = usual.copy()
    if there.any():
        here, other = np.flatnonzero(there), back[there]
        mean, var = (usual[here] + usual[other]) / 2, (variance[here] + variance[other]) / 4
        for part in ((off[here] + off[other]) / 2, (off[here] - off[other]) / 2):
            result[here] += _trust(_fitted(part**2 - var, var, mean), var) * part
    alone = ~there
    trust = _trust(_fitted(off[alone] ** 2 - variance[alone], variance[alone], usual[alone]), variance[alone])
    result[alone] += trust * off[alone]
    return result


def _by_others(pairs: Pairs, back: Int64, values: Float64, noise: Float64) -> Float64:
    usual, others = expected(pairs, values, noise)
    off, there = values - usual, back >= 0
    here, other = np.flatnonzero(there), back[there]
    if here.size:
        variance = noise[other] ** 2
        mean = np.sqrt(usual[here] * usual[other])
        shared = _fitted(off[here] * off[other], noise[here] * noise[other], mean)
        each = _fitted(off[other] ** 2 - variance, variance, usual[other])
        others[here] += np.minimum(_ratio(shared, each + variance), 1.0) * off[other]
    return np.maximum(others, 0.0)


def _factors(between: Float64, var: Float64, by_ends: Float64) -> tuple[float, float, Float64]:
    """How much more there is between regions than their ends would say: on average, the variance of that, and for each
    group, float64[groups], drawn towards the average."""
    seen = _seen(by_ends)
    if not seen.any():
        return 0.0, 0.0, np.zeros(between.size)
    whole = max(0.0, float(between.sum() / by_ends.sum()))
    ratio, error = between[seen] / by_ends[seen], var[seen] / by_ends[seen] ** 2
    differ = 0.0
    for _ in range(2):
        weight = _weights(error + max(differ, whole**2 / 10))
        differ = max(0.0, float((weight * ((ratio - whole) ** 2 - error)).sum() / weight.sum()))
    return whole, differ, _factor(between, var, by_ends, whole, differ)


def _factor(between: Float64, var: Float64, by_ends: Float64, whole: float, differ: float) -> Float64:
    """Ratios between / by_ends, drawn towards `whole`, from which they differ by the variance `differ`."""
    seen = _seen(by_ends)
    below = np.where(seen, by_ends, 1.0)
    trust = np.where(seen, _trust(np.full(below.shape, differ), var / below**2), 0.0)
    return np.maximum(whole + trust * (between / below - whole), LEAST * whole)


def _seen(by_ends: Float64) -> Bool:
    """Which groups have ends enough to be compared with."""
    return np.asarray(by_ends > 1e-9 * by_ends.max(initial=0.0))


def _fitted(target: Float64, variance: Float64, usual: Float64) -> Float64:
    """A variance alpha usual + phi usual^2, none negative, like `target`, which lies around it: float64[n].

    Least squares, weighted by the variance of squares of numbers with this variance and `variance` of noise, and with
    the weights renewed; so a few very large pairs do not decide for all.
    """
    found = np.zeros(usual.size)
    terms = np.stack([usual, usual**2])
    for _ in range(4):
        weight = _weights(variance + found)
        found = _not_negative((weight * terms) @ terms.T, (weight * terms) @ target) @ terms
    return found


def _weights(variance: Float64) -> Float64:
    """1 / variance^2, in units of the largest: whatever the size of the numbers, nothing overflows."""
    largest = float(variance.max(initial=0.0))
    found: Float64 = np.ones(variance.shape) if largest <= 0 else np.maximum(variance / largest, 1e-100) ** -2
    return found


def _not_negative(normal: Float64, right: Float64) -> Float64:
    """The two coefficients of 0 or more that fit best, given the normal equations."""
    best, cost = np.zeros(2), 0.0
    for used in ([0, 1], [0], [1]):
        found = np.zeros(2)
        found[used] = np.linalg.lstsq(normal[np.ix_(used, used)], right[used], rcond=None)[0]
        off = float(found @ normal @ found - 2 * found @ right)
        if found.min() >= 0 and off < cost:
            best, cost = found, off
    return best


def _trust(between: Float64, variance: Float64) -> Float64:
    """How much of a difference is not noise, 0 to 1."""
    whole = between + variance
    return np.divide(between, whole, out=np.zeros_like(whole), where=whole > 0)


def _sum(values: Float64, into: Int32, number: int) -> Float64:
    return add_up(values[:, None], into, number)[:, 0]


def _ratio(above: Float64, below: Float64) -> Float64:
    """above / below, 0 or more; 0 where nothing is below."""
    return np.maximum(np.divide(above, below, out=np.zeros_like(above), where=below > 0), 0.0)
