"""Retention: what is due is destroyed, keys first, and the log says so; then a scan names what is older than allowed.

A unit's records may be kept for as many days after its end as the newest registration of their source says. Files that
people made are never removed here: they are named, with their age, for the operator alone.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from shoal.disk import Files
from shoal.kept import Shelf, Span, destroy, forget, kept_lock
from shoal.ledger import State
from shoal.ledger.entries import KeyDestroyedEntry, SourceEntry
from shoal.ledger.registration import today
from shoal.plan import Plan
from shoal.sources.files import ending, found

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Overdue:
    """Something that should not be there any more, or not like this.

    days     how old it is, by its last change
    allowed  how old it may become; None: there is no term
    """

    path: Path
    why: str
    days: int
    allowed: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was destroyed now, and what is left that should not be."""

    destroyed: tuple[tuple[str, Span], ...]
    overdue: tuple[Overdue, ...]


def retain(
    state: State, plans: Sequence[Plan] = (), folders: Sequence[Path] = (), *, files: Files | None = None
) -> Outcome:
    """Destroy what is due and look for what is left.

    plans    whose files are looked at, each by the term of its source
    folders  whose files of records are looked at, by the shortest term of all sources
    files    how to write; the tests' double stops at any step

    Raises `StateError`; what was begun is ended by the next call.
    """
    terms = _terms(state)
    destroyed, overdue = list[tuple[str, Span]](), list[Overdue]()
    with kept_lock(state.folder):
        for shelf in Shelf.all(state.folder, files):
            allowed = terms.get(shelf.source)
            for span in _due(shelf, allowed):
                _destroy(state, shelf, span)
                destroyed.append((shelf.source, span))
        for shelf in Shelf.all(state.folder, files):
            shelf.tidy_all()
            overdue += _left(shelf, terms.get(shelf.source))
    overdue += _drafts(state)
    for plan in plans:
        days = terms.get(plan.source.name, plan.source.basis.retention_days)
        overdue += _old(found(plan), days)
    shortest = min((days for days in terms.values() if days is not None), default=None)
    for folder in folders:
        overdue += _old((path for path in sorted(folder.rglob("*")) if ending(path) and path.is_file()), shortest)
    return Outcome(tuple(destroyed), tuple(dict.fromkeys(overdue)))


def _terms(state: State) -> dict[str, int | None]:
    """Days of each registered source, by its newest registration."""
    entries = (entry for _, entry in state.journal.find("source"))
    return {entry.source: entry.retention_days for entry in entries if isinstance(entry, SourceEntry)}


def _due(shelf: Shelf, allowed: int | None) -> Iterator[Span]:
    """Units whose time is over, and those of which a destruction has begun."""
    for span in sorted({*shelf.spans(), *shelf.folders()}):
        if shelf.is_empty(span):  # the last step of a destruction was cut short
            forget(shelf, span)
            continue
        over = allowed is not None and span.end + timedelta(allowed) <= today()
        if over or shelf.is_destroying(span):
            yield span


def _destroy(state: State, shelf: Shelf, span: Span) -> None:
    """All five steps of `kept.destroy`. The log's entry is made once, whenever a crash hits."""
    entry = KeyDestroyedEntry(
        id=destroy(shelf, span), source=shelf.source, start=span.start, end=span.end, why="retention"
    )
    if entry.id not in {known.id for _, known in state.journal.find("key destroyed", shelf.source)}:
        state.journal.record(entry)
    forget(shelf, span)


def _left(shelf: Shelf, allowed: int | None) -> Iterator[Overdue]:
    """Units whose files remain although their key is gone, and units that nobody set a term for."""
    kept = set(shelf.spans())
    for span in sorted({*shelf.folders(), *kept}):
        folder = shelf.folder / str(span)
        if span not in kept:
            why = "its key is gone, so nothing can be read; restore the key, or remove the folder"
            yield Overdue(folder, why, _age(folder), allowed)
        elif allowed is None:
            yield Overdue(folder, "its source is registered without retention_days", _age(folder), None)


def _drafts(state: State) -> Iterator[Overdue]:
    """Files that a run was writing when it was killed."""
    for path in sorted(state.folder.rglob("*.tmp")):
        if path.is_file() and _age(path) >= 1:
            yield Overdue(path, "a run that was killed left it; remove it", _age(path), 0)


def _old(paths: Iterator[Path] | Sequence[Path], allowed: int | None) -> Iterator[Overdue]:
    """Files of records that are older than allowed."""
    for path in paths if allowed is not None else ():
        if (days := _age(path)) > (allowed or 0):
            yield Overdue(path, "records are older than allowed; remove the file", days, allowed)


def _age(path: Path) -> int:
    """Whole days since the last change; 0 for what is gone."""
    try:
        return int((time.time() - path.stat().st_mtime) // _DAY)
    except OSError:
        return 0
