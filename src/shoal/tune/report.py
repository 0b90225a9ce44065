"""What tuning found, for people, for programs, and for the plan."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from shoal.plan import Plan, Statistic

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

MEANING = (
    "Simulated people, not the records, which were not opened: cities differ, so take this for a guide. A usual "
    "number is one in which a usual contribution is counted. Noise is a standard deviation, after the correction "
    "has multiplied it by 1 / kept; left is what the correction leaves wrong. Of sound bounds whose errors are "
    "within 5 % of the smallest the largest is suggested, which takes least away; a loss that this plan's noise "
    "hides, and that stays uncorrected, may be a quarter of the noise."
)


@dataclass(frozen=True)
class Tried:
    """One bound. Errors are standard deviations of a usual number, in published units.

    kept       share of all contributions that it keeps
    noise      the plan's own, as the correction multiplies it
    left       what the correction leaves wrong; of totals, what they lose
    error      both together
    corrected  whether totals would show the loss in this plan's noise; where not, it is left as it is
    own        whether it is the plan's, or the default where the plan names none
    """

    bound: float
    kept: float
    noise: float
    left: float
    error: float
    corrected: bool
    own: bool


@dataclass(frozen=True)
class Advice:
    """One statistic: what was tried, ascending, and what is suggested.

    reason      why there is nothing to choose; None: there is
    size        of a usual number, in published units
    total_size  of a usual total over all places
    """

    statistic: str
    reason: str | None = None
    size: float = 0.0
    total_size: float = 0.0
    bounds: tuple[Tried, ...] = ()
    totals: tuple[Tried, ...] = ()
    bound: Fraction | None = None
    total_bound: Fraction | None = None


@dataclass(frozen=True)
class Tuning:
    """What tuning a plan found. Print it with `render`, paste `lines` into the plan, or read `advice`.

    devices    that were said to be in the source
    simulated  devices of each simulated city; 0: there was nothing to try
    zones      of the simulated cities
    """

    source: str
    unit: str
    epsilon: float
    devices: int
    simulated: int
    zones: int
    advice: tuple[Advice, ...]
    wishes: Mapping[str, Statistic]

    @classmethod
    def of(cls, plan: Plan, devices: int, advice: Sequence[Advice], *, simulated: int = 0, zones: int = 0) -> "Tuning":
        """What was found for `plan`."""
        epsilon = float(plan.privacy.epsilon)
        unit = plan.period.unit
        return cls(plan.source.name, unit, epsilon, devices, simulated, zones, tuple(advice), plan.statistics)

    @property
    def lines(self) -> str:
        """Tables for the plan, each in the place of its own of that name."""
        return "\n".join(_table(a, self.wishes[a.statistic]) for a in self.advice if a.bound is not None)

    def as_json(self) -> dict[str, Any]:
        facts = {name: getattr(self, name) for name in ("source", "unit", "epsilon", "devices", "simulated", "zones")}
        advice = [
            asdict(a) | {key: None if (b := getattr(a, key)) is None else float(b) for key in ("bound", "total_bound")}
            for a in self.advice
        ]
        return facts | {"statistics": advice, "plan": self.lines, "meaning": MEANING}

    def render(self) -> "Group":
        """For a terminal."""
        from rich.console import Group
        from rich.text import Text

        tried = [a for a in self.advice if a.bounds]
        parts: list[Any] = [
            Text(f"{self.source}: {self.devices:,} devices in one {self.unit}, epsilon {self.epsilon:g}."),
            *(Text(f"{a.statistic}: {a.reason}.") for a in self.advice if a.reason),
        ]
        if tried:
            parts += [
                Text(f"Tried on two simulated cities of {self.simulated:,} devices and {self.zones:,} zones."),
                Text("\nBounds of the finest numbers", style="bold"),
                _grid([(a.statistic, a.size, a.bounds, a.bound) for a in tried], "left"),
                Text("\nBounds of the totals over all places", style="bold"),
                _grid([(a.statistic, a.total_size, a.totals, a.total_bound) for a in tried], "lost"),
                Text(
                    "\n> suggested   * the plan's own, or its default   ! a loss too small to be corrected",
                    style="dim",
                ),
                Text(MEANING, style="dim"),
                Text("\nFor the plan, each in the place of its table of that name:\n"),
                Text(self.lines),
            ]
        return Group(*parts)


def _grid(rows: Sequence[tuple[str, float, Sequence[Tried], Fraction | None]], left: str) -> "Table":
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("statistic", "usual number", "", "bound", "kept", "noise", left, "error"):
        grid.add_column(head, justify="left" if head == "statistic" else "right")
    for name, size, tried, best in rows:
        for i, t in enumerate(tried):
            lost = "!" if left == "left" and not t.corrected and t.left > t.noise / 100 else ""
            marks = lost + ("*" if t.own else "") + (">" if best is not None and t.bound == float(best) else "")
            first = (name, amount(size)) if i == 0 else ("", "")
            errors = (amount(error) for error in (t.noise, t.left, t.error))
            grid.add_row(*first, marks, f"{t.bound:g}", f"{100 * t.kept:.0f} %", *errors)
    return grid


def amount(number: float) -> str:
    """Three digits of a small number, whole ones of a large: 1.23, 45.6, 7,890."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _table(advice: Advice, wish: Statistic) -> str:
    """The statistic's whole table, as TOML."""
    wish = wish.model_copy(update={"bound": advice.bound, "total_bound": advice.total_bound})
    keys = {name: getattr(wish, name) for name in Statistic.model_fields if name in wish.model_fields_set}
    keys |= {"bound": advice.bound, "total_bound": advice.total_bound}
    said = [f"{name} = {_value(value)}" for name, value in keys.items() if value is not None]
    return "\n".join([f"[statistics.{advice.statistic}]", *said, ""])


def _value(value: "Fraction | tuple[str, ...]") -> str:
    if isinstance(value, tuple):
        return json.dumps(list(value))
    if value.denominator == 1:
        return str(value.numerator)
    short = f"{float(value):.12g}"
    return short if Fraction(short) == value and "e" not in short else f'"{value}"'
