import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.buckets.partition import POINT, TRIP, partition
from tests.buckets import naive
from tests.buckets.cases import START, points, trips

END = START + 1000
pseudonyms = st.lists(st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, 1, 2**63, 2**64 - 1])), max_size=60)


@given(pseudonyms, st.integers(1, 10))
def test_points_go_where_the_slow_twin_puts_them(pseudonym: list[int], bits: int) -> None:
    time = [START + i * 37 % 1000 for i in range(len(pseudonym))]
    records, first = partition(points(pseudonym, time), bits, START, END)
    order = [row for part in naive.parts(pseudonym, bits) for row in part]
    assert records.dtype == POINT
    assert np.diff(first).tolist() == [len(part) for part in naive.parts(pseudonym, bits)] and first[0] == 0
    assert records["pseudonym"].tolist() == [pseudonym[row] for row in order]
    assert (records["time"] + START).tolist() == [time[row] for row in order]
    assert records["lat"].tolist() == order
    assert records["lon"].tolist() == [-7 * row for row in order]


@given(pseudonyms, st.integers(1, 10))
def test_trips_go_where_the_slow_twin_puts_them(pseudonym: list[int], bits: int) -> None:
    batch = trips(pseudonym, [START + i * 37 % 1000 for i in range(len(pseudonym))])
    records, first = partition(batch, bits, START, END)
    order = [row for part in naive.parts(pseudonym, bits) for row in part]
    assert records.dtype == TRIP
    assert np.diff(first).tolist() == [len(part) for part in naive.parts(pseudonym, bits)]
    assert records["pseudonym"].tolist() == [pseudonym[row] for row in order]
    assert (records["time"] + START).tolist() == batch.start[order].tolist()
    assert records["end"].tolist() == batch.end[order].tolist()
    assert records["origin"].tolist() == order
    assert records["destination"].tolist() == batch.destination[order].tolist()


@pytest.mark.parametrize("time", [START - 1, END], ids=["before", "after"])
def test_a_record_outside_the_period_is_refused_without_its_values(time: int) -> None:
    partition(points([1, 2], [START, END - 1]), 4, START, END)
    with pytest.raises(ValueError, match="inside the period") as refused:
        partition(points([1, 2], [START, time]), 4, START, END)
    assert not any(digit in str(refused.value) for digit in "0123456789")
