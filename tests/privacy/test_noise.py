"""Noise: it costs what was paid, it is drawn once, it is as wide as it says, and no two draws share it."""

import ast
import json
import os
import pickle
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

from shoal._arrays import Int64
from shoal.privacy import noise
from shoal.privacy._mint import mint
from shoal.privacy.budget import Paid, UnpaidError
from shoal.privacy.mechanism import ONE, Kind, Mechanism
from shoal.privacy.noise import CHUNK, GuaranteeError, measure
from shoal.privacy.sums import ExactSums, SealedError

GAUSSIAN, LAPLACE = Mechanism("gaussian", ONE, 5 * ONE), Mechanism("laplace", ONE, 5 * ONE)
KINDS: tuple[Kind, Kind] = ("gaussian", "laplace")
DRAWS, LARGE = 100_000, 1 << 40
both = pytest.mark.parametrize("mechanism", [GAUSSIAN, LAPLACE], ids=KINDS)
kinds = pytest.mark.parametrize("kind", KINDS)
sizes = pytest.mark.parametrize(("kind", "scale"), [(k, s) for k in KINDS for s in (3, 5 * ONE, LARGE)])
FALSE_ALARM = 1e-9


def paid(mechanism: Mechanism, statistic: str = "x") -> Paid:
    return mint("charge", {statistic: mechanism.rho})


def zeros(cells: int) -> ExactSums:
    return ExactSums(np.zeros(cells, dtype=np.int64))


@cache
def drawn_at(kind: Kind, scale: int) -> Int64:
    """100,000 draws for empty cells by as many threads as there are cores, kept for several tests."""
    mechanism = Mechanism(kind, ONE if scale >= ONE else 1, scale)
    drawn = measure(zeros(DRAWS), "x", mechanism, paid(mechanism)).values
    drawn.flags.writeable = False
    return drawn


def fits(drawn: Int64, kind: Kind, scale: float) -> float:
    """p-value of the claim that `drawn` is discrete noise of this kind and scale.

    Chi-square against the exact probabilities of whole numbers where the scale is small; Kolmogorov-Smirnov against the
    continuous law where it is so large that a step is nothing beside what 100,000 draws can tell.
    """
    if scale > 1000:
        return float(stats.kstest(drawn / scale, "norm" if kind == "gaussian" else "laplace").pvalue)
    value = np.arange(-round(60 * scale) - 60, round(60 * scale) + 61)
    weight = np.exp(-(value**2) / (2 * scale**2) if kind == "gaussian" else -np.abs(value) / scale)
    expected = weight / weight.sum() * drawn.size
    seen = np.bincount(np.clip(drawn - value[0], 0, value.size - 1), minlength=value.size)
    usual = expected >= 20
    edge = np.flatnonzero(usual)[[0, -1]]
    parts = (slice(None, edge[0]), slice(edge[1] + 1, None))  # the tails, each as one
    seen, expected = (np.append(a[usual], [a[part].sum() for part in parts]) for a in (seen, expected))
    return float(stats.chisquare(seen, expected, sum_check=False).pvalue)


@sizes
def test_the_noise_is_as_wide_as_it_says(kind: Kind, scale: int) -> None:
    assert fits(drawn_at(kind, scale), kind, scale) > FALSE_ALARM


@sizes
@pytest.mark.parametrize("factor", [0.7, 1.3], ids=["30 % too little", "30 % too much"])
def test_the_same_test_rejects_a_wrong_scale(kind: Kind, scale: int, factor: float) -> None:
    """These draws are 0.7 or 1.3 times as wide as a claim of scale / factor."""
    assert fits(drawn_at(kind, scale), kind, scale / factor) < FALSE_ALARM


@sizes
def test_the_same_test_rejects_the_other_kind_of_noise(kind: Kind, scale: int) -> None:
    same_width = scale * 2**0.5 if kind == "laplace" else scale / 2**0.5
    assert fits(drawn_at(kind, scale), "gaussian" if kind == "laplace" else "laplace", same_width) < FALSE_ALARM


@both
@pytest.mark.parametrize("factor", [0.7, 1.3], ids=["30 % too little", "30 % too much"])
def test_a_draw_with_a_wrong_scale_is_seen(
    mechanism: Mechanism, factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seeded bug, drawn: the glue asks OpenDP for another scale than is charged for, and nobody compares."""
    honest = noise._measurement
    wrong = Mechanism(mechanism.kind, mechanism.norm, round(mechanism.scale * factor))
    monkeypatch.setattr(noise, "_measurement", lambda _: honest(wrong))
    monkeypatch.setattr(noise, "_agree", lambda *_: None)
    drawn = measure(zeros(DRAWS // 4), "x", mechanism, paid(mechanism)).values
    assert fits(drawn, mechanism.kind, mechanism.scale) < FALSE_ALARM


@both
def test_half_width_holds_95_percent(mechanism: Mechanism) -> None:
    drawn = drawn_at(mechanism.kind, mechanism.scale)
    inside = int((np.abs(drawn) / ONE <= mechanism.half_width).sum())
    assert stats.binomtest(inside, drawn.size, 0.95).pvalue > FALSE_ALARM


def repeats(*drawn: Int64) -> int:
    """Neighbouring pairs of draws that stand in the heap more than once: a stretch of noise that was used twice.

    At scale 2**40 two pairs of 100,000 are alike by chance less than once in 10**14 times.
    """
    pairs = np.concatenate([np.stack([one[:-1], one[1:]], axis=1) for one in drawn])
    return len(pairs) - len(np.unique(pairs, axis=0))


@kinds
def test_no_noise_is_used_twice_across_chunks_and_threads(kind: Kind) -> None:
    drawn = drawn_at(kind, LARGE)
    assert drawn.size > 20 * CHUNK and repeats(drawn) == 0
    assert repeats(np.append(drawn, drawn[CHUNK : CHUNK + 9])) >= 8  # it would be seen


@kinds
def test_every_chunk_fits(kind: Kind) -> None:
    """Not only all of them together; and no chunk leans on the one before."""
    drawn = drawn_at(kind, LARGE)[: DRAWS // CHUNK * CHUNK].reshape(-1, CHUNK)
    assert min(fits(chunk, kind, LARGE) for chunk in drawn) > FALSE_ALARM
    spread = drawn / LARGE
    lag = np.corrcoef(spread.ravel()[:-1], spread.ravel()[1:])[0, 1]
    assert abs(lag) < 7 / np.sqrt(drawn.size)


@kinds
def test_threads_side_by_side_draw_what_they_should(kind: Kind) -> None:
    """Four callers at once, each with threads of its own."""
    mechanism = Mechanism(kind, ONE, LARGE)
    with ThreadPoolExecutor(4) as threads:
        drawn = list(
            threads.map(lambda _: measure(zeros(CHUNK + 99), "x", mechanism, paid(mechanism)).values, range(4))
        )
    assert repeats(*drawn) == 0
    assert fits(np.concatenate(drawn), kind, LARGE) > FALSE_ALARM


def test_noise_is_added_to_the_sums() -> None:
    totals = np.arange(CHUNK + 100, dtype=np.int64) * 10**6
    drawn = measure(ExactSums(totals), "x", GAUSSIAN, paid(GAUSSIAN)).values
    assert np.abs(drawn - totals).max() < 8 * GAUSSIAN.scale
    assert not np.array_equal(drawn, totals)


def test_chunks_and_threads_do_not_share_noise() -> None:
    drawn = measure(zeros(3 * CHUNK), "x", GAUSSIAN, paid(GAUSSIAN), workers=3).values.reshape(3, CHUNK)
    for a in range(3):
        for b in range(a):
            assert abs(np.corrcoef(drawn[a], drawn[b])[0, 1]) < 7 / np.sqrt(CHUNK)


def test_two_threads_draw_different_noise() -> None:
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: measure(zeros(1000), "x", GAUSSIAN, paid(GAUSSIAN)).values, range(2))
    assert abs(np.corrcoef(first, second)[0, 1]) < 7 / np.sqrt(1000)


def test_two_measures_one_after_the_other_do_not_share_noise() -> None:
    """Of the same size and mechanism, as two statistics of one release can be."""
    first, second = (measure(zeros(1000), name, GAUSSIAN, paid(GAUSSIAN, name)).values for name in ("x", "y"))
    assert abs(np.corrcoef(first, second)[0, 1]) < 7 / np.sqrt(1000)


FORK = """
import json, os, sys
import numpy as np
from shoal.privacy._mint import mint
from shoal.privacy.mechanism import ONE, Mechanism
from shoal.privacy.noise import measure
from shoal.privacy.sums import ExactSums
def draw(kind):
    m = Mechanism(kind, ONE, 1 << 40)
    sums, paid = ExactSums(np.zeros(2000, dtype=np.int64)), mint("c", {"x": m.rho})
    return measure(sums, "x", m, paid, workers=1).values.tolist()
def both():
    return [draw("gaussian"), draw("laplace")]
both()  # the parent has drawn before: whatever it buffered is now shared
ends = []
for _ in range(4):
    read, write = os.pipe()
    if os.fork() == 0:
        with os.fdopen(write, "w") as sink:
            json.dump(both(), sink)
        os._exit(0)
    os.close(write)
    ends.append(read)
print(json.dumps([json.loads(os.fdopen(r).read()) for r in ends] + [both()]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_children_draw_different_noise_that_fits() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], capture_output=True, text=True, check=True)
    drawn = np.array(json.loads(done.stdout))
    assert drawn.shape == (5, 2, 2000)
    for number, kind in enumerate(KINDS):
        own = drawn[:, number]
        assert repeats(*own) == 0
        assert np.abs(np.corrcoef(own)[np.triu_indices(5, 1)]).max() < 7 / np.sqrt(2000)
        assert fits(own.ravel(), kind, LARGE) > FALSE_ALARM


TASK = """
import sys
import shoal.engines._spark_tasks
print(sorted(name for name in sys.modules if name.startswith(("opendp", "shoal.privacy", "shoal.ledger"))))
"""


def test_a_task_of_spark_has_nothing_to_draw_with() -> None:
    """Noise is drawn by the driver alone: what executors load holds neither OpenDP nor the noise nor the mint, and
    neither a payment nor sealed sums can be sent to them. (What their workers have loaded: `test_spark_replay`.)"""
    done = subprocess.run([sys.executable, "-c", TASK], capture_output=True, text=True, check=True)
    loaded = ast.literal_eval(done.stdout)
    assert "shoal.privacy.bounding" in loaded  # they work
    unwanted = r"opendp(\.|$)|shoal\.ledger|shoal\.privacy\.(noise|_open$|_mint)"
    assert not [name for name in loaded if re.match(unwanted, name)]
    for own in (paid(GAUSSIAN), zeros(3)):
        with pytest.raises((UnpaidError, SealedError)):
            pickle.dumps(own)


class Watched:
    """OpenDP's mechanism, and all that it gave."""

    def __init__(self, mechanism: Mechanism, given: list[int]) -> None:
        self._own, self._given = HONEST(mechanism), given
        self.map = self._own.map

    def __call__(self, totals: Int64) -> Any:
        drawn = self._own(totals)
        self._given += drawn
        return drawn


HONEST = noise._measurement


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every number that OpenDP gives."""
    found: list[int] = []
    monkeypatch.setattr(noise, "_measurement", lambda mechanism: Watched(mechanism, found))
    return found


@both
def test_every_number_is_one_that_opendp_drew(mechanism: Mechanism, given: list[int]) -> None:
    """None is drawn elsewhere, as a float is, none is made of two, and none is drawn in vain."""
    totals = np.arange(2 * CHUNK + 100, dtype=np.int64)
    drawn = measure(ExactSums(totals), "x", mechanism, paid(mechanism), workers=1).values
    assert drawn.tolist() == given


def test_what_is_not_paid_for_is_not_drawn_either(given: list[int]) -> None:
    """Charge first, then draw: not even to be thrown away."""
    with pytest.raises(UnpaidError):
        measure(zeros(10), "x", GAUSSIAN, mint("charge", {"x": GAUSSIAN.rho / 2}))
    assert given == []
    measure(zeros(10), "x", GAUSSIAN, paid(GAUSSIAN))
    assert len(given) == 10  # it would have been seen


@both
def test_a_payment_is_used_once(mechanism: Mechanism) -> None:
    payment = paid(mechanism)
    measure(zeros(10), "x", mechanism, payment)
    with pytest.raises(UnpaidError, match="not covered"):
        measure(zeros(10), "x", mechanism, payment)


@pytest.mark.parametrize(
    ("statistic", "rho"),
    [("y", GAUSSIAN.rho), ("x", GAUSSIAN.rho - Fraction(1, 10**30))],
    ids=["another statistic", "a hair too little"],
)
def test_nothing_is_drawn_unpaid(statistic: str, rho: Fraction) -> None:
    with pytest.raises(UnpaidError):
        measure(zeros(10), "x", GAUSSIAN, mint("charge", {statistic: rho}))


def test_only_the_mint_makes_money() -> None:
    with pytest.raises(UnpaidError):
        Paid("charge", {"x": Fraction(1)}, key=object())


def test_a_claim_that_opendp_does_not_share_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded bug: the glue gives OpenDP half the scale that is charged for."""
    honest = noise._measurement
    monkeypatch.setattr(noise, "_measurement", lambda m: honest(Mechanism(m.kind, m.norm, m.scale // 2)))
    with pytest.raises(GuaranteeError):
        measure(zeros(10), "x", GAUSSIAN, paid(GAUSSIAN))


@pytest.mark.parametrize("kind", ["gaussian", "laplace"])
def test_rho_is_the_formula(kind: Kind) -> None:
    assert Mechanism(kind, 3, 10).rho == Fraction(9, 200)


@both
def test_part_of_the_cells_can_be_drawn_for(mechanism: Mechanism) -> None:
    totals = np.arange(4 * CHUNK, dtype=np.int64) * 10**6
    cells = np.flatnonzero(np.arange(totals.size) % 3 == 1)
    drawn = measure(ExactSums(totals), "x", mechanism, paid(mechanism), cells=cells).values
    assert drawn.shape == cells.shape
    assert fits(drawn - totals[cells], mechanism.kind, mechanism.scale) > FALSE_ALARM
    assert (
        fits(drawn - totals[cells - 1], mechanism.kind, mechanism.scale) < FALSE_ALARM
    )  # the neighbours' sums are seen to be others


def test_part_of_the_cells_may_be_none() -> None:
    empty = np.zeros(0, dtype=np.int64)
    assert measure(zeros(10), "x", GAUSSIAN, paid(GAUSSIAN), cells=empty).values.size == 0


@pytest.mark.parametrize("cells", [[1, 1], [2, 1], [-1, 3], [3, 10]], ids=["twice", "descending", "before", "beyond"])
def test_no_cell_is_drawn_twice_and_a_refusal_costs_nothing(cells: list[int]) -> None:
    payment = paid(GAUSSIAN)
    with pytest.raises(ValueError, match="ascending"):
        measure(zeros(10), "x", GAUSSIAN, payment, cells=np.array(cells))
    measure(zeros(10), "x", GAUSSIAN, payment, cells=np.array([0, 9]))


def test_parts_of_the_cells_are_paid_once() -> None:
    payment = paid(GAUSSIAN)
    measure(zeros(10), "x", GAUSSIAN, payment, cells=np.array([0, 1]))
    with pytest.raises(UnpaidError, match="not covered"):
        measure(zeros(10), "x", GAUSSIAN, payment, cells=np.array([2, 3]))
