"""Change against earlier releases of a simulated city: the quotients of published numbers, by kind of time."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import shoal
from shoal.errors import UsageError
from shoal.release import Release
from shoal.release.read import open_release
from shoal.simulate import simulate
from tests.release import make

FIRST = date(2026, 3, 2)
WISHES = """
[statistics.visits]
bound = 10
[statistics.presence]
[statistics.dwell]
"""


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> list[Release]:
    """Three weeks of one city, each released for itself."""
    folder = tmp_path_factory.mktemp("city")
    simulate(folder / "in", devices=200, days=21, seed=3, records_per_day=60)
    text = (folder / "in" / "plan.toml").read_text().split("[statistics.")[0] + WISHES
    return [released(folder, text, FIRST + timedelta(7 * week), 7) for week in range(3)]


def released(folder: Path, text: str, start: date, days: int) -> Release:
    lines = {
        "start": start.isoformat(),
        "end": (start + timedelta(days)).isoformat(),
        "unit": '"week"',
        "epsilon": "900",
    }
    for key, value in lines.items():
        old = next(line for line in text.splitlines() if line.startswith(f"{key} = "))
        text = text.replace(old, f"{key} = {value}", 1)
    plan = folder / "in" / f"{start}.toml"
    plan.write_text(text.replace("[source.columns]", "max_bad_rows = 1\n[source.columns]", 1))
    return shoal.release(
        shoal.Plan.load(plan),
        state=folder / "state",
        out=folder / "out",
        progress=lambda *_: None,
        tell=lambda _: None,
    )


def test_by_day_it_is_the_same_weekday(weeks: list[Release]) -> None:
    now, before = weeks[1]["visits"].to_polars(), weeks[0]["visits"].to_polars()
    found = weeks[1]["visits"].change(weeks[0])
    assert found.columns == ["zone", "day", "value", "lower", "upper", "baseline", "numbers"]
    assert found["baseline"].to_list() == before["estimate"].to_list(), "both begin on a Monday"
    assert found["numbers"].unique().to_list() == [1]
    large = (before["estimate"] > 10 * before["stderr"]).to_numpy()
    assert large.sum() > 5
    expected = (now["estimate"] / before["estimate"] - 1).to_numpy()
    assert np.allclose(found["value"].to_numpy()[large], expected[large])
    assert (found["lower"].to_numpy() < expected)[large].all() and (expected < found["upper"].to_numpy())[large].all()


def test_by_hour_it_is_the_same_weekday_and_hour_and_of_several_the_median(weeks: list[Release]) -> None:
    found = weeks[2]["presence"].change(weeks[0], weeks[1])
    both = pl.concat(week["presence"].to_polars() for week in weeks[:2])
    zone, hour = found["zone"][1000], found["hour"][1000]
    alike = both.filter((pl.col("zone") == zone) & pl.col("hour").is_in([hour - timedelta(7), hour - timedelta(14)]))
    assert alike.height == 2
    assert found["baseline"][1000] == pytest.approx(alike["estimate"].median())
    assert found["numbers"].unique().to_list() == [2]


def by_week(folder: Path, start: str, end: str) -> Release:
    plan = make.plan_in(folder, start=start, end=end, unit="day", statistics={"visits": ("zone", "week")})
    return open_release(make.release_in(folder / "releases", plan))


def test_by_week_it_is_all_weeks_of_as_many_days(tmp_path: Path) -> None:
    """From a Wednesday to a Tuesday: each period has a week of five days and one of two."""
    before = [
        by_week(tmp_path / start, start, end)
        for start, end in (("2026-02-25", "2026-03-04"), ("2026-03-04", "2026-03-11"))
    ]
    now = by_week(tmp_path / "now", "2026-03-11", "2026-03-18")
    found = now["visits"].change(*before)
    assert found["week"].unique().sort().to_list() == [date(2026, 3, 9), date(2026, 3, 16)]
    both = [other["visits"].to_polars()["estimate"].to_numpy() for other in before]
    assert found["numbers"].unique().to_list() == [2]
    assert np.allclose(found["baseline"].to_numpy(), (both[0] + both[1]) / 2)
    whole = by_week(tmp_path / "whole", "2026-03-16", "2026-03-23")
    with pytest.raises(UsageError, match="7 of 7 numbers have no earlier one of the same kind of time"):
        whole["visits"].change(now)


def test_classes_keep_apart(weeks: list[Release]) -> None:
    found = weeks[1]["dwell"].change(weeks[0])
    assert found["baseline"].to_list() == weeks[0]["dwell"].to_polars()["estimate"].to_list()


def test_what_can_not_be_compared_is_one_sentence(weeks: list[Release]) -> None:
    with pytest.raises(UsageError, match="needs an earlier release"):
        weeks[1]["visits"].change()
    with pytest.raises(UsageError, match="no earlier release than"):
        weeks[0]["visits"].change(weeks[1])
    with pytest.raises(UsageError, match="no earlier release than"):
        weeks[0]["visits"].change(weeks[0])
