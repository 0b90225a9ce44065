"""Invented people do everything that is counted, so that every statistic is attacked."""

from pathlib import Path

import numpy as np
import pytest

from shoal.audit.contribution import vectors
from shoal.audit.copy import copy_of
from shoal.audit.people import invent
from shoal.design import Design
from tests.audit.plans import plan_in
from tests.audit.test_contribution import ALL


@pytest.mark.parametrize("unit", ["day", "week"])
def test_they_do_all_that_is_counted(tmp_path: Path, unit: str) -> None:
    """In every statistic one in thirty of them at least adds something; at home all day is one in ten."""
    plan = plan_in(tmp_path, statistics="".join(f"[statistics.{name}]\n" for name in ALL))
    plan = plan.model_copy(update={"period": plan.period.model_copy(update={"unit": unit})})
    design = Design.of(copy_of(plan, tmp_path))
    traces = invent(design, 400, np.random.default_rng(3))
    does = {
        m.name: int((vectors(traces, design, m, bounded=False).norms(absolute=True) > 0).sum())
        for m in design.measures
        if m.level is None
    }
    assert does.keys() == set(ALL)
    assert {name: number for name, number in does.items() if number < 400 / 30} == {}
