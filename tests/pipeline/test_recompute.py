"""The numbers are right: what the engine adds up, and what a release says, equal an independent recomputation."""

import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

import shoal
from shoal.design import Design
from shoal.engines import LocalEngine
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.privacy.mechanism import ONE
from shoal.simulate import simulate
from shoal.sources import Tally, open_source
from tests.pipeline.recompute import Recomputed, records_of

DAYS = [date(2026, 3, 2), date(2026, 3, 3)]
KEYS = {
    "presence": ("zone", "hour"),
    "visits": ("zone", "day"),
    "flows": ("origin", "destination"),
    "residents": ("zone",),
}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city") / "city"
    simulate(folder, devices=150, days=2, seed=4, records_per_day=120)
    return folder


@pytest.fixture(scope="module")
def truth(city: Path) -> Recomputed:
    zones = set(Design.of(Plan.load(city / "plan.toml")).zones.ids)
    return Recomputed(records_of(city), zones, 8, ZoneInfo("America/Mexico_City"), DAYS)


def plan_for(city: Path, statistics: str, epsilon: int = 1000) -> Plan:
    text = (city / "plan.toml").read_text()
    text = re.sub(r"epsilon = [\d.]+", f"epsilon = {epsilon}", text)
    text = text[: text.index("[statistics.")] + statistics
    file = city / f"plan-{abs(hash(statistics))}.toml"
    file.write_text(text)
    plan = Plan.load(file)
    assert plan.period.unit == "day"
    return plan


def exact(truth: Recomputed, name: str, frame: pl.DataFrame) -> list[int]:
    """The recomputed value of each row, in fixed point; presence in whole seconds."""
    values = getattr(truth, name)
    keys = frame.select(KEYS[name]).rows()
    return [values.get(key if len(key) > 1 else key[0], 0) for key in keys]


def test_the_city_is_lively(truth: Recomputed) -> None:
    """Else the comparisons below would compare nothing with nothing."""
    for name, least in {"presence": 500, "visits": 100, "flows": 40, "residents": 20}.items():
        assert len(getattr(truth, name)) >= least, name


def test_the_engine_adds_up_the_very_same(city: Path, truth: Recomputed) -> None:
    """Exact integers, before noise, with bounds that nothing reaches."""
    wishes = "".join(f"[statistics.{name}]\nby = {list(keys)}\nbound = 1000\n" for name, keys in KEYS.items())
    plan = plan_for(city, wishes.replace("residents]\nby = ['zone']\nbound = 1000", "residents]"))
    design = Design.of(plan)
    sums = LocalEngine().sums(design, open_source(plan, design.calendar, design.zones), Tally(), lambda *_: None)
    for statistic in design.statistics:
        frame = statistic.grid.frame(design.zones.ids)
        found = open_sums(sums[statistic.name])
        expected = np.array(exact(truth, statistic.name, frame))
        if statistic.name == "presence":
            # each device rounds down in each cell: at most one step a device below the exact seconds
            exact_fixed = expected * ONE / 3600
            assert (found <= exact_fixed + 1e-9).all()
            assert (found >= exact_fixed - 150).all()
            assert abs(found.sum() / exact_fixed.sum() - 1) < 0.003
        else:
            assert found.tolist() == (expected * ONE).tolist(), statistic.name


@pytest.mark.parametrize(
    ("name", "bound"), [("presence", 5), ("visits", 12), ("flows", 12), ("residents", 1)], ids=list(KEYS)
)
def test_a_release_at_a_very_large_epsilon_says_the_truth(
    city: Path, truth: Recomputed, tmp_path: Path, name: str, bound: int
) -> None:
    plan = plan_for(city, f"[statistics.{name}]\nby = {list(KEYS[name])}\nbound = {bound}\n")
    release = shoal.release(plan, state=tmp_path / "state", out=tmp_path / "out", progress=lambda *_: None)
    frame = release[name].to_polars()
    scale = 3600 if name == "presence" else 1
    divisor = 2 if name == "residents" else 1  # the mean over two days
    expected = np.array(exact(truth, name, frame)) / scale / divisor
    estimate, stderr = frame["estimate"].to_numpy(), frame["stderr"][0]
    assert stderr < 0.45  # sharp enough to see a single stay
    # 7.5 standard errors: below 1e-6 for all rows together; 150 devices may each round down once
    assert np.abs(estimate - expected).max() <= 7.5 * stderr + 150 / ONE
    there = expected > 0
    lost = expected[there].sum() - estimate[there].sum()  # a systematic loss too small for single rows would show here
    assert abs(lost) <= 7.5 * stderr * there.sum() ** 0.5 + 0.01 * expected.sum()
    assert expected.sum() > 20
