"""What of a release a page of its own carries, as web/src/data/carried.ts reads it: the tables that fit, as Arrow."""

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from shoal._arrays import Int64
from shoal.errors import UsageError
from shoal.serve import facts
from shoal.serve.cube import STANDING_OUT, SUPPRESSED, Cube, cube_of
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
    times: Int64

    @property
    def whole(self) -> bool:
        return len(self.times) == self.cube.bins

    @property
    def numbers(self) -> int:
        """Rows that it takes."""
        return self.cube.rows * len(self.times)


def hold(release: "Release", names: Sequence[str], first: int, most: int | None = None) -> tuple[list[Held], str]:
    """The tables that a page holds, and what it leaves out, in one sentence; empty where that is nothing.

    names  of tables; the first is what the page shows first, and is thinned to times around `first` where it is too
           large, while of the others those are there that fit as a whole
    first  index of the time that is shown first
    most   rows of all of them together; default `MOST_NUMBERS`

    Raises `UsageError` where not even one time of the first fits.
    """
    most = MOST_NUMBERS if most is None else most
    main = _whole(release, names[0])
    room = most // max(1, main.cube.rows)
    if room == 0:
        raise UsageError(
            f"{names[0]} has {main.cube.rows:,} numbers at one time, and a page carries {most:,}; look at it with: "
            "shoal serve"
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
    of = {one.table.name: one for one in held}
    tables = {name: _told(facts_, of[name]) for name, facts_ in detail["tables"].items() if name in of}
    return {
        "release": detail | {"tables": tables},
        "places": _places(release, [one.table for one in held]),
        "tables": {one.table.name: _table(release, one) for one in held},
    }


def _told(told: dict[str, Any], one: Held) -> dict[str, Any]:
    """The facts of a table, of the times that are there."""
    if one.whole:
        return told
    return told | {"times": [told["times"][at] for at in one.times], "rows": one.numbers}


def _whole(release: "Release", name: str) -> Held:
    table = release[name]
    cube = cube_of(table, table.to_polars())
    return Held(table, cube, np.arange(cube.bins))


def _said(main: Held, left_out: Sequence[str]) -> str:
    lacks = []
    if not main.whole:
        values = main.cube.times.to_pylist()
        start, end = (str(values[main.times[at]]) for at in (0, -1))
        lacks.append(f"of {main.table.name} only {len(main.times)} of {main.cube.bins} times, {start} to {end}")
    if left_out:
        lacks.append(f"nothing of {', '.join(left_out)}")
    if not lacks:
        return ""
    return f"This page holds {' and '.join(lacks)}, as it would become too large; shoal serve shows all."


def _table(release: "Release", one: Held) -> dict[str, Any]:
    import pyarrow as pa

    cube = one.cube
    source = release[source_of(release, one.table.name)[0]]
    of = cube if source.name == one.table.name else cube_of(source, source.to_polars())
    whole = totals(of, laplace=source.facts.mechanism == "laplace")
    kinds = max(1, len(source.facts.classes))
    first, end = int(one.times[0]) * kinds, (int(one.times[-1]) + 1) * kinds
    numbers = {
        name: pa.array(cube.numbers[name][one.times].ravel().astype(np.float32), from_pandas=True) for name in NUMBERS
    }
    flags = {SUPPRESSED: pa.array(cube.suppressed[one.times].ravel())}
    if len(cube.columns) == 2:
        flags[STANDING_OUT] = pa.array(cube.standing_out[one.times].ravel())
    return {
        "totals": _packed(arrow(whole.slice(first, end - first))),
        "order": _packed(arrow(pa.table(cube.keys))),
        "numbers": _packed(arrow(pa.table(numbers | flags))),
    }


def _places(release: "Release", tables: Sequence["Table"]) -> dict[str, Any]:
    """GeoJSON, or a table of ids where these are H3 cells, which say themselves where they are."""
    zones = release.manifest.zones
    found: dict[str, Any] = {}
    for table in tables:
        facts_ = table.facts
        own = facts_.areas is not None or facts_.of_named_places or facts_.level is not None
        places = table.zones if own else release.places
        if zones.kind == "h3" and not own and not zones.names:
            found["zones"] = _packed(encode_zones(places, ZonesQuestion(geometry="none"), "arrow"))
        else:
            found[table.name if own else "zones"] = json.loads(encode_zones(places, ZonesQuestion(), "geojson"))
    return found


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode()
