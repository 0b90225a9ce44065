"""The accounts for a person: what is left of each unit, and what spent it."""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from shoal.ledger.request import Account, AccountStatement, Standing
from shoal.privacy.accounting import epsilon_of

if TYPE_CHECKING:
    from rich.console import Group


def as_json(statements: Sequence[AccountStatement]) -> dict[str, Any]:
    """Every account as JSON values; budgets as exact fractions and, for reading, as epsilon at the account's delta."""
    return {
        "accounts": [
            {
                "source": s.account.source,
                "unit": s.account.unit,
                "timezone": s.account.timezone,
                "synthetic": s.account.synthetic,
                "cap": {
                    "rho": str(s.account.cap_rho),
                    "epsilon": float(s.account.cap_epsilon),
                    "delta": float(s.account.cap_delta),
                    "year_rho": str(s.account.year_rho),
                },
                "units": [
                    {
                        "start": str(u.start),
                        "end": str(u.end),
                        "spent": {"rho": str(u.spent), "epsilon": _epsilon(u.spent, s.account)},
                        "left": {"rho": str(u.left), "epsilon": _epsilon(u.left, s.account)},
                    }
                    for u in s.units
                ],
                "years": [
                    {
                        "year": y.year,
                        "spent": {"rho": str(y.spent), "epsilon": _epsilon(y.spent, s.account)},
                        "left": {"rho": str(y.left), "epsilon": _epsilon(y.left, s.account)},
                    }
                    for y in s.years
                ],
                "charges": [
                    {
                        "charge": c.charge,
                        "time": c.time.isoformat(),
                        "plan_sha256": c.plan_digest,
                        "rho": {name: str(rho) for name, rho in c.rho.items()},
                        "release": c.release,
                    }
                    for c in s.charges
                ],
            }
            for s in statements
        ]
    }


def render(statements: Sequence[AccountStatement]) -> "Group":
    """Every account for a terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[Text | Table] = []
    for s in statements:
        account = s.account
        kind = ", synthetic" if account.synthetic else ""
        parts.append(
            Text(
                f"{account.source}: one device over one {account.unit} may lose epsilon {float(account.cap_epsilon):g} "
                f"at delta {float(account.cap_delta):g} (rho {float(account.cap_rho):.4g}); fixed on "
                f"{account.created:%Y-%m-%d}{kind}",
                style="bold",
            )
        )
        units = Table(box=None, pad_edge=False, header_style="dim")
        for column in (f"{account.unit} from", "spent rho", "left rho", "left, as epsilon"):
            units.add_column(column, justify="left" if column.endswith("from") else "right")
        for u in s.units:
            units.add_row(str(u.start), *_amounts(u.spent, u.left, account))
        for y in s.years:
            units.add_row(f"all of {y.year}", *_amounts(y.spent, y.left, account))
        charges = Table(box=None, pad_edge=False, header_style="dim")
        for column in ("charged at", "charge", "plan", "statistics", "release"):
            charges.add_column(column)
        for c in s.charges:
            charges.add_row(
                f"{c.time:%Y-%m-%d %H:%M} UTC",
                c.charge,
                c.plan_digest[:12],
                ", ".join(name for name in c.rho if "." not in name),  # without their coarser levels
                c.release or "not published",
            )
        parts += [units, Text(), charges, Text()]
    return Group(*(parts or [Text("No account yet: the first release of a source opens its account.")]))


def standing_as_json(standing: Standing) -> dict[str, Any]:
    """What a plan would cost and leave, as JSON values."""
    a = standing.account
    return {
        "source": a.source,
        "opened": standing.opened,
        "enough": standing.enough,
        "units": [{"start": str(u.start), "end": str(u.end), **_rhos(u.spent, u.cost, u.left)} for u in standing.units],
        "years": [{"year": y.year, **_rhos(y.spent, y.cost, y.left)} for y in standing.years],
    }


def render_standing(standing: Standing) -> "Group":
    """What a plan would cost and leave, for a terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    account = standing.account
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in (f"{account.unit} from", "spent rho", "plan's rho", "left after it", "left, as epsilon"):
        table.add_column(column, justify="left" if column.endswith("from") else "right")
    rows = [(str(u.start), u.spent, u.cost, u.left) for u in standing.units]
    rows += [(f"all of {y.year}", y.spent, y.cost, y.left) for y in standing.years]
    for name, spent, cost, left in rows:
        table.add_row(name, *(f"{float(rho):.4g}" for rho in (spent, cost, left)), f"{_epsilon(left, account):.3g}")
    verdict = "There is enough left for this plan." if standing.enough else "Too little is left: it would be refused."
    opened = "" if standing.opened else " Its account would be opened by it."
    return Group(Text(f"{account.source}: {verdict}{opened}", style="bold"), table)


def _amounts(spent: Fraction, left: Fraction, account: Account) -> tuple[str, str, str]:
    return f"{float(spent):.4g}", f"{float(left):.4g}", f"{_epsilon(left, account):.3g}"


def _rhos(spent: Fraction, cost: Fraction, left: Fraction) -> dict[str, str]:
    return {"spent": str(spent), "cost": str(cost), "left": str(left)}


def _epsilon(rho: Fraction, account: Account) -> float:
    return epsilon_of(rho, account.cap_delta) if rho > 0 else 0.0
