"""What of a release a page of its own carries, as web/src/data/carried.ts reads it: the tables that fit, as Arrow."""

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from shoal.errors import UsageError
from shoal.serve import facts
from shoal.serve.cube import SUPPRESSED, Cube, cube_of
from shoal.serve.encode import arrow
from shoal.serve.places import ZonesQuestion, encode_zones
from shoal.serve.totals import source_of, totals

if TYPE_CHECKING:
    from shoal.release.read import Release, Table
    from shoal.serve.opened import Opened

MOST_NUMBERS = 500_000
"""Rows of all tables of a page together: about 6 MB."""
NUMBERS = ("lower", "upper", "consistent")


@dataclass(frozen=True, eq=False)
class Held:
    """What one page holds of one table.

    cube   all of it
    times  int64[k], ascending and without gaps: the times that are there
    """

    table: "Table"
    cube: Cube
    times: "np.ndarray[Any, Any]"

    @property
    def whole(self) -> bool:
        return len(self.times) == self.cube.bins

    @property
    def numbers(self) -> int:
        """Rows that it takes; of pairs only those above zero are drawn."""
        return _rows_at_each(self.cube) * len(self.times)


def hold(release: "Release", names: Sequence[str], first: int, most: int = MOST_NUMBERS) -> tuple[list[Held], str]:
    """The tables that a page holds, and what it leaves out, in one sentence; empty where that is nothing.

    names  of tables; the first is what the page shows first, and is thinned to times around `first` where it is too
           large, while of the others those are there that fit as a whole
    first  index of the time that is shown first

    Raises `UsageError` where not even one time of the first fits.
    """
    main = _whole(release, names[0])
    room = most // _rows_at_each(main.cube)
    if room == 0:
        raise UsageError(
            f"{names[0]} has {_rows_at_each(main.cube):,} numbers at each time, and a page carries {most:,}; "
            "look at it with: shoal serve"
        )
    if room < main.cube.bins:
        start = min(max(0, first - room // 2), main.cube.bins - room)
        main = Held(main.table, main.cube, np.arange(start, start + room))
    held, left_out = [main], []
    room = most - main.numbers
    for name in names[1:]:
        other = _whole(release, name)
        if other.numbers <= room:
            held.append(other)
            room -= other.numbers
        else:
            left_out.append(name)
    return held, _said(held[0], left_out)


def carried(opened: "Opened", held: Sequence[Held]) -> dict[str, Any]:
    """`release`, `places`, `tables` of a page."""
    release = opened.release
    detail = facts.detail(opened)
    tables = {}
    for one in held:
        told = dict(detail["tables"][one.table.name])
        if not one.whole:
            told["times"] = [told["times"][at] for at in one.times]
            told["rows"] = one.numbers
        tables[one.table.name] = told
    return {
        "release": detail | {"tables": tables},
        "places": _places(release, [one.table for one in held]),
        "tables": {one.table.name: _table(release, one) for one in held},
    }


def _whole(release: "Release", name: str) -> Held:
    table = release[name]
    cube = cube_of(table, table.to_polars())
    return Held(table, cube, np.arange(cube.bins))


def _rows_at_each(cube: Cube) -> int:
    """Of one time; of pairs the most that are above zero at any."""
    if len(cube.columns) < 2:
        return max(1, cube.rows)
    return max(1, int(_shown(cube).sum(axis=1).max()))


def _said(main: Held, left_out: Sequence[str]) -> str:
    said = []
    if not main.whole:
        values = main.cube.times.to_pylist()
        start, end = (str(values[main.times[at]]) for at in (0, -1))
        said.append(f"{len(main.times)} of {main.cube.bins} times of {main.table.name} ({start} to {end})")
    if left_out:
        said.append(f"not {', '.join(left_out)}" if said else f"all but {', '.join(left_out)}")
    return f"This page holds {' and '.join(said)}, as more would make it too large; shoal serve shows all." if said else ""


def _table(release: "Release", one: Held) -> dict[str, Any]:
    import pyarrow as pa

    cube = one.cube
    source = release[source_of(release, one.table.name)[0]]
    whole = totals(cube_of(source, source.to_polars()), laplace=source.facts.mechanism == "laplace")
    kinds = max(1, len(source.facts.classes))
    first, end = int(one.times[0]) * kinds, (int(one.times[-1]) + 1) * kinds
    pairs = len(cube.columns) > 1
    return {
        "totals": _packed(arrow(whole.slice(first, end - first))),
        "order": None if pairs else _packed(arrow(pa.table(cube.keys))),
        "numbers": [_packed(arrow(_pairs(cube, time))) for time in one.times.tolist()]
        if pairs
        else [_packed(arrow(pa.table(_numbers(cube, one.times))))],
    }


def _numbers(cube: Cube, times: "np.ndarray[Any, Any]") -> dict[str, Any]:
    """Columns of the rows of these times, as pyarrow arrays; numbers in half the bytes."""
    import pyarrow as pa

    columns = {
        name: pa.array(cube.numbers[name][times].ravel().astype(np.float32), from_pandas=True) for name in NUMBERS
    }
    return columns | {SUPPRESSED: pa.array(cube.suppressed[times].ravel())}


def _pairs(cube: Cube, time: int) -> Any:
    """A pyarrow table of the pairs that are drawn at one time."""
    import pyarrow as pa

    return pa.table(cube.keys | _numbers(cube, np.array([time]))).filter(pa.array(_shown(cube)[time]))


def _shown(cube: Cube) -> "np.ndarray[Any, Any]":
    """bool[t, r]: which rows of a table of pairs are drawn, those above zero."""
    return ~cube.suppressed & (np.nan_to_num(cube.numbers["consistent"]) > 0)


def _places(release: "Release", tables: Sequence["Table"]) -> dict[str, Any]:
    """GeoJSON, or a table of ids where these are H3 cells, which say themselves where they are."""
    zones = release.manifest.zones
    found: dict[str, Any] = {}
    for table in tables:
        own = table.facts.areas is not None or table.facts.of_named_places
        places = table.zones if own else release.places
        if zones.kind == "h3" and not own and not zones.names:
            found["zones"] = _packed(encode_zones(places, ZonesQuestion(geometry="none"), "arrow"))
        else:
            found[table.name if own else "zones"] = json.loads(encode_zones(places, ZonesQuestion(), "geojson"))
    return found


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode()
