"""Cleaning: one record a second, whatever the input's order; no impossible speed."""

import random

import numpy as np
import pytest
from hypothesis import given

from shoal.trajectories import cleaning
from shoal.trajectories.cleaning import clean
from tests.trajectories import naive
from tests.trajectories.cases import CORPUS, PLACES, Mode, Row, assert_caught, both, bucket_of, rows, split

T0 = 1_774_000_000


def kernel(many: list[Row], max_speed: float = 80.0) -> list[list[tuple[int, ...]]]:
    b = bucket_of(many)
    kept = clean(b.first, b.time, b.lat, b.lon, max_speed)
    assert [a.dtype.name for a in (kept.time, kept.lat, kept.lon)] == ["int64", "int32", "int32"]
    return split(kept.first, kept.time, kept.lat, kept.lon)


def check(many: list[Row] = CORPUS) -> None:
    for max_speed in (80.0, 0.5):
        assert kernel(many, max_speed) == [naive.clean(row, max_speed) for row in many]


@both
@given(many=rows)
def test_equals_its_twin(mode: Mode, many: list[Row]) -> None:
    with mode():
        check(many)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("kept > kept_first[row]", "kept > 0"),  # looks at another device
        ("lat[record] < lat[best]", "lat[record] > lat[best]"),
        ("lon[record] < lon[best]", "lon[record] > lon[best]"),
        ("last = kept - 1", "last = kept_first[row]"),
        ("max_speed * (now - kept_time[last])", "max_speed"),
        ("                    continue\n", "                    pass\n"),
        ("time[record] == now", "time[record] <= now + 1"),
        ("follows = best == record - 1", "follows = True"),
        ("            follows = False\n            if kept", "            if kept"),  # after a record that was dropped
        ("                    kept -= 1\n", "                    pass\n"),
        ("                    record -= 1\n", "                    pass\n"),
        ("1.0, square", "1.0, 4 * square"),
    ],
)
def test_seeded_bug_is_caught(right: str, wrong: str) -> None:
    assert_caught(cleaning, "keep_records", right, wrong, check)


@both
def test_order_within_a_second_does_not_matter(mode: Mode) -> None:
    with mode():
        draw = random.Random(7)
        for row in CORPUS:
            shuffled = sorted(row, key=lambda record: (record[0], draw.random()))
            assert kernel([shuffled]) == kernel([row])


@both
@pytest.mark.parametrize(("lat", "expected"), [(7_194, 2), (7_195, 1)], ids=["just under 80 m/s", "just above"])
def test_speed_limit(mode: Mode, lat: int, expected: int) -> None:
    with mode():
        assert len(kernel([[(T0, 0, 0), (T0 + 1, lat, 0)]])[0]) == expected


@both
def test_speed_counts_from_the_last_kept_record(mode: Mode) -> None:
    with mode():
        far = (T0 + 10, 90_000_000, 0)  # 1000 km off
        back = (T0 + 20, 100, 0)
        assert kernel([[(T0, 0, 0), far, back]]) == [[(T0, 0, 0), back]]


@both
def test_crossing_the_date_line_is_no_jump(mode: Mode) -> None:
    with mode():
        row = [(T0, 0, 1_799_999_900), (T0 + 1, 0, -1_799_999_900)]
        assert kernel([row]) == [row]


@both
def test_circling_the_pole_is_no_jump(mode: Mode) -> None:
    with mode():
        row = [(T0 + i, 899_999_000, lon) for i, lon in enumerate((0, 1_800_000_000, -900_000_000, 900_000_000))]
        assert kernel([row]) == [row]


@both
def test_no_rows_and_empty_rows(mode: Mode) -> None:
    with mode():
        assert kernel([]) == []
        assert kernel([[], [(T0, 1, 2)], []]) == [[], [(T0, 1, 2)], []]


def test_a_million_records_of_one_second() -> None:
    n = 1_000_000
    lat, lon = np.random.default_rng(3).integers(-900_000_000, 900_000_000, (2, n), dtype=np.int32)
    lat[n // 2], lon[n // 2], lat[-1], lon[-1] = -900_000_000, -5, -900_000_000, -7
    kept = clean(np.array([0, n], np.int64), np.full(n, T0), lat, lon, 80.0)
    assert split(kept.first, kept.time, kept.lat, kept.lon) == [[(T0, -900_000_000, -7)]]


def test_a_million_records_that_jump_about_the_globe() -> None:
    n = 1_000_000
    place = np.array(PLACES, dtype=np.int32)[np.arange(n) % len(PLACES)]
    kept = clean(np.array([0, n], np.int64), T0 + np.arange(n), place[:, 0].copy(), place[:, 1].copy(), 80.0)
    # nothing is reachable but the place itself, each seventh second
    np.testing.assert_array_equal(kept.time, np.arange(T0, T0 + n, len(PLACES)))
