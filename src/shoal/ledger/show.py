"""The accounts for a person: what is left of each unit, and what spent it."""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from shoal.ledger.request import Account, AccountStatement
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
            units.add_row(
                str(u.start), f"{float(u.spent):.4g}", f"{float(u.left):.4g}", f"{_epsilon(u.left, account):.3g}"
            )
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


def _epsilon(rho: Fraction, account: Account) -> float:
    return epsilon_of(rho, account.cap_delta) if rho > 0 else 0.0
