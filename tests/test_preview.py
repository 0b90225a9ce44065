"""`check`: what a plan would publish, without a record."""

from pathlib import Path

import pytest

import shoal
from shoal.errors import PlanError
from shoal.plan import Plan
from shoal.statistics import _pairs
from tests.contracts.hostile import PLAN_TEXT


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    wishes = "[statistics.presence]\nshare = 4\n[statistics.residents]\n"
    (tmp_path / "plan.toml").write_text(PLAN_TEXT + wishes)  # its records do not exist
    return Plan.load(tmp_path / "plan.toml")


def test_it_says_what_is_measured_and_how_precisely(plan: Plan) -> None:
    preview = shoal.check(plan)
    lines = {line.statistic: line for line in preview.lines}
    presence, residents = lines["presence"], lines["residents"]
    assert presence.keys == ("zone", "hour")
    assert presence.cells == preview.zones * 48
    assert presence.half_width == pytest.approx(1.96 * presence.stderr, rel=0.01)
    assert residents.bound == 1
    assert 0.9 < preview.epsilon_spent <= preview.epsilon == 1


def test_it_prints_as_a_table(plan: Plan) -> None:
    text = str(shoal.check(plan))
    for words in ("zone x hour", "gaussian", "epsilon 1 at delta 1e-08", "one device over one day", "±", "no record"):
        assert words in text


def test_more_epsilon_is_more_precise(plan: Plan) -> None:
    twice = plan.model_copy(update={"privacy": plan.privacy.model_copy(update={"epsilon": plan.privacy.epsilon * 2})})
    assert shoal.check(twice).lines[0].half_width < 0.6 * shoal.check(plan).lines[0].half_width


def test_it_says_that_many_pairs_are_measured_top_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plan.toml").write_text(PLAN_TEXT + "[statistics.flows]\n")
    plan = Plan.load(tmp_path / "plan.toml")
    usual = shoal.check(plan)
    assert [line.statistic for line in usual.lines] == ["flows", "flows.region", "flows.all"]
    assert "top-down" not in str(usual)
    monkeypatch.setattr(_pairs, "LARGE", usual.lines[0].cells - 1)
    preview = shoal.check(plan)
    flows, origin, destination = preview.lines
    assert (flows.top_down, origin.statistic, destination.statistic) == (True, "flows.origin", "flows.destination")
    assert origin.keys == ("origin", "daypart") and origin.cells == 5 * preview.zones
    ratio = {"gaussian": 18**0.5, "laplace": 18.0}[origin.mechanism]  # the same bound, 1/20 of the budget each
    assert flows.mechanism == origin.mechanism and origin.stderr == pytest.approx(flows.stderr * ratio, rel=0.01)
    assert "flows is measured top-down" in str(preview) and f"up to {flows.cells:,}" in str(preview)


def test_totals_by_region_mean_nothing_for_many_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plan.toml").write_text(PLAN_TEXT + "[statistics.flows]\ntotal_bound = 30\n")
    plan = Plan.load(tmp_path / "plan.toml")
    shoal.check(plan)
    monkeypatch.setattr(_pairs, "LARGE", 0)
    with pytest.raises(PlanError, match="total_bound: means nothing"):
        shoal.check(plan)
