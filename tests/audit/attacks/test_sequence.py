"""Membership over several releases: under the ceiling of what they cost together; too little noise is caught."""

from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from scipy.stats import norm

from shoal.audit.attack import Finding
from shoal.audit.attacks.sequence import Releases
from shoal.audit.likelihood import log_likelihood
from shoal.audit.world import World
from shoal.privacy.mechanism import ONE, Mechanism
from tests.audit.attacks.town import Town


def run(town: Town, releases: int) -> list[Finding]:
    return list(Releases(releases, repeats=1).run(cast(World, town)))


def auc(finding: Finding, control: bool = False) -> tuple[float, float]:
    """And an error of it, the largest for any distribution (Birnbaum & Klose 1957)."""
    scores = finding.controls["exact"] if control else finding.scores
    higher = (scores.inside[:, None] > scores.outside).mean() + 0.5 * (scores.inside[:, None] == scores.outside).mean()
    few = min(scores.inside.size, scores.outside.size)
    return float(higher), float(np.sqrt(higher * (1 - higher) / few))


def test_a_sequence_stays_under_its_composed_ceiling(tmp_path: Path) -> None:
    one, all_ = run(Town.build(tmp_path, devices=400, days=1, epsilon=3), 3)
    assert all_.ceiling.mu == pytest.approx(one.ceiling.mu * 3**0.5), "who is there in three units pays three times"
    for finding in (one, all_):
        value, error = auc(finding)
        assert value - 5 * error <= finding.ceiling.auc
        assert auc(finding, control=True)[0] == 1.0


def test_too_little_noise_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim is the design's; the releases are made with four times its epsilon."""
    claimed = Town.build(tmp_path, devices=800, days=1, epsilon=0.75)
    loud = claimed.plan.model_copy(update={"privacy": claimed.plan.privacy.model_copy(update={"epsilon": Fraction(3)})})
    draw = Town.release
    monkeypatch.setattr(Town, "release", lambda town, there: draw(town, there, loud))
    finding = run(claimed, 4)[-1]
    value, error = auc(finding)
    assert value - 5 * error > finding.ceiling.auc


@pytest.mark.parametrize("kind", ["gaussian", "laplace"])
def test_the_score_is_the_likelihood_ratio(kind: str) -> None:
    mechanism = Mechanism("gaussian" if kind == "gaussian" else "laplace", ONE, 3 * ONE)
    residual, added = np.array([-2.0, 0.3, 4.0]), np.array([1.0, 0.5, 1.0])
    if kind == "gaussian":
        expected = norm.logpdf(residual, added, 3) - norm.logpdf(residual, 0, 3)
    else:
        expected = (np.abs(residual) - np.abs(residual - added)) / 3
    assert log_likelihood(residual, added, mechanism) == pytest.approx(expected)
