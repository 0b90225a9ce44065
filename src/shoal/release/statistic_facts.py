"""The facts of one statistic at one level: its table, its noise, its cost."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self, cast

from pydantic import BeforeValidator, Field

from shoal.classes import Classes
from shoal.plan import PLACE
from shoal.privacy.mechanism import ONE, Kind, Mechanism
from shoal.release._facts import Count, FactsBase, Finite, FractionText, Ids, Name, TableName, Text, as_tuple

if TYPE_CHECKING:
    from shoal.levels import LevelName

ESTIMATES = ("estimate", "stderr", "lower", "upper", "consistent")
"""The float64 columns of every table, after its keys; `suppressed`, a bool, comes last."""

Pairs = Literal["all", "within", "selected"]


class ClassFacts(FactsBase):
    """One class of a quantity: [least, below) in `unit`; the last has no end."""

    label: Text
    least: Annotated[int, Field(ge=0)]
    below: Annotated[int, Field(ge=1)] | None
    unit: Text

    @classmethod
    def of(cls, classes: Classes) -> tuple[Self, ...]:
        """Each class of `classes`."""
        rows = zip(classes.labels, classes.edges, (*classes.edges[1:], None), strict=True)
        return tuple(cls(label=label, least=least, below=below, unit=classes.unit) for label, least, below in rows)


class AreaFacts(FactsBase):
    """Zones that one row speaks of together. Found from noisy numbers alone."""

    area: Text
    zones: Annotated[tuple[Text, ...], BeforeValidator(as_tuple), Field(min_length=1)]


class StatisticFacts(FactsBase):
    """One statistic at one level: its keys, its noise, its cost, and what one of its numbers means."""

    later: ClassVar[Mapping[str, object]] = {
        "classes": (),
        "corrected": None,
        "width": None,
        "areas": None,
        "ends": None,
    }

    statistic: TableName
    """Name of the table: the statistic's, with `.region` or `.all` for a coarser level, or with the key column of one
    end of its pairs (`.origin`)."""
    keys: Annotated[tuple[Name, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=4)]
    """Names of the key columns."""
    cells: Annotated[int, Field(ge=0, le=2**62)]
    """Rows of the table."""
    share: FractionText
    """Of the plan's budget, relative to the other statistics."""
    mechanism: Kind
    norm: Literal["L1", "L2"]
    bound: FractionText
    """Norm to which a device's vector over one unit was held, in contributions: bound_fixed / fixed_point."""
    bound_fixed: Count
    scale_fixed: Count
    """Of the noise (sigma, or the b of Laplace), in units of 1 / fixed_point."""
    fixed_point: Literal[1024] = 1024
    rho: FractionText
    """zCDP cost in one unit, exact."""
    divisor: Count
    """Published value = noisy sum / fixed_point / divisor."""
    stderr: Finite
    half_width: Finite
    """Of the 95 % interval of the noise in one measured number, in published units."""
    value: Text
    """What one number means, in one sentence."""
    pairs: Pairs | None = None
    """Which pairs of zones have a row, where the keys are two places. Selected: those of `ends`; every other pair is
    accounted for by the rows of its two zones in the tables of the ends, which are complete."""
    max_km: FractionText | None = None
    """With pairs = "within", and perhaps with "selected": the largest distance between the zones' centres."""
    classes: Annotated[tuple[ClassFacts, ...], BeforeValidator(as_tuple)] = ()
    """Values of the key column `class`, in their order."""
    corrected: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Share of the published total that bounding had taken away and that the coarser levels gave back. None: numbers
    are published as they were measured."""
    width: Finite | None = None
    """Half of the 95 % interval of a usual number (the median of the table), where they differ from row to row."""
    areas: Annotated[tuple[AreaFacts, ...], BeforeValidator(as_tuple)] | None = None
    """Where zones were merged: every area of more than a zone by itself. The other zones have rows of their own."""
    ends: Annotated[tuple[Ids, Ids], BeforeValidator(as_tuple)] | None = None
    """With pairs = "selected": the zones that were kept as first and as second end, ascending. Found from the noisy
    totals of the ends alone."""
    suppression: Text | None = None
    """The rule by which rows are marked, or None where none is."""

    @property
    def base(self) -> str:
        """The statistic whose level this is."""
        return self.statistic.partition(".")[0]

    @property
    def level(self) -> "LevelName | None":
        """None: the finest."""
        return cast("LevelName | None", self.statistic.partition(".")[2] or None)

    @property
    def is_end(self) -> bool:
        """Does it hold the totals of one end of pairs, for each zone?"""
        return self.level not in (None, "region", "all")

    @property
    def of_named_places(self) -> bool:
        """Is it counted by named places instead of by zones?"""
        return PLACE in self.keys

    @property
    def usual_width(self) -> float:
        """Half of the 95 % interval of a usual number, in published units."""
        return self.half_width if self.width is None else self.width

    @classmethod
    def of(
        cls,
        statistic: str,
        keys: Sequence[str],
        cells: int,
        mechanism: Mechanism,
        *,
        share: Fraction,
        value: str,
        divisor: int = 1,
        pairs: Pairs | None = None,
        max_km: Fraction | None = None,
        classes: Classes | None = None,
        suppression: str | None = None,
        corrected: float | None = None,
        width: float | None = None,
        areas: Mapping[str, Sequence[str]] | None = None,
        ends: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
    ) -> Self:
        """The facts that follow from a mechanism; stderr and half width in published units."""
        return cls(
            statistic=statistic,
            keys=tuple(keys),
            cells=cells,
            share=str(share),
            mechanism=mechanism.kind,
            norm="L2" if mechanism.kind == "gaussian" else "L1",
            bound=str(Fraction(mechanism.norm, ONE)),
            bound_fixed=mechanism.norm,
            scale_fixed=mechanism.scale,
            rho=str(mechanism.rho),
            divisor=divisor,
            stderr=mechanism.stderr / divisor,
            half_width=mechanism.half_width / divisor,
            value=value,
            pairs=pairs,
            max_km=None if max_km is None else str(max_km),
            classes=() if classes is None else ClassFacts.of(classes),
            suppression=suppression,
            corrected=corrected,
            width=width,
            areas=None
            if areas is None
            else tuple(AreaFacts(area=area, zones=tuple(zones)) for area, zones in areas.items()),
            ends=ends,
        )

    @property
    def noise(self) -> Mechanism:
        """The mechanism as the manifest states it."""
        return Mechanism(self.mechanism, self.bound_fixed, self.scale_fixed)
