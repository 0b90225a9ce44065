"""Attacks on several releases of the same people: under the ceiling of what they cost together."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from shoal.audit.attack import Finding
from shoal.audit.attacks.knock import Knock
from shoal.audit.attacks.membership import Membership
from shoal.audit.attacks.recovery import Recovery
from shoal.audit.attacks.zero import Zero
from shoal.audit.likelihood import log_likelihood
from shoal.audit.publish import Tables, mean, publish
from shoal.audit.world import Size, World, world
from shoal.plan import Plan
from shoal.privacy.mechanism import ONE, Mechanism

LENGTH = 3


def auc(finding: Finding, control: bool = False) -> tuple[float, float]:
    """And an error of it, the largest for any distribution (Birnbaum & Klose 1957)."""
    scores = finding.controls["exact"] if control else finding.scores
    higher = (scores.inside[:, None] > scores.outside).mean() + 0.5 * (scores.inside[:, None] == scores.outside).mean()
    few = min(scores.inside.size, scores.outside.size)
    return float(higher), float(np.sqrt(higher * (1 - higher) / few))


def attacks(town: World) -> dict[str, Finding]:
    """By name, on all statistics together."""
    found = [finding for attack in (Membership(), Knock(), Zero()) for finding in attack.run(town)]
    return {finding.attack: finding for finding in found if finding.statistic == "all"}


def test_every_attack_stays_under_the_ceiling_of_all_releases(sparse: Callable[[int], Plan]) -> None:
    with world(sparse(3), Size(120, 108, 2, 2, LENGTH)) as town:
        assert [len(one.seen) for one in town.rounds] == [1, 1]
        assert [len(one.seen) for one in town.sequences] == [LENGTH] * 2
        found = attacks(town)
        shares = Recovery(devices=40).run(town)
    alone = [name for name in found if not name.endswith(f", {LENGTH} releases")]
    assert len(alone) == 4
    for name in alone:
        one, all_ = found[name], found[f"{name}, {LENGTH} releases"]
        assert all_.ceiling.mu == pytest.approx(one.ceiling.mu * LENGTH**0.5), (
            "who is there three times pays three times"
        )
        for finding in (one, all_):
            value, error = auc(finding)
            assert min(finding.scores.inside.size, finding.scores.outside.size) > 60, "of 216 half, but for luck"
            assert value - 6 * error <= finding.ceiling.auc, name
            assert not finding.needed or auc(finding, control=True)[0] > 0.9
    assert [share.attack for share in shares] == ["path recovery", f"path recovery, {LENGTH} releases"]
    assert shares[0].limit < shares[1].limit < 1


def test_noise_next_to_none_is_caught(sparse: Callable[[int], Plan], monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim is the design's; the releases are made with a hundred times its epsilon."""

    def loud(traces: Any, there: Any, plan: Plan, *rest: Any) -> Tables:
        privacy = plan.privacy.model_copy(update={"epsilon": Fraction(100)})
        return publish(traces, there, plan.model_copy(update={"privacy": privacy}), *rest)

    monkeypatch.setattr("shoal.audit.world.publish", loud)
    with world(sparse(1), Size(120, 108, 2, 2, LENGTH)) as town:
        finding = next(f for f in Membership().run(town) if f.attack.endswith(f"ratio, {LENGTH} releases"))
    value, error = auc(finding)
    assert value - 6 * error > finding.ceiling.auc


def test_the_mean_of_releases() -> None:
    releases: Sequence[Tables] = [Tables({"a": np.array([1.0, 2.0])}), Tables({"a": np.array([3.0, 8.0])})]
    assert mean(releases).estimate["a"].tolist() == [2.0, 5.0]
    assert mean(releases[:1]) is releases[0]


@pytest.mark.parametrize("kind", ["gaussian", "laplace"])
def test_the_score_is_the_likelihood_ratio(kind: str) -> None:
    mechanism = Mechanism("gaussian" if kind == "gaussian" else "laplace", ONE, 3 * ONE)
    residual, added = np.array([-2.0, 0.3, 4.0]), np.array([1.0, 0.5, 1.0])
    if kind == "gaussian":
        expected = norm.logpdf(residual, added, 3) - norm.logpdf(residual, 0, 3)
    else:
        expected = (np.abs(residual) - np.abs(residual - added)) / 3
    assert log_likelihood(residual, added, mechanism) == pytest.approx(expected)
