"""Kept records as a source: opened for one plan, read segment by segment, by nothing but an engine.

Records of two units have nothing in common, so a plan can use them where each of its own units lies within a kept one:
a row is one device over one unit of the plan, and that never looks across.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Literal

import numpy as np

from shoal.buckets import POINT, TRIP, Records
from shoal.calendar import Calendar, first_instant
from shoal.errors import BasisError, StateError
from shoal.intake._batches import PseudonymousPoints, PseudonymousTrips
from shoal.kept.shelf import Shelf, Terms, Unit
from shoal.plan import Plan, next_unit
from shoal.sensitive import Sensitive
from shoal.zones import Zones

_LARGEST = 1 << 32
Piece = Callable[[], Iterator[PseudonymousPoints | PseudonymousTrips]]


def terms_of(plan: Plan, zones: Zones, sensitive: Sensitive | None = None) -> Terms:
    """What `plan` says of everything that settles which records are kept."""
    source = plan.source
    return Terms(
        kind=source.kind,
        timezone=source.timezone,
        controller=source.basis.controller,
        legal_basis=source.basis.legal_basis,
        purpose=source.basis.purpose,
        max_accuracy=str(plan.cleaning.max_accuracy) if source.kind == "points" else None,
        zones=zones.digest if source.kind == "trips" else None,
        sensitive=None if sensitive is None or source.columns.start_lat is None else sensitive.applied,
    )


def refuse_other_terms(plan: Plan, unit: Unit, terms: Terms) -> None:
    """Raise `BasisError` or `PlanError` where what is kept of a unit was kept on other terms."""
    if unit.index is None:
        return
    kept, begins = unit.index.terms, f"the unit that begins on {unit.span.start}"
    for name in ("controller", "legal_basis", "purpose"):
        if getattr(kept, name) != getattr(terms, name):
            raise BasisError(
                f"source {plan.source.name}: the records of {begins} are kept for another {name.replace('_', ' ')} "
                f"than [source.basis] {name} says; use them for that alone, or keep them anew on this basis"
            )
    for name, key in (("kind", "source.kind"), ("timezone", "source.timezone")):
        if getattr(kept, name) != getattr(terms, name):
            raise plan.error(key, f"{begins} was kept with {name} {getattr(kept, name)!r}; use that")
    if kept.max_accuracy != terms.max_accuracy:
        raise plan.error("cleaning.max_accuracy", f"{begins} was kept with {kept.max_accuracy} metres; use that")
    if kept.zones != terms.zones:
        raise plan.error("zones", f"the trips of {begins} were kept by other zones; use the same file")
    if kept.sensitive != terms.sensitive:
        raise plan.error(
            "sensitive", f"the trips of {begins} were kept with another list of sensitive places; use the same"
        )


def open_kept(
    plan: Plan, calendar: Calendar, zones: Zones, shelf: Shelf, sensitive: Sensitive | None = None
) -> "KeptSource":
    """The kept units that `plan` needs. Raises `PlanError` for units that are not kept, and as `refuse_other_terms`."""
    spans, terms, missing, found = shelf.spans(), terms_of(plan, zones, sensitive), list[str](), dict[date, Unit]()
    for start in plan.period.unit_starts():
        end = next_unit(start, plan.period.unit)
        holds = next((span for span in spans if span.start <= start and end <= span.end), None)
        unit = shelf.unit(holds) if holds is not None and holds.start not in found else None
        if holds is None or (unit is not None and unit.index is None):
            missing.append(str(start))
        elif unit is not None:
            refuse_other_terms(plan, unit, terms)
            found[holds.start] = unit
    if missing:
        raise plan.error(
            "source.kept",
            f"no records are kept for the {plan.period.unit}s that begin on {', '.join(missing)}; keep them first, "
            "with `shoal keep` and a plan of the same or a longer unit",
        )
    return KeptSource(plan, calendar, tuple(found.values()), shelf)


class KeptSource:
    """Kept records of a plan. Make one with `open_kept`."""

    def __init__(self, plan: Plan, calendar: Calendar, units: tuple[Unit, ...], shelf: Shelf) -> None:
        self.kind: Literal["points", "trips"] = plan.source.kind
        self._calendar, self._units, self._shelf = calendar, units, shelf

    def pieces(self) -> list[Piece]:
        """One for each segment, which threads may read side by side: its records, under pseudonyms of their unit.

        Raises `StateError` where a segment is not as it was sealed.
        """
        return [
            partial(self._read, unit, name)
            for unit in self._units
            if unit.index is not None
            for name in sorted(unit.index.files)
        ]

    def _read(self, unit: Unit, name: str) -> Iterator[PseudonymousPoints | PseudonymousTrips]:
        records = read_segment(self._shelf, unit, name, self.kind)
        start = first_instant(unit.span.start, self._calendar.timezone)
        time = records["time"].astype(np.int64) + start
        inside = (time >= self._calendar.start) & (time < self._calendar.end)
        if not inside.all():
            records, time = records[inside], time[inside]
        columns = {name: np.ascontiguousarray(records[name]) for name in records.dtype.names or () if name != "time"}
        if self.kind == "points":
            yield PseudonymousPoints(columns["pseudonym"], time, columns["lat"], columns["lon"])
        else:
            end, origin, destination = (columns[name] for name in ("end", "origin", "destination"))
            yield PseudonymousTrips(columns["pseudonym"], time, end, origin, destination)

    def fingerprint_along(self, key: bytes) -> None:
        """There is nothing to take along: the index says what was read."""

    def fingerprint(self, key: bytes, progress: Callable[[float], None] | None = None) -> str:
        """Keyed digest of what is kept: of the fingerprints of the files that it was read from. Secret.

        What was erased since does not change it: a plan that was released before gives its first release again, as
        one over files does.
        """
        digest = hashlib.blake2b(key=key, digest_size=32, person=b"shoal kept")
        for unit in self._units:
            digest.update(f"{unit.span}\n".encode())
            for mark, number in sorted(unit.index.marks().items() if unit.index is not None else ()):
                digest.update(f"{number} {mark}\n".encode())
        return digest.hexdigest()

    def __repr__(self) -> str:
        return f"<KeptSource of {self.kind}>"


def read_segment(shelf: Shelf, unit: Unit, name: str, kind: str) -> Records:
    """The records of one segment; times count from the unit's start. Raises `StateError`."""
    sealed = shelf.files.read(unit.folder / name, _LARGEST)
    if sealed is None:
        raise StateError(f"{unit.folder / name} is gone; restore it from a backup")
    try:
        return unit.key.sealer().open(sealed, unit.place(name), POINT if kind == "points" else TRIP)
    except StateError:
        raise StateError(f"{unit.folder / name} is not as it was written; restore it from a backup") from None
