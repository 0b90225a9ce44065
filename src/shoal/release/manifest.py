"""The manifest: what a release is, as frozen models; nothing in it describes the input."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from shoal.classes import Classes
from shoal.plan import PLACE, Plan, Purpose, Unit, ZonesKind
from shoal.privacy.mechanism import ONE, Kind, Mechanism
from shoal.release import sentences

if TYPE_CHECKING:
    from shoal.levels import LevelName
    from shoal.zones._base import Zones

ESTIMATES = ("estimate", "stderr", "lower", "upper", "consistent")
"""The float64 columns of every table, after its keys; `suppressed`, a bool, comes last."""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable text on one line")
    return text


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Text = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_printable)]
Ids = Annotated[tuple[Text, ...], BeforeValidator(_tuple)]
Sentences = Annotated[tuple[Text, ...], BeforeValidator(_tuple)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FractionText = Annotated[str, Field(pattern=r"^[0-9]{1,1500}(/[1-9][0-9]{0,1499})?$")]
"""An exact number, as `str(Fraction)` writes it. No exponents: "1e999999999" would fill the memory of who reads it."""
Pairs = Literal["all", "within", "selected"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
TableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}(\.(region|all|origin|destination|home|zone))?$")]
Finite = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=2**62)]


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    later: ClassVar[Mapping[str, object]] = {}
    """Facts that came later, and their value where there is nothing to say."""

    @model_serializer(mode="wrap")
    def _without_what_is_not(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Facts that came later are not written where there is nothing to say: older manifests stay canonical."""
        facts: dict[str, Any] = write(self)
        for name, empty in self.later.items():
            if getattr(self, name) == empty:
                facts.pop(name, None)  # a caller may have left it out
        return facts


class ClassFacts(_Facts):
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


class AreaFacts(_Facts):
    """Zones that one row speaks of together. Found from noisy numbers alone."""

    area: Text
    zones: Annotated[tuple[Text, ...], BeforeValidator(_tuple), Field(min_length=1)]


class StatisticFacts(_Facts):
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
    keys: Annotated[tuple[Name, ...], BeforeValidator(_tuple), Field(min_length=1, max_length=4)]
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
    classes: Annotated[tuple[ClassFacts, ...], BeforeValidator(_tuple)] = ()
    """Values of the key column `class`, in their order."""
    corrected: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Share of the published total that bounding had taken away and that the coarser levels gave back. None: numbers
    are published as they were measured."""
    width: Finite | None = None
    """Half of the 95 % interval of a usual number (the median of the table), where they differ from row to row."""
    areas: Annotated[tuple[AreaFacts, ...], BeforeValidator(_tuple)] | None = None
    """Where zones were merged: every area of more than a zone by itself. The other zones have rows of their own."""
    ends: Annotated[tuple[Ids, Ids], BeforeValidator(_tuple)] | None = None
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


class SourceFacts(_Facts):
    """The account that was charged. Its files are nobody's business."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    kind: Literal["points", "trips"]


class BasisFacts(_Facts):
    """By whose authority, under which law and for what."""

    controller: Text
    legal_basis: Text
    purpose: Purpose
    assessment_sha256: Sha256 | None = None


class ZonesFacts(_Facts):
    """The public places; `sha256` is `Zones.digest`."""

    kind: ZonesKind
    count: Annotated[int, Field(ge=0)]
    sha256: Sha256
    names: bool
    parents: bool


class PlacesFacts(_Facts):
    """The named places; `sha256` is their `Zones.digest`, with the categories as parents."""

    count: Annotated[int, Field(ge=1)]
    sha256: Sha256
    names: bool
    categories: bool

    @classmethod
    def of(cls, places: "Zones") -> Self:
        """The facts that follow from the places."""
        return cls(
            count=len(places),
            sha256=places.digest,
            names=any(name is not None for name in places.names),
            categories=any(category is not None for category in places.parents),
        )


class PeriodFacts(_Facts):
    """Local dates, `end` exclusive."""

    start: date
    end: date
    unit: Unit
    timezone: Text


class PrivacyFacts(_Facts):
    """What one device may lose in one unit, over all statistics together."""

    definition: Literal["rho-zCDP"] = "rho-zCDP"
    unit: Unit
    neighbours: Text
    epsilon: FractionText
    delta: FractionText
    rho: FractionText
    units: Count
    """Units of privacy in the period."""
    several_units: Text


class AccountFacts(_Facts):
    """Where the charge stands, and the unit in which that account counts."""

    charge: Text
    unit: Unit


class Facts(_Facts):
    """All that a manifest says before the files are written. Make one with `Facts.of`."""

    later: ClassVar[Mapping[str, object]] = {"places": None}

    format: Literal[1] = 1
    id: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d-[A-Za-z0-9][A-Za-z0-9_-]{0,79}$")]
    created: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    """UTC."""
    shoal: Text
    """Version."""
    code: Sha256
    """SHA-256 of the code that made it."""
    synthetic: bool
    source: SourceFacts
    basis: BasisFacts
    plan: dict[str, Any]
    """`Plan.public`."""
    plan_sha256: Sha256
    zones: ZonesFacts
    places: PlacesFacts | None = None
    """None: no statistic is counted by named places."""
    period: PeriodFacts
    privacy: PrivacyFacts
    account: AccountFacts
    statistics: Annotated[tuple[StatisticFacts, ...], BeforeValidator(_tuple), Field(min_length=1)]
    post_processing: Sentences = ()
    not_protected: Sentences = sentences.NOT_PROTECTED

    @classmethod
    def of(
        cls,
        plan: Plan,
        zones: "Zones",
        *,
        id: str,
        shoal: str,
        code: str,
        charge: str,
        account_unit: Unit,
        statistics: Sequence[StatisticFacts],
        rho: Fraction | None = None,
        assessment_sha256: str | None = None,
        post_processing: Sequence[str] = (),
        created: datetime | None = None,
        places: "Zones | None" = None,
    ) -> Self:
        """The facts of a release of `plan` over `zones`; `rho` (per unit) is the sum over statistics if not given."""
        total = sum((Fraction(s.rho) for s in statistics), Fraction(0)) if rho is None else rho
        unit, basis = plan.period.unit, plan.source.basis
        return cls(
            id=id,
            created=f"{(created or datetime.now(UTC)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            shoal=shoal,
            code=code,
            synthetic=plan.source.synthetic,
            source=SourceFacts(name=plan.source.name, kind=plan.source.kind),
            basis=BasisFacts(
                controller=basis.controller,
                legal_basis=basis.legal_basis,
                purpose=basis.purpose,
                assessment_sha256=assessment_sha256,
            ),
            plan=plan.public(),
            plan_sha256=plan.digest(),
            zones=ZonesFacts(
                kind=plan.zones.kind,
                count=len(zones),
                sha256=zones.digest,
                names=any(name is not None for name in zones.names),
                parents=any(parent is not None for parent in zones.parents),
            ),
            places=None if places is None else PlacesFacts.of(places),
            period=PeriodFacts(start=plan.period.start, end=plan.period.end, unit=unit, timezone=plan.source.timezone),
            privacy=PrivacyFacts(
                unit=unit,
                neighbours=sentences.neighbours(unit),
                epsilon=str(plan.privacy.epsilon),
                delta=str(plan.privacy.delta),
                rho=str(total),
                units=len(plan.period.unit_starts()),
                several_units=sentences.several_units(unit),
            ),
            account=AccountFacts(charge=charge, unit=account_unit),
            statistics=tuple(statistics),
            post_processing=tuple(post_processing),
        )

    def find(self, statistic: str) -> StatisticFacts:
        """Facts of one statistic. Raises `KeyError`."""
        return {s.statistic: s for s in self.statistics}[statistic]


class Manifest(Facts):
    """The facts and the SHA-256 of every other file of the folder, by relative path."""

    files: Mapping[Text, Sha256]

    @classmethod
    def complete(cls, facts: Facts, files: Mapping[str, str]) -> Self:
        """The manifest of a folder that holds `files`."""
        return cls(**{name: getattr(facts, name) for name in Facts.model_fields}, files=dict(files))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read canonical JSON. Raises `ValueError` for anything else: other bytes have no one meaning."""
        manifest = cls.model_validate_json(data)
        if manifest.to_bytes() != data:
            raise ValueError("is not written in canonical form")
        return manifest

    def to_bytes(self) -> bytes:
        """Canonical JSON: sorted keys, two spaces, UTF-8, a newline at the end."""
        tables = self.model_dump(mode="json")
        return (json.dumps(tables, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
