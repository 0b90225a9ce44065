"""What is decided before a record is read: levels, bounds, noise."""

from fractions import Fraction
from pathlib import Path

import pytest

from shoal.design import WEIGHTS, Design
from shoal.errors import PlanError
from shoal.plan import Plan
from tests.contracts.hostile import PLAN_TEXT


def design(folder: Path, wishes: str, epsilon: str = "1") -> Design:
    (folder / "plan.toml").write_text(PLAN_TEXT.replace("epsilon = 1", f"epsilon = {epsilon}") + wishes)
    return Design.of(Plan.load(folder / "plan.toml"))


def test_a_statistic_that_loses_something_is_measured_at_all_levels(tmp_path: Path) -> None:
    found = design(tmp_path, "[statistics.presence]\n")
    assert [m.name for m in found.measures] == ["presence", "presence.region", "presence.all"]
    fine, region, whole = (m.mechanism for m in found.measures)
    assert {m.kind for m in (fine, region, whole)} == {"gaussian"}
    assert fine.norm < region.norm == whole.norm
    weights = WEIGHTS[(None, "region", "all")]
    assert float(fine.rho / region.rho) == pytest.approx(weights[0] / weights[1], rel=1e-3)
    assert float(region.rho / whole.rho) == pytest.approx(weights[1] / weights[2], rel=1e-3)
    assert float(found.allocation.rho) == pytest.approx(float(fine.rho + region.rho + whole.rho))


def test_with_pure_noise_levels_cost_more_than_they_give(tmp_path: Path) -> None:
    """Of Laplace noise a tenth of the budget is ten times the noise, of Gaussian noise but three times."""
    alone = design(tmp_path, "[statistics.residents]\n")
    assert [m.name for m in alone.measures] == ["residents"]
    assert alone.allocation.mechanisms["residents"].kind == "laplace"
    beside = design(tmp_path, "[statistics.residents]\n[statistics.presence]\nshare = 30\n")
    assert beside.allocation.mechanisms["residents"].kind == "gaussian"
    assert [m.name for m in beside.measures if m.statistic.name == "residents"][-1] == "residents.all"


def test_the_other_noise_is_worse_as_is_said(tmp_path: Path) -> None:
    assert design(tmp_path, "[statistics.residents]\n").allocation.otherwise["residents"] > 2
    assert design(tmp_path, "[statistics.flows]\n").allocation.otherwise["flows"] > 1.1
    hours = design(tmp_path, "[statistics.presence]\n").allocation
    assert hours.mechanisms["presence"].kind == "gaussian" and hours.otherwise["presence"] > 0.9


def test_bounds_of_the_plan(tmp_path: Path) -> None:
    found = design(tmp_path, "[statistics.presence]\nbound = 2.5\ntotal_bound = 4\n")
    assert [m.mechanism.norm for m in found.measures] == [2560, 4096, 4096]
    wide = design(tmp_path, "[statistics.presence]\nbound = 100\n")
    assert {m.mechanism.norm for m in wide.measures} == {102400}
    assert wide.statistics[0].wide_bound == Fraction(100)


@pytest.mark.parametrize("name", ["visits", "flows", "dwell", "visitors", "catchment", "distance", "presence"])
@pytest.mark.parametrize("bound", ["", "bound = 1.5\n", "bound = 30\n"])
def test_totals_are_never_bounded_harder_than_their_parts(tmp_path: Path, name: str, bound: str) -> None:
    found = design(tmp_path, f"[statistics.{name}]\n{bound}")
    fine, *coarse = (m.mechanism for m in found.measures)
    assert coarse
    for level in coarse:
        assert level.kind != fine.kind or level.norm >= fine.norm


@pytest.mark.parametrize(
    ("wishes", "key"),
    [
        ("[statistics.visits]\nbound = 4\ntotal_bound = 2\n", r"\[statistics.visits\] total_bound: "),
        ("[statistics.residents]\ntotal_bound = 2\n", r"\[statistics.residents\] total_bound: "),
        ('[statistics.visitors]\nresolution = "auto"\n', r"\[statistics.visitors\] resolution: "),
        ('[statistics.flows]\nresolution = "auto"\n', r"\[statistics.flows\] resolution: "),
        ("[statistics.visits]\ntarget = 0.2\n", r"\[statistics.visits\] target: "),
    ],
)
def test_what_can_not_be_meant_is_one_sentence(tmp_path: Path, wishes: str, key: str) -> None:
    with pytest.raises(PlanError, match=key) as error:
        design(tmp_path, wishes)
    assert str(error.value).count("\n") == 0
