from dataclasses import replace
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.intake.door import Intake
from shoal.intake.pseudonym import Pseudonymizer
from shoal.sources._batches import PointBatch, TripBatch

NAN = float("nan")


def batch(accuracy: list[float] | None, device: pa.Array | None = None) -> PointBatch:
    n = 3 if accuracy is None else len(accuracy)
    return PointBatch(
        pa.array([f"phone-{i % 2}" for i in range(n)], pa.large_string()) if device is None else device,
        np.arange(n, dtype=np.int64),
        np.arange(n, dtype=np.int32) + 10,
        np.arange(n, dtype=np.int32) + 20,
        None if accuracy is None else np.array(accuracy, dtype=np.float64),
    )


@pytest.mark.parametrize(
    ("accuracy", "kept"),
    [
        ([200.0, 200.0001, 199.0], [0, 2]),
        ([NAN, -1.0, float("-inf"), 0.0], [0, 1, 2, 3]),
        ([float("inf"), 1e9, NAN], [2]),
        ([201.0, 300.0], []),
        ([], []),
    ],
    ids=["at the limit", "unknown", "far off", "none good", "no records"],
)
def test_inaccurate_records_stay_out_and_are_counted(accuracy: list[float], kept: list[int]) -> None:
    points = Intake(Pseudonymizer(), Fraction(200)).admit_points(batch(accuracy))
    assert points.time.tolist() == kept
    assert points.lat.tolist() == [i + 10 for i in kept] and points.lon.tolist() == [i + 20 for i in kept]
    assert points.pseudonym.size == len(kept) and points.dropped.total() == len(accuracy) - len(kept)
    assert points.pseudonym.dtype == np.uint64


def test_a_limit_that_is_no_binary_number_lets_its_equal_in() -> None:
    points = Intake(Pseudonymizer(), Fraction(1, 10)).admit_points(batch([0.1, 0.11]))
    assert points.time.tolist() == [0]


def test_a_column_of_single_floats_lets_an_equal_in() -> None:
    for limit, accuracy, kept in (
        (Fraction(1, 10), [0.1, 0.11, NAN], [0, 2]),
        (Fraction(200), [200, 200.1, -1], [0, 2]),
    ):
        own = batch([0.0] * 3)
        single = replace(own, accuracy=np.array(accuracy, dtype=np.float32))
        assert Intake(Pseudonymizer(), limit).admit_points(single).time.tolist() == kept


@given(st.lists(st.sampled_from([NAN, -1.0, 5.0, 200.0, 201.0, float("inf")]), max_size=40))
def test_who_stays_is_who_is_accurate_or_does_not_say(accuracy: list[float]) -> None:
    own = batch(accuracy)
    before = [column.copy() for column in (own.time, own.lat, own.lon)]
    points = Intake(Pseudonymizer(), Fraction(200)).admit_points(own)
    kept = [row for row, metres in enumerate(accuracy) if not metres > 200]
    assert points.time.tolist() == kept and points.dropped.total() == len(accuracy) - len(kept)
    assert points.lat.tolist() == [row + 10 for row in kept] and points.lon.tolist() == [row + 20 for row in kept]
    assert points.time.dtype == np.int64 and points.lat.dtype == points.lon.dtype == np.int32
    assert all((a == b).all() for a, b in zip(before, (own.time, own.lat, own.lon), strict=True))  # input unchanged


def test_pseudonyms_stay_with_their_records() -> None:
    intake = Intake(Pseudonymizer(), Fraction(200))
    a, b, again = intake.admit_points(batch(None)).pseudonym
    dropped = intake.admit_points(batch([500.0, 1.0, 1.0, 1.0])).pseudonym
    assert a == again != b and dropped.tolist() == [b, a, b]


def test_trips_come_in_whole() -> None:
    intake = Intake(Pseudonymizer(), Fraction(200))
    times, zones = np.arange(3, dtype=np.int64), np.arange(3, dtype=np.int32) - 1
    trips = intake.admit_trips(TripBatch(pa.array([7, 8, 7], pa.int64()), times, times + 60, zones, zones + 5))
    assert trips.pseudonym[0] == trips.pseudonym[2] != trips.pseudonym[1]
    assert trips.start.tolist() == [0, 1, 2] and trips.end.tolist() == [60, 61, 62]
    assert trips.origin.tolist() == [-1, 0, 1] and trips.destination.tolist() == [4, 5, 6]
    text = PointBatch(pa.array(["7"], pa.large_string()), times[:1], zones[:1], zones[:1])
    assert intake.admit_points(text).pseudonym[0] == trips.pseudonym[0]


def test_behind_the_door_there_is_no_identifier() -> None:
    secret = "356938035643809"
    points = Intake(Pseudonymizer(), Fraction(200)).admit_points(batch([1.0], pa.array([secret], pa.large_string())))
    assert not any("device" in name for name in dir(points))
    for name in points.__slots__:
        assert secret not in str(getattr(points, name)) and not isinstance(getattr(points, name), pa.Array)
    assert "object at 0x" in repr(points)
