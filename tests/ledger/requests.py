"""Requests as the tests make them."""

from collections.abc import Collection, Mapping
from datetime import date
from fractions import Fraction

from shoal.ledger.request import Request
from shoal.plan import Unit, next_unit

MONDAY = date(2026, 3, 2)
SHA = "ef" * 32
"""Of a manifest."""


def units(start: date, unit: Unit, count: int) -> tuple[tuple[date, date], ...]:
    found = []
    for _ in range(count):
        found.append((start, next_unit(start, unit)))
        start = found[-1][1]
    return tuple(found)


def request(
    *,
    source: str = "ride-app",
    timezone: str = "Europe/Vienna",
    synthetic: bool = False,
    unit: Unit = "week",
    start: date = MONDAY,
    count: int = 1,
    rho: Mapping[str, Fraction] | Fraction = Fraction(1, 10),
    laplace: Collection[str] = (),
    apart: Collection[str] = (),
    cap: Fraction = Fraction(10),
    cap_rho: Fraction = Fraction(1),
    year_rho: Fraction = Fraction(12),
    year_epsilon: Fraction | None = None,
    key: str = "aa",
) -> Request:
    """A request for one statistic, `presence`, unless `rho` names others."""
    return Request(
        source=source,
        timezone=timezone,
        synthetic=synthetic,
        unit=unit,
        units=units(start, unit, count),
        rho=rho if isinstance(rho, Mapping) else {"presence": rho},
        laplace=frozenset(laplace),
        apart=frozenset(apart),
        cap_rho=cap_rho,
        cap_epsilon=cap,
        cap_delta=Fraction(1, 10**8),
        year_rho=year_rho,
        year_epsilon=year_epsilon,
        key=key,
        plan_digest="cd" * 32,
    )
