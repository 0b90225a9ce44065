"""What a manifest says of sensitive places: the list that was applied, or that none was."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import BeforeValidator

from shoal._sensitive import SensitiveClass
from shoal.plan import Plan
from shoal.release import sentences
from shoal.release._facts import Count, FactsBase, FractionText, Ids, Sha256, Text, as_tuple

if TYPE_CHECKING:
    from shoal.sensitive import Sensitive


class ListFacts(FactsBase):
    """A list of sensitive places, as it was applied."""

    version: Text
    reviewed: date
    """Its last review, as it says itself."""
    overdue: bool
    """Was that more than 90 days before the release was made?"""
    source: Text
    licence: Text
    sha256: Sha256
    """`Listing.digest` of the whole list."""
    places: Count
    """Those of the classes below."""
    classes: Annotated[tuple[SensitiveClass, ...], BeforeValidator(as_tuple)]
    buffer: FractionText
    """Metres around places that are points."""
    isolated: Ids
    """Zones that the area covers at least by half, ascending: their rows are suppressed."""


class SensitiveFacts(FactsBase):
    """The list, or why there is none; where neither is there, the plan says nothing of sensitive places."""

    later: ClassVar[Mapping[str, object]] = {"list": None, "none": None}

    applied: bool
    list: ListFacts | None = None
    none: Text | None = None

    @property
    def isolated(self) -> tuple[str, ...]:
        """Ids of the zones of which nothing is published."""
        return () if self.list is None else self.list.isolated

    @property
    def words(self) -> str:
        """What was done, for people."""
        if self.list is None:
            return sentences.no_sensitive_places(self.none)
        known = self.list
        return sentences.sensitive_places(
            known.places, known.version, known.reviewed, known.buffer, len(known.isolated), overdue=known.overdue
        )

    @classmethod
    def of(cls, plan: Plan, sensitive: "Sensitive | None", zones: Sequence[str], day: date) -> Self:
        """The facts of a release of `plan` that is made on `day` (UTC); `zones` are the ids."""
        if sensitive is None:
            return cls(applied=False, none=None if plan.sensitive is None else plan.sensitive.none)
        about = sensitive.about
        return cls(
            applied=True,
            list=ListFacts(
                version=about.version,
                reviewed=about.reviewed,
                overdue=sensitive.overdue(day),
                source=about.source,
                licence=about.licence,
                sha256=sensitive.digest,
                places=sensitive.places,
                classes=sensitive.classes,
                buffer=str(sensitive.buffer),
                isolated=tuple(zone for zone, isolated in zip(zones, sensitive.isolated, strict=True) if isolated),
            ),
        )
