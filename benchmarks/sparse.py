"""Flows among so many zones that most pairs are empty: which pairs to measure? Three ways compared.

    python -m benchmarks.sparse

A made-up city of 2,000 zones in which four of five are empty; 100,000 devices go to work and back for a week, and some
go elsewhere. One guarantee for all ways: epsilon 1, delta 1e-9, unit week, every device's vector held to the same norm.

all        noise for every pair; published is what stands out at a false discovery rate of 1 % (Benjamini & Hochberg)
top-down   a tenth of the budget for the ends' totals, the rest for pairs of ends that stand out; then the same rule
stability  noise for the pairs that occur in the records alone, published above a threshold that a pair of one device
           passes with a chance of at most delta / 2 (Gaussian sparse histogram; a union bound over the pairs of one
           device, at most 16, of equal weights, which favours it. The exact analysis of Wilkins, Kifer, Zhang & Karrer,
           arXiv 2202.01100, is tighter; it was not run)

A pair is found if it is among the 1,000 largest of the truth and published, and false if it is published and nobody
went there. Draws are of OpenDP, through `shoal.privacy.noise`, on as many threads as there are cores; noise is drawn by
NumPy for stability alone, which Shoal doesn't offer. Verdict, over 10 runs: top-down finds 66 %, all
54 %, stability 25 %, with 0.3 %, 0.8 % and nothing false, and draws 187,000, 4,000,000 and 93,000 times; so Shoal
measures top-down.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from time import perf_counter

import numpy as np
from scipy.stats import norm

from shoal._arrays import Bool, Float64, Int32, Int64
from shoal.ends import ends_of, select
from shoal.estimate.standout import stand_out
from shoal.keys import Grid, TimeKey, pair_places
from shoal.privacy._mint import mint
from shoal.privacy.accounting import Need, allocate
from shoal.privacy.bounding import add, bound
from shoal.privacy.contributions import Contributions, coarser, contributions
from shoal.privacy.mechanism import ONE, Mechanism
from shoal.privacy.noise import measure
from shoal.privacy.sums import ExactSums
from shoal.statistics.flows import Flows

EPSILON, DELTA = Fraction(1), Fraction(1, 10**9)
MOST_PAIRS = 16
"""Pairs of a device that stability keeps, the most frequent ones: its threshold must hold for all of them together."""
FALSE = 0.01
TOP = 1_000


@dataclass(frozen=True)
class City:
    """What the devices did.

    rows   of each device its pairs (origin * zones + destination) and how often it made them
    truth  int64[zones**2]: trips
    """

    zones: int
    rows: Contributions
    truth: Int64

    @classmethod
    def simulated(cls, zones: int, devices: int, empty: float, generator: np.random.Generator) -> "City":
        """Homes and work in the same few zones, by gravity; 0 to 5 days at work, 0 to 8 trips elsewhere and back."""
        busy = generator.permutation(zones)[: round(zones * (1 - empty))]
        at = generator.uniform(0, 30, (busy.size, 2))  # km
        homes, work = generator.lognormal(0, 1, (2, busy.size))
        away = np.linalg.norm(at[:, None] - at, axis=2)
        reach = np.cumsum(work * np.exp(-away / 5), axis=1)
        home = generator.choice(busy.size, devices, p=homes / homes.sum())

        def near(start: Int64) -> Int64:
            aim = generator.uniform(0, 1, start.size) * reach[start, -1]
            return np.array([np.searchsorted(reach[s], a) for s, a in zip(start, aim, strict=True)])

        who, one, other, times = [], [], [], []
        for number in (generator.binomial(5, 0.8, devices), *(generator.binomial(1, 0.3, (8, devices)))):
            away_to = near(home)
            for start, end in ((home, away_to), (away_to, home)):
                who.append(np.arange(devices))
                one.append(busy[start])
                other.append(busy[end])
                times.append(number)
        device, cell = np.concatenate(who), np.concatenate(one).astype(np.int64) * zones + np.concatenate(other)
        order = np.argsort(device, kind="stable")
        first = np.searchsorted(device[order], np.arange(devices + 1))
        rows = contributions(first, cell[order], np.concatenate(times)[order])
        truth = np.zeros(zones * zones, dtype=np.int64)
        np.add.at(truth, rows.cell, rows.weight // ONE)
        return cls(zones, rows, truth)


@dataclass(frozen=True)
class Outcome:
    """One way, once."""

    way: str
    found: float
    published: int
    false: int
    draws: int
    seconds: float


def outcome(way: str, city: City, published: Int64, draws: int, seconds: float) -> Outcome:
    top = np.argsort(-city.truth, kind="stable")[:TOP]
    return Outcome(
        way,
        float(np.isin(top, published).mean()),
        published.size,
        int((city.truth[published] == 0).sum()),
        draws,
        seconds,
    )


def summed(rows: Contributions, cells: int, mechanism: Mechanism) -> Int64:
    totals = np.zeros(cells, dtype=np.int64)
    add(bound(rows, mechanism), totals)
    return totals


def mechanisms(shares: dict[str, Fraction], norm_: Fraction, delta: Fraction = DELTA) -> dict[str, Mechanism]:
    return dict(allocate([Need(name, share, norm_) for name, share in shares.items()], EPSILON, delta).mechanisms)


def drawn(totals: Int64, mechanism: Mechanism, cells: Int64 | None = None) -> Float64:
    payment = mint("benchmark", {"pairs": mechanism.rho})
    return measure(ExactSums(totals), "pairs", mechanism, payment, cells=cells).values / ONE


def clear(estimate: Float64, mechanism: Mechanism) -> Bool:
    return stand_out(estimate, np.full(estimate.size, mechanism.stderr), FALSE)


def whole_grid(city: City, norm_: Fraction, _: np.random.Generator) -> Outcome:
    mechanism = mechanisms({"pairs": Fraction(1)}, norm_)["pairs"]
    totals = summed(city.rows, city.truth.size, mechanism)
    begin = perf_counter()
    published = np.flatnonzero(clear(drawn(totals, mechanism), mechanism))
    return outcome("all", city, published, totals.size, perf_counter() - begin)


def top_down(city: City, norm_: Fraction, _: np.random.Generator) -> Outcome:
    """As the pipeline does it."""
    found = mechanisms({"pairs": Fraction(18), "first": Fraction(1), "second": Fraction(1)}, norm_)
    grid = Grid(("origin", "destination"), pair_places(np.zeros((city.zones, 2)), None), _no_time())
    first, second = ends_of(grid, city.zones)
    sums = [
        summed(coarser(city.rows, level.of_place, 1), city.zones, found[name])
        for name, level in (("first", first), ("second", second))
    ]
    pairs = summed(city.rows, city.truth.size, found["pairs"])
    begin = perf_counter()
    ends = [drawn(s, found[name]).reshape(-1, 1) for s, name in zip(sums, ("first", "second"), strict=True)]
    chosen = select(grid, ends, [found["first"].stderr, found["second"].stderr])
    estimate = drawn(pairs, found["pairs"], chosen.cells)
    published = chosen.cells[clear(estimate, found["pairs"])]
    draws = chosen.cells.size + 2 * city.zones
    return outcome("top-down", city, published, draws, perf_counter() - begin)


def stability(city: City, norm_: Fraction, generator: np.random.Generator) -> Outcome:
    mechanism = mechanisms({"pairs": Fraction(1)}, norm_, DELTA / 2)["pairs"]
    totals = summed(_most_frequent(city.rows), city.truth.size, mechanism)
    begin = perf_counter()
    there = np.flatnonzero(totals)
    estimate = totals[there] / ONE + generator.normal(0, mechanism.stderr, there.size)
    # a device alone in j pairs with equal weights: the chance that one of them passes
    number = np.arange(1, MOST_PAIRS + 1)
    threshold = (float(norm_) / number**0.5 + mechanism.stderr * norm.isf(float(DELTA) / 2 / number)).max()
    return outcome("stability", city, there[estimate >= threshold], there.size, perf_counter() - begin)


def _most_frequent(rows: Contributions) -> Contributions:
    device = np.repeat(np.arange(rows.first.size - 1), np.diff(rows.first))
    order = np.lexsort((-rows.weight, device))
    kept = np.sort(order[np.arange(order.size) - rows.first[device[order]] < MOST_PAIRS])
    return Contributions(np.searchsorted(device[kept], np.arange(rows.first.size)), rows.cell[kept], rows.weight[kept])


def _no_time() -> TimeKey:
    import polars as pl

    of_hour: Int32 = np.zeros(1, dtype=np.int32)
    return TimeKey(None, pl.Series("period", [], dtype=pl.Int32), of_hour)


WAYS: tuple[Callable[[City, Fraction, np.random.Generator], Outcome], ...] = (whole_grid, top_down, stability)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--zones", type=int, default=2_000)
    options.add_argument("--devices", type=int, default=100_000)
    options.add_argument("--empty", type=float, default=0.8, help="share of zones without anybody")
    options.add_argument("--runs", type=int, default=10)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    found: list[Outcome] = []
    norm_ = Flows.typical_bound(7, _no_time())
    for seed in range(given.runs):
        generator = np.random.default_rng(seed)
        city = City.simulated(given.zones, given.devices, given.empty, generator)
        found += [way(city, norm_, generator) for way in WAYS]
    if given.json:
        print(json.dumps([asdict(one) for one in found]))
        return
    print(f"means of {given.runs} runs")
    print(f"{'way':<10} {'found':>7} {'published':>10} {'false':>7} {'draws':>10} {'seconds':>8}")
    for way in dict.fromkeys(one.way for one in found):
        own = [one for one in found if one.way == way]
        mean = {key: float(np.mean([getattr(one, key) for one in own])) for key in asdict(own[0]) if key != "way"}
        print(f"{way:<10} {mean['found']:>7.1%} {mean['published']:>10,.0f} {mean['false']:>7.2f} "
              f"{mean['draws']:>10,.0f} {mean['seconds']:>8.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
