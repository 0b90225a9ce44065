import mmap
import sys
import weakref
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.buckets import _pages, store
from shoal.buckets._pages import Pages, Pool
from shoal.buckets._types import PointBucket, TripBucket
from shoal.buckets.partition import POINT
from shoal.buckets.store import Buckets
from shoal.intake._batches import PseudonymousPoints
from tests.buckets import naive
from tests.buckets.cases import DAYS, START, check_shape, points, records, rows, trips

END = int(DAYS[-1])
ROOM = 1 << 30


def batch_of(n: int, devices: int, seed: int) -> PseudonymousPoints:
    ids = np.random.default_rng(99).integers(0, 2**64, devices, dtype=np.uint64)
    dice = np.random.default_rng(seed)
    return points(ids[dice.integers(0, devices, n)], dice.integers(START, END, n))


def all_rows(buckets: Buckets) -> Counter[naive.Row]:
    found: Counter[naive.Row] = Counter()
    for index in range(len(buckets)):
        bucket = buckets.take(index)
        check_shape(bucket)
        found += rows(bucket)
    return found


@settings(max_examples=25)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(START, END - 1)), max_size=20), max_size=6),
    st.sampled_from([1, 8, 1 << 20]),
    st.sampled_from([1, 16, 1 << 18]),
)
def test_every_row_comes_out_once_and_whole(feed: list[list[tuple[int, int]]], gather: int, usual: int) -> None:
    devices = [3 << 62, 1, 0]  # some devices in several batches
    batches = [points([devices[p % 3] if p % 2 else p for p, _ in part], [t for _, t in part]) for part in feed]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_GATHER", gather)
        patch.setattr(store, "_USUAL", usual)
        buckets = Buckets("points", DAYS, ROOM)
        for batch in batches:
            buckets.add(batch)
        found = all_rows(buckets)
    assert found == naive.rows((record for batch in batches for record in records(batch)), DAYS.tolist())
    assert buckets.nbytes == 0


def test_trips_come_out_as_trips() -> None:
    buckets = Buckets("trips", DAYS, ROOM)
    batch = trips([7, 1 << 63, 7], [START, START + 5, END - 1])
    buckets.add(batch)
    assert all_rows(buckets) == naive.rows(records(batch), DAYS.tolist())


def test_a_device_lies_in_one_bucket_of_many() -> None:
    n = 600_000
    buckets = Buckets("points", DAYS[[0, 7]], ROOM)  # one unit: a row is a device
    for seed in range(4):
        buckets.add(batch_of(n // 4, 400, seed))
    assert len(buckets) == 4
    taken = [buckets.take(index) for index in range(4)]
    assert sum(bucket.unit.size for bucket in taken) == 400
    assert sum(int(bucket.first[-1]) for bucket in taken) == n


def test_many_threads_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_GATHER", 3_000)
    batches = [batch_of(1_000, 50, seed) for seed in range(200)]
    buckets = Buckets("points", DAYS, ROOM)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(buckets.add, batches))
            found = Counter[naive.Row]()
            for bucket in pool.map(buckets.take, range(len(buckets))):
                found += rows(bucket)
    finally:
        sys.setswitchinterval(before)
    assert found == naive.rows((record for batch in batches for record in records(batch)), DAYS.tolist())


def test_one_device_with_a_tenth_of_all_records() -> None:
    batch = batch_of(1_000_000, 5_000, 1)
    batch.pseudonym[::10] = 42
    buckets = Buckets("points", DAYS[[0, 7]], ROOM)
    buckets.add(batch)
    sizes: list[int] = []
    for index in range(len(buckets)):
        bucket = buckets.take(index)
        check_shape(bucket)
        sizes += np.diff(bucket.first).tolist()
    assert max(sizes) == 100_000 and sum(sizes) == 1_000_000 and len(sizes) == 5_001


def test_what_does_not_fit_goes_to_disk_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_GATHER", 10_000)
    batches = [batch_of(5_000, 300, seed) for seed in range(40)]
    buckets = Buckets("points", DAYS, 20 * 30_000, tmp_path)
    for batch in batches:
        buckets.add(batch)
        assert buckets.nbytes <= 20 * 30_000
    assert 5 * 165_000 < buckets.on_disk < 25 * 200_000
    assert len(buckets) == 1 and buckets.nbytes <= 20 * 40_000
    assert all_rows(buckets) == naive.rows((r for batch in batches for r in records(batch)), DAYS.tolist())
    assert buckets.on_disk == buckets.nbytes == 0


def test_disk_is_freed_as_buckets_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_USUAL", 1 << 10)
    monkeypatch.setattr(store, "_GATHER", 1 << 16)
    buckets = Buckets("points", DAYS, 0, tmp_path)
    buckets.add(batch_of(400_000, 3_000, 1))
    full, count = buckets.on_disk, len(buckets)
    open_before = _nameless(tmp_path)
    assert open_before and list(tmp_path.iterdir()) == []
    for index in range(count // 2):
        buckets.take(index)
    assert buckets.on_disk < 0.6 * full
    buckets.close()
    assert buckets.on_disk == 0 and _nameless(tmp_path) == 0


def _nameless(folder: Path) -> int:
    """How many files without a name this process has open in `folder`."""
    links = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(str(link).startswith(str(folder)) for link in links)


def test_nothing_is_added_once_a_bucket_was_asked_for() -> None:
    buckets = Buckets("points", DAYS, ROOM)
    buckets.add(batch_of(10, 2, 1))
    assert len(buckets) == 1
    with pytest.raises(RuntimeError, match="can't be added"):
        buckets.add(batch_of(10, 2, 2))


def test_a_bucket_is_taken_once() -> None:
    buckets = Buckets("points", DAYS, ROOM)
    buckets.add(batch_of(10, 2, 1))
    assert buckets.take(0).first[-1] == 10
    with pytest.raises(RuntimeError, match="taken once"):
        buckets.take(0)
    for index in (-1, 1):
        with pytest.raises(IndexError):
            buckets.take(index)


def test_points_and_trips_do_not_mix() -> None:
    with pytest.raises(TypeError, match="not both"):
        Buckets("points", DAYS, ROOM).add(trips([1], [START]))
    with pytest.raises(TypeError, match="not both"):
        Buckets("trips", DAYS, ROOM).add(points([1], [START]))


def test_no_records_are_empty_buckets() -> None:
    for kind, expected in (("points", PointBucket), ("trips", TripBucket)):
        buckets = Buckets(kind, DAYS, ROOM)  # type: ignore[arg-type]
        assert len(buckets) == 1 and buckets.nbytes == 0
        bucket = buckets.take(0)
        assert isinstance(bucket, expected) and bucket.first.tolist() == [0]


def test_the_repr_shows_nothing() -> None:
    buckets = Buckets("points", DAYS, ROOM)
    buckets.add(batch_of(12, 2, 1))
    assert repr(buckets) == str(buckets) == "<Buckets, records hidden>"
    assert not hasattr(buckets, "__dict__")


def test_memory_goes_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written to disk leaves its pages to what comes next: no more is asked for than may be held."""
    asked: list[tuple[weakref.ref[mmap.mmap], int]] = []

    def watched(file: int, length: int, **options: int) -> mmap.mmap:
        memory = mmap.mmap(file, length, **options)
        asked.append((weakref.ref(memory), length))
        return memory

    monkeypatch.setattr(_pages, "_map", watched)
    monkeypatch.setattr(_pages, "_AT_ONCE", 1 << 20)
    held = 60 << 20
    buckets = Buckets("points", DAYS, held, tmp_path)
    for seed in range(16):
        buckets.add(batch_of(500_000, 3_000, seed))
    assert buckets.on_disk > 30 << 20
    slack = 1024 * (1 << 15) + 20 * 500_000 + (2 << 20)  # a page a part, a batch, what is asked for at once
    assert held < sum(length for _, length in asked) < held + slack
    buckets.close()
    assert not [memory for memory, _ in asked if memory() is not None]


@given(st.lists(st.integers(0, 9_000), max_size=12))
@settings(max_examples=30)
def test_pages_keep_records_in_order(sizes: list[int]) -> None:
    pages, at = Pages(POINT, Pool()), 0
    for size in sizes:
        part = np.zeros(size, dtype=POINT)
        part["lat"] = np.arange(at, at + size)
        pages.append(part)
        at += size
    assert pages.size == at
    target = np.empty(at, dtype=POINT)
    pages.pop(target)
    assert (target["lat"] == np.arange(at)).all() and pages.size == 0
