"""A table in memory, time by time, so that the rows of one hour lie side by side and cost a slice.

A published table has every place (and class) at every time, once and in order: `complete` checked it. So its numbers
are a block, and its keys need not be kept row by row.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from shoal._arrays import Float64, Int32, Int64
from shoal.keys import CLASS
from shoal.release.derived import no_noise
from shoal.release.statistic_facts import ESTIMATES

if TYPE_CHECKING:
    import polars as pl

    from shoal.release.read import Table

Bool = np.ndarray[Any, np.dtype[np.bool_]]
SUPPRESSED = "suppressed"
HALF = "half"
"""Half of the interval, which lies around the estimate (the verifier checks it): the two say both of its ends. Where
all rows have the same noise it is one number, which packs to nothing; the ends would be random twice."""
STANDING_OUT = "standing_out"
"""Another column that no file holds, as it follows from the others."""
_CELL = re.compile("8[0-9a-f]{14}")


@dataclass(frozen=True, eq=False)
class Cube:
    """t times x r rows at each time; a row is a place (a pair of places, for pairs) and, where there are any, a class.

    name        of the table
    ids         text: what the indexes in `places` mean
    columns     names of the place columns
    places      int32[r, len(columns)]
    classes     int32[r], index of the class of each row; None where there are no classes
    labels      of the classes
    time        name of the time key or None
    times       pyarrow array of t values, or None where there is no time key (t = 1)
    numbers     float64[t, r] each, by column; NaN: there is no number
    suppressed  bool[t, r]
    measure     gives `bounds`; called when a box is asked for
    judge       gives `standing_out`, of the rows as the release has them; called when that is asked for
    """

    name: str
    ids: tuple[str, ...]
    columns: tuple[str, ...]
    places: Int32
    classes: Int32 | None
    labels: tuple[str, ...]
    time: str | None
    times: Any
    numbers: dict[str, Float64]
    suppressed: Bool
    measure: Callable[[], Float64]
    judge: Callable[["pl.DataFrame"], Bool]

    @property
    def rows(self) -> int:
        """Of one time."""
        return int(self.places.shape[0])

    @property
    def bins(self) -> int:
        """How many times there are."""
        return int(self.suppressed.shape[0])

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        numbers = sum(block.nbytes for block in self.numbers.values())
        return numbers + self.suppressed.nbytes + self.places.nbytes + 64 * self.rows

    @property
    def all_columns(self) -> tuple[str, ...]:
        """Names of all columns, in the order of the table."""
        time = () if self.time is None else (self.time,)
        return (*self.columns, *((CLASS,) if self.labels else ()), *time, *ESTIMATES, SUPPRESSED)

    @cached_property
    def keys(self) -> dict[str, Any]:
        """The key columns of one time but the time itself: pyarrow text of r rows each."""
        import pyarrow as pa

        ids = pa.array(self.ids, pa.string())
        found = {name: ids.take(pa.array(self.places[:, i])) for i, name in enumerate(self.columns)}
        if self.classes is not None:
            found[CLASS] = pa.array(self.labels, pa.string()).take(pa.array(self.classes))
        return found

    @cached_property
    def cells(self) -> dict[str, Any] | None:
        """The place columns of `keys` as H3 has its cells: uint64[r]; None where they are others."""
        import pyarrow as pa

        if not all(_CELL.fullmatch(one) for one in self.ids):
            return None
        ids = pa.array(np.array([int(one, 16) for one in self.ids], dtype=np.uint64))
        return {name: ids.take(pa.array(self.places[:, i])) for i, name in enumerate(self.columns)}

    def block(self, name: str, time: int) -> Float64:
        """float64[r]: the numbers of a column at one time; of `HALF` too."""
        if name == HALF:
            return np.asarray(self.numbers["upper"][time] - self.numbers["estimate"][time])
        return np.asarray(self.numbers[name][time])

    @cached_property
    def bounds(self) -> Float64:
        """float64[z, 4]: west, south, east, north of each of `ids`, degrees."""
        return self.measure()

    @cached_property
    def standing_out(self) -> Bool:
        """bool[t, r]: which numbers noise does not explain, given how many there are (`shoal derive standing-out`)."""
        import polars as pl

        shown = ~self.suppressed.T
        keys = {name: np.repeat(column.to_numpy(zero_copy_only=False), self.bins) for name, column in self.keys.items()}
        numbers = {name: self.numbers[name].T.ravel() for name in ("estimate", "stderr")}
        found = np.zeros(shown.shape, dtype=np.bool_)
        found[shown] = self.judge(pl.DataFrame(keys | numbers).filter(pl.Series(shown.ravel())))
        return np.ascontiguousarray(found.T)

    @property
    def judged(self) -> bool:
        """Is `standing_out` known? To find it takes a second for a million numbers."""
        return "standing_out" in self.__dict__

    @cached_property
    def index(self) -> dict[str, int]:
        """Where each id stands in `ids`."""
        return {place: at for at, place in enumerate(self.ids)}

    @cached_property
    def values(self) -> tuple[Any, ...]:
        """The times as Python has them, none where there is no time key."""
        return () if self.times is None else tuple(self.times.to_pylist())

    @cached_property
    def bin_of(self) -> dict[Any, list[int]]:
        """Where each time stands; hours also by their local clock time, which a clock set back shows twice."""
        known: dict[Any, list[int]] = {}
        for at, value in enumerate(self.values):
            known.setdefault(value, []).append(at)
            if self.time == "hour":
                known.setdefault(value.replace(tzinfo=None), []).append(at)
        return known

    @cached_property
    def gaps(self) -> frozenset[str]:
        """Columns in which some number is missing."""
        found = {name for name, block in self.numbers.items() if bool(np.isnan(block).any())}
        return frozenset(found | {HALF} if found & {"upper", "estimate"} else found)


def cube_of(table: "Table", frame: "pl.DataFrame") -> Cube:
    """The rows of a verified table as a block.

    frame  the numbers of its rows, in the order of the release: by place, then class, then time
    """
    import pyarrow as pa
    import shapely

    sheet = table.sheet
    grid = sheet.grid
    classes = max(1, len(grid.classes))
    bins = grid.time.bins

    def block(name: str) -> "np.ndarray[Any, Any]":
        return np.ascontiguousarray(frame[name].to_numpy().reshape(-1, bins).T)

    times = None
    if grid.time.name is not None:
        times = grid.time.values.to_arrow()
        if pa.types.is_large_string(times.type) or pa.types.is_string(times.type) or "view" in str(times.type):
            times = times.cast(pa.string())
    places = np.repeat(grid.places, classes, axis=0)
    return Cube(
        name=table.name,
        ids=tuple(sheet.ids),
        columns=grid.columns,
        places=places,
        classes=np.tile(np.arange(classes, dtype=np.int32), len(grid.places)) if grid.classes else None,
        labels=grid.classes,
        time=grid.time.name,
        times=times,
        numbers={name: block(name) for name in ESTIMATES},
        suppressed=block(SUPPRESSED).astype(np.bool_),
        measure=lambda: shapely.bounds(table.zones.shapes),
        judge=lambda rows: no_noise(table, rows),
    )


def places_in(cube: Cube, box: "tuple[float, float, float, float]") -> Bool:
    """bool[r]: does the place of a row, or either of its two, meet the box? West may lie east of east: the date line.

    box  west, south, east, north, degrees; a place counts by its own bounding box (as OGC API Features has it)
    """
    return np.asarray(meets(cube.bounds, box)[cube.places].any(axis=1))


def meets(bounds: Float64, box: "tuple[float, float, float, float]") -> Bool:
    """bool[z]: which of `bounds` (float64[z, 4]) meet the box."""
    west, south, east, north = box
    w, s, e, n = bounds.T
    across = (e >= west) & (w <= east) if west <= east else (e >= west) | (w <= east)
    return np.asarray(across & (n >= south) & (s <= north))


def rows_of(chosen: Bool) -> Int64 | None:
    """Indexes of the rows that were chosen; None for all of them."""
    return None if bool(chosen.all()) else np.flatnonzero(chosen)
