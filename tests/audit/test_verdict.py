"""A verdict from scores: under the ceiling, above it, and an attack that was never able."""

import numpy as np
import pytest

from shoal.audit.attack import Finding, Scores, Share
from shoal.audit.ceiling import Ceiling
from shoal.audit.verdict import judge


def finding(away: float, claim: float, control: float = 9.0, number: int = 2_000) -> Finding:
    """Scores that are normal, `away` from each other, under a claim of mu `claim`."""
    luck = np.random.default_rng(8)

    def scores(mu: float) -> Scores:
        return Scores(luck.normal(mu, 1, number), luck.normal(0, 1, number))

    return Finding("a", "all", scores(away), Ceiling(mu=claim), {"exact": scores(control)}, ("exact",))


def test_the_best_attack_is_at_the_ceiling_and_kept() -> None:
    ((found,), _) = judge([finding(1, 1)])
    assert found.kept and found.able
    assert found.auc.value == pytest.approx(found.ceiling.auc, abs=0.03)
    assert found.at_1 is not None and found.at_01 is not None


def test_hardly_a_false_alarm() -> None:
    """Of twenty attacks at their ceilings none is called above, in nineteen audits of twenty."""
    findings, _ = judge([finding(1, 1) for _ in range(20)])
    assert all(f.kept for f in findings)


@pytest.mark.parametrize("away", [1.4, 4.0])
def test_above_the_ceiling(away: float) -> None:
    ((found,), _) = judge([finding(away, 1)])
    assert not found.kept and "AUC" in found.above


def test_few_who_stand_out_are_seen_at_few_false_alarms() -> None:
    """An average attack that is certain of one device in ten: the area hides that, the rate at 1 % does not."""
    luck = np.random.default_rng(9)
    inside = luck.normal(0, 1, 2_000)
    inside[:200] = 99
    ((found,), _) = judge([Finding("a", "all", Scores(inside, luck.normal(0, 1, 2_000)), Ceiling(mu=0.3))])
    assert not found.kept and "found at 1 %" in found.above and "AUC" not in found.above


def test_an_attack_that_never_succeeds() -> None:
    ((found,), _) = judge([finding(0, 1, control=0.5)])
    assert found.kept and not found.able


@pytest.mark.parametrize("empty", ["scores", "control"])
def test_an_attack_on_nobody(empty: str) -> None:
    """On the release nothing is known, so it is kept; without protection it did not succeed: the audit is void."""
    nobody, some = Scores(np.zeros(0), np.zeros(0)), Scores(np.ones(200), np.zeros(200))
    scores = nobody if empty == "scores" else Scores(np.zeros(200), np.zeros(200))
    control = {"exact": nobody if empty == "control" else some}
    ((found,), _) = judge([Finding("a", "all", scores, Ceiling(mu=0.3), control, ("exact",))])
    assert found.kept and found.able is (empty == "scores")


@pytest.mark.parametrize(("hits", "kept"), [(20, True), (60, False)])
def test_shares(hits: int, kept: bool) -> None:
    share = Share("a", "presence", "points", hits, 100, 0.2, "guessing", {"exact": (90, 100, 0.6)})
    _, (found,) = judge([share])
    assert found.kept is kept and found.able


def test_no_score_is_kept_in_its_place() -> None:
    found = Scores(np.array([3.0, 1.0, 2.0]), np.array([1.0]))
    assert found.inside.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="numbers"):
        Scores(np.array([np.nan]), np.array([1.0]))
