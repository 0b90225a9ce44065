import struct
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shoal.intake import siphash
from shoal.intake._sip import LANES
from tests.intake import naive

KEY = bytes(range(16))

# vectors_sip64 of the reference implementation (Aumasson and Bernstein, github.com/veorq/SipHash, vectors.h):
# key 00 01 .. 0f; the input of line n is 00 01 .. n-1; the output as a little-endian number.
_HEX = """
    726fdb47dd0e0e31 74f839c593dc67fd 0d6c8009d9a94f5a 85676696d7fb7e2d
    cf2794e0277187b7 18765564cd99a68d cbc9466e58fee3ce ab0200f58b01d137
    93f5f5799a932462 9e0082df0ba9e4b0 7a5dbbc594ddb9f3 f4b32f46226bada7
    751e8fbc860ee5fb 14ea5627c0843d90 f723ca908e7af2ee a129ca6149be45e5
    3f2acc7f57c29bdb 699ae9f52cbe4794 4bc1b3f0968dd39c bb6dc91da77961bd
    bed65cf21aa2ee98 d0f2cbb02e3b67c7 93536795e3a33e88 a80c038ccd5ccec8
    b8ad50c6f649af94 bce192de8a85b8ea 17d835b85bbb15f3 2f2e6163076bcfad
    de4daaaca71dc9a5 a6a2506687956571 ad87a3535c49ef28 32d892fad841c342
    7127512f72f27cce a7f32346f95978e3 12e0b01abb051238 15e034d40fa197ae
    314dffbe0815a3b4 027990f029623981 cadcd4e59ef40c4d 9abfd8766a33735c
    0e3ea96b5304a7d0 ad0c42d6fc585992 187306c89bc215a9 d4a60abcf3792b95
    f935451de4f21df2 a9538f0419755787 db9acddff56ca510 d06c98cd5c0975eb
    e612a3cb9ecba951 c766e62cfcadaf96 ee64435a9752fe72 a192d576b245165a
    0a8787bf8ecb74b2 81b3e73d20b49b6f 7fa8220ba3b2ecea 245731c13ca42499
    b78dbfaf3a8d83bd ea1ad565322a1a0b 60e61c23a3795013 6606d7e446282b93
    6ca4ecb15c5f91e1 9f626da15c9625f3 e51b38608ef25f57 958a324ceb064572
"""
VECTORS = [int(number, 16) for number in _HEX.split()]


def key_words(key: bytes) -> tuple[np.uint64, np.uint64]:
    k0, k1 = struct.unpack("<QQ", key)
    return np.uint64(k0), np.uint64(k1)


def hash_texts(key: bytes, texts: list[bytes], width: type = np.int64) -> list[int]:
    offsets: NDArray[Any] = np.cumsum([0, *map(len, texts)]).astype(width)
    out = np.zeros(len(texts), dtype=np.uint64)
    siphash.hash_text(offsets, np.frombuffer(b"".join(texts), dtype=np.uint8), *key_words(key), out)
    return [int(value) for value in out]


def hash_numbers(key: bytes, numbers: list[int], *, signed: bool) -> list[int]:
    values = np.array(numbers, dtype=np.int64 if signed else np.uint64).view(np.uint64)
    out = np.zeros(len(numbers), dtype=np.uint64)
    siphash.hash_integers(values, signed, *key_words(key), out)
    return [int(value) for value in out]


keys = st.binary(min_size=16, max_size=16)
texts = st.lists(st.one_of(st.binary(max_size=40), st.binary(min_size=36, max_size=36)), max_size=12)
edges = sorted({sign * (10**p + d) for p in range(20) for d in (-1, 0, 1) for sign in (-1, 1)} | {-(2**63), 2**63 - 1})


def test_kernel_gives_all_published_vectors() -> None:
    assert hash_texts(KEY, [bytes(range(n)) for n in range(64)]) == VECTORS
    assert len(VECTORS) == 64


def test_twin_gives_all_published_vectors() -> None:
    assert [naive.siphash24(KEY, bytes(range(n))) for n in range(64)] == VECTORS


@given(keys, texts, st.sampled_from([np.int32, np.int64]))
@example(KEY, [bytes(254), bytes(255), bytes(256), bytes(257), b""], np.int64)
def test_text_is_hashed_as_the_twin_does(key: bytes, some: list[bytes], width: type) -> None:
    assert hash_texts(key, some, width) == [naive.siphash24(key, text) for text in some]


@given(keys, st.lists(st.integers(-(2**63), 2**63 - 1)))
@example(KEY, [n for n in edges if -(2**63) <= n < 2**63])
def test_a_signed_integer_is_hashed_as_its_text(key: bytes, numbers: list[int]) -> None:
    assert hash_numbers(key, numbers, signed=True) == hash_texts(key, [str(n).encode() for n in numbers])


@given(keys, st.lists(st.integers(0, 2**64 - 1)))
@example(KEY, [n for n in edges if n >= 0] + [2**63, 2**64 - 1])
def test_an_unsigned_integer_is_hashed_as_its_text(key: bytes, numbers: list[int]) -> None:
    assert hash_numbers(key, numbers, signed=False) == hash_texts(key, [str(n).encode() for n in numbers])


def test_every_count_of_digits_is_hashed_as_its_text() -> None:
    dice = np.random.default_rng(1)
    numbers = [int(n) for p in range(1, 19) for n in dice.integers(10 ** (p - 1), 10**p, 200)]
    numbers += [-n for n in numbers]
    assert hash_numbers(KEY, numbers, signed=True) == hash_texts(KEY, [str(n).encode() for n in numbers])


@given(keys, st.lists(st.uuids(), max_size=8))
@example(KEY, [UUID(int=0), UUID(int=2**128 - 1), UUID("01234567-89ab-cdef-0123-456789abcdef")])
def test_a_uuid_is_hashed_as_its_text(key: bytes, uuids: list[UUID]) -> None:
    words = np.frombuffer(b"".join(uuid.bytes for uuid in uuids), dtype=np.uint32)
    out = np.zeros(len(uuids), dtype=np.uint64)
    siphash.hash_uuids(words, *key_words(key), out)
    assert out.tolist() == hash_texts(key, [str(uuid).encode() for uuid in uuids])


def numbers_of(digits: int, n: int) -> list[int]:
    dice = np.random.default_rng(digits)
    return [int(v) for v in dice.integers(10 ** (digits - 1), min(10**digits, 2**63 - 1), n)]


@pytest.mark.parametrize("n", [LANES - 1, LANES, LANES + 1, 2 * LANES, 3 * LANES + 33])
@pytest.mark.parametrize("digits", [1, 7, 8, 9, 15, 16, 19])
def test_blocks_of_any_size_are_hashed_as_the_twin_does(n: int, digits: int) -> None:
    numbers = numbers_of(digits, n)
    expected = [naive.siphash24(KEY, str(number).encode()) for number in numbers]
    assert hash_numbers(KEY, numbers, signed=False) == hash_numbers(KEY, numbers, signed=True) == expected
    assert hash_texts(KEY, [str(number).encode() for number in numbers]) == expected


@pytest.mark.parametrize("repeat", [1, 2, 7, LANES, 3 * LANES])
def test_rows_that_repeat_are_hashed_as_the_twin_does(repeat: int) -> None:
    """Also runs that begin or end where a block does, and one that differs in its last byte or its length only."""
    numbers = [number for number in [5, 50, 10**12, 10**12 + 1, 5, -5, 5] for _ in range(repeat)]
    assert hash_numbers(KEY, numbers, signed=True) == [naive.siphash24(KEY, str(n).encode()) for n in numbers]
    kinds = [b"", b"\0", b"\0\0", b"a" * 8, b"a" * 9, b"a" * 8 + b"b", b"b" + b"a" * 35, b"c" + b"a" * 35, b""]
    texts = [text for text in kinds for _ in range(repeat)]
    assert hash_texts(KEY, texts) == [naive.siphash24(KEY, text) for text in texts]


def test_lengths_that_are_mixed_in_a_block_are_hashed_as_the_twin_does() -> None:
    dice = np.random.default_rng(1)
    texts = [dice.bytes(length) for length in dice.permutation(np.arange(3 * LANES) % 101).tolist()]
    texts += [dice.bytes(5000), b"", dice.bytes(72), dice.bytes(71)]
    expected = [naive.siphash24(KEY, text) for text in texts]
    assert hash_texts(KEY, texts) == expected and hash_texts(KEY, texts, np.int32) == expected
    assert hash_texts(KEY, texts[::-1]) == expected[::-1]
    numbers = [n for digits in range(1, 20) for n in numbers_of(digits, 30)]
    numbers = [int(n) for n in dice.permutation(numbers + [-n for n in numbers])]
    assert hash_numbers(KEY, numbers, signed=True) == [naive.siphash24(KEY, str(n).encode()) for n in numbers]


def test_texts_at_the_begin_of_the_data_are_hashed_as_the_twin_does() -> None:
    """Where there are no 8 bytes in front of a text's end."""
    for texts in ([b"abc"], [b""] * 5, [b"", b"a", b"bc", b"def", b"ghijk", b"l"], [b"abcdefg", b"h"], [b"abcdefgh"]):
        assert hash_texts(KEY, texts) == [naive.siphash24(KEY, text) for text in texts]


def test_division_by_multiplication_is_exact() -> None:
    """The quotients in `_digits`, at each number where they may go wrong: around the multiples of the divisor."""
    quotients = np.arange(10**4 + 1, dtype=np.uint64)
    for value in (quotients[:-1] * np.uint64(10**4), quotients[:-1] * np.uint64(10**4) + np.uint64(9999)):
        assert ((value * np.uint64(109951163) >> np.uint64(40)) == value // np.uint64(10**4)).all()
    quotients = np.arange(1846, dtype=np.uint64)
    for value in (quotients * np.uint64(390625), quotients * np.uint64(390625) + np.uint64(390624)):
        assert ((value * np.uint64(720575941) >> np.uint64(48)) == value // np.uint64(390625)).all()
    numbers = [q * 10**8 + d for q in (1, 2**27, 10**8, 10**9 + 7, 184467440737) for d in (-1, 0, 1)]
    dice = np.random.default_rng(1)  # above 2**53 a float is off by up to 1024, to both sides
    numbers += [int(q) * 10**8 + d for q in dice.integers(2**53 // 10**8, 2**64 // 10**8, 300) for d in (-1, 0, 1)]
    numbers += [2**53 + d for d in (-1, 0, 1)] + [2**63 + d for d in (-1, 0, 1)] + [2**64 - 1, 2**64 - 1025]
    assert hash_numbers(KEY, numbers, signed=False) == [naive.siphash24(KEY, str(n).encode()) for n in numbers]


@pytest.mark.parametrize("bit", [0, 63, 64, 127])
def test_each_part_of_the_key_counts(bit: int) -> None:
    other = (int.from_bytes(KEY, "little") ^ (1 << bit)).to_bytes(16, "little")
    same = set(hash_texts(KEY, [b"a" * n for n in range(40)])) & set(hash_texts(other, [b"a" * n for n in range(40)]))
    assert same == set()
