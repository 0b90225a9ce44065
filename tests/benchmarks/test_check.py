"""The comparison of ratios: it must fail where one is worse by a third, and only there."""

import json
import math

import pytest
from benchmarks.check import KEPT, worsened
from hypothesis import given
from hypothesis import strategies as st

KEEP = {"release / scan": 5.0, "stays / trackintel": 0.01}
ratios = st.floats(1e-6, 1e6)


def test_the_same_ratios_pass() -> None:
    assert worsened(KEEP, KEEP) == []


@given(kept=ratios, times=st.floats(0.01, 1.33))
def test_better_or_a_little_worse_passes(kept: float, times: float) -> None:
    assert worsened({"a": kept}, {"a": kept * times}) == []


@given(kept=ratios, times=st.floats(1.34, 1e3))
def test_worse_by_a_third_fails(kept: float, times: float) -> None:
    assert len(worsened({"a": kept}, {"a": kept * times})) == 1


def test_only_the_ratio_that_worsened_is_named() -> None:
    (sentence,) = worsened(KEEP, {**KEEP, "stays / trackintel": 0.02})
    assert sentence.startswith("stays / trackintel: 0.02, 2.00 x the kept 0.01")


@pytest.mark.parametrize("found", [{"release / scan": 5.0}, {**KEEP, "new": 1.0}, {**KEEP, "release / scan": math.nan}])
def test_a_ratio_that_is_missing_new_or_no_number_fails(found: dict[str, float]) -> None:
    assert len(worsened(KEEP, found)) == 1


@pytest.mark.skipif(not KEPT.exists(), reason="no ratios are kept yet: make bench-check BENCH_ARGS=--update")
def test_kept_ratios_are_positive_numbers() -> None:
    kept = json.loads(KEPT.read_text())["ratios"]
    assert kept
    assert all(0 < ratio < math.inf for ratio in kept.values())
