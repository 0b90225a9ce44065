"""What a plan costs in each unit of an account, exactly: pure functions on whole numbers and fractions.

The account promises that all records of one device in one *account unit* A (a day, an ISO week from Monday, a calendar
month; local dates) may be added or removed. A plan bounds *rows*: one device in one *plan unit*, a non-negative vector
of norm at most C, computed from that unit's records alone. So within A

    a rows lie wholly inside A     each is added or removed: its vector v appears or goes
    b rows overlap A only partly   each changes from v to some v', also non-negative and of norm at most C

All else stays. What comes or goes is P (the a vectors and the b old ones) less N (the b new ones), both non-negative,
so P.N >= 0 and |P - N|^2 <= |P|^2 + |N|^2. Gaussian noise costs rho = |change|^2 / (2 sigma^2), relative to C:

                      rows on cells of their own        rows that may share cells
    Gaussian (L2)     a + 2 b                           (a + b)^2 + b^2
    Laplace (L1)      a + 4 b                           (a + 2 b)^2

On cells of their own the rows' noise is independent, so costs add: 1 for a row that goes, 2 for one that changes (two
non-negative vectors of norm C are at most sqrt(2) C apart), and for Laplace 4 (the L1 distance is at most 2 C, which
doubles epsilon, and the cost is epsilon^2 / 2). Where rows of several units may land in one cell (a statistic without
an hour or day among its keys), their distances add before they are squared. Each entry is reached by some data, so
none can be lowered. Source: Bun and Steinke 2016, "Concentrated differential privacy", propositions 1.4, 1.6 and
lemma 1.7 (composition); docs/proofs/account.md has the whole argument.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from shoal.plan import Unit, next_unit

LENGTH: dict[Unit, int] = {"day": 0, "week": 1, "month": 2}
"""Units from short to long."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one statistic costs for one row (a device in one plan unit).

    rho      zCDP, exact
    laplace  its noise is Laplace, bounded in L1; otherwise Gaussian, bounded in L2
    apart    rows of different plan units never share a cell (hour or day is among the keys)
    """

    rho: Fraction
    laplace: bool
    apart: bool


def costs(account_unit: Unit, units: Sequence[tuple[date, date]], prices: Iterable[Price]) -> dict[date, Fraction]:
    """rho that a plan takes from each account unit that it touches, by the unit's first day, ascending.

    units   the plan's units, [start, end) in local dates, not overlapping
    prices  one for each statistic; independent noise, so their costs add
    Cost    one step for each pair of a plan unit and an account unit that overlap
    """
    inside: Counter[date] = Counter()
    partly: Counter[date] = Counter()
    for start, end in units:
        for first, after in grid(account_unit, start, end):
            (inside if first <= start and end <= after else partly)[first] += 1
    prices = tuple(prices)
    return {
        first: sum((p.rho * factor(inside[first], partly[first], p) for p in prices), Fraction(0))
        for first in sorted(inside | partly)
    }


def factor(inside: int, partly: int, price: Price) -> int:
    """Times one row's cost that an account unit pays, with `inside` and `partly` rows: the table above."""
    a, b = inside, partly
    if price.laplace:
        return a + 4 * b if price.apart else (a + 2 * b) ** 2
    return a + 2 * b if price.apart else (a + b) ** 2 + b**2


def by_year(rho: Mapping[date, Fraction]) -> dict[int, Fraction]:
    """The same by the calendar year in which each account unit begins, ascending."""
    years: defaultdict[int, Fraction] = defaultdict(Fraction)
    for start in sorted(rho):
        years[start.year] += rho[start]
    return dict(years)


def reach(units: Sequence[tuple[date, date]]) -> tuple[date, date]:
    """Between which days, both included, every account unit begins that these units may touch, however long it is."""
    start, end = units[0][0], units[-1][1]
    return min(next(grid(unit, start, end))[0] for unit in LENGTH), end - timedelta(days=1)


def grid(unit: Unit, start: date, end: date) -> Iterator[tuple[date, date]]:
    """The account units that overlap [start, end), as [first, after): days, weeks from Monday, or calendar months."""
    first = start
    if unit == "week":
        first = start - timedelta(days=start.weekday())
    elif unit == "month":
        first = start.replace(day=1)
    while first < end:
        after = next_unit(first, unit)
        yield first, after
        first = after
