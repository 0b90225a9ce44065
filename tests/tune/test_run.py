"""Tuning from a plan to its suggestion: what it says, and what it leaves alone."""

import tempfile
from fractions import Fraction
from pathlib import Path

import pytest

import shoal
from shoal import api
from shoal.errors import DataError, PlanError
from shoal.plan import Plan
from shoal.tune import run, tune
from shoal.tune.report import Advice, Tuning
from shoal.tune.run import around
from tests.contracts.hostile import PLAN_TEXT

SIMULATED = 300
WISHES = '[statistics.visits]\nby = ["zone"]\ntotal_bound = 6\n[statistics.residents]\n'


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """One whose records are there, but are such that no one can read them."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "plan.toml").write_text(PLAN_TEXT.replace("2026-03-04", "2026-03-03") + WISHES)
    (folder / "none.parquet").write_bytes(b"not to be opened")
    return Plan.load(folder / "plan.toml")


@pytest.fixture(autouse=True)
def _few_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "FACTORS", (0.35, 1.0, 2.0))
    monkeypatch.setattr(run, "TOTAL_FACTORS", (0.5, 1.0))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made; no setting of the developer's counts."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("SHOAL_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("SHOAL_ACCOUNTS", f"sqlite:///{tmp_path / 'accounts.sqlite'}")
    return folder


def of_visits(found: Tuning) -> Advice:
    return next(a for a in found.advice if a.statistic == "visits")


def test_it_suggests_bounds_and_leaves_everything_else_alone(
    plan: Plan, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released: list[Plan] = []

    def spied(plan: Plan, **others: object) -> object:
        released.append(plan)
        return real(plan, **others)  # type: ignore[arg-type]

    real = api.release
    monkeypatch.setattr(api, "release", spied)
    phases: list[tuple[str, float]] = []
    before = sorted(plan.folder.rglob("*"))
    found = tune(plan, simulated=SIMULATED, progress=lambda phase, done: phases.append((phase, done)))

    assert released and all(p.folder.is_relative_to(temporary) and p.source.synthetic for p in released)
    assert all(p.source.files == ("records/*.parquet",) for p in released)
    assert sorted(plan.folder.rglob("*")) == before
    assert sorted(p.name for p in temporary.parent.iterdir()) == ["mine", "temporary"]
    assert not list(temporary.iterdir())
    assert phases[-1] == ("Trying bounds", 1.0)

    residents, visits = found.advice[1], of_visits(found)
    assert residents.reason and residents.bound is None
    assert [t.own for t in visits.totals].count(True) == 1 and [t.bound for t in visits.totals if t.own] == [6]
    assert visits.bound is not None and visits.total_bound is not None and visits.bound <= visits.total_bound
    for tried in (visits.bounds, visits.totals):
        kept = [t.kept for t in tried]
        assert kept == sorted(kept) and 0 < kept[0] < kept[-1] <= 1
        assert all(t.error == pytest.approx((t.noise**2 + t.left**2) ** 0.5) for t in tried)
    (plan.folder / "new.toml").write_text(PLAN_TEXT + found.lines)
    assert Plan.load(plan.folder / "new.toml").statistics["visits"].bound == visits.bound


def test_reading_the_records_would_have_failed(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.parquet"):
        shoal.release(plan, state=tmp_path / "s", progress=lambda *_: None, tell=lambda _: None)


def test_more_noise_wants_a_smaller_bound(plan: Plan, temporary: Path) -> None:
    def best(epsilon: str) -> Fraction:
        source = plan.source.model_copy(update={"synthetic": True})
        privacy = plan.privacy.model_copy(update={"epsilon": Fraction(epsilon)})
        own = plan.model_copy(update={"source": source, "privacy": privacy})
        bound = of_visits(tune(own, devices=3000, simulated=1000)).bound
        assert bound is not None
        return bound

    assert best("0.01") < best("300")


def test_ctrl_c_leaves_nothing(plan: Plan, temporary: Path) -> None:
    def stop(phase: str, done: float) -> None:
        assert list(temporary.iterdir()), "else this could not fail"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(plan, simulated=SIMULATED, progress=stop)
    assert not list(temporary.iterdir())


def test_nothing_is_simulated_where_there_is_nothing_to_choose(
    plan: Plan, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shoal.tune.city.simulate", lambda *_, **__: pytest.fail("simulated"))
    own = plan.model_copy(update={"statistics": {"residents": plan.statistics["residents"]}})
    found = tune(own)
    assert found.lines == "" and found.simulated == 0


def test_trips_are_refused(plan: Plan) -> None:
    own = plan.model_copy(update={"source": plan.source.model_copy(update={"kind": "trips"})})
    with pytest.raises(PlanError, match="source"):
        tune(own)


class TestAround:
    FACTORS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0)

    def test_default_and_its_neighbours(self) -> None:
        tried = around(Fraction(5), self.FACTORS, None)
        assert tried == tuple(map(Fraction, ("1.8", "2.5", "3.5", "5", "7", "10")))

    def test_the_plan_s_own_takes_the_place_of_the_nearest(self) -> None:
        assert around(Fraction(5), self.FACTORS, Fraction("3.2")) == tuple(
            map(Fraction, ("1.8", "2.5", "3.2", "5", "7", "10"))
        )
        assert around(Fraction(5), self.FACTORS, Fraction(40))[-1] == 40
