"""What the account is asked for, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType

from shoal.ledger.arithmetic import Price
from shoal.plan import Unit, next_unit


@dataclass(frozen=True, kw_only=True)
class Request:
    """A plan's wish to draw from its source's account. A malformed one is a bug of ours: TypeError or ValueError."""

    source: str
    """Name of the source, which is the name of its account."""
    timezone: str
    """IANA name. Dates are local, so an account in another time zone would count other records."""
    synthetic: bool
    unit: Unit
    """The plan's unit of privacy."""
    units: tuple[tuple[date, date], ...]
    """The plan's units in local dates, [start, end), ascending and not overlapping."""
    rho: Mapping[str, Fraction]
    """measure (a statistic at a level: `presence`, `presence.region`) -> zCDP cost of one row, a device in a unit."""
    laplace: frozenset[str]
    """Measures with Laplace noise; the others are Gaussian only."""
    apart: frozenset[str] = frozenset()
    """Measures in which rows of different plan units never share a cell of any measurement: hour or day is among
    the keys. The others pay for the worst case, which differs only where an account unit meets several plan units."""
    cap_rho: Fraction
    """What (cap_epsilon, cap_delta) is in rho; fixed with them when the source is first used."""
    cap_epsilon: Fraction
    """A later plan must say the same cap in epsilon; what it says in rho and delta is not looked at again."""
    cap_delta: Fraction
    year_rho: Fraction
    """What all units that begin in a calendar year may cost together; fixed like the cap."""
    year_epsilon: Fraction | None
    """The plan's words for it, which a later plan must repeat; None: it said nothing."""
    key: str = field(repr=False)
    """Keyed digest of plan and records, hexadecimal. Secret: it stays in the state. Empty where the records have not
    been read yet: such a request can be checked, not charged."""
    plan_digest: str
    """`Plan.digest()`, public."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rho", MappingProxyType(dict(self.rho)))
        numbers = {**self.rho, "cap_rho": self.cap_rho, "cap_epsilon": self.cap_epsilon, "cap_delta": self.cap_delta}
        numbers |= {"year_rho": self.year_rho}
        for name, number in numbers.items():
            if type(number) is not Fraction:
                raise TypeError(f"{name}: a budget is an exact Fraction, got {type(number).__name__}")
            if number <= 0:
                raise ValueError(f"{name}: a budget must be above 0")
        if not self.rho or not (self.laplace | self.apart) <= self.rho.keys():
            raise ValueError("`rho` must name every statistic, and those in `laplace` and `apart`")
        if not self.units or any(end != next_unit(start, self.unit) for start, end in self.units):
            raise ValueError(f"`units` must be whole units of one {self.unit}")
        if any(first[1] > second[0] for first, second in pairwise(self.units)):
            raise ValueError("`units` must be ascending and must not overlap")

    def prices(self) -> tuple[Price, ...]:
        return tuple(Price(rho, name in self.laplace, name in self.apart) for name, rho in self.rho.items())


@dataclass(frozen=True)
class Account:
    """What was fixed when the source was first used."""

    source: str
    timezone: str
    unit: Unit
    synthetic: bool
    cap_rho: Fraction
    cap_epsilon: Fraction
    cap_delta: Fraction
    year_rho: Fraction
    """Of all units that begin in one calendar year together."""
    year_epsilon: Fraction | None
    """What the plan called it; None: it said nothing, so it is the default."""
    created: datetime
    """UTC."""


@dataclass(frozen=True)
class UnitStanding:
    """One account unit, [start, end) in local dates, as a plan would find it and leave it."""

    start: date
    end: date
    spent: Fraction
    cost: Fraction
    left: Fraction
    """After the plan."""


@dataclass(frozen=True)
class YearStanding:
    """All account units that begin in one calendar year, as a plan would find them and leave them."""

    year: int
    spent: Fraction
    cost: Fraction
    left: Fraction
    """After the plan."""


@dataclass(frozen=True)
class Standing:
    """What a plan would cost its account; nothing has been charged."""

    account: Account
    opened: bool
    """False: the account would be opened by this plan, with its unit, time zone and cap."""
    units: tuple[UnitStanding, ...]
    """Every account unit that the plan touches, ascending."""
    years: tuple[YearStanding, ...]
    """Every calendar year in which one of them begins, ascending."""

    @property
    def enough(self) -> bool:
        """Would the account pay for it?"""
        return min(self.tightest.left, *(year.left for year in self.years)) >= 0

    @property
    def tightest(self) -> UnitStanding:
        """The unit with the least left."""
        return min(self.units, key=lambda unit: unit.left)


@dataclass(frozen=True)
class UnitStatement:
    """One account unit, [start, end) in local dates, of which something is spent."""

    start: date
    end: date
    spent: Fraction
    left: Fraction


@dataclass(frozen=True)
class YearStatement:
    """One calendar year, in which something is spent of units that begin in it."""

    year: int
    spent: Fraction
    left: Fraction


@dataclass(frozen=True)
class ChargeStatement:
    """One charge; `rho` is per row, as it was paid for."""

    charge: str
    time: datetime
    """UTC."""
    plan_digest: str
    rho: Mapping[str, Fraction]
    release: str | None
    """None: not published; the budget is spent all the same."""


@dataclass(frozen=True)
class AccountStatement:
    """An account, what is left of it, and what spent it."""

    account: Account
    units: tuple[UnitStatement, ...]
    years: tuple[YearStatement, ...]
    charges: tuple[ChargeStatement, ...]
    """Oldest first."""
