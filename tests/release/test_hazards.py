"""The hazards of a release: each is answered from its facts, and none is passed over in silence."""

import math
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import pytest

from shoal.release.hazards import Who, answers, surest
from tests.release import make


def said(folder: Path, **wishes: Any) -> dict[str, str]:
    facts, _ = make.parts(make.plan_in(folder, **wishes), make.squares(), folder)
    return {a.hazard: a.text for a in answers(facts)}


def one(found: dict[str, str], part: str) -> str:
    (text,) = (text for hazard, text in found.items() if part in hazard)
    return text


def test_answers_follow_from_the_facts(tmp_path: Path) -> None:
    week = said(tmp_path / "week")
    assert "one device over one week" in one(week, "too little protected") and "holds one week." in str(week)
    assert "Epsilon is 1 at delta 1e-08" in one(week, "epsilon") and "at most 73% sure" in one(week, "epsilon")
    assert one(week, "count for more").endswith(": presence 8 (L2), visits 8 (L2), flows 8 (L2), residents 8 (L2).")
    assert "charge charge-17" in one(week, "budget") and "source ride-app" in one(week, "budget")
    assert "discrete Gaussian noise" in one(week, "noise what the mathematics")
    assert "No assessment" in one(week, "collected")
    days = said(tmp_path / "days", end="2026-03-04", unit="day", epsilon="2")
    assert "one device over one day" in one(days, "too little protected") and "holds 2 days." in str(days)
    assert "at most 88% sure" in one(days, "epsilon")


def test_both_kinds_of_noise_are_named(tmp_path: Path) -> None:
    facts, _ = make.parts(make.plan_in(tmp_path), make.squares(), tmp_path)
    *others, last = facts.statistics
    last = last.model_copy(update={"mechanism": "laplace", "norm": "L1"})
    found = {a.hazard: a.text for a in answers(facts.model_copy(update={"statistics": (*others, last)}))}
    assert "discrete Gaussian and Laplace noise" in one(found, "noise what the mathematics")
    assert one(found, "count for more").endswith("residents 8 (L1).")


def test_an_assessment_is_named(tmp_path: Path) -> None:
    facts, _ = make.parts(make.plan_in(tmp_path), make.squares(), tmp_path)
    basis = facts.basis.model_copy(update={"assessment_sha256": "ab" * 32})
    (text,) = (a.text for a in answers(facts.model_copy(update={"basis": basis})) if "collected" in a.hazard)
    assert text.endswith(f"has the SHA-256 {'ab' * 32}.")


def test_not_everything_is_said_to_be_solved(tmp_path: Path) -> None:
    facts, _ = make.parts(make.plan_in(tmp_path), make.squares(), tmp_path)
    assert {a.who for a in answers(facts)} == set(get_args(Who))
    assert all(a.hazard.endswith("?") and a.text.endswith(".") for a in answers(facts))


@pytest.mark.parametrize(
    ("epsilon", "expected"),
    [
        ("1/10", "52%"),
        ("1", "73%"),
        ("3", "95%"),
        ("6", "99.8%"),
        ("10", "more than 99.9%"),
        ("1000", "more than 99.9%"),
    ],
)
def test_how_sure_somebody_can_become(epsilon: str, expected: str) -> None:
    """Bayes: even odds times e^epsilon."""
    value = float(Fraction(epsilon))
    if value < 10:
        odds = math.exp(value)
        assert abs(float(expected.rstrip("%")) / 100 - odds / (1 + odds)) < 0.005
    assert surest(Fraction(epsilon)) == expected
