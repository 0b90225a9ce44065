"""The operator's private deny-list of places: add, remove, count, and hand it to the intake. It is never listed."""

import csv
from pathlib import Path
from typing import Final

import numpy as np

from shoal._arrays import Float64, UInt64
from shoal.errors import DataError
from shoal.intake.deny import DenyList, hash_places, hash_surroundings
from shoal.ledger import State
from shoal.ledger.hash_list import Hashes, HashList

NAME: Final = "deny"
_MOST: Final = 100_000


def add(state: State, file: Path) -> int:
    """Put the places of a CSV file (lat, lon in degrees) on the list; what `count` says then. Raises `DataError`."""
    return _change(state, file, 1)


def remove(state: State, file: Path) -> int:
    """Take the places of a CSV file off the list, by the coordinates that they were added with, to a metre; what
    `count` says then. What is not on it is left alone: nothing says which of them were. Raises `DataError`."""
    return _change(state, file, -1)


def count(state: State) -> int:
    """How many places were named to be added, less those to be removed: whether they were on the list is not in it."""
    found = HashList(state.folder, NAME).read()
    return 0 if found is None else found[1].named


def load(state: State) -> DenyList | None:
    """The list for the intake; None where nothing is on it. Raises `StateError` where it is lost or damaged."""
    found = HashList(state.folder, NAME).read()
    if found is None or not found[1].marks.size:
        return None
    return DenyList(found[0], found[1].marks)


def _change(state: State, file: Path, by: int) -> int:
    lat, lon = _places(file)

    def edit(key: bytes, before: Hashes) -> Hashes:
        items, first = np.unique(hash_places(key, lat, lon), return_index=True)
        known = np.isin(items, before.items)
        chosen = ~known if by > 0 else known
        rows = first[chosen].tolist()
        marks: list[UInt64] = [np.zeros(0, np.uint64)]
        marks += [hash_surroundings(key, *_as_kept(lat[row], lon[row])) for row in rows]
        return before.changed(items[chosen], np.concatenate(marks), by, lat.size)

    return HashList(state.folder, NAME).change(edit).named


def _as_kept(lat: float, lon: float) -> tuple[float, float]:
    """A place to the metre to which it is known again, so that it is taken off by the cells that it was added with."""
    return round(float(lat) * 1e5) / 1e5, round(float(lon) * 1e5) / 1e5


def _places(file: Path) -> tuple[Float64, Float64]:
    """Latitudes and longitudes of a CSV file, float64[n] each. A message names the line, never what stands there."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.reader(lines))
    except FileNotFoundError:
        raise DataError(f"{file}: there is no such file; give a CSV file with the columns lat and lon") from None
    except OSError as error:
        raise DataError(f"{file}: can't be read ({error.strerror}); check its permissions") from None
    except (UnicodeError, csv.Error):
        raise DataError(f"{file}: this is no CSV file in UTF-8 that can be read; export it again") from None
    head = rows[0] if rows else []
    if head.count("lat") != 1 or head.count("lon") != 1:
        raise DataError(f"{file}: its first line must name the columns lat and lon, once each")
    body = [(number, row) for number, row in enumerate(rows[1:], start=2) if row]
    if not 1 <= len(body) <= _MOST:
        raise DataError(f"{file}: it must hold from 1 to {_MOST:,} places, a line each")
    found = np.empty((len(body), 2))
    for place, (number, row) in enumerate(body):
        try:
            found[place] = float(row[head.index("lat")]), float(row[head.index("lon")])
            good = abs(found[place, 0]) < 89 and abs(found[place, 1]) <= 180
        except (ValueError, IndexError):
            good = False
        if not good:
            raise DataError(f"{file}, line {number}: lat and lon must be degrees, lat between -89 and 89; mend it")
    return found[:, 0], found[:, 1]
