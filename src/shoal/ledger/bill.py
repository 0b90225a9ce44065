"""What a request costs an account, and what its charge writes: all that is known before the account is locked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Self

from shoal.ledger import outbox, tables
from shoal.ledger.arithmetic import costs
from shoal.ledger.entries import ChargeEntry, Cost, Drawn
from shoal.ledger.pipe import Row, Rows
from shoal.ledger.request import Request
from shoal.plan import Unit


@dataclass(frozen=True)
class Bill:
    """A request, priced for an account whose unit is `unit`."""

    charge: str
    request: Request
    unit: Unit
    cost: Mapping[date, Fraction]
    """Account unit, by its first day -> rho; ascending."""
    told: Sequence[Row]
    """The charge's entry for the public log."""

    @classmethod
    def of(cls, charge: str, request: Request, unit: Unit) -> Self:
        cost = costs(unit, request.units, request.prices())
        return cls(charge, request, unit, cost, outbox.rows(_entry(charge, request, cost)))

    def rows(self) -> tuple[Rows, ...]:
        """The charge as it stands in the tables, but for what is `told`."""
        asked, row = self.request, {"charge": self.charge, "source": self.request.source}
        head = {"time": datetime.now(UTC), "plan_digest": asked.plan_digest, "key": asked.key}
        return (
            Rows(tables.charge, [row | head]),
            Rows(tables.paid, [{"charge": self.charge, "statistic": s, "rho": rho} for s, rho in asked.rho.items()]),
            Rows(tables.cost, [{**row, "start": start, "rho": rho} for start, rho in self.cost.items()]),
        )


def _entry(charge: str, request: Request, cost: Mapping[date, Fraction]) -> ChargeEntry:
    drawn = {
        name: Drawn(
            rho=str(rho), noise="laplace" if name in request.laplace else "gaussian", apart=name in request.apart
        )
        for name, rho in request.rho.items()
    }
    return ChargeEntry(
        charge=charge,
        source=request.source,
        plan_sha256=request.plan_digest,
        unit=request.unit,
        units=request.units,
        measures=drawn,
        costs=tuple(Cost(start=start, rho=str(rho)) for start, rho in cost.items()),
    )
