"""A town in which one release is some hundred trials."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from shoal.audit.people import middles
from shoal.audit.traces import Traces, step_of
from shoal.design import Design
from shoal.plan import Plan
from tests.audit.plans import plan_in


@pytest.fixture
def sparse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Plan]:
    """A plan of an epsilon whose invented people live and work in a zone of their own each, but for an hour in town.

    So that nearly every target is a trial of its own (`World.apart`): two rounds have some 200, and not some 20, of
    which now and then all that were in have higher scores than all that were not.
    """

    def invented(design: Design, devices: int, _: np.random.Generator) -> Traces:
        places = np.repeat(np.arange(1, devices + 1, dtype=np.int32)[:, None], design.calendar.hours, axis=1)
        places[:, 12::24] = 0
        return Traces(places, design.calendar, middles(design)[0], step_of(120))

    monkeypatch.setattr("shoal.audit.world.invent", invented)

    def plan(epsilon: int) -> Plan:
        own = plan_in(tmp_path, epsilon=epsilon, statistics="[statistics.presence]\n")
        return own.model_copy(update={"zones": own.zones.model_copy(update={"resolution": 8})})

    return plan
