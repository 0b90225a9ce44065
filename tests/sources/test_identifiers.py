"""Identifiers: text, whole numbers, UUIDs; nothing else."""

import uuid
from decimal import Decimal

import pyarrow as pa
import pytest

from shoal.sources import Reason
from shoal.sources.identifiers import identifiers, kind_of

SOME = uuid.UUID(int=7)


@pytest.mark.parametrize(
    ("array", "kind", "values"),
    [
        (pa.array([1, -2], pa.int16()), pa.int64(), [1, -2]),
        (pa.array([1, 2], pa.uint32()), pa.int64(), [1, 2]),
        (pa.array([2**64 - 1], pa.uint64()), pa.uint64(), [2**64 - 1]),
        (pa.array(["a", "007"]), pa.large_string(), ["a", "007"]),
        (pa.array(["a" * 30], pa.string_view()), pa.large_string(), ["a" * 30]),
        (pa.array([Decimal(10**20)], pa.decimal128(38, 0)), pa.large_string(), ["1" + "0" * 20]),
        (pa.array([SOME.bytes], pa.binary(16)), pa.binary(16), [SOME.bytes]),
    ],
    ids=["small", "unsigned", "largest", "text", "views", "decimal", "uuid"],
)
def test_each_kind_comes_in_one_of_four_types(array: pa.Array, kind: pa.DataType, values: list[object]) -> None:
    assert kind_of(array.type) == ("binary" if kind == pa.binary(16) else "plain")
    found, code = identifiers(array)
    assert (found.type, found.to_pylist()) == (kind, values)
    assert not code.any()


@pytest.mark.parametrize(
    "kind",
    [pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("s"), pa.binary(), pa.binary(8), pa.decimal128(9, 2),
     pa.list_(pa.string()), pa.struct([])],
    ids=str,
)  # fmt: skip
def test_other_types_are_no_identifiers(kind: pa.DataType) -> None:
    assert kind_of(kind) is None


def test_null_and_empty_are_no_device() -> None:
    array = pa.array(["x", "a", None, "", "b"]).slice(1)
    assert identifiers(array)[1].tolist() == [0, Reason.NO_DEVICE, Reason.NO_DEVICE, 0]
    assert identifiers(pa.array([None, 0]))[1].tolist() == [Reason.NO_DEVICE, 0]
    assert identifiers(pa.nulls(2))[1].tolist() == [Reason.NO_DEVICE] * 2
    assert identifiers(pa.array([], pa.string()))[1].tolist() == []
