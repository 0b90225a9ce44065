"""The whole room: right together, and every row as if there were no other."""

import importlib
import random
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from shoal._arrays import Int32
from shoal.buckets._types import PointBucket
from shoal.plan import Cleaning, Movement
from shoal.trajectories import Trajectories, from_points
from tests.trajectories import naive
from tests.trajectories.cases import (
    CALENDAR,
    CORPUS,
    MODULES,
    Mode,
    Row,
    Spots,
    Stripes,
    assert_caught,
    both,
    bucket_of,
    rows,
    split,
    unit_of,
)

ZONES, PLACES = Stripes(), Spots()
MOVEMENTS = (
    Movement(),
    Movement(stay_radius=Fraction(800), stay_minutes=Fraction(10), max_gap_minutes=Fraction(10)),
    Movement(stay_radius=Fraction(52), stay_minutes=Fraction(1, 3), max_gap_minutes=Fraction(1, 100)),
)
Told = tuple[Any, ...]
"""All that is known of one row."""


def run(many: list[Row], movement: Movement) -> Trajectories:
    return from_points(bucket_of(many), ZONES, CALENDAR, Cleaning(), movement)


def by_row(t: Trajectories) -> list[Told]:
    assert t.spans is not None and t.home is not None
    return list(
        zip(
            split(t.spans.first, t.spans.start, t.spans.end, t.spans.zone),
            split(t.stays.first, t.stays.start, t.stays.end, t.stays.zone),
            split(t.trips.first, t.trips.start, t.trips.origin, t.trips.destination),
            t.home.tolist(),
            strict=True,
        )
    )


def twin(row: Row, movement: Movement) -> Told:
    """All that is known of one row, from the definitions alone."""
    unit = unit_of(row)
    low, high = CALENDAR.unit_start[unit : unit + 2].tolist()
    max_gap = int(movement.max_gap_minutes * 60)
    minimum = next(s for s in range(10**6) if s >= movement.stay_minutes * 60)
    kept = naive.clean(row, 80.0)
    times = [time for time, _, _ in kept]
    zones = ZONES.locate(*(np.array([r[i] for r in kept], dtype=np.int32) for i in (1, 2))).tolist()
    spans = naive.spans(times, low, high, max_gap)
    found = naive.stays(kept, float(movement.stay_radius), minimum, max_gap)
    stays = [(times[s.head], s.end, naive.stay_zone(times[s.head], s.end, spans, zones)) for s in found]
    trips = [(stays[i][1], stays[i][2], stays[i + 1][2]) for i in naive.trips(times, found, max_gap)]
    return (
        naive.merged(spans, zones),
        stays,
        trips,
        naive.home(stays, unit, CALENDAR),
    )


def check(many: list[Row] = CORPUS) -> None:
    for movement in MOVEMENTS:
        assert by_row(run(many, movement)) == [twin(row, movement) for row in many]


@both
@settings(max_examples=40)
@given(many=rows)
def test_equals_the_definitions(mode: Mode, many: list[Row]) -> None:
    with mode():
        check(many)


def test_the_corpus_has_everything() -> None:
    told = by_row(run(CORPUS, MOVEMENTS[0]))
    assert sum(len(stays) for _, stays, _, _ in told) > 500
    assert sum(len(trips) for _, _, trips, _ in told) > 100
    assert {-1, 0, 1, 2, 3, 4} == {home for _, _, _, home in told}


# --- named places

MODULE = importlib.import_module("shoal.trajectories.from_points")


def with_places(many: list[Row], movement: Movement) -> Trajectories:
    found: Trajectories = MODULE.from_points(bucket_of(many), ZONES, CALENDAR, Cleaning(), movement, PLACES)
    return found


def places_of(row: Row, movement: Movement) -> list[tuple[int]]:
    """The place of each stay of a row, from the definitions alone."""
    low, high = CALENDAR.unit_start[unit_of(row) : unit_of(row) + 2].tolist()
    max_gap, minimum = int(movement.max_gap_minutes * 60), -int(-movement.stay_minutes * 60 // 1)
    kept = naive.clean(row, 80.0)
    times = [time for time, _, _ in kept]
    places = PLACES.locate(*(np.array([r[i] for r in kept], dtype=np.int32) for i in (1, 2))).tolist()
    spans = naive.spans(times, low, high, max_gap)
    found = naive.stays(kept, float(movement.stay_radius), minimum, max_gap)
    return [(naive.stay_place(times[s.head], s.end, spans, places),) for s in found]


def check_places(many: list[Row] = CORPUS) -> None:
    for movement in MOVEMENTS:
        told = with_places(many, movement)
        assert told.stays.place is not None
        assert split(told.stays.first, told.stays.place) == [places_of(row, movement) for row in many]


@both
@settings(max_examples=40)
@given(many=rows)
def test_places_equal_the_definitions(mode: Mode, many: list[Row]) -> None:
    with mode():
        check_places(many)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("_located(places, kept)", "_located(zones, kept)"),
        ("kept.time, near, len(places)", "kept.time, spans, len(places)"),
        ("calendar.unit_start, max_gap)\n        place", "calendar.unit_start, max_gap // 9)\n        place"),
        ("kept.lat[head], kept.lon[head], place)", "kept.lat[head], kept.lon[head], zone_of_stay)"),
    ],
)
def test_a_seeded_bug_in_places_is_caught(right: str, wrong: str) -> None:
    assert_caught(MODULE, "from_points", right, wrong, check_places)


def test_the_corpus_has_stays_in_all_places_and_outside() -> None:
    """And some that a rule by the first record would put elsewhere."""
    told = with_places(CORPUS, MOVEMENTS[0])
    assert told.stays.place is not None and told.stays.lat is not None and told.stays.lon is not None
    place, first = told.stays.place, PLACES.locate(told.stays.lat, told.stays.lon)
    assert set(place.tolist()) == {-1, *range(len(PLACES))}
    assert ((place >= 0) & (first < 0)).any() and ((place < 0) & (first >= 0)).any()


def test_places_change_nothing_else() -> None:
    bare, told = run(CORPUS, MOVEMENTS[0]), with_places(CORPUS, MOVEMENTS[0])
    assert bare.stays.place is None and by_row(bare) == by_row(told)
    assert told.stays.place is not None and told.stays.place.dtype == np.int32
    assert told.stays.place.shape == told.stays.zone.shape


def test_a_place_of_a_row_does_not_depend_on_others() -> None:
    together = with_places(CORPUS, MOVEMENTS[0]).stays
    alone = [with_places([row], MOVEMENTS[0]).stays.place for row in CORPUS]
    assert together.place is not None
    assert [[] if p is None else [(n,) for n in p.tolist()] for p in alone] == split(together.first, together.place)


class Market(Stripes):
    """One place: all that lies on the equator and north of it."""

    def __init__(self) -> None:
        super().__init__(1)

    def locate(self, lat: Int32, lon: Int32) -> Int32:
        return np.where(lat >= 0, 0, -1).astype(np.int32)


@both
@pytest.mark.parametrize(("minutes", "place"), [(0, 0), (1, 0), (31, 0), (32, -1), (61, -1), (62, -1)])
def test_being_outside_competes_and_loses_ties(mode: Mode, minutes: int, place: int) -> None:
    """A stay of 61 minutes with a record each; until so many minutes have passed, they lie outside the market."""
    noon = CALENDAR.start + 12 * 3600
    row = [(noon + 60 * m, -100 if m < minutes else 100, 0) for m in range(62)]
    with mode():
        told = from_points(bucket_of([row]), ZONES, CALENDAR, Cleaning(), Movement(), Market())
    assert told.stays.place is not None and told.stays.place.tolist() == [place]


def test_places_of_rows_without_records() -> None:
    place = with_places([[], []], Movement()).stays.place
    assert place is not None and place.size == 0


# --- nothing of one row reaches another


def check_alone(many: list[Row] = CORPUS) -> None:
    """Shuffled, thinned out and alone, a row gives what it gives among all."""
    for movement in MOVEMENTS[:2]:
        everyone = by_row(run(many, movement))
        draw = random.Random(5)
        for share in (1.0, 0.5, 0.1):
            chosen = [i for i in range(len(many)) if draw.random() < share]
            draw.shuffle(chosen)
            assert by_row(run([many[i] for i in chosen], movement)) == [everyone[i] for i in chosen]


@both
@settings(max_examples=40)
@given(many=rows)
def test_a_row_does_not_depend_on_others(mode: Mode, many: list[Row]) -> None:
    with mode():
        check_alone(many)


def test_a_row_of_the_corpus_does_not_depend_on_others() -> None:
    check_alone()


LEAKS = {
    "speed from the last row's record": ("cleaning", "keep_records", "kept > kept_first[row]", "kept > 0"),
    "span shared with the last row": ("spans", "fill_spans", "record + 1 < stop", "record + 1 < time.size"),
    "stay over the row's end": ("stays", "find_stays", "record < stop\n", "record < time.size\n"),
    "time of the next row's spans": (
        "stays",
        "fill_zones",
        "begin, stop = span_first[row], span_first[row + 1]",
        "begin, stop = span_first[row], span_end.size",
    ),
    "time left in the table": ("stays", "fill_zones", "seconds[candidate + 1] = 0", "pass"),
    "trip into the next row": (
        "trips",
        "find_trips",
        "stay_first[row + 1] - 1)",
        "min(stay_first[row + 1], head.size - 1))",
    ),
    "nights left in the table": ("home", "find_homes", "seconds[zone[stay]] = 0", "pass"),
}


@pytest.mark.parametrize(("module", "kernel", "right", "wrong"), LEAKS.values(), ids=LEAKS)
def test_a_seeded_leak_is_caught(module: str, kernel: str, right: str, wrong: str) -> None:
    modules = {m.__name__.rpartition(".")[2]: m for m in MODULES}
    assert_caught(modules[module], kernel, right, wrong, check_alone)


# --- the room's edges


def test_no_rows() -> None:
    told = run([], Movement())
    assert by_row(told) == []
    assert by_row(run([[], []], Movement())) == [([], [], [], -1)] * 2


def test_types_are_as_promised() -> None:
    t = run(CORPUS, Movement())
    assert t.spans is not None and t.home is not None
    for long in (t.spans.first, t.spans.start, t.spans.end, t.stays.first, t.stays.start, t.stays.end):
        assert long.dtype == np.int64 and long.flags.c_contiguous
    for long in (t.trips.first, t.trips.start):
        assert long.dtype == np.int64 and long.flags.c_contiguous
    for short in (t.spans.zone, t.stays.zone, t.trips.origin, t.trips.destination, t.home):
        assert short.dtype == np.int32 and short.flags.c_contiguous


def test_takes_read_only_arrays_and_leaves_them_as_they_are() -> None:
    bucket = bucket_of(CORPUS)
    before = {name: getattr(bucket, name).copy() for name in PointBucket.__slots__}
    for name in before:
        getattr(bucket, name).flags.writeable = False
    assert by_row(from_points(bucket, ZONES, CALENDAR, Cleaning(), Movement())) == by_row(run(CORPUS, Movement()))
    for name, array in before.items():
        np.testing.assert_array_equal(getattr(bucket, name), array)


def test_cleaning_goes_by_the_plan() -> None:
    noon = CALENDAR.start + 12 * 3600
    row = [(noon, 0, 0), (noon + 1, 4_000, 0)]  # 44 m in a second
    for speed, records in ((Fraction(50), 2), (Fraction(40), 1)):
        told = from_points(bucket_of([row]), ZONES, CALENDAR, Cleaning(max_speed=speed), Movement())
        assert told.spans is not None
        assert (told.spans.end - told.spans.start).tolist() == [600 + records - 1]  # 5 minutes on both sides


def test_a_stay_must_reach_a_minimum_that_is_no_whole_second() -> None:
    noon = CALENDAR.start + 12 * 3600
    movement = Movement(stay_minutes=Fraction(41, 120))  # 20.5 s
    for seconds, stays in ((20, 0), (21, 1)):
        row = [(noon + s, 0, 0) for s in range(seconds + 1)]
        assert run([row], movement).stays.start.size == stays


class Broken(Stripes):
    def locate(self, lat: Int32, lon: Int32) -> Int32:
        return np.full(lat.size, len(self), dtype=np.int32)


def test_a_zone_that_does_not_exist_is_a_bug_not_a_crash() -> None:
    with pytest.raises(RuntimeError, match="a bug of Shoal's"):
        from_points(bucket_of(CORPUS), Broken(), CALENDAR, Cleaning(), Movement())


def test_shows_nothing() -> None:
    bucket = bucket_of(CORPUS)
    told = run(CORPUS, Movement())
    for value in (bucket, told, told.stays, told.trips, told.spans, replace(told, home=None)):
        assert "[" not in repr(value) and "0x" in repr(value)
