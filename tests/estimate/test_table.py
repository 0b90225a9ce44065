"""The published table: columns, order, units, intervals."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from shoal.calendar import Calendar
from shoal.estimate import table
from shoal.keys import Grid, TimeKey, single_places
from shoal.plan import Period
from shoal.privacy.mechanism import ONE, Mechanism
from shoal.privacy.noise import Measurements

CALENDAR = Calendar.from_period(
    Period(start=date(2026, 3, 2), end=date(2026, 3, 4), unit="day"), ZoneInfo("Europe/Vienna")
)
GRID = Grid(("zone",), single_places(2), TimeKey.of("day", CALENDAR))
MECHANISM = Mechanism("gaussian", ONE, 10 * ONE)


def measured(*values: float) -> Measurements:
    return Measurements("visits", np.array([int(v * ONE) for v in values], dtype=np.int64), MECHANISM)


def test_one_row_a_cell_in_cell_order() -> None:
    found = table(measured(1, 2, 3, -4), GRID, ["a", "b"])
    assert found.columns == ["zone", "day", "estimate", "stderr", "lower", "upper", "consistent", "suppressed"]
    assert found["zone"].to_list() == ["a", "a", "b", "b"]
    assert found["day"].to_list() == [date(2026, 3, 2), date(2026, 3, 3)] * 2
    assert found["estimate"].to_list() == [1, 2, 3, -4]
    assert found["consistent"].to_list() == [1, 0, 3, 0]
    assert found["suppressed"].to_list() == [False] * 4


def test_interval_and_error_come_from_the_mechanism() -> None:
    found = table(measured(1, 2, 3, 4), GRID, ["a", "b"])
    assert found["stderr"].to_list() == [10.0] * 4
    width = found["upper"] - found["estimate"]
    assert width.to_list() == pytest.approx([19.6] * 4, abs=0.01)
    assert (found["estimate"] - found["lower"]).to_list() == pytest.approx(width.to_list())


def test_a_divisor_divides_everything() -> None:
    one, four = (table(measured(4, 8, 12, 16), GRID, ["a", "b"], divisor) for divisor in (1, 4))
    for column in ("estimate", "stderr", "lower", "upper", "consistent"):
        assert one[column].to_list() == pytest.approx((four[column] * 4).to_list())


def test_types() -> None:
    found = table(measured(1, 2, 3, 4), GRID, ["a", "b"])
    assert found.schema["zone"] == pl.String
    assert found.schema["day"] == pl.Date
    assert found.schema["suppressed"] == pl.Boolean
