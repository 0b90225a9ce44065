"""`check`: what a plan would publish, without a record."""

from pathlib import Path

import pytest

import shoal
from shoal.plan import Plan
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
