import copy
import gc
import pickle
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.intake.pseudonym import Pseudonymizer

ONE = Pseudonymizer()  # texts of any kind must agree within a run


def hashed(values: list[object], kind: pa.DataType) -> list[int]:
    return [int(value) for value in ONE(pa.array(values, kind))]


def test_all_spellings_of_a_device_have_one_pseudonym() -> None:
    numbers = [0, 34502, 12345678, 10**18]
    texts = hashed([str(n) for n in numbers], pa.large_string())
    assert texts == hashed([str(n) for n in numbers], pa.string())
    assert texts == hashed(list(numbers), pa.int64()) == hashed(list(numbers), pa.uint64())
    assert len(set(texts)) == 4
    assert hashed(["-7"], pa.string()) == hashed([-7], pa.int64())
    assert hashed([2**64 - 1], pa.uint64()) == hashed([str(2**64 - 1)], pa.string()) != hashed([-1], pa.int64())


def test_a_uuid_has_the_pseudonym_of_its_text() -> None:
    uuid = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
    expected = hashed([str(uuid)], pa.large_string())
    assert hashed([uuid.bytes], pa.binary(16)) == expected
    if hasattr(pa, "uuid"):
        assert [int(v) for v in ONE(pa.array([uuid.bytes], pa.uuid()))] == expected


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pa.large_string(), ["ab", "", "c" * 50, "ü", "12"]),
        (pa.string(), ["ab", "", "c" * 50, "ü", "12"]),
        (pa.int64(), [1, -2, 30, 400, 0]),
        (pa.uint64(), [1, 2, 30, 2**64 - 1, 0]),
        (pa.binary(16), [bytes([i] * 16) for i in range(5)]),
    ],
    ids=str,
)
def test_a_slice_gives_the_pseudonyms_of_its_own_rows(kind: pa.DataType, values: list[object]) -> None:
    whole = pa.array(values, kind)
    expected = ONE(whole).tolist()
    for begin in range(6):
        for end in range(begin, 6):
            found = ONE(whole[begin:end])
            assert found.dtype == np.uint64 and found.tolist() == expected[begin:end]


@given(st.lists(st.text(max_size=12), max_size=30))
def test_two_devices_differ_and_one_stays_the_same(devices: list[str]) -> None:
    found = hashed(list(devices), pa.large_string())
    assert len(set(zip(devices, found, strict=True))) == len(set(devices)) == len(set(found))  # fails with 2**-54


def test_two_runs_share_no_pseudonym() -> None:
    device = pa.array(range(1000), pa.int64())
    first, second = set(Pseudonymizer()(device).tolist()), set(Pseudonymizer()(device).tolist())
    assert len(first) == len(second) == 1000 and not first & second  # fails with 2**-44


def test_pseudonyms_look_random() -> None:
    """Each bit is set in half of them: off by 8 standard deviations with a chance below 1e-13 for all 64."""
    n = 40_000
    found = Pseudonymizer()(pa.array(range(n), pa.int64()))
    for bit in range(64):
        ones = int((found >> np.uint64(bit) & np.uint64(1)).sum())
        assert abs(ones - n / 2) < 8 * (n / 4) ** 0.5


def test_the_key_can_not_be_read_copied_or_stored() -> None:
    one = Pseudonymizer()
    assert repr(one) == str(one) == f"{one}" == "<Pseudonymizer, key hidden>"
    assert not [name for name in dir(one) if not name.startswith("_")]
    assert not hasattr(one, "__dict__")
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps, lambda x: x.__getstate__(), lambda x: x.__reduce__()):
        with pytest.raises(TypeError, match="can't be copied or stored"):
            attempt(one)


def test_a_key_that_is_handed_in_makes_the_same_pseudonyms_again() -> None:
    key, device = bytes(range(16)), pa.array(["15", "16", "15"])
    one, same, other = (Pseudonymizer(k)(device).tolist() for k in (key, key, bytes(16)))
    assert one == same != other and one[0] == one[2]
    assert key.hex() not in repr(Pseudonymizer(key))
    for bad in (b"", bytes(15), bytes(17)):
        with pytest.raises(ValueError, match="16 bytes"):
            Pseudonymizer(bad)


def test_no_identifier_stands_in_an_error() -> None:
    secret = "356938035643809"
    for array in (pa.array([secret, None]), pa.array([float(secret)]), pa.array([secret.encode()]), pa.array([True])):
        with pytest.raises((ValueError, TypeError)) as refused:
            ONE(array)
        assert secret not in str(refused.value) and "identifiers" in str(refused.value)


def test_pseudonyms_do_not_keep_the_identifiers_alive() -> None:
    gc.collect()
    before = pa.total_allocated_bytes()
    found = ONE(pa.array([f"{i:036d}" for i in range(5000)], pa.large_string()))
    gc.collect()
    assert found.size == 5000 and pa.total_allocated_bytes() - before < 36 * 5000
