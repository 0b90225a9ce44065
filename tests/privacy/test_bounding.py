"""Bounding, in exact arithmetic: no row moves the sums by more than its norm, whatever it holds."""

import inspect
import random
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.privacy.bounding import UnboundedError, add, bound
from shoal.privacy.contributions import Contributions, contributions
from shoal.privacy.mechanism import MAX_NORM, ONE, Kind, Mechanism

CELLS = 50
module = sys.modules[contributions.__module__]
weights = st.one_of(st.integers(1, 3 * ONE), st.integers(1, 2**40), st.just(2**52))
rows = st.lists(st.dictionaries(st.integers(0, CELLS - 1), weights, max_size=CELLS), max_size=6)
norms = st.one_of(st.integers(1, 20 * ONE), st.just(MAX_NORM), st.just(1))
kinds = st.sampled_from(["gaussian", "laplace"])


def vectors(people: list[dict[int, int]]) -> Contributions:
    first = np.cumsum([0, *(len(p) for p in people)], dtype=np.int64)
    entries = [(cell, p[cell]) for p in people for cell in sorted(p)]
    cell = np.array([c for c, _ in entries], dtype=np.int64)
    return Contributions(first, cell, np.array([w for _, w in entries], dtype=np.int64))


def length(vector: list[int], kind: Kind) -> int:
    """L1, or L2 squared, in Python's unbounded integers."""
    return sum(abs(w) for w in vector) if kind == "laplace" else sum(w * w for w in vector)


def limit(mechanism: Mechanism) -> int:
    return mechanism.norm if mechanism.kind == "laplace" else mechanism.norm**2


def sums(people: list[dict[int, int]], mechanism: Mechanism) -> list[int]:
    totals = np.zeros(CELLS, dtype=np.int64)
    add(bound(vectors(people), mechanism), totals)
    return totals.tolist()


@given(people=rows, norm=norms, kind=kinds)
def test_one_row_more_or_less_moves_the_sums_by_at_most_the_norm(
    people: list[dict[int, int]], norm: int, kind: Kind
) -> None:
    mechanism = Mechanism(kind, norm, 1)
    everyone = sums(people, mechanism)
    for gone in range(len(people)):
        others = sums(people[:gone] + people[gone + 1 :], mechanism)
        moved = [a - b for a, b in zip(everyone, others, strict=True)]
        assert length(moved, kind) <= limit(mechanism)


@given(people=rows, norm=norms, kind=kinds)
def test_short_vectors_stay_and_long_ones_lose_little(people: list[dict[int, int]], norm: int, kind: Kind) -> None:
    mechanism = Mechanism(kind, norm, 1)
    before = vectors(people)
    after = bound(before, mechanism)
    for row in range(len(people)):
        old = before.weight[before.first[row] : before.first[row + 1]].tolist()
        new = after.weight[after.first[row] : after.first[row + 1]].tolist()
        if length(old, kind) <= limit(mechanism):
            assert new == old
        else:
            # scaled by one factor and rounded down: at most one step a cell below the exact scaling
            size = Fraction(length(old, kind)) if kind == "laplace" else Fraction(length(old, kind)) ** Fraction(1, 2)
            exact = [float(w) * norm / float(size) for w in old]
            assert all(e - 2 - 1e-6 * e <= n <= e + 1e-6 * e for n, e in zip(new, exact, strict=True))


def test_without_bounding_the_law_fails() -> None:
    """The seeded bug: adding unbounded vectors moves the sums by more than the norm."""
    vector = vectors([{0: 5 * ONE, 1: 5 * ONE}])
    totals = np.zeros(CELLS, dtype=np.int64)
    add(vector, totals)
    assert length(totals.tolist(), "gaussian") > limit(Mechanism("gaussian", ONE, 1))


def test_float_rounding_never_decides() -> None:
    """Norms whose float scaling lands a step too high: the integer check must pull them back."""
    generator = np.random.default_rng(7)
    for _ in range(300):
        weight = generator.integers(1, 2**31, size=200)
        vector = Contributions(np.array([0, 200]), np.arange(200), weight)
        mechanism = Mechanism("gaussian", int(generator.integers(1, MAX_NORM)), 1)
        assert length(bound(vector, mechanism).weight.tolist(), "gaussian") <= mechanism.norm**2


def test_a_cell_named_twice_is_refused() -> None:
    """Its weights would add up after the norm was taken of them apart."""
    twice = Contributions(np.array([0, 2]), np.array([3, 3]), np.array([ONE, ONE]))
    with pytest.raises(UnboundedError, match="strictly ascending"):
        bound(twice, Mechanism("gaussian", ONE, 1))


@pytest.mark.parametrize("weight", [0, -1], ids=["zero", "negative"])
def test_weights_are_positive(weight: int) -> None:
    with pytest.raises(UnboundedError, match="positive"):
        bound(Contributions(np.array([0, 1]), np.array([3]), np.array([weight])), Mechanism("gaussian", ONE, 1))


@pytest.mark.parametrize("cell", [-1, CELLS], ids=["below", "above"])
def test_cells_off_the_grid_are_refused(cell: int) -> None:
    totals = np.zeros(CELLS, dtype=np.int64)
    with pytest.raises(UnboundedError, match="outside the grid"):
        add(Contributions(np.array([0, 1]), np.array([cell]), np.array([ONE])), totals)
    assert not totals.any()


def test_sums_saturate() -> None:
    totals = np.full(1, 2**63 - 5, dtype=np.int64)
    add(Contributions(np.array([0, 1]), np.array([0]), np.array([ONE])), totals)
    assert totals[0] == 2**63 - 1


entries = st.lists(st.tuples(st.integers(-1, 8), st.integers(0, 5000)), max_size=60)


@given(people=st.lists(entries, max_size=5), per=st.sampled_from([1, 3600]))
def test_contributions_add_up_before_they_round(people: list[list[tuple[int, int]]], per: int) -> None:
    first = np.cumsum([0, *(len(p) for p in people)], dtype=np.int64)
    cell = np.array([c for p in people for c, _ in p], dtype=np.int64)
    amount = np.array([a for p in people for _, a in p], dtype=np.int64)
    found = contributions(first, cell, amount, per)
    for row, person in enumerate(people):
        expected: dict[int, int] = {}
        for c, a in person:
            if c >= 0:
                expected[c] = expected.get(c, 0) + a
        fixed = {c: a * ONE // per for c, a in sorted(expected.items()) if a * ONE // per > 0}
        part = slice(int(found.first[row]), int(found.first[row + 1]))
        assert dict(zip(found.cell[part].tolist(), found.weight[part].tolist(), strict=True)) == fixed
        assert found.cell[part].tolist() == sorted(fixed)


LARGEST = 2**62 - 1


def naive_contributions(people: list[list[tuple[int, int]]], per: int) -> tuple[list[list[int]], list[list[int]]]:
    """Cells and weights of each row: added up, then in fixed point, in Python's integers."""
    cells, weights = [], []
    for person in people:
        sums: dict[int, int] = {}
        for c, a in person:
            if c >= 0 and a > 0:
                sums[c] = sums.get(c, 0) + a
        fixed = {c: a * ONE // per for c, a in sorted(sums.items()) if a * ONE // per}
        cells.append(list(fixed))
        weights.append(list(fixed.values()))
    return cells, weights


def check_contributions(people: list[list[tuple[int, int]]], per: int = 3600) -> None:
    first = np.cumsum([0, *(len(p) for p in people)], dtype=np.int64)
    cell, amount = (np.array([e[i] for p in people for e in p], dtype=np.int64) for i in (0, 1))
    before = cell.copy(), amount.copy()
    found = contributions(first, cell, amount, per)
    assert (cell == before[0]).all() and (amount == before[1]).all()
    cuts = list(zip(found.first[:-1].tolist(), found.first[1:].tolist(), strict=True))
    got = [found.cell[a:b].tolist() for a, b in cuts], [found.weight[a:b].tolist() for a, b in cuts]
    assert got == naive_contributions(people, per)
    assert found.first[0] == 0 and found.first[-1] == found.cell.size == found.weight.size


def long_rows() -> list[list[tuple[int, int]]]:
    """Rows of every length about the thresholds of sorting, over narrow, wide and the widest ranges of cells."""
    draw = random.Random(11)
    made: list[list[tuple[int, int]]] = [[]]
    for length in (2, 31, 32, 33, 34, 64, 65, 127, 128, 1000, 5000):
        for most in (1, 40, 300_000, LARGEST):
            made.append([(draw.randint(-1, most), draw.randint(0, 4000)) for _ in range(length)])
            made.append([(most - i * most // length, 3600) for i in range(length)])  # descending
    return made


def test_long_rows_are_sorted() -> None:
    check_contributions(long_rows())


@given(
    people=st.lists(
        st.lists(st.tuples(st.integers(-1, 8) | st.integers(0, LARGEST), st.integers(0, 9000)), max_size=120),
        max_size=4,
    )
)
def test_contributions_equal_their_twin(people: list[list[tuple[int, int]]]) -> None:
    check_contributions(people)


@pytest.mark.parametrize(
    ("kernel", "right", "wrong"),
    [
        ("_sort", "while at > 0", "while at > 1"),
        ("_sort", "cell[at - 1] > own", "cell[at - 1] < own"),
        ("_sort", ">> shift) & mask", ">> shift) & (mask >> 1)"),
        ("_sort", "(bits + digit - 1) // digit", "bits // digit"),
        ("_sort", "bits += 1\n", "break\n"),
        ("_merge_rows", "out_weight[i + 1] += out_weight[i]", "pass"),
        ("_merge_rows", "if weight > 0:", "if True:"),
        ("_merge_rows", "end > begin and out_cell[end - 1] == cell[i]", "end > 0 and out_cell[end - 1] == cell[i]"),
        ("_merge_rows", "ascending &=", "ascending |="),
    ],
)
def test_a_seeded_bug_in_merging_is_caught(kernel: str, right: str, wrong: str) -> None:
    function = getattr(module, kernel)
    source = inspect.getsource(function.py_func).replace("@njit\n", "")
    assert right in source, f"{kernel} no longer says {right!r}; renew the seeded bug"
    scope = dict(vars(module))
    scope["_sort"] = scope["_sort"].py_func
    exec(source.replace(right, wrong), scope)
    if kernel == "_sort":
        exec(inspect.getsource(module._merge_rows.py_func).replace("@njit\n", ""), scope)
    few = [[(5, 1), (3, 2)], [(3, 5000), (3, 7)], [(9, 3600), (2, 3600), (9, 3600)], *long_rows()[-20:-12]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_merge_rows", scope["_merge_rows"])
        with pytest.raises((AssertionError, IndexError)):
            check_contributions(few)


def test_one_row_of_a_million_entries_is_no_worse_than_many() -> None:
    n = 1_000_000
    cell = np.random.default_rng(2).integers(0, 2**40, n)
    found = contributions(np.array([0, n]), cell, np.full(n, 3600), 3600)
    assert (found.cell == np.unique(cell)).all() and int(found.weight.sum()) == n * ONE
