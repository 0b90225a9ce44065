"""Sparse sums are the dense ones, however they are cut, packed and merged."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.engines import _sparse
from shoal.engines._sparse import RANGE, Slots, SparseSums, add_packed, pack, pack_dense
from shoal.privacy.bounding import Bounded, UnboundedError
from shoal.privacy.mechanism import MAX_NORM

MOST = 2**63 - 1
GRIDS = {"small": 7, "middle": RANGE, "large": 3 * RANGE + 5}
entries = st.lists(st.tuples(st.integers(0, 3 * RANGE + 4), st.integers(1, MAX_NORM)), max_size=60)


def design() -> Any:
    """As much of a design as sums look at."""
    grids = [SimpleNamespace(name=name, grid=SimpleNamespace(cells=cells)) for name, cells in GRIDS.items()]
    return SimpleNamespace(measures=grids)


def rows(cells: list[tuple[int, int]]) -> Bounded:
    """Every entry a row of its own."""
    cell, weight = (np.array([entry[i] for entry in cells], dtype=np.int64) for i in (0, 1))
    return Bounded(np.arange(len(cells) + 1, dtype=np.int64), cell, weight)


def merged(packed: list[tuple[int, bytes]], order: int = 1) -> dict[tuple[str, int], int]:
    """Sums by (statistic, cell), of which each is above 0."""
    slots = Slots(design())
    totals: dict[int, Any] = {}
    for slot, data in packed[::order]:
        name, begin, size = slots.place(slot)
        add_packed(data, totals.setdefault(slot, np.zeros(size, dtype=np.int64)))
    found: dict[tuple[str, int], int] = {}
    for slot, array in totals.items():
        name, begin, _ = slots.place(slot)
        again = np.zeros_like(array)
        add_packed(pack_dense(array), again)
        assert np.array_equal(array, again)
        found |= {(name, begin + int(cell)): int(array[cell]) for cell in np.flatnonzero(array)}
    return found


@given(entries, st.sampled_from([0, 10, 1 << 40]), st.sampled_from([1, -1]))
def test_the_same_as_counting(cells: list[tuple[int, int]], dense: int, order: int) -> None:
    """Dense or in a table, with a table that is handed on again and again, merged in any order."""
    sums, packed = SparseSums(design(), dense=dense, full=1 << 17), []
    expected: Counter[tuple[str, int]] = Counter()
    for name, size in GRIDS.items():
        own = [(cell % size, weight) for cell, weight in cells]
        for half in (own[::2], own[1::2]):
            packed += list(sums.add(name, rows(half)))
        for cell, weight in own:
            expected[name, cell] += weight
    packed += list(sums.rest())
    assert merged(packed, order) == dict(expected)


def test_a_full_table_is_handed_on() -> None:
    """Memory follows the limit, not the cells that were touched."""
    many = rows([(cell * 7 % (3 * RANGE), 1) for cell in range(100_000)])
    sums = SparseSums(design(), dense=0, full=1 << 18)
    early = list(sums.add("large", many))
    assert early and all(isinstance(table, np.ndarray) or table.nbytes <= 1 << 18 for table in sums._sums)
    found = merged(early + list(sums.rest()))
    assert len(found) == 100_000 and set(found.values()) == {1}
    assert list(SparseSums(design(), dense=0, full=1 << 28).add("large", many)) == []


def test_sums_saturate_wherever_they_meet() -> None:
    cell = np.array([0, 3, RANGE - 1], dtype=np.int64)
    totals = np.zeros(RANGE, dtype=np.int64)
    for total in (MOST - 5, 4, 3):
        add_packed(pack(cell, np.full(3, total, dtype=np.int64)), totals)
    assert totals[cell].tolist() == [MOST] * 3
    assert np.count_nonzero(totals) == 3


def test_slots_cover_every_grid_once() -> None:
    slots = Slots(design())
    assert slots.number == 1 + 1 + 4
    places = [slots.place(slot) for slot in range(slots.number)]
    assert places[:3] == [("small", 0, 7), ("middle", 0, RANGE), ("large", 0, RANGE)]
    assert places[-1] == ("large", 3 * RANGE, 5)
    names = list(GRIDS)
    assert [slots.of(names.index(name), begin) for name, begin, _ in places] == list(range(slots.number))


@pytest.mark.parametrize("cell", [-1, GRIDS["small"], 2**40])
@pytest.mark.parametrize("dense", [0, 100])
def test_cells_outside_the_grid_are_refused(cell: int, dense: int) -> None:
    with pytest.raises(UnboundedError):
        list(SparseSums(design(), dense=dense).add("small", rows([(cell, 1)])))
    with pytest.raises(UnboundedError):
        add_packed(pack(np.array([7], dtype=np.int64), np.array([1], dtype=np.int64)), np.zeros(7, dtype=np.int64))


def test_few_cells_take_few_bytes() -> None:
    sums = SparseSums(design(), dense=0)
    assert list(sums.add("large", rows([(5 * RANGE // 2, 1), (3, 9)]))) == []
    packed = list(sums.rest())
    assert len(packed) == 2 and sum(len(data) for _, data in packed) < 100
    assert repr(sums) == "<SparseSums, sealed>"
    assert _sparse._DENSE * 8 <= 32 << 20
