"""Exact sums: sealed against every ordinary way of looking."""

import copy
import json
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.privacy._open import open_sums
from shoal.privacy.sums import ExactSums, SealedError

SECRET = 123_456_789


def secret() -> ExactSums:
    return ExactSums(np.full(3, SECRET, dtype=np.int64))


@pytest.mark.parametrize(
    "look",
    [
        len, list, np.asarray, copy.copy, copy.deepcopy, pickle.dumps, np.array, np.sum,
        lambda s: s == s, lambda s: s != 1, lambda s: [*s],
    ],
    ids=["len", "list", "asarray", "copy", "deepcopy", "pickle", "array", "sum", "equal", "unequal", "unpack"],
)  # fmt: skip
def test_looking_is_refused(look: Callable[[ExactSums], object]) -> None:
    with pytest.raises((SealedError, TypeError)) as refusal:
        look(secret())
    assert str(SECRET) not in str(refusal.value)


@pytest.mark.parametrize("tell", [repr, str, "{}".format, lambda s: json.dumps(s, default=str)])
def test_text_says_nothing(tell: Callable[[ExactSums], str]) -> None:
    assert str(SECRET) not in tell(secret())


def test_no_attribute_shows_it() -> None:
    sums = secret()
    assert [name for name in dir(sums) if not name.startswith("_")] == ["merge"]
    with pytest.raises((TypeError, AttributeError)):
        vars(sums)


@given(parts=st.lists(st.lists(st.integers(0, 2**63 - 1), min_size=4, max_size=4), min_size=1, max_size=5))
def test_any_order_of_merges_ends_alike_and_never_wraps(parts: list[list[int]]) -> None:
    def total(order: list[list[int]]) -> list[int]:
        sums = ExactSums(np.zeros(4, dtype=np.int64))
        for part in order:
            sums = sums.merge(ExactSums(np.array(part, dtype=np.int64)))
        return [int(value) for value in open_sums(sums)]

    expected = [min(2**63 - 1, sum(column)) for column in zip(*parts, strict=True)]
    assert total(parts) == total(parts[::-1]) == expected


def test_only_flat_integers() -> None:
    with pytest.raises(TypeError):
        ExactSums(np.zeros(3))  # type: ignore[arg-type]


def test_the_caller_keeps_no_window() -> None:
    totals = np.zeros(1, dtype=np.int64)
    sums = ExactSums(totals)
    totals[0] = 5
    assert open_sums(sums)[0] == 0
