import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal._arrays import Int64
from shoal.buckets import _order, grouping
from shoal.buckets._types import PointBucket, TripBucket
from shoal.buckets.partition import partition
from shoal.intake._batches import PseudonymousPoints, PseudonymousTrips
from tests.buckets import naive
from tests.buckets.cases import DAYS, START, check_shape, points, records, rows, trips

END = int(DAYS[-1])


def grouped(batch: PseudonymousPoints | PseudonymousTrips, units: Int64 = DAYS) -> PointBucket | TripBucket:
    whole, _ = partition(batch, 1, int(units[0]), int(units[-1]))
    return grouping.group(whole, units)


# Devices that share the low bits (one piece), the bits of the slot (one chain in the table), or both.
devices = st.sampled_from([0, 1, 2, 1 << 20, 1 << 21, 1 << 50, 1 << 51, (1 << 51) + 1, 2**64 - 1, 2**63])
times = st.one_of(
    st.integers(START, END - 1),
    st.sampled_from([int(day) + step for day in DAYS[:-1] for step in (-1, 0, 1) if START <= day + step < END]),
)
feeds = st.lists(st.tuples(devices, times), max_size=120)


@given(feeds)
def test_points_are_the_rows_of_the_slow_twin(feed: list[tuple[int, int]]) -> None:
    batch = points([d for d, _ in feed], [t for _, t in feed])
    bucket = grouped(batch)
    assert isinstance(bucket, PointBucket)
    check_shape(bucket)
    assert rows(bucket) == naive.rows(records(batch), DAYS.tolist())


@given(feeds)
def test_trips_are_the_rows_of_the_slow_twin(feed: list[tuple[int, int]]) -> None:
    batch = trips([d for d, _ in feed], [t for _, t in feed])
    bucket = grouped(batch)
    assert isinstance(bucket, TripBucket)
    check_shape(bucket)
    assert rows(bucket) == naive.rows(records(batch), DAYS.tolist())


@given(feeds, st.randoms(use_true_random=False))
def test_rows_do_not_depend_on_the_order_of_the_records(
    feed: list[tuple[int, int]], dice: "np.random.Generator"
) -> None:
    batch = points([d for d, _ in feed], [t for _, t in feed])
    order = list(range(len(feed)))
    dice.shuffle(order)
    other = PseudonymousPoints(batch.pseudonym[order], batch.time[order], batch.lat[order], batch.lon[order])
    assert rows(grouped(batch)) == rows(grouped(other))


def many(n: int, count: int, *, ordered: bool, seed: int = 1) -> PseudonymousPoints:
    dice = np.random.default_rng(seed)
    ids = dice.integers(0, 2**64, count, dtype=np.uint64)
    time = dice.integers(START, END, n)
    return points(ids[dice.integers(0, count, n)], np.sort(time) if ordered else time)


def fast_twin(batch: PseudonymousPoints) -> list[tuple[int, ...]]:
    """(device, unit) of each row with its number of records, and the sum of what is in it: by NumPy's own sort."""
    unit = np.searchsorted(DAYS, batch.time, side="right") - 1
    _, device = np.unique(batch.pseudonym, return_inverse=True)
    row, inverse, size = np.unique(device * 7 + unit, return_inverse=True, return_counts=True)
    sums = [np.bincount(inverse, weights=column.astype(float)).astype(np.int64) for column in (batch.time, batch.lat)]
    return sorted(zip((row % 7).tolist(), size.tolist(), *(s.tolist() for s in sums), strict=True))


@pytest.mark.parametrize("ordered", [True, False], ids=["a feed in time order", "random order"])
@pytest.mark.parametrize(
    ("n", "count"),
    [(40_000, 39_000), (200_000, 3_000), (200_000, 1), (300_000, 2)],
    ids=["a record each", "several pieces", "one giant", "two giants"],
)
def test_large_buckets(n: int, count: int, ordered: bool) -> None:
    batch = many(n, count, ordered=ordered)
    bucket = grouped(batch)
    assert isinstance(bucket, PointBucket)
    check_shape(bucket)
    size = np.diff(bucket.first)
    sums = [np.add.reduceat(column.astype(np.int64), bucket.first[:-1]) for column in (bucket.time, bucket.lat)]
    found = sorted(zip(bucket.unit.tolist(), size.tolist(), *(s.tolist() for s in sums), strict=True))
    assert found == fast_twin(batch)
    assert sorted(bucket.lat.tolist()) == list(range(n))  # every record once
    assert (bucket.lon == -7 * bucket.lat).all() and (batch.time[bucket.lat] == bucket.time).all()


@pytest.mark.parametrize("spread", [1, 40, 3_000, 86_400], ids=["one second", "seconds", "an hour", "a day"])
def test_a_giant_in_a_short_time(spread: int) -> None:
    n = 5 * _order.PIECE
    time = START + np.random.default_rng(2).integers(0, spread, n)
    bucket = grouped(points(np.full(n, 9), time))
    assert isinstance(bucket, PointBucket)
    check_shape(bucket)
    assert bucket.unit.tolist() == [0]
    assert sorted(bucket.lat.tolist()) == list(range(n)) and (time[bucket.lat] == bucket.time).all()


def test_the_table_holds_devices_whose_slots_collide() -> None:
    """All begin their search at one slot, in one piece, and the table is doubled twice on the way."""
    pseudonym = np.repeat(np.arange(3_000, dtype=np.uint64) << np.uint64(51), 2)
    bucket = grouped(points(pseudonym, START + np.arange(pseudonym.size)))
    assert isinstance(bucket, PointBucket)
    assert np.diff(bucket.first).tolist() == [2] * 3_000
    assert (bucket.lat[::2] + 1 == bucket.lat[1::2]).all()


def test_a_row_ends_exactly_where_its_unit_does() -> None:
    cut = int(DAYS[1])
    bucket = grouped(points([5, 5, 5, 5], [cut, cut - 1, cut + 1, START]))
    assert isinstance(bucket, PointBucket)
    assert bucket.first.tolist() == [0, 2, 4] and bucket.unit.tolist() == [0, 1]
    assert bucket.time.tolist() == [START, cut - 1, cut, cut + 1] and bucket.lat.tolist() == [3, 1, 0, 2]


def test_records_of_one_second_all_stay() -> None:
    bucket = grouped(points([5] * 40, [START + 7] * 40))
    assert isinstance(bucket, PointBucket)
    assert sorted(bucket.lat.tolist()) == list(range(40)) and bucket.unit.size == 1


def test_no_records_are_no_rows() -> None:
    for empty in (points([], []), trips([], [])):
        bucket = grouped(empty)
        assert bucket.first.tolist() == [0] and bucket.unit.size == 0
        check_shape(bucket)


def test_the_same_records_give_the_same_rows_in_the_same_order() -> None:
    a, b = (grouped(many(100_000, 500, ordered=False)) for _ in range(2))
    assert all((getattr(a, name) == getattr(b, name)).all() for name in a.__slots__)


def test_four_years_are_one_period_and_five_are_refused() -> None:
    for batch in (many(10, 2, ordered=True), many(200_000, 1, ordered=False)):
        long = START + np.array([0, _order.MAX_SECONDS], dtype=np.int64)
        last = PseudonymousPoints(batch.pseudonym, long[1] - 1 - (batch.time - START), batch.lat, batch.lon)
        check_shape(grouped(last, long))
    with pytest.raises(ValueError, match="seconds long"):
        grouped(many(10, 2, ordered=True), START + np.array([0, _order.MAX_SECONDS + 1], dtype=np.int64))


def test_no_pseudonym_is_left_and_no_repr_shows_a_record() -> None:
    batch = points([123456789012345, 123456789012345], [START + 4321, START + 4322])
    whole, _ = partition(batch, 1, START, END)
    bucket = grouping.group(whole, DAYS)
    assert not any("pseudonym" in name or "device" in name for name in dir(bucket))
    for name in bucket.__slots__:
        assert 123456789012345 not in getattr(bucket, name).tolist()
    assert 123456789012345 not in whole["pseudonym"].tolist()
    assert repr(bucket).startswith("<shoal.buckets._types.PointBucket object at 0x")


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 5000)), min_size=100, max_size=400))
def test_pieces_of_any_size_give_the_same_rows(feed: list[tuple[int, int]]) -> None:
    """The path of large buckets on small ones: records split into pieces first."""
    batch = points([d * 0x9E3779B97F4A7C15 % 2**64 for d, _ in feed], [START + 37 * t for _, t in feed])
    whole, _ = partition(batch, 1, START, END)
    target, counts = np.empty_like(whole), np.empty(whole.size, dtype=np.int64)
    first = _order.split_by_device(whole, 5, target)
    count = _order.sort_pieces(target, first, whole, counts)
    ends = np.cumsum(counts[:count])
    sets = {tuple(sorted(part["lat"].tolist())) for part in np.split(whole, ends[:-1])}
    own: dict[int, list[int]] = {}
    for row, p in enumerate(batch.pseudonym.tolist()):
        own.setdefault(p, []).append(row)
    assert sets == {tuple(part) for part in own.values()}
    assert all((np.diff(part["time"]) >= 0).all() for part in np.split(whole, ends[:-1]))


def test_disorder_before_the_table_is_doubled_is_not_forgotten() -> None:
    """One device is out of order at once; then 2000 new ones, all in order, make the table grow."""
    pseudonym = np.concatenate([[1, 1], np.arange(2, 2_002)])
    bucket = grouped(points(pseudonym, START + np.concatenate([[9, 3], np.arange(10, 2_010)])))
    assert isinstance(bucket, PointBucket)
    check_shape(bucket)
    assert sorted(bucket.lat.tolist()) == list(range(2_002))
