"""Whether a file has the columns that the plan names, of types that can be used; checked before any row is read."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from shoal.errors import DataError, ShoalError
from shoal.plan import Plan
from shoal.sources import identifiers
from shoal.sources._reader import Reader, nearest
from shoal.sources.identifiers import is_text
from shoal.sources.tally import Reason
from shoal.sources.times import Clock

_TIMES = ("time", "start", "end")
_IDS = ("origin", "destination")


def columns_of(plan: Plan) -> dict[str, str]:
    """Ours = theirs, for the columns that the plan names."""
    return {ours: theirs for ours, theirs in plan.source.columns if theirs is not None}


def check_file(plan: Plan, clock: Clock, reader: Reader, first_file: Path) -> identifiers.Kind:
    """Check one file and return its kind of identifier.

    Raises `PlanError` where the plan must be mended, `DataError` where the file is unlike the first one.
    """
    for ours, theirs in columns_of(plan).items():
        if theirs not in reader.types:
            raise _missing(plan, ours, theirs, reader, first_file)
        if theirs in reader.twice:
            raise DataError(f"{reader.path}: the column {theirs!r} ([source.columns] {ours}) occurs twice; rename one")
        _check_type(plan, ours, theirs, reader)
    _check_times(plan, clock, reader)
    return identifiers.kind_of(reader.types[plan.source.columns.device]) or "unknown"


def check_kinds(kinds: Sequence[tuple[Path, identifiers.Kind]]) -> None:
    """All files must say identifiers in the same way, else one device would count as two."""
    known = [(path, kind) for path, kind in kinds if kind != "unknown"]
    for path, kind in known:
        if kind != known[0][1]:
            binary, plain = (path, known[0][0]) if kind == "binary" else (known[0][0], path)
            raise DataError(
                f"{binary}: devices are UUIDs in 16 bytes here but text or numbers in {plain}, so that a device would "
                "count twice; write them in one way in all files"
            )


def _missing(plan: Plan, ours: str, theirs: str, reader: Reader, first_file: Path) -> ShoalError:
    hint = nearest(theirs, list(reader.types))
    if reader.headless:
        hint = "; its first row seems to hold values, not names of columns: add a row of names"
    if reader.path == first_file:
        return plan.error(f"source.columns.{ours}", f"there is no column {theirs!r} in {reader.path}{hint}")
    return DataError(f"{reader.path}: has no column {theirs!r} ([source.columns] {ours}), unlike {first_file}{hint}")


def _check_type(plan: Plan, ours: str, theirs: str, reader: Reader) -> None:
    kind = reader.types[theirs]
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if pa.types.is_null(kind):
        return
    if ours == "device":
        good, need = identifiers.kind_of(kind) is not None, "text, whole numbers or UUIDs in 16 bytes"
    elif ours in _TIMES:
        good, need = number or is_text(kind) or pa.types.is_timestamp(kind), "timestamps, ISO 8601 text or numbers"
    elif ours in _IDS:
        good, need = number or is_text(kind), "ids of zones, text or numbers"
    else:
        good, need = number or is_text(kind) or pa.types.is_decimal(kind), "numbers"
    if not good:
        raise DataError(
            f"{reader.path}: the column {theirs!r} ([source.columns] {ours}) holds {_name(kind)} but must hold {need}; "
            "convert it, or name another column"
        )
    if ours in _TIMES and number and plan.source.time_unit is None:
        raise _no_unit(plan, theirs, reader.path)


def _check_times(plan: Plan, clock: Clock, reader: Reader) -> None:
    """Text that is numbers all through needs a unit as well."""
    if plan.source.time_unit is not None:
        return
    names = [theirs for ours, theirs in columns_of(plan).items() if ours in _TIMES and is_text(reader.types[theirs])]
    for name, times in reader.first(names).items() if names else ():
        guess = Clock(clock.wall, clock.offset, 1)
        if not (clock.seconds(times)[1] == 0).any() and (guess.seconds(times)[1] == 0).any():
            raise _no_unit(plan, name, reader.path)
        if len(times) and (clock.seconds(times)[1] == Reason.UNREADABLE_TIME).all():
            raise DataError(
                f"{reader.path}: the times in column {name!r} can't be read; write them as 2026-03-02T08:00:00Z, or as "
                "numbers and say [source] time_unit"
            )


def _no_unit(plan: Plan, theirs: str, path: Path) -> ShoalError:
    return plan.error(
        "source.time_unit",
        f"is missing; the column {theirs!r} in {path} holds numbers: say 's', 'ms' or 'us' since 1970",
    )


def _name(column: pa.DataType) -> str:
    if pa.types.is_boolean(column):
        return "true and false"
    if pa.types.is_date(column):
        return "dates without a time of day"
    if pa.types.is_floating(column):
        return "fractions"
    return "lists or tables" if pa.types.is_nested(column) else f"values of type {column}"
