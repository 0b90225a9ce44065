"""What the audit thinks each device adds is what the pipeline publishes, for all ten statistics, but for the noise."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

from shoal._arrays import Float64
from shoal.audit.contribution import vectors
from shoal.audit.copy import copy_of
from shoal.audit.people import middles
from shoal.audit.publish import Tables, publish
from shoal.audit.traces import Traces, step_of
from shoal.design import Design
from shoal.plan import Plan, Statistic
from tests.audit.plans import plan_in

ALL = ("presence", "visits", "visitors", "dwell", "flows", "residents", "catchment", "distance", "gyration",
       "stay_home")  # fmt: skip
ONCE = ("residents", "gyration")
"""Whose bound is 1 by definition. The others get one that nothing exceeds, so that nothing has to be corrected."""
FALSE_ALARM = 1e-8
"""Of each statistic, ten times a run."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> tuple[Design, Traces, Tables]:
    """Two hundred devices that go anywhere at any hour, and are off on some days; half of them released."""
    folder = tmp_path_factory.mktemp("town")
    wishes = {name: Statistic() if name in ONCE else Statistic(bound=Fraction(12)) for name in ALL}
    plan = copy_of(plan_in(folder, epsilon=1000), folder, units=2).model_copy(update={"statistics": wishes})
    plan = plan.model_copy(update={"zones": plan.zones.model_copy(update={"resolution": 6})})
    design, luck = Design.of(plan), np.random.default_rng(7)
    zones, hours = len(design.zones), design.calendar.hours
    places = np.repeat(luck.integers(0, zones, (200, 1)), hours, axis=1)
    away = luck.random(places.shape) < 0.25
    places[away] = luck.integers(0, zones, int(away.sum()))
    places[(luck.random((200, 2)) < 0.2)[:, design.calendar.day_of_hour]] = -1
    traces = Traces(places.astype(np.int32), design.calendar, middles(design)[0], step_of(120))
    return design, traces, publish(traces, np.arange(200) % 2 == 0, plan, design, folder)


def fits(design: Design, traces: Traces, seen: Tables, name: str) -> float:
    """p-value of the claim that nothing but noise is left: the squares of so many normal numbers are chi-square."""
    measure = next(m for m in design.measures if m.name == name)
    assert measure.mechanism.kind == "gaussian"
    expected = vectors(traces, design, measure, bounded=True).total(np.arange(traces.devices) % 2 == 0)
    left: Float64 = (seen.estimate[name] - expected) / measure.mechanism.stderr
    return float(chi2.sf((left**2).sum(), left.size))


@pytest.mark.parametrize("name", ALL)
def test_as_published(town: tuple[Design, Traces, Tables], name: str) -> None:
    assert fits(*town, name) > FALSE_ALARM


@pytest.mark.parametrize("name", ["presence", "flows"])
def test_an_hour_later_is_seen(town: tuple[Design, Traces, Tables], name: str) -> None:
    design, traces, seen = town
    later = Traces(np.roll(traces.places, 1, axis=1), traces.calendar, traces.points, traces.step)
    assert fits(design, later, seen, name) < FALSE_ALARM


def test_outside_all_zones_adds_nothing(tmp_path: Path) -> None:
    design = Design.of(copy_of(plan_in(tmp_path), tmp_path))
    points = np.concatenate([middles(design)[0], [[0.0, 0.0]]])
    places = np.full((1, design.calendar.hours), len(design.zones), dtype=np.int32)
    traces = Traces(places, design.calendar, points, step_of(120))
    for measure in design.measures:
        assert vectors(traces, design, measure, bounded=False).weight.size == 0


def test_norms_are_held(town: tuple[Design, Traces, Tables], tmp_path: Path) -> None:
    """With the plan's own bounds, in both kinds of noise."""
    _, traces, _ = town
    plan = copy_of(plan_in(tmp_path), tmp_path, units=2)
    assert isinstance(plan, Plan)
    design = Design.of(plan)
    for measure in design.measures:
        found = vectors(traces, design, measure, bounded=True)
        absolute = measure.mechanism.kind == "laplace"
        most = measure.mechanism.norm / 1024 * (2 if absolute else 2**0.5)  # of two units together
        assert found.norms(absolute=absolute).max() <= most + 1e-9
