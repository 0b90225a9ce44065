"""Asking again and asking nearly the same: nothing is gained beyond what the account pays for, unless it forgets."""

from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from shoal.audit.attack import Share
from shoal.audit.attacks.averaging import Averaging, average, hit_chance, nested, nested_control
from shoal.audit.world import World
from shoal.ledger import spending
from shoal.ledger.accounts import Accounts
from tests.audit.attacks.town import Town

SURE = 1 - 2e-8
"""Without a bug the attack is as good as its limit allows, so that this is how often it seems better: 1e-8 of runs."""


def run(folder: Path, most: int = 40, repeats: int = 2) -> dict[str, Share]:
    town = Town.build(folder, devices=60, days=2, epsilon=6)
    found = Averaging(repeats=repeats, most=most, cap=Fraction(4, 3)).run(cast(World, town))
    return {share.attack: share for share in found}


def least(share: Share) -> float:
    return float(binomtest(share.hits, share.trials).proportion_ci(SURE).low)


def test_the_account_holds_averaging_to_its_floor(tmp_path: Path) -> None:
    found = run(tmp_path)
    assert set(found) == {"the same plan again", "a plan a hair beside it", "averaging", "one zone less"}
    assert found["the same plan again"].hits == 0
    asked = found["a plan a hair beside it"]
    assert asked.hits == 0 and 4 <= asked.trials < 40, "the account refused before the attack gave up"
    assert least(found["averaging"]) <= found["averaging"].limit
    assert least(found["one zone less"]) <= found["one zone less"].limit
    assert found["averaging"].hits > found["averaging"].trials * found["averaging"].limit / 2, (
        "the attack is no straw man"
    )
    for share in (found["averaging"], found["one zone less"]):
        assert [hits / trials for hits, trials, _ in share.controls.values()] == [1.0]


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded bug: nothing was ever spent, whether a plan is looked at or charged."""
    for known in ("summed", "kept"):
        monkeypatch.setattr(spending, known, lambda *_: {})


def test_an_account_that_forgets_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch)
    found = run(tmp_path, most=14, repeats=1)["averaging"]
    assert least(found) > found.limit


def test_an_answer_drawn_again_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch)
    monkeypatch.setattr(Accounts, "find", lambda *_: None)
    assert run(tmp_path, most=1)["the same plan again"].hits == 2


def test_answers_are_weighted_by_what_they_know() -> None:
    nan = float("nan")
    found = average([np.array([1.0, 5.0, nan]), np.array([3.0, nan, nan])], [1.0, 2.0])
    assert found[:2].tolist() == pytest.approx([1.4, 5.0]) and np.isnan(found[2])


@pytest.mark.parametrize("floor", [0.3, 1.0, 4.0])
def test_no_noise_of_that_information_is_right_more_often(floor: float) -> None:
    gaussian = norm.cdf(0.5 / floor) - norm.cdf(-0.5 / floor)
    assert hit_chance(floor, normal=True) == pytest.approx(gaussian)
    laplace = 1 - np.exp(-0.5 / floor)  # scale 1 / sqrt(I)
    assert max(gaussian, laplace) <= hit_chance(floor, normal=False) <= 1.3 * max(gaussian, laplace) + 0.2


def test_nested_totals_give_a_suppressed_number_away() -> None:
    truth = np.array([[1.0, 0.0], [12.0, 30.0], [15.0, 3.0]])
    assert nested_control(truth) == (5, 6, 0.95), "33 less 30 is suppressed"
    inner = truth.ravel().copy()
    inner[:2] = np.nan
    assert nested([truth.ravel(), inner, truth.ravel()], truth.ravel(), 2) == (2, 2)
