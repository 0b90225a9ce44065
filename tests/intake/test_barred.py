"""Opted-out devices stay outside, whatever kind of identifier the records have; the list can't be read or stored."""

import copy
import pickle
import uuid
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest

from shoal.intake import Barred, Intake, OptOuts, Pseudonymizer
from shoal.sources._batches import PointBatch, TripBatch

KEY = bytes(range(16))
UUIDS = [uuid.UUID(int=number << 64 | 7) for number in range(1, 5)]
COLUMNS = {
    "int64": pa.array([-7, 0, 34502, 10**18], pa.int64()),
    "uint64": pa.array([1, 2**64 - 1, 5, 10**8], pa.uint64()),
    "text": pa.array(["a", "", "überall", "x" * 90], pa.large_string()),
    "uuid": pa.array([one.bytes for one in UUIDS], pa.binary(16)),
    "sliced": pa.array(["0", "a", "b", "c", "d", "e"], pa.large_string())[1:5],
}


def listed(*texts: str) -> Barred:
    return Barred(OptOuts(KEY, Pseudonymizer(KEY)(pa.array(texts, pa.large_string()))))


def text_of(value: object) -> str:
    return str(uuid.UUID(bytes=value)) if isinstance(value, bytes) else str(value)


def points(device: pa.Array, accuracy: list[float] | None = None) -> PointBatch:
    n = len(device)
    rows = np.arange(n, dtype=np.int32)
    told = None if accuracy is None else np.array(accuracy)
    return PointBatch(device, np.arange(n, dtype=np.int64), rows + 10, rows + 20, told)


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_device_is_its_text(kind: str) -> None:
    device = COLUMNS[kind]
    texts = [text_of(value) for value in device.to_pylist()]
    for out in range(4):
        intake = Intake(Pseudonymizer(), Fraction(200), listed(texts[out], "somebody else"))
        stay = [row for row in range(4) if row != out]
        found = intake.admit_points(points(device))
        assert found.time.tolist() == stay and not found.dropped and found.pseudonym.size == 3
        assert found.lat.tolist() == [row + 10 for row in stay] and found.lon.tolist() == [row + 20 for row in stay]
        times, zones = np.arange(4, dtype=np.int64), np.arange(4, dtype=np.int32)
        trips = intake.admit_trips(TripBatch(device, times, times + 9, zones - 1, zones + 5))
        assert trips.start.tolist() == stay and trips.end.tolist() == [row + 9 for row in stay]
        assert trips.origin.tolist() == [row - 1 for row in stay] and trips.pseudonym.size == 3
        assert trips.destination.tolist() == [row + 5 for row in stay]


def test_who_is_left_out_is_counted_under_no_reason() -> None:
    device = pa.array(["a", "b", "a", "b"], pa.large_string())
    intake = Intake(Pseudonymizer(), Fraction(200), listed("a"))
    found = intake.admit_points(points(device, [500.0, 500.0, 1.0, 1.0]))
    assert found.time.tolist() == [3] and found.dropped.total() == 1
    everyone = Intake(Pseudonymizer(), Fraction(200), listed("a", "b")).admit_points(points(device, [500.0] * 4))
    assert everyone.time.size == everyone.pseudonym.size == everyone.dropped.total() == 0


def test_nobody_is_left_out_by_an_empty_list_or_another_key() -> None:
    device = COLUMNS["text"]
    for barred in (None, Barred.nobody(), Barred(OptOuts(bytes(16), Pseudonymizer(KEY)(device)))):
        assert Intake(Pseudonymizer(), Fraction(200), barred).admit_points(points(device)).time.size == 4


def test_travels_as_bytes_and_no_other_way() -> None:
    barred = listed("a", "b")
    again = Barred.unpacked(barred.packed())
    device = pa.array(["c", "a"], pa.large_string())
    assert again.opt_outs.among(device).tolist() == [False, True]
    assert not Barred.unpacked(Barred.nobody().packed()).opt_outs
    for copied in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="can't be copied or stored"):
            copied(barred.opt_outs)
    with pytest.raises(TypeError, match="can't be copied or stored"):
        pickle.dumps(barred)
    assert KEY.hex() not in repr(barred) + repr(barred.opt_outs)
