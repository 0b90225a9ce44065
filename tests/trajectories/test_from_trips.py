"""A source of trips: its trips as they are, its arrivals as stays."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shoal.buckets._types import TripBucket
from shoal.trajectories import from_trips
from tests.trajectories.cases import split

Trip = tuple[int, int, int, int]
"""Start, end, origin, destination."""

_trip = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(-1, 3), st.integers(-1, 3))
_rows = st.lists(st.lists(_trip.map(lambda t: (t[0], t[0] + t[1], t[2], t[3])), max_size=6).map(sorted), max_size=5)


def bucket_of(many: list[list[Trip]]) -> TripBucket:
    flat = [trip for row in many for trip in row]
    start, end = (np.array([t[i] for t in flat], dtype=np.int64) for i in (0, 1))
    origin, destination = (np.array([t[i] for t in flat], dtype=np.int32) for i in (2, 3))
    first = np.cumsum([0, *map(len, many)], dtype=np.int64)
    return TripBucket(first, np.zeros(len(many), dtype=np.int32), start, end, origin, destination)


@given(many=_rows)
def test_trips_and_arrivals(many: list[list[Trip]]) -> None:
    told = from_trips(bucket_of(many))
    assert told.spans is None and told.home is None
    trips = split(told.trips.first, told.trips.start, told.trips.origin, told.trips.destination)
    assert trips == [[(start, origin, destination) for start, _, origin, destination in row] for row in many]
    arrivals = split(told.stays.first, told.stays.start, told.stays.end, told.stays.zone)
    assert arrivals == [sorted((end, end, destination) for _, end, _, destination in row) for row in many]


def test_overlapping_trips_arrive_in_order() -> None:
    told = from_trips(bucket_of([[(0, 100, 1, 2), (10, 20, 3, 4)], [(5, 6, -1, -1)]]))
    assert split(told.stays.first, told.stays.start, told.stays.zone) == [[(20, 4), (100, 2)], [(6, -1)]]
    assert told.stays.end.tolist() == told.stays.start.tolist()
    assert told.stays.zone.dtype == told.trips.origin.dtype == np.int32


def test_a_row_does_not_depend_on_others() -> None:
    draw = random.Random(3)
    many = [
        sorted(
            (s := draw.randrange(99), s + draw.randrange(99), draw.randrange(5), draw.randrange(5))
            for _ in range(n % 7)
        )
        for n in range(60)
    ]
    whole = from_trips(bucket_of(many))
    everyone = split(whole.stays.first, whole.stays.start, whole.stays.zone)
    for chosen in (range(60), range(59, -1, -1), range(0, 60, 7)):
        told = from_trips(bucket_of([many[i] for i in chosen]))
        assert split(told.stays.first, told.stays.start, told.stays.zone) == [everyone[i] for i in chosen]
