"""Totals of all threads: the plain sum, whoever adds when; dense or by touched cells; never readable."""

import copy
import inspect
import pickle
import textwrap
import threading
import tracemalloc
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal._arrays import Int64
from shoal.design import Design
from shoal.engines import _table, _totals
from shoal.engines._table import CellTable
from shoal.engines._totals import Totals
from shoal.privacy import bounding
from shoal.privacy._open import open_sums
from shoal.privacy.bounding import Bounded, UnboundedError
from shoal.privacy.sums import SealedError

MOST = 2**63 - 1
LARGE = 50_000
Entries = list[tuple[int, int]]


def design(**cells: int) -> Design:
    """Of a design, totals read the names and sizes of its measures alone."""
    measures = tuple(SimpleNamespace(name=n, grid=SimpleNamespace(cells=c)) for n, c in cells.items())
    return cast(Design, SimpleNamespace(measures=measures))


def rows(entries: Entries) -> Bounded:
    cell, weight = (np.array([e[i] for e in entries], dtype=np.int64) for i in (0, 1))
    return Bounded(np.array([0, cell.size]), cell, weight)


def plain(batches: list[Entries]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for batch in batches:
        for cell, weight in batch:
            sums[cell] = min(MOST, sums.get(cell, 0) + weight)
    return sums


def touched(array: Int64) -> dict[int, int]:
    return {int(cell): int(array[cell]) for cell in np.flatnonzero(array)}


def summed(batches: list[Entries], cells: int, dense: int) -> dict[int, int]:
    totals = Totals(design(s=cells), dense)
    for batch in batches:
        totals.add("s", rows(batch))
    sums = open_sums(totals.seal()["s"])
    assert sums.dtype == np.int64 and sums.size == cells
    return touched(sums)


def many(n: int, cells: int, seed: int) -> Entries:
    draw = np.random.default_rng(seed)
    return list(zip(draw.integers(0, cells, n).tolist(), draw.integers(1, 5000, n).tolist(), strict=True))


either = pytest.mark.parametrize("dense", [0, LARGE], ids=["table", "dense"])
_entries = st.lists(
    st.tuples(st.integers(0, 49) | st.integers(0, LARGE - 1), st.sampled_from([1, 1024, 2**62, MOST])), max_size=80
)


@settings(max_examples=60)
@given(batches=st.lists(_entries, max_size=6), dense=st.sampled_from([0, LARGE]))
def test_equals_the_plain_sum(batches: list[Entries], dense: int) -> None:
    assert summed(batches, LARGE, dense) == plain(batches)


def test_a_table_grows_and_becomes_dense() -> None:
    """From an empty table through every doubling, and over into a dense array."""
    batches = [many(n, LARGE, n) for n in (1, 1000, 2047, 2048, 2049, 5000, 20_000, 60_000)]
    for upto in range(len(batches) + 1):
        assert summed(batches[:upto], LARGE, 0) == plain(batches[:upto])
    neighbours = [[(cell, 1) for cell in range(row * 64, row * 64 + 64)] for row in range(300)]
    assert summed(neighbours, LARGE, 0) == plain(neighbours)


def check_growth() -> None:
    batches = [many(40, 500, 1), many(200, 500, 2)]
    table = CellTable(4)
    for batch in batches:
        begin = 0
        for _ in range(12):
            begin = table.add(rows(batch), begin)
            if begin == len(batch):
                break
            table.double()
        assert begin == len(batch)
    assert touched(table.dense(500)) == plain(batches)


def check_fill() -> None:
    """Half of the slots are filled before there is no room, no more and no fewer."""
    table = CellTable(64)
    assert table.add(rows([(7 * cell, 1) for cell in range(60)])) == 32
    assert table.add(rows([(7 * cell, 1) for cell in range(32)])) == 32  # those that are in always have room


def check_table() -> None:
    check_growth()
    check_fill()


@pytest.mark.parametrize(
    ("kernel", "right", "wrong"),
    [
        ("_add", "2 * used >= cell.size", "2 * used > cell.size"),
        ("_add", "used += 1", "used += 2"),
        ("_add", "return i, used", "return i + 1, used"),  # loses the entry that found no room
        ("_add", "saturated(sums[at], weight[i])", "weight[i]"),
        ("_add", "cell[at] = entry[i]", "pass"),
        ("_move", "at = _slot(cell, old_cell[i])", "at = i"),  # the places of the smaller table
        ("_move", "old_cell[i], old_sums[i]", "old_cell[i], 0"),
        ("_slot", "cell[at] != own and", "False and"),
    ],
)
def test_a_seeded_bug_in_the_table_is_caught(kernel: str, right: str, wrong: str) -> None:
    check_table()
    scope = dict(vars(_table))
    for name in ("_slot", "_add", "_move"):
        source = inspect.getsource(getattr(_table, name).py_func).replace("@njit\n", "")
        if name == kernel:
            assert right in source, f"{kernel} no longer says {right!r}; renew the seeded bug"
            source = source.replace(right, wrong)
        exec(source, scope)
    with pytest.MonkeyPatch.context() as patch, np.errstate(over="ignore"):  # products wrap round, as they should
        for name in ("_slot", "_add", "_move"):
            patch.setattr(_table, name, scope[name])
        with pytest.raises(AssertionError):
            check_table()


@either
def test_saturates_as_bounding_does(dense: int) -> None:
    batches = [[(7, MOST - 5)], [(7, 5)], [(7, 1), (8, 2)], [(7, MOST)]]
    totals = np.zeros(LARGE, dtype=np.int64)
    for batch in batches:
        bounding.add(rows(batch), totals)
    assert summed(batches, LARGE, dense) == touched(totals) == {7: MOST, 8: 2}


@either
@pytest.mark.parametrize("cell", [-1, LARGE], ids=["below", "above"])
def test_a_cell_off_the_grid_is_refused_and_nothing_added(dense: int, cell: int) -> None:
    totals = Totals(design(s=LARGE), dense)
    with pytest.raises(UnboundedError, match="outside the grid"):
        totals.add("s", rows([(3, 5), (cell, 1)]))
    assert not open_sums(totals.seal()["s"]).any()


# --- threads


def on_threads(number: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(i,)) for i in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@either
def test_many_threads_end_at_the_plain_sum(dense: int) -> None:
    batches = [many(2000, LARGE, seed) for seed in range(40)]
    totals = Totals(design(a=LARGE, b=LARGE), dense)

    def work(thread: int) -> None:
        for batch in batches[thread::8]:
            totals.add("a", rows(batch))
            totals.add("b", rows(batch[:100]))

    on_threads(8, work)
    sums = totals.seal()
    assert touched(open_sums(sums["a"])) == plain(batches)
    assert touched(open_sums(sums["b"])) == plain([batch[:100] for batch in batches])


def check_lock() -> None:
    """Whoever is inside an addition holds the lock of that statistic, and of no other."""
    totals = Totals(design(s=10, other=10))
    held: list[tuple[bool, bool]] = []
    original = _totals._Part.add

    def spy(part: _totals._Part, more: Bounded) -> None:
        held.append((totals._locks["s"].locked(), totals._locks["other"].locked()))
        original(part, more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_totals._Part, "add", spy)
        totals.add("s", rows([(1, 1)]))
    assert held == [(True, False)] and not totals._locks["s"].locked()


def test_a_lock_left_out_is_caught() -> None:
    check_lock()
    source = textwrap.dedent(inspect.getsource(Totals.add))
    assert "with self._locks[name]:" in source
    scope: dict[str, Any] = dict(vars(_totals))
    exec(source.replace("with self._locks[name]:", "if True:"), scope)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Totals, "add", scope["add"])
        with pytest.raises(AssertionError):
            check_lock()


def add_once(totals: Totals, batch: Bounded, _: int) -> None:
    totals.add("s", batch)


def test_memory_does_not_grow_with_threads() -> None:
    cells = 1 << 20
    batch, peaks = rows([(cell, 1) for cell in range(0, cells, 4099)]), []
    for threads in (1, 16):
        tracemalloc.start()
        try:
            totals = Totals(design(s=cells))
            on_threads(threads, partial(add_once, totals, batch))
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert totals.nbytes == 8 * cells
    assert peaks[1] < peaks[0] + cells  # another dense array would be eight times that


def test_a_large_grid_takes_memory_for_what_is_touched() -> None:
    cells = 1 << 36  # half a TiB if it were dense
    totals = Totals(design(s=cells))
    for seed in range(5):
        totals.add("s", rows(many(10_000, cells, seed)))
    assert totals.nbytes < 5 << 20  # 50,000 cells at 32 to 64 bytes


def test_never_more_than_dense() -> None:
    totals = Totals(design(s=LARGE), 0)
    for seed in range(8):
        totals.add("s", rows(many(20_000, LARGE, seed)))
        assert totals.nbytes <= 8 * LARGE


# --- no reader


def test_seals_once_and_takes_nothing_after() -> None:
    totals = Totals(design(s=5))
    totals.seal()
    with pytest.raises(SealedError):
        totals.seal()
    with pytest.raises(SealedError):
        totals.add("s", rows([(1, 1)]))


@pytest.mark.parametrize("attempt", [copy.copy, copy.deepcopy, pickle.dumps])
def test_can_not_be_copied_or_stored(attempt: Callable[[object], object]) -> None:
    with pytest.raises(SealedError):
        attempt(Totals(design(s=5)))


def test_shows_nothing() -> None:
    totals, table = Totals(design(s=5)), CellTable()
    totals.add("s", rows([(1, 47_114_711)]))
    table.add(rows([(1, 47_114_711)]))
    # eight digits: an address in memory, which is shown, holds four of them once in thousands of runs
    for value in (totals, table, *totals._parts.values()):
        assert "47114711" not in repr(value) + str(value) and "[" not in repr(value)
