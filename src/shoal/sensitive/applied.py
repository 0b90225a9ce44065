"""The list that a plan names, at work: the area without records, and the zones that it isolates."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from hashlib import sha256
from typing import Final

import numpy as np

from shoal._arrays import Bool
from shoal._sensitive import SensitiveClass
from shoal.errors import DataError, RefusedError
from shoal.plan import Plan
from shoal.sensitive import listing
from shoal.sensitive.area import Area
from shoal.sensitive.classes import NAMES, WORDS
from shoal.sensitive.listing import About
from shoal.zones import Zones

OVERDUE: Final = 90
"""Days after its review from which the use of a list is told to the operator and to the release's readers."""
TOO_OLD: Final = 365
"""Days after which it is refused."""


@dataclass(frozen=True, eq=False)
class Sensitive:
    """The list of a plan.

    about     what it says of itself
    digest    `Listing.digest` of the whole list, public
    places    how many of it count
    classes   of which it counts, in their order
    buffer    metres around points
    area      where no record is used
    isolated  bool[z]  the zones of the plan that the area isolates: nothing is published of them
    """

    about: About
    digest: str
    places: int
    classes: tuple[SensitiveClass, ...]
    buffer: Fraction
    area: Area
    isolated: Bool

    @property
    def applied(self) -> str:
        """SHA-256 of the list and of how the plan applies it, hexadecimal. Public."""
        how = f"{self.digest} {self.buffer} {' '.join(self.classes)}"
        return sha256(how.encode()).hexdigest()

    def overdue(self, day: date) -> bool:
        """Is its review so long ago that it has to be said?"""
        return (day - self.about.reviewed).days > OVERDUE

    def warning(self, day: date, *, synthetic: bool = False) -> str | None:
        """One sentence for the operator where the review is overdue on `day`.

        Raises `RefusedError` where it is longer ago than `TOO_OLD`, `DataError` where it is still to come; not for a
        simulation, whose days are any days.
        """
        if synthetic:
            return None
        age = (day - self.about.reviewed).days
        again = "review the list and say so with `reviewed`"
        if age < -1:  # somewhere it is tomorrow already
            raise DataError(
                f"the list of sensitive places says reviewed {self.about.reviewed}, which is to come; mend it"
            )
        if age > TOO_OLD:
            raise RefusedError(
                f"the list of sensitive places was reviewed on {self.about.reviewed}, {age} days ago, and more than "
                f"{TOO_OLD} are refused; {again}"
            )
        if age > OVERDUE:
            return (
                f"The list of sensitive places was reviewed on {self.about.reviewed}, {age} days ago; the release says "
                f"so. After {OVERDUE} days {again}."
            )
        return None


def load_sensitive(plan: Plan, zones: Zones, places: Zones | None) -> Sensitive | None:
    """The list that `plan` names, over its zones and named places; None where it names none.

    Raises `PlanError` where a key of [sensitive] can't be meant, where the list isolates every zone, and where it
    isolates a named place; `DataError` where the file can't be used: one sentence.
    """
    asked = plan.sensitive
    if asked is None or asked.file is None:
        return None
    file = plan.folder / asked.file
    if not file.is_file():
        raise plan.error("sensitive.file", f"there is no file {file}; check the path")
    whole = listing.read(file)
    classes = tuple(name for name in NAMES if asked.classes is None or name in asked.classes)
    listed = whole.only(classes)
    if not len(listed):
        raise plan.error("sensitive.classes", f"{file} has no place of these classes; leave the key out for all")
    area = Area.of(listed, float(asked.buffer))
    if places is not None and (near := np.flatnonzero(area.of_zones(places))).size:
        name = listed.classes[area.first_place(places.shapes[near[0]])]
        raise plan.error(
            "places.file",
            f"place {places.ids[near[0]]} (of {near.size} such) lies at a sensitive place of the class {name} "
            f"({WORDS[name]}), which no number may be about; remove it from the file",
        )
    isolated = area.of_zones(zones)
    if isolated.all():
        raise plan.error(
            "sensitive.file", "its places isolate every zone, so that nothing could be published; choose larger zones"
        )
    return Sensitive(whole.about, whole.digest, len(listed), classes, asked.buffer, area, isolated)
