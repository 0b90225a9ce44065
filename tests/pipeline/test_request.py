"""What a plan asks of its account: everything that will be drawn, at its price, before a record is read."""

import pytest

from shoal.design import Design
from shoal.pipeline import request_of
from shoal.plan import Plan
from tests.contracts.hostile import PLAN_TEXT

WISHES = """\
[statistics.presence]
[statistics.visitors]
[statistics.residents]
share = 20
[statistics.flows]
"""


@pytest.fixture(scope="module")
def design(tmp_path_factory: pytest.TempPathFactory) -> Design:
    file = tmp_path_factory.mktemp("plan") / "plan.toml"
    file.write_text(PLAN_TEXT + WISHES)
    return Design.of(Plan.load(file))


def test_every_level_of_every_statistic_is_charged_at_its_price(design: Design) -> None:
    assert {m.level is None for m in design.measures} == {True, False}
    assert dict(request_of(design).rho) == {m.name: m.mechanism.rho for m in design.measures}


def test_each_is_charged_by_the_rule_for_its_noise(design: Design) -> None:
    found = request_of(design)
    assert found.laplace == {m.name for m in design.measures if m.mechanism.kind == "laplace"}
    assert 0 < len(found.laplace) < len(design.measures)


def test_only_what_goes_by_hour_or_day_is_charged_as_on_cells_of_its_own(design: Design) -> None:
    """`visitors` of a whole period, say, has one cell a zone, in which rows of several units meet: they cost more."""
    found = request_of(design)
    assert found.apart == {m.name for m in design.measures if {"hour", "day"} & set(m.grid.keys)}
    assert 0 < len(found.apart) < len(design.measures)
    assert {price.apart for price in found.prices()} == {True, False}
