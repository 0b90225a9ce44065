"""Keeping: the records of whole units, through the intake, sealed on the shelf for plans over weeks.

What is kept is decided by the first plan: the unit (its own; the account may not be open yet, and its unit is no
shorter), the basis, and what the intake let in. Nothing is kept without a term: see `retention`.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa

from shoal import deny
from shoal._arrays import Bool
from shoal._side_by_side import on_all
from shoal.calendar import Calendar
from shoal.errors import BasisError
from shoal.intake import Barred, Intake, OptOuts
from shoal.kept import Shelf, Span, Unit, Writer, followed, kept_lock, refuse_unfollowed, start_following
from shoal.kept.source import refuse_other_terms, terms_of
from shoal.ledger import State
from shoal.ledger.optouts import OptOutList
from shoal.ledger.registration import register, today
from shoal.plan import Plan, next_unit
from shoal.sensitive import Sensitive, load_sensitive
from shoal.sources import PointBatch, Source, Tally, TripBatch, files, open_source
from shoal.sources.fingerprint import fingerprint
from shoal.zones import Zones, load_zones

Progress = Callable[[str, float, int | None], None]
_LENGTHS = {"day": 0, "week": 1, "month": 2}


def keep(plan: Plan, *, state: State, progress: Progress, tell: Callable[[str], None]) -> tuple[Span, ...]:
    """Keep the records of `plan`'s period; returns its units. Files that are kept already are not kept twice.

    Raises `PlanError`, `DataError`, `BasisError` and `StateError`; nothing of this run is kept then.
    """
    _refuse_unit(plan, state)
    spans = tuple(Span(start, next_unit(start, plan.period.unit)) for start in plan.period.unit_starts())
    with state.refusals_of(plan):
        _refuse_term(plan, spans)
        register(state.journal, plan)
        shelf = Shelf(state.folder, plan.source.name)
        calendar, zones = Calendar.from_plan(plan), load_zones(plan)
        sensitive = load_sensitive(plan, zones, None)
        with kept_lock(state.folder):
            _refuse_overlap(plan, shelf, spans)
            open_source(plan, calendar, zones)  # all files together: one kind of identifier, columns, not all empty
            barred = _barred(state)
            units = [shelf.make(span) for span in spans]
            try:
                for unit in units:
                    refuse_other_terms(plan, unit, terms_of(plan, zones, sensitive))
                    shelf.tidy(unit)
                _fill(plan, state, shelf, units, calendar, zones, sensitive, barred, progress, tell)
            finally:
                for span in spans:
                    shelf.withdraw(span)
    return spans


def _barred(state: State) -> Barred:
    """Who is not let in. Raises `StateError` where what is kept already has not followed the list."""
    listed = OptOutList(state.folder, state.accounts.database)
    opted_out = listed.read()
    if not any(any(shelf.units()) for shelf in Shelf.all(state.folder)):
        start_following(state.folder, opted_out.version)
    refuse_unfollowed(state.folder, listed.changes(followed(state.folder) or 0))
    return Barred(OptOuts(opted_out.key, opted_out.hashes), deny.load(state))


def _fill(
    plan: Plan,
    state: State,
    shelf: Shelf,
    units: Sequence[Unit],
    calendar: Calendar,
    zones: Zones,
    sensitive: Sensitive | None,
    barred: Barred,
    progress: Progress,
    tell: Callable[[str], None],
) -> None:
    """Read what the units have not got yet, and keep it in all of them or in none."""
    marks = {path: fingerprint([path], state.digest_key) for path in files.expand(plan)}
    wanted = _wanted(units, marks)
    if not wanted:
        tell("These files are kept already.")
        return
    bounds = calendar.unit_start
    size = sum(path.stat().st_size for path in {path for paths in wanted.values() for path in paths})
    writer = Writer(shelf, [(unit, int(bounds[n]), int(bounds[n + 1])) for n, unit in enumerate(units)], size)
    accuracy = plan.cleaning.max_accuracy
    intakes = [Intake(unit.key.pseudonymizer(), accuracy, barred, sensitive) for unit in units]
    tally, read = Tally(), [Counter[str]() for _ in units]
    for own, chosen in wanted.items():
        source = open_source(_over(plan, chosen), calendar, zones)
        _read(source, calendar, intakes, own, writer, tally, progress)
        for number in own:
            read[number].update(marks[path] for path in chosen)
    tally.check(plan.source.max_bad_rows, plan)
    writer.finish(terms_of(plan, zones, sensitive), read)
    for reason, about in tally.summary():
        tell(f"  {about} {reason}")


def _read(
    source: Source,
    calendar: Calendar,
    intakes: Sequence[Intake],
    own: Sequence[int],
    writer: Writer,
    tally: Tally,
    progress: Progress,
) -> None:
    """Every record of some units into the writer, each under the pseudonyms of its unit."""
    read, size, lock = 0, max(1, source.size), Lock()

    def seen(number: int) -> None:
        nonlocal read
        with lock:
            read += number
            progress("Reading records", min(1.0, read / size), tally.rows)

    def admit(piece: Callable[[], Iterator[PointBatch | TripBatch]]) -> None:
        for batch in piece():
            time = batch.time if isinstance(batch, PointBatch) else batch.start
            unit = np.searchsorted(calendar.unit_start, time, side="right") - 1
            for number in np.unique(unit).tolist():
                if number not in own:
                    continue
                part = _only(batch, unit == number)
                own_intake = intakes[number]
                admitted = (
                    own_intake.admit_points(part) if isinstance(part, PointBatch) else own_intake.admit_trips(part)
                )
                for reason, dropped in admitted.dropped.items():
                    tally.add(reason, dropped)
                writer.add(number, admitted)

    on_all(admit, source.pieces(tally, seen), os.cpu_count() or 1)
    progress("Reading records", 1.0, tally.rows)


def _only(batch: PointBatch | TripBatch, stay: Bool) -> PointBatch | TripBatch:
    if stay.all():
        return batch
    device = batch.device.filter(pa.array(stay))
    if isinstance(batch, PointBatch):
        accuracy = None if batch.accuracy is None else batch.accuracy[stay]
        return PointBatch(device, batch.time[stay], batch.lat[stay], batch.lon[stay], accuracy)
    ends = batch.ends
    if ends is not None:
        ends = (ends[0][stay], ends[1][stay], ends[2][stay], ends[3][stay])
    return TripBatch(device, batch.start[stay], batch.end[stay], batch.origin[stay], batch.destination[stay], ends)


def _wanted(units: Sequence[Unit], marks: Mapping[Path, str]) -> dict[tuple[int, ...], list[Path]]:
    """Files by the units that have not got them yet; a file as often as it is there."""
    missing: dict[Path, list[int]] = {path: [] for path in marks}
    for number, unit in enumerate(units):
        known = Counter(unit.index.marks() if unit.index is not None else {})
        for path, mark in marks.items():
            if known[mark] > 0:
                known[mark] -= 1
            else:
                missing[path].append(number)
    wanted: dict[tuple[int, ...], list[Path]] = {}
    for path, numbers in missing.items():
        if numbers:
            wanted.setdefault(tuple(numbers), []).append(path)
    return wanted


def _over(plan: Plan, paths: Sequence[Path]) -> Plan:
    """The same plan over some of its files."""
    names = tuple(str(path.absolute()) for path in paths)
    return plan.model_copy(update={"source": plan.source.model_copy(update={"files": names})})


def _refuse_term(plan: Plan, spans: Sequence[Span]) -> None:
    """Raise `PlanError` where there are no files or no term, `BasisError` where the term is over already."""
    if plan.source.kept or plan.source.table is not None:
        key = "kept" if plan.source.kept else "table"
        raise plan.error(f"source.{key}", "says no files, from which records are kept; name them with `files`")
    days = plan.source.basis.retention_days
    if days is None:
        raise plan.error("source.basis.retention_days", "is missing; nothing is kept without a term, in days")
    if overdue := [span for span in spans if span.end + timedelta(days) <= today()]:
        raise BasisError(
            f"source {plan.source.name}: the unit that begins on {overdue[0].start} ended {days} days ago or more, for "
            "which [source.basis] retention_days lets records be kept; leave it out of the period"
        )


def _refuse_unit(plan: Plan, state: State) -> None:
    """A plan of a longer unit than the account's is never released, so its key would link more than is of use."""
    for statement in state.accounts.statement():
        account = statement.account
        if account.source == plan.source.name and _LENGTHS[plan.period.unit] > _LENGTHS[account.unit]:
            raise plan.error(
                "period.unit", f"is longer than that of the account of {account.source}, one {account.unit}; use that"
            )


def _refuse_overlap(plan: Plan, shelf: Shelf, spans: Sequence[Span]) -> None:
    """A record lies in one kept unit: two that overlap would count it under two keys."""
    for other in shelf.spans():
        for span in spans:
            if span != other and span.start < other.end and other.start < span.end:
                raise plan.error(
                    "period.start",
                    f"the unit from {span.start} to {span.end} overlaps with the kept one from {other.start} to "
                    f"{other.end}; keep whole units of one length that begin where those do",
                )
