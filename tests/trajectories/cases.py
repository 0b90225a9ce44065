"""Hostile rows for all tests of this room, and what breaks a kernel on purpose."""

import inspect
import random
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from itertools import pairwise
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely
from hypothesis import strategies as st

from shoal._arrays import Int32, Int64
from shoal.buckets._types import PointBucket
from shoal.calendar import Calendar
from shoal.plan import Period
from shoal.trajectories import cleaning, days, distance, gyration, home, hours, spans, stays, trips
from shoal.zones._base import Zones
from tests.trajectories.naive import Record

Row = list[Record]

CALENDAR = Calendar.from_period(
    Period(start=date(2026, 3, 28), end=date(2026, 4, 1), unit="day"), ZoneInfo("Europe/Vienna")
)
"""Four units of a day each; the second has 23 hours."""

GAPS = (0, 0, 1, 1, 2, 60, 299, 300, 301, 599, 600, 601, 602, 1199, 1200, 1201, 7199, 7200, 7201, 20_000, 50_000)
"""Seconds: on and beside every threshold of the rules."""
STEPS = (0, 0, 0, 1, -1, 400, -8_993, 7_194, 7_195, 17_986, 17_987, -17_987, 900_000)
"""1e-7 degrees: 7,194 are just under 80 m, 17,986 just under 200 m."""
PLACES = (
    (206_000_000, -1_033_000_000),
    (0, 1_800_000_000),
    (0, -1_799_999_999),
    (450_000_000, 1_799_999_000),
    (900_000_000, 0),
    (899_990_000, -900_000_000),
    (-900_000_000, 1_800_000_000),
)


class Stripes(Zones):
    """Five stripes by longitude, 200 m and more wide, one in six outside every zone."""

    def __init__(self, count: int = 5) -> None:
        ids = tuple(map(str, range(count)))
        super().__init__(ids, (None,) * count, (None,) * count, np.array([shapely.Point()] * count, dtype=np.object_))

    def locate(self, lat: Int32, lon: Int32) -> Int32:
        return ((lon.astype(np.int64) // 5_000 + lat // 9_000) % (len(self) + 1) - 1).astype(np.int32)


class Spots(Stripes):
    """Seven places, small squares that are scattered over land which is mostly in none."""

    def __init__(self) -> None:
        super().__init__(7)

    def locate(self, lat: Int32, lon: Int32) -> Int32:
        square = (lon.astype(np.int64) // 7_000 * 5 + lat.astype(np.int64) // 6_000 * 3) % 17
        return np.where(square < len(self), square, -1).astype(np.int32)


def walk(start: int, place: tuple[int, int], moves: Sequence[tuple[int, int, int]]) -> Row:
    """A row from its first record and (seconds, north, east) to each next one; stays on the globe."""
    time, (lat, lon) = start, place
    row = [(time, lat, lon)]
    for seconds, north, east in moves:
        time += seconds
        lat = max(-900_000_000, min(900_000_000, lat + north))
        lon = (lon + east + 1_800_000_000) % 3_600_000_000 - 1_800_000_000
        row.append((time, lat, lon))
    return row


_move = st.tuples(st.sampled_from(GAPS), st.sampled_from(STEPS), st.sampled_from(STEPS))
EDGES = [u + s for u in CALENDAR.unit_start[:-1].tolist() for s in (0, 1, 100, 299, 300, 301)]
_start = st.integers(CALENDAR.start, CALENDAR.end - 1) | st.sampled_from(EDGES)
_row: st.SearchStrategy[Row] = st.builds(walk, _start, st.sampled_from(PLACES), st.lists(_move, max_size=25)) | st.just(
    []
)
rows = st.lists(_row, max_size=5)
"""Rows ascending in time; seconds repeat; some rows are empty; some reach beyond their unit and the period."""


def _corpus() -> list[Row]:
    draw = random.Random(20260302)
    made: list[Row] = [[]]
    for _ in range(400):
        moves = [
            (draw.choice(GAPS), draw.choice(STEPS), draw.choice(STEPS)) if draw.random() < 0.4 else (600, 0, 400)
            for _ in range(draw.randrange(40))
        ]
        start = draw.randrange(CALENDAR.start, CALENDAR.end) if draw.random() < 0.8 else draw.choice(EDGES)
        made.append(walk(start, draw.choice(PLACES), moves))
    return [*made, []]


CORPUS = _corpus()
"""The same 402 rows every time: right kernels pass on them, each seeded bug fails."""


def distinct(many: Sequence[Row]) -> list[Row]:
    """The rows with one record a second, as kernels behind the cleaning meet them."""
    return [list({record[0]: record for record in row}.values()) for row in many]


def unit_of(row: Row) -> int:
    return int(np.searchsorted(CALENDAR.unit_start, row[0][0], side="right")) - 1 if row else 0


def bucket_of(many: Sequence[Row]) -> PointBucket:
    flat = np.array([record for row in many for record in row], dtype=np.int64).reshape(-1, 3)
    first = np.cumsum([0, *map(len, many)], dtype=np.int64)
    unit = np.array([unit_of(row) for row in many], dtype=np.int32)
    lat, lon = np.ascontiguousarray(flat[:, 1:].T.astype(np.int32))
    return PointBucket(first, unit, flat[:, 0].copy(), lat, lon)


def split(first: Int64, *columns: "np.ndarray[Any, Any]") -> list[list[tuple[int, ...]]]:
    """The columns' values row by row, after a check that `first` is what it must be."""
    assert first[0] == 0 and first[-1] == columns[0].size and (np.diff(first) >= 0).all()
    assert len({column.size for column in columns}) == 1
    values = list(zip(*(column.tolist() for column in columns), strict=True))
    return [values[a:b] for a, b in pairwise(first.tolist())]


MODULES = (cleaning, days, distance, gyration, home, hours, spans, stays, trips)


@contextmanager
def without_compiler() -> Iterator[None]:
    """Run the Python bodies of all kernels."""
    with pytest.MonkeyPatch.context() as patch:
        for module in MODULES:
            for name, value in list(vars(module).items()):
                if hasattr(value, "py_func"):
                    patch.setattr(module, name, value.py_func)
        yield


Mode = Callable[[], AbstractContextManager[None]]
both = pytest.mark.parametrize("mode", [nullcontext, without_compiler], ids=["compiled", "python"])
"""Run a test twice; its kernels run inside `with mode():`."""


def assert_caught(module: ModuleType, kernel: str, right: str, wrong: str, check: Callable[[], None]) -> None:
    """`check` passes as things are, and fails once `right` is `wrong` in the kernel's source."""
    check()
    function = getattr(module, kernel)
    source = textwrap.dedent(inspect.getsource(getattr(function, "py_func", function))).replace("@njit\n", "")
    assert source.count(right) >= 1, f"{kernel} no longer says {right!r}; renew the seeded bug"
    scope: dict[str, Any] = dict(vars(module))
    exec(source.replace(right, wrong), scope)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, kernel, scope[kernel])
        with pytest.raises(AssertionError):
            check()
