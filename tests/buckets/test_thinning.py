"""One record a second and device is left, the same whatever order they come in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.buckets.partition import POINT, TRIP, Records
from shoal.buckets.thinning import thin

Row = tuple[int, int, int, int]
FEW = st.tuples(
    st.sampled_from([0, 1, 2**63, 2**64 - 1]), st.integers(0, 3), st.integers(-2, 2), st.sampled_from([-1, 0, 1])
)


def array(rows: list[Row]) -> Records:
    return np.array(rows, dtype=POINT)


def least(rows: list[Row]) -> set[Row]:
    """The slow twin: of each device and second the smallest (lat, lon)."""
    best: dict[tuple[int, int], tuple[int, int]] = {}
    for device, time, lat, lon in rows:
        best[device, time] = min(best.get((device, time), (lat, lon)), (lat, lon))
    return {(*key, *place) for key, place in best.items()}


@given(st.lists(FEW, max_size=200))
def test_the_smallest_place_of_each_second_is_left(rows: list[Row]) -> None:
    left = thin(array(rows))
    assert len(left) == len(least(rows)) and set(left.tolist()) == least(rows)


@given(st.lists(FEW, max_size=60), st.randoms())
def test_order_and_repetition_change_nothing(rows: list[Row], dice) -> None:  # type: ignore[no-untyped-def]
    again = [*rows, *rows[::3]]
    dice.shuffle(again)
    assert set(thin(array(again)).tolist()) == set(thin(array(rows)).tolist())


def test_a_device_with_many_records_in_few_seconds() -> None:
    n = 300_000
    records = np.zeros(n, dtype=POINT)
    records["pseudonym"] = 7
    records["time"] = np.arange(n) % 1_000
    records["lat"] = np.arange(n)[::-1]
    left = thin(records)
    assert left.size == 1_000 and sorted(left["lat"].tolist()) == list(range(1_000))


def test_trips_are_never_thinned() -> None:
    with pytest.raises(TypeError, match="only points"):
        thin(np.zeros(3, dtype=TRIP))
