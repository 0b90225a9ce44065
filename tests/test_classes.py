"""Classes: every quantity in one, by its label, with public edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.classes import DURATIONS, LENGTHS, Classes

EVERY = {"durations": DURATIONS, "lengths": LENGTHS, "one": Classes("m", 1, (0,)), "two": Classes("h", 3600, (0, 7))}
each = pytest.mark.parametrize("classes", EVERY.values(), ids=EVERY)


def class_of(classes: Classes, quantity: int) -> int:
    """The last class that has begun, by counting."""
    return sum(quantity >= edge * classes.scale for edge in classes.edges) - 1


def of(classes: Classes, *quantities: int) -> list[int]:
    found = classes.of(np.array(quantities, dtype=np.int64))
    assert found.dtype == np.int64
    return [int(c) for c in found]


def test_labels_are_the_published_ones() -> None:
    """They stand in every release; a change makes releases incomparable."""
    assert DURATIONS.labels == ("0-30 min", "30-60 min", "60-120 min", "120-240 min", "240-480 min", "480+ min")
    assert LENGTHS.labels == ("0-1 km", "1-2 km", "2-5 km", "5-10 km", "10-20 km", "20-50 km", "50+ km")
    assert EVERY["one"].labels == ("0+ m",)


@each
def test_an_edge_begins_its_class(classes: Classes) -> None:
    assert classes.edges[0] == 0 and list(classes.edges) == sorted(set(classes.edges))
    assert len(classes.labels) == len(set(classes.labels)) == len(classes.edges)
    for number, edge in enumerate(classes.edges):
        at = edge * classes.scale
        assert of(classes, at, at + 1) == [number, number]
        assert classes.labels[number].startswith(str(edge))
        if edge:
            assert of(classes, at - 1) == [number - 1]


@each
@given(quantities=st.lists(st.integers(0, 2**62) | st.integers(0, 60_000)))
def test_every_quantity_is_in_one(classes: Classes, quantities: list[int]) -> None:
    assert of(classes, *quantities) == [class_of(classes, q) for q in quantities]


def test_units_are_ours_times_the_scale() -> None:
    assert of(DURATIONS, 0, 1799, 1800, 28_799, 28_800, 10**9) == [0, 0, 1, 4, 5, 5]  # seconds
    assert of(LENGTHS, 0, 999, 1000, 49_999, 50_000, 10**9) == [0, 0, 1, 5, 6, 6]  # metres
