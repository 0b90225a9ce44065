"""The published tables: columns, order, units, intervals, levels."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from shoal._arrays import Float64
from shoal.calendar import Calendar
from shoal.estimate import Estimated, tables
from shoal.keys import Grid, TimeKey, single_places
from shoal.levels import levels_of
from shoal.plan import Period
from shoal.privacy.mechanism import ONE, Mechanism
from shoal.privacy.noise import Measurements
from shoal.zones.regions import Regions

CALENDAR = Calendar.from_period(
    Period(start=date(2026, 3, 2), end=date(2026, 3, 4), unit="day"), ZoneInfo("Europe/Vienna")
)
GRID = Grid(("zone",), single_places(2), TimeKey.of("day", CALENDAR))
MECHANISM = Mechanism("gaussian", ONE, 10 * ONE)
WIDE = Grid(("zone",), single_places(60), TimeKey.of("day", CALENDAR))
ZONES = [f"z{i:02d}" for i in range(60)]
LEVELS = levels_of(WIDE, Regions(("north", "south"), np.repeat([0, 1], 30).astype(np.int32)))


def measured(*values: float) -> Measurements:
    return Measurements("visits", np.array([int(v * ONE) for v in values], dtype=np.int64), MECHANISM)


def alone(*values: float, divisor: int = 1) -> Estimated:
    """Measured at one level."""
    (found,) = tables([measured(*values)], GRID, ["a", "b"], (), divisor=divisor)
    return found


def test_one_row_a_cell_in_cell_order() -> None:
    found = alone(1, 2, 3, -4).rows
    assert found.columns == ["zone", "day", "estimate", "stderr", "lower", "upper", "consistent", "suppressed"]
    assert found["zone"].to_list() == ["a", "a", "b", "b"]
    assert found["day"].to_list() == [date(2026, 3, 2), date(2026, 3, 3)] * 2
    assert found["estimate"].to_list() == [1, 2, 3, -4]
    assert found["consistent"].to_list() == [1, 0, 3, 0]
    assert found["suppressed"].to_list() == [False] * 4


def test_interval_and_error_come_from_the_mechanism() -> None:
    found = alone(1, 2, 3, 4)
    assert (found.corrected, found.width) == (None, None)
    assert found.rows["stderr"].to_list() == [10.0] * 4
    width = found.rows["upper"] - found.rows["estimate"]
    assert width.to_list() == pytest.approx([19.6] * 4, abs=0.01)
    assert (found.rows["estimate"] - found.rows["lower"]).to_list() == pytest.approx(width.to_list())


def test_a_divisor_divides_everything() -> None:
    one, four = (alone(400, 800, 1200, 1600, divisor=divisor).rows for divisor in (1, 4))
    for column in ("estimate", "stderr", "lower", "upper", "consistent"):
        assert one[column].to_list() == pytest.approx((four[column] * 4).to_list())


def test_types() -> None:
    found = alone(1, 2, 3, 4).rows
    assert found.schema["zone"] == pl.String
    assert found.schema["day"] == pl.Date
    assert found.schema["suppressed"] == pl.Boolean


def halved(*, lossless: bool = False) -> tuple[Float64, list[Estimated]]:
    """60 zones of 1,000 to 1,059 of which bounding took half, and totals that lost nothing; next to no noise."""
    true = np.arange(1000, 1060)[:, None] * np.array([1.0, 2.0])
    quiet = Mechanism("gaussian", ONE, ONE)
    sums = [true / 2, np.add.reduceat(true, [0, 30], axis=0), true.sum(axis=0, keepdims=True)]
    noise = np.random.default_rng(5)
    vectors = [s + noise.normal(0, 1, s.shape) for s in sums]
    found = [Measurements("visits", np.rint(v.ravel() * ONE).astype(np.int64), quiet) for v in vectors]
    return true, tables(found, WIDE, ZONES, LEVELS, lossless=lossless)


def test_levels_have_their_own_tables_and_give_back_what_was_cut_off() -> None:
    true, (fine, region, whole) = halved()
    assert [t.rows.height for t in (fine, region, whole)] == [120, 4, 2]
    assert region.rows["zone"].to_list() == ["north", "north", "south", "south"]
    assert whole.rows["zone"].to_list() == ["all", "all"]
    assert fine.corrected == pytest.approx(0.5, abs=0.01)
    assert (region.corrected, whole.corrected) == (None, None)
    error = fine.rows["estimate"].to_numpy() - true.ravel()
    assert np.abs(error).max() < 6 * fine.rows["stderr"].to_numpy().max()
    assert np.abs(error.mean()) < 5
    assert fine.rows["stderr"].min() >= 2 * (1 - 0.02), "noise is multiplied as well"  # type: ignore[operator]


def test_consistent_adds_up_over_levels_in_whole_numbers() -> None:
    _, (fine, region, whole) = halved()
    zones = fine.rows["consistent"].to_numpy().reshape(60, 2)
    regions = region.rows["consistent"].to_numpy().reshape(2, 2)
    assert np.array_equal(zones, np.rint(zones)) and zones.min() >= 0
    assert np.array_equal(zones.reshape(2, 30, 2).sum(axis=1), regions)
    assert np.array_equal(regions.sum(axis=0), whole.rows["consistent"].to_numpy())


def test_what_loses_nothing_is_not_corrected() -> None:
    true, (fine, *_) = halved(lossless=True)
    assert fine.corrected is None
    assert np.abs(fine.rows["estimate"].to_numpy() - true.ravel() / 2).max() < 6
