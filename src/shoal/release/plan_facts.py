"""The facts that follow from the plan and its account: source, basis, places, period, privacy."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from shoal.ledger.audits import Audit
from shoal.ledger.entries import SourceEntry
from shoal.plan import Collected, Plan, Purpose, Unit, ZonesKind
from shoal.release import sentences
from shoal.release._facts import Count, FactsBase, FractionText, Sentences, Sha256, Text

if TYPE_CHECKING:
    from shoal.zones._base import Zones


class SourceFacts(FactsBase):
    """The account that was charged. Its files are nobody's business."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    kind: Literal["points", "trips"]


class BasisFacts(FactsBase):
    """By whose authority, under which law and for what."""

    controller: Text
    legal_basis: Text
    purpose: Purpose
    assessment_sha256: Sha256 | None = None
    expires: date | None = None
    """Last day on which the basis holds."""
    collected: Collected = "unstated"
    consent_sha256: Sha256 | None = None
    """Of the evidence that the people in the records agreed."""
    consent_purpose: Purpose | None = None
    consent_expires: date | None = None
    retention_days: Annotated[int, Field(ge=1)] | None = None
    """Days after the end of a unit for which records of it may be kept."""

    later: ClassVar[Mapping[str, object]] = {
        "expires": None,
        "collected": "unstated",
        "consent_sha256": None,
        "consent_purpose": None,
        "consent_expires": None,
        "retention_days": None,
    }

    @classmethod
    def of(cls, registered: SourceEntry) -> Self:
        """What was registered."""
        return cls(**{name: getattr(registered, name) for name in cls.model_fields})


class AuditFacts(FactsBase):
    """The last audit by attack of the code that made the release, where it passed and was not older than 30 days."""

    made: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")] | None
    """UTC. None: there was none."""
    report_sha256: Sha256 | None

    @classmethod
    def of(cls, found: Audit | None) -> Self:
        """What is on record."""
        if found is None:
            return cls(made=None, report_sha256=None)
        return cls(made=f"{found.made:%Y-%m-%dT%H:%M:%SZ}", report_sha256=found.sha256)

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.made is None) != (self.report_sha256 is None):
            raise ValueError("made and report_sha256 stand together or not at all")
        return self


class PublicationFacts(FactsBase):
    """On which terms the release may be used."""

    licence: Text
    """SPDX identifier."""
    attribution: Text
    terms: Sentences
    registry: Literal[1] = 1
    """Version of the wording of registry.yaml: a release is checked against the words that it was written in."""

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """What the plan says, and who is to be named where it does not: the controller."""
        said = plan.publication
        return cls(
            licence=said.licence,
            attribution=said.attribution or plan.source.basis.controller,
            terms=sentences.TERMS,
        )


class ZonesFacts(FactsBase):
    """The public places; `sha256` is `Zones.digest`."""

    kind: ZonesKind
    count: Annotated[int, Field(ge=0)]
    sha256: Sha256
    names: bool
    parents: bool


class PlacesFacts(FactsBase):
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


class PeriodFacts(FactsBase):
    """Local dates, `end` exclusive."""

    start: date
    end: date
    unit: Unit
    timezone: Text


class PrivacyFacts(FactsBase):
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


class AccountFacts(FactsBase):
    """Where the charge stands, and the unit in which that account counts."""

    charge: Text
    unit: Unit
