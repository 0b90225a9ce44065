"""A slow twin of the arithmetic: it builds the worst data there is, and measures how far it moves the sums."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction

from shoal.plan import Unit


def label(unit: Unit, day: date) -> Hashable:
    """The account unit in which a local date lies."""
    return {"day": day, "week": tuple(day.isocalendar())[:2], "month": (day.year, day.month)}[unit]


def year(unit: Unit, name: Hashable) -> int:
    """The calendar year in which the account unit of this label begins."""
    assert isinstance(name, (date, tuple))
    if isinstance(name, date):
        return name.year
    return date.fromisocalendar(int(name[0]), int(name[1]), 1).year if unit == "week" else int(name[0])


def days(start: date, end: date) -> set[date]:
    return {start + timedelta(days=n) for n in range((end - start).days)}


def costs(
    account_unit: Unit,
    units: Sequence[tuple[date, date]],
    rho: Mapping[str, Fraction],
    laplace: Collection[str],
    apart: Collection[str],
) -> dict[Hashable, Fraction]:
    """rho by account unit, for rows of norm 1: each old vector lies on the cell `old`, each new one on `new`."""
    margin = timedelta(days=40)
    everything = days(units[0][0] - margin, units[-1][1] + margin)
    members: dict[Hashable, set[date]] = {}
    for day in everything:
        members.setdefault(label(account_unit, day), set()).add(day)
    found: dict[Hashable, Fraction] = {}
    for name, inside in members.items():
        rows = [days(*unit) for unit in units]
        changes = [{"old": 1} if row <= inside else {"old": 1, "new": -1} for row in rows if row & inside]
        if changes:
            squares = {s: _square_of_distance(changes, laplace=s in laplace, apart=s in apart) for s in rho}
            found[name] = sum((rho[s] * squares[s] for s in rho), Fraction(0))
    return found


def _square_of_distance(changes: Sequence[Mapping[str, int]], *, laplace: bool, apart: bool) -> int:
    groups = [[change] for change in changes] if apart else [changes]  # noise drawn together: one group
    total = 0
    for group in groups:
        moved = [sum(change.get(cell, 0) for change in group) for cell in ("old", "new")]
        total += sum(abs(m) for m in moved) ** 2 if laplace else sum(m * m for m in moved)
    return total
