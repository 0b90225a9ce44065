"""The columns of a file of zones: found by name, checked, turned into text."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from shoal._arrays import Int64
from shoal.errors import DataError
from shoal.zones._asked import Asked

LONGEST_ID = 200


@dataclass(frozen=True)
class Labels:
    """What a file says of its z zones, and the order that puts their ids in ascending order.

    order   int64[z]  row of the file that each zone comes from
    """

    ids: tuple[str, ...]
    names: tuple[str | None, ...]
    parents: tuple[str | None, ...]
    order: Int64


def read_labels(asked: Asked, file: Path, table: dict[str, Sequence[object]], parent: str = "parent") -> Labels:
    """Ids, names and parents out of a table of columns, ascending by id (text, by code point).

    parent  the plan's key that names the column of the parents

    Raises `PlanError` for a column that the file does not have, `DataError` for ids that are no ids.
    """
    raw = table[require(asked, "id", file, list(table))]
    ids = _ids(asked, raw, file)
    order = sorted(range(len(ids)), key=ids.__getitem__)
    extra: list[tuple[str | None, ...]] = []
    for key in ("name", parent):
        if asked.get(key) is None:
            extra.append((None,) * len(ids))
        else:
            values = table[require(asked, key, file, list(table))]
            extra.append(tuple(text(values[row]) for row in order))
    return Labels(tuple(ids[row] for row in order), extra[0], extra[1], np.array(order, dtype=np.int64))


def require(asked: Asked, key: str, file: Path, columns: list[str]) -> str:
    """The column that `key` of the table names. Raises `PlanError` with the nearest one where `file` has it not."""
    column = str(asked.get(key))
    if column in columns:
        return column
    near = get_close_matches(column, columns, 1, 0.0)
    hint = f"; the nearest is {near[0]!r}" if near else "; it has no columns"
    raise asked.error(key, f"{file} has no column {column!r}{hint}")


def text(value: object) -> str | None:
    """A cell as text, whole numbers in decimal digits; None where it is empty."""
    plain: Any = value.item() if isinstance(value, np.generic) else value
    if plain is None or plain != plain or plain == "" or type(plain).__name__ in ("NAType", "NaTType"):  # noqa: PLR0124
        return None
    if isinstance(plain, float) and plain.is_integer() and abs(plain) < 2**53:
        return str(int(plain))  # readers turn whole numbers with gaps into floats
    return str(plain)


def _ids(asked: Asked, raw: Sequence[object], file: Path) -> list[str]:
    if not len(raw):
        raise DataError(f"{file}: there is no {asked.one} in it")
    where = f"{file}: column {asked.get('id')!r} ({asked.table}.id)"
    ids = [text(value) for value in raw]
    if missing := sum(zone is None for zone in ids):
        raise DataError(f"{where}: {missing} of {len(ids)} ids are missing; give every {asked.one} an id")
    found = [zone for zone in ids if zone is not None]
    if any(isinstance(v, (bool, np.bool_, bytes, list, dict, np.ndarray)) for v in raw) or any(
        isinstance(v, (float, np.floating)) and not zone.lstrip("-").isdecimal()
        for v, zone in zip(raw, found, strict=True)
    ):
        raise DataError(f"{where}: ids must be text or whole numbers; choose another column")
    if long := sum(len(zone) > LONGEST_ID for zone in found):
        raise DataError(f"{where}: {long} ids are longer than {LONGEST_ID} characters; shorten them")
    repeats = {zone: times for zone, times in Counter(found).items() if times > 1}
    if repeats:
        zone = min(repeats)
        shown = zone if len(zone) <= 40 else zone[:40] + "..."
        raise DataError(
            f"{where}: {len(repeats)} ids occur more than once, {shown!r} is one; make every {asked.one}'s id its own"
        )
    return found
