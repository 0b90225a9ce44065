import copy
import pickle

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shoal.intake.hashset import _GOLDEN, HashSet

# A few values beside any: such that sets and questions meet, zero and both ends among them.
values = st.one_of(st.integers(0, 5), st.integers(2**64 - 3, 2**64 - 1), st.integers(0, 2**64 - 1))
lists = st.lists(values, max_size=60)


@given(inside=lists, asked=lists)
@example(inside=[], asked=[0])
@example(inside=[0], asked=[0, 0, 1, 0])
@example(inside=[1], asked=[0, 1, 0])
@example(inside=[7] * 40, asked=[7, 8, 7])
def test_says_what_a_python_set_says(inside: list[int], asked: list[int]) -> None:
    found = HashSet(np.array(inside, dtype=np.uint64)).contains(np.array(asked, dtype=np.uint64))
    assert found.tolist() == [hash_ in set(inside) for hash_ in asked]


def test_of_a_million_hashes() -> None:
    dice = np.random.default_rng(1)
    inside = dice.integers(0, 2**64, 300_000, dtype=np.uint64)
    asked = np.concatenate([inside, inside[:1000] + np.uint64(1), dice.integers(0, 2**64, 700_000, dtype=np.uint64)])
    assert np.array_equal(HashSet(inside).contains(asked), np.isin(asked, inside))


@pytest.mark.parametrize("size", [1, 3, 4, 5, 8, 63, 64, 65])
def test_hashes_that_all_want_the_last_place_still_end(size: int) -> None:
    # Multiples of the inverse of the multiplier: their products are small numbers below 2**64, so all want one place.
    inverse = pow(int(_GOLDEN), -1, 2**64)
    crowd = np.array([((2**64 - 1 - k) * inverse) % 2**64 for k in range(size)], dtype=np.uint64)
    strangers = np.array([((2**64 - 1 - size - k) * inverse) % 2**64 for k in range(20)], dtype=np.uint64)
    held = HashSet(crowd)
    assert held.contains(crowd).all()
    assert not held.contains(strangers).any()


def test_is_false_only_where_nothing_is_in_it() -> None:
    assert not HashSet.empty()
    assert HashSet(np.zeros(1, dtype=np.uint64))
    assert HashSet(np.array([9], dtype=np.uint64))


def test_shows_and_gives_nothing_away() -> None:
    held = HashSet(np.array([123456789], dtype=np.uint64))
    assert "123456789" not in repr(held) + str(held)
    for leak in (len, iter, list, copy.copy, copy.deepcopy, pickle.dumps, lambda s: s == s, lambda s: 123456789 in s):
        with pytest.raises(TypeError):
            leak(held)


def test_takes_no_other_numbers() -> None:
    with pytest.raises(TypeError):
        HashSet(np.array([1], dtype=np.int64))
