import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shoal.buckets import POINT, TRIP, Records, Sealer
from shoal.buckets._pack import pack, unpack
from shoal.errors import StateError

PLACE = b"part 7 of run 3"
KINDS = pytest.mark.parametrize("kind", [POINT, TRIP], ids=["points", "trips"])
ONE = Sealer()
OVERHEAD = 12 + 16  # nonce and tag


def some(kind: "np.dtype[Any]", n: int, seed: int = 1) -> Records:
    """Records whose every bit is random."""
    return np.frombuffer(np.random.default_rng(seed).bytes(n * kind.itemsize), dtype=kind)


@st.composite
def records(draw: st.DrawFn, kind: "np.dtype[Any]") -> Records:
    """Records of few or many values a column, with the largest and the smallest among them, and repeats."""
    n = draw(st.sampled_from([0, 1, 2, 63, 64, 65, 511, 512, 513, 1024, 1500]))
    found = np.zeros(n, dtype=kind)
    for name in kind.names or ():
        limits = np.iinfo(kind[name])
        value = st.one_of(
            st.integers(limits.min, limits.max), st.sampled_from([limits.min, limits.max]), st.integers(0, 3)
        )
        pool = np.array(draw(st.lists(value, min_size=1, max_size=6)), dtype=kind[name])
        dice = np.random.default_rng(draw(st.integers(0, 2**32)))
        found[name] = np.repeat(pool[dice.integers(0, pool.size, n)], draw(st.integers(1, 5)))[:n]
    return found


@KINDS
@given(st.data())
def test_records_come_back_as_they_were(kind: "np.dtype[Any]", data: st.DataObject) -> None:
    own = data.draw(records(kind))
    back = ONE.open(ONE.seal(own, PLACE), PLACE, kind)
    assert back.dtype == kind and back.flags.c_contiguous and back.flags.writeable and back.size == own.size
    assert back.tobytes() == own.tobytes()


@KINDS
@pytest.mark.parametrize("bits", range(65))
def test_every_width_comes_back(kind: "np.dtype[Any]", bits: int) -> None:
    """All columns with values that need this many bits, in full blocks and one that is not."""
    own = some(kind, 1200).copy()
    for name in kind.names or ():
        size = kind[name].itemsize
        values = np.array(own[name]).view(f"u{size}")
        own[name] = (values >> np.uint8(8 * size - bits) if 0 < bits < 8 * size else values * bool(bits)).view(
            kind[name]
        )
    assert unpack(pack(own), kind).tobytes() == own.tobytes()


@KINDS
def test_a_slice_and_records_with_gaps_come_back(kind: "np.dtype[Any]") -> None:
    whole = some(kind, 3000)
    for own in (whole[7:900], whole[::3]):
        assert ONE.open(ONE.seal(own, PLACE), PLACE, kind).tolist() == own.tolist()


@KINDS
def test_random_records_take_little_more_than_their_own_bytes(kind: "np.dtype[Any]") -> None:
    """Nothing can pack these, so this is the most: for points well below 25 bytes."""
    n = 50_000
    assert len(ONE.seal(some(kind, n), PLACE)) / n < kind.itemsize + 0.4


def test_records_of_a_city_take_fewer_bytes() -> None:
    dice = np.random.default_rng(1)
    n = 50_000
    own = np.zeros(n, dtype=POINT)
    own["pseudonym"] = dice.integers(0, 2**64, n, dtype=np.uint64)
    own["time"] = dice.integers(0, 7 * 86_400, n)
    own["lat"] = dice.integers(-2_500_000, 2_500_000, n)  # 5 million have 23 bits, also on the equator
    own["lon"] = dice.integers(-995_000_000, -990_000_000, n)
    assert len(ONE.seal(own, PLACE)) / n < 17
    own["pseudonym"] = np.repeat(own["pseudonym"], 8)[:n]
    assert len(ONE.seal(own, PLACE)) / n < 10


@KINDS
def test_each_changed_byte_is_refused(kind: "np.dtype[Any]") -> None:
    own = some(kind, 3)
    segment = ONE.seal(own, PLACE)
    for at in range(len(segment)):
        for flip in (1, 128):
            bad = bytearray(segment)
            bad[at] ^= flip
            with pytest.raises(StateError, match="were changed"):
                ONE.open(bytes(bad), PLACE, kind)
    assert ONE.open(segment, PLACE, kind).tolist() == own.tolist()


def test_each_cut_and_anything_added_is_refused() -> None:
    segment = ONE.seal(some(POINT, 3), PLACE)
    for bad in [segment[:end] for end in range(len(segment))] + [segment[1:], segment + b"\0", segment * 2]:
        with pytest.raises(StateError, match="were changed"):
            ONE.open(bad, PLACE, POINT)


@pytest.mark.parametrize("place", [b"", b"part 7 of run 4", PLACE + b" ", PLACE[:-1]])
def test_another_place_is_refused(place: bytes) -> None:
    with pytest.raises(StateError, match="were changed"):
        ONE.open(ONE.seal(some(POINT, 3), PLACE), place, POINT)


def test_another_key_is_refused_and_the_same_key_opens() -> None:
    own, key = some(POINT, 100), bytes(range(32))
    segment = Sealer(key).seal(own, PLACE)
    assert Sealer(key).open(segment, PLACE, POINT).tolist() == own.tolist()
    for other in (Sealer(), Sealer(bytes(32))):
        with pytest.raises(StateError, match="were changed"):
            other.open(segment, PLACE, POINT)
    for bad in (b"", bytes(16), bytes(33)):
        with pytest.raises(ValueError, match="32 bytes"):
            Sealer(bad)


def test_two_seals_of_the_same_records_have_nothing_in_common() -> None:
    own = some(POINT, 1000)
    first, second = (np.frombuffer(ONE.seal(own, PLACE), dtype=np.uint8) for _ in range(2))
    assert first.size == second.size
    assert (first == second).mean() < 0.02  # one of 256 by chance; 20,000 bytes: false alarm far below 1e-6


@KINDS
def test_nothing_of_the_records_can_be_read_in_a_segment(kind: "np.dtype[Any]") -> None:
    own = some(kind, 2000)
    segment, plain = ONE.seal(own, PLACE), pack(own).tobytes()
    for text in (own.tobytes(), plain, *(own[name].tobytes() for name in kind.names or ())):
        for at in range(0, len(text) - 8, 64):  # 8 bytes agree by chance once in 2**64 places, and 10**8 are looked at
            assert text[at : at + 8] not in segment or text[at : at + 8] == bytes(8)
    assert plain[100:108] in plain and own["pseudonym"].tobytes()[:8] in own.tobytes()
    assert PLACE not in segment
    constant = ONE.seal(np.zeros(20_000, dtype=kind), PLACE)
    share = np.bincount(np.frombuffer(constant, dtype=np.uint8), minlength=256) / len(constant)
    assert len(constant) > 2000 and share.max() < 0.03  # what is all zeros looks random too


@given(st.integers(0, 3000), st.sampled_from([POINT, TRIP]))
@example(0, POINT)
def test_what_is_packed_has_the_least_room_it_needs(n: int, kind: "np.dtype[Any]") -> None:
    """The room is worked out before; were it too small, a kernel would write behind its end."""
    blocks = (n + 511) // 512
    most = 2 + n * kind.itemsize // 8 + 3 * blocks * len(kind.names or ()) + n // 64 + blocks
    assert pack(some(kind, n)).size <= most


def test_the_key_can_not_be_read_copied_or_stored() -> None:
    key = bytes(range(32))
    one = Sealer(key)
    assert repr(one) == str(one) == f"{one}" == "<Sealer, key hidden>"
    assert [name for name in dir(one) if not name.startswith("_")] == ["open", "seal"]
    assert not hasattr(one, "__dict__")
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps, lambda x: x.__getstate__(), lambda x: x.__reduce__()):
        with pytest.raises(TypeError, match="can't be copied or stored"):
            attempt(one)


def test_threads_can_share_a_sealer() -> None:
    def work(seed: int) -> bool:
        own, place = some(POINT, 20_000, seed), str(seed).encode()
        return ONE.open(ONE.seal(own, place), place, POINT).tobytes() == own.tobytes()

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(24)))


def test_records_of_another_shape_are_refused() -> None:
    with pytest.raises(TypeError, match="begin with the pseudonym"):
        pack(np.zeros(3, dtype=[("time", "i4"), ("pseudonym", "u8")]))
