"""Noise: it costs what was paid, it is drawn once, it is as wide as it says, and no two draws share it."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
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
from shoal.privacy.sums import ExactSums

GAUSSIAN, LAPLACE = Mechanism("gaussian", ONE, 5 * ONE), Mechanism("laplace", ONE, 5 * ONE)
both = pytest.mark.parametrize("mechanism", [GAUSSIAN, LAPLACE], ids=["gaussian", "laplace"])
FALSE_ALARM = 1e-9


def paid(mechanism: Mechanism, statistic: str = "x") -> Paid:
    return mint("charge", {statistic: mechanism.rho})


def zeros(cells: int) -> ExactSums:
    return ExactSums(np.zeros(cells, dtype=np.int64))


def fits(drawn: Int64, mechanism: Mechanism) -> float:
    """p-value of a Kolmogorov-Smirnov test; at thousands of steps a scale the continuous law is the discrete one."""
    law = "norm" if mechanism.kind == "gaussian" else "laplace"
    return float(stats.kstest(drawn / mechanism.scale, law).pvalue)


@both
def test_the_noise_is_as_wide_as_it_says(mechanism: Mechanism) -> None:
    drawn = measure(zeros(100_000), "x", mechanism, paid(mechanism)).values
    assert fits(drawn, mechanism) > FALSE_ALARM


@both
@pytest.mark.parametrize("factor", [0.7, 1.3], ids=["30 % too little", "30 % too much"])
def test_the_same_test_rejects_a_wrong_scale(mechanism: Mechanism, factor: float) -> None:
    wrong = Mechanism(mechanism.kind, mechanism.norm, round(mechanism.scale * factor))
    drawn = measure(zeros(100_000), "x", wrong, paid(wrong)).values
    assert fits(drawn, mechanism) < FALSE_ALARM


@both
def test_half_width_holds_95_percent(mechanism: Mechanism) -> None:
    drawn = measure(zeros(100_000), "x", mechanism, paid(mechanism)).values
    inside = int((np.abs(drawn) / ONE <= mechanism.half_width).sum())
    assert stats.binomtest(inside, drawn.size, 0.95).pvalue > FALSE_ALARM


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
m = Mechanism("gaussian", ONE, 5 * ONE)
def draw():
    return measure(ExactSums(np.zeros(300, dtype=np.int64)), "x", m, mint("c", {"x": m.rho}), workers=1).values.tolist()
draw()  # the parent has drawn before: whatever it buffered is now shared
ends = []
for _ in range(2):
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, json.dumps(draw()).encode())
        os._exit(0)
    os.close(write)
    ends.append(read)
print(json.dumps([json.loads(b"".join(iter(lambda: os.read(r, 65536), b""))) for r in ends] + [draw()]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_children_draw_different_noise() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], capture_output=True, text=True, check=True)
    drawn = np.array(json.loads(done.stdout))
    correlation = np.corrcoef(drawn)
    assert np.abs(correlation[np.triu_indices(3, 1)]).max() < 7 / np.sqrt(300)


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
    assert fits(drawn - totals[cells], mechanism) > FALSE_ALARM
    assert fits(drawn - totals[cells - 1], mechanism) < FALSE_ALARM  # the neighbours' sums are seen to be others


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
