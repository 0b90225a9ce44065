"""What a plan would publish and how precise it would be, without reading a record: `shoal check`."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING, Any

from shoal.design import Design
from shoal.plan import Plan
from shoal.privacy.accounting import epsilon_of
from shoal.release import sentences
from shoal.release.sensitive_facts import SensitiveFacts

if TYPE_CHECKING:
    from rich.console import Group


_OTHER = (
    "\nEach statistic has the noise, and the levels, that give this plan the smaller expected error; `other` says how "
    "\nmuch larger the mean error would be with the other kind of noise."
)


@dataclass(frozen=True)
class Line:
    """One statistic of a plan, before anything is measured. Values are in published units."""

    statistic: str
    keys: tuple[str, ...]
    cells: int
    bound: float
    norm: str
    mechanism: str
    scale: float
    stderr: float
    half_width: float
    rho: str
    meaning: str
    otherwise: float | None = None
    """How many times larger the plan's mean error would be with the other kind of noise here; None: there is none."""
    top_down: bool = False
    """Are its ends measured first, and `cells` is how many numbers there are at most?"""


@dataclass(frozen=True)
class Preview:
    """What a plan would publish. Print it, or read `lines`."""

    source: str
    period: str
    unit: str
    zones: int
    places: int | None
    epsilon: float
    delta: float
    rho: str
    epsilon_spent: float
    synthetic: bool
    lines: tuple[Line, ...]
    sensitive: str
    """What is done about sensitive places, in words."""

    @classmethod
    def of(cls, plan: Plan) -> "Preview":
        """Work out the plan's design. Opens its zone files, no records."""
        return preview(Design.of(plan))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        from rich.console import Console

        page = StringIO()
        Console(width=120, file=page).print(self.render())
        return page.getvalue().rstrip()

    def render(self) -> "Group":
        """For a terminal."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        kind = " SYNTHETIC: no real devices." if self.synthetic else ""
        places = "" if self.places is None else f", {self.places:,} named places"
        head = Text(
            f"{self.source}, {self.period}: {self.zones:,} zones{places}.{kind}\n"
            f"Guarantee: one device over one {self.unit}, epsilon {self.epsilon:g} at delta {self.delta:g} "
            f"(rho {self.rho_text}), for all statistics together."
        )
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("statistic", "by", "numbers", "bound", "noise", "scale", "95 % of numbers within"):
            table.add_column(column, justify="left" if column in ("statistic", "by", "noise") else "right")
        for line in self.lines:
            table.add_row(
                line.statistic,
                " x ".join(line.keys),
                f"{'up to ' if line.top_down else ''}{line.cells:,}",
                f"{line.norm} {line.bound:g}",
                line.mechanism if line.otherwise is None else f"{line.mechanism}, other ×{line.otherwise:.2f}",
                f"{line.scale:,.1f}",
                f"± {line.half_width:,.1f}",
            )
        note = "".join(
            f"\n{line.statistic} is measured top-down: the totals of its ends first, then only pairs of ends that "
            "stand out of\ntheir noise."
            for line in self.lines
            if line.top_down
        )
        read = "plan and\nzones" if self.places is None else "plan,\nzones and places"
        foot = Text(
            f"{note}\nThe last column is what noise alone does to one number: a true 1,000 is published as 1,000 ± "
            f"that. Only {read} were read, no record."
            + (_OTHER if any(line.otherwise is not None for line in self.lines) else "")
            + f"\n{self.sensitive}"
        )
        return Group(head, Text(), table, foot)

    @property
    def rho_text(self) -> str:
        return f"{float(Fraction(self.rho)):.4g}"


def preview(design: Design) -> Preview:
    """The preview of a design that is already worked out."""
    plan, allocation = design.plan, design.allocation
    lines = []
    for measure in design.measures:
        statistic, mechanism = measure.statistic, measure.mechanism
        lines.append(
            Line(
                statistic=measure.name,
                keys=measure.grid.keys,
                cells=measure.rows,
                bound=mechanism.norm / 1024,
                norm="L2" if mechanism.kind == "gaussian" else "L1",
                mechanism=mechanism.kind,
                scale=mechanism.scale / 1024 / statistic.divisor,
                stderr=mechanism.stderr / statistic.divisor,
                half_width=mechanism.half_width / statistic.divisor,
                rho=str(mechanism.rho),
                meaning=sentences.at_level(
                    statistic.meaning,
                    None if measure.level is None else measure.level.name,
                    by_place=statistic.of_named_places,
                ),
                otherwise=None if measure.level else allocation.otherwise.get(statistic.name),
                top_down=statistic.top_down and measure.level is None,
            )
        )
    period = plan.period
    return Preview(
        source=plan.source.name,
        period=f"{period.start} to {period.end} (exclusive, {plan.source.timezone})",
        unit=period.unit,
        zones=len(design.zones),
        places=None if design.places is None else len(design.places),
        epsilon=float(plan.privacy.epsilon),
        delta=float(plan.privacy.delta),
        rho=str(allocation.rho),
        epsilon_spent=min(float(plan.privacy.epsilon), epsilon_of(allocation.rho, plan.privacy.delta)),
        synthetic=plan.source.synthetic,
        lines=tuple(lines),
        sensitive=SensitiveFacts.of(plan, design.sensitive, design.zones.ids, datetime.now(UTC).date()).words,
    )
