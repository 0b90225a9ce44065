"""Pictures for papers: what is drawn is what the table says, with its interval, its unit and the guarantee."""

import io
import sys
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib.collections import FillBetweenPolyCollection, PathCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from shoal.errors import UsageError
from shoal.release.plot import UNCLEAR
from shoal.release.read import Release
from tests.release import make


def words_of(figure: Figure) -> str:
    return "\n".join(text.get_text() for axes in figure.axes for text in axes.texts)


def axes_of(figure: Figure, label: str) -> Any:
    return next(axes for axes in figure.axes if axes.get_label() == label)


def overlay(figure: Figure, label: str) -> list[Any]:
    """Outlines of the zones that are drawn once more."""
    found = [c for c in axes_of(figure, "map").collections if c.get_label() == label]
    return found[0].get_paths() if found else []


def at(release: Release, hour: int) -> pl.DataFrame:
    return release["presence"].to_polars().filter(pl.col("hour").dt.epoch("s") == 1772431200 + 3600 * hour)


def test_a_map_shows_the_hour_that_was_asked_for(release: Release) -> None:
    figure = release.plot("presence", hour="2026-03-04T08:00")
    said, rows = words_of(figure), at(release, 56)
    assert "Wednesday 4 March 2026, 08:00" in said and "busiest" not in said
    assert "devices" in said and "one device over one week" in said and "epsilon 1" in said and "±" in said
    zones = next(c for c in axes_of(figure, "map").collections if isinstance(c, PathCollection))
    drawn = np.asarray(zones.get_facecolor())[:, :3]
    darkness = -drawn.sum(axis=1)
    assert np.argsort(darkness, kind="stable").tolist() == rows["consistent"].arg_sort().to_list()
    same = release.plot("presence", hour=datetime(2026, 3, 4, 14, tzinfo=UTC))
    assert words_of(same) == said
    other = release.plot("presence", hour="2026-03-04T09:00")
    assert not np.array_equal(axes_of(other, "map").collections[0].get_facecolor()[:, :3], drawn)


def test_what_noise_could_have_made_is_drawn_as_such(release: Release) -> None:
    for hour in (56, 57, 58):
        rows = at(release, hour)
        figure = release.plot("presence", hour=rows["hour"][0])
        half = release["presence"].facts.usual_width
        wanted = rows.filter((pl.col("lower") <= 0) | (pl.col("consistent") <= half)).height
        assert 0 < wanted < 7 and len(overlay(figure, "could be noise alone")) == wanted
    brown = next(c for c in axes_of(figure, "map").collections if c.get_label() == "could be noise alone")
    assert tuple(np.asarray(brown.get_facecolor())[0, :3]) == pytest.approx(to_rgb(UNCLEAR))


def test_suppressed_is_hatched_and_no_zero(withheld: Release) -> None:
    figure = withheld.plot("presence", hour="2026-03-04T08:00")
    assert len(overlay(figure, "suppressed")) == 1 and "hatched: suppressed" in words_of(figure)
    series = axes_of(withheld.plot("presence", place="z03"), "series")
    assert np.isnan(np.asarray(series.lines[0].get_ydata(), dtype=float)).all()


def test_a_series_has_its_interval(release: Release) -> None:
    figure = release.plot("presence", place="z01")
    axes, rows = axes_of(figure, "series"), release["presence"].to_polars().filter(pl.col("zone") == "z01")
    line = next(line for line in axes.lines if len(line.get_xdata()) == 168)
    assert np.asarray(line.get_ydata()).tolist() == rows["estimate"].to_list()
    band = next(c for c in axes.collections if isinstance(c, FillBetweenPolyCollection))
    heights = np.asarray(band.get_paths()[0].vertices)[:, 1]
    assert heights.min() == pytest.approx(rows["lower"].min()) and heights.max() == pytest.approx(rows["upper"].max())
    assert axes.get_ylabel() == "devices" and "District 1 <é>" in words_of(figure)
    figure.canvas.draw()
    assert "12:00" not in axes.get_xticklabels()[0].get_text()  # a week is marked by days, in local time


def test_pairs(release: Release) -> None:
    night = words_of(release.plot("flows", daypart="night"))
    assert "night" in night and "Trips between zones" in night and "trips" in night
    axes = axes_of(release.plot("flows", place=("z00", "z01")), "series")
    rows = release["flows"].to_polars().filter((pl.col("origin") == "z00") & (pl.col("destination") == "z01"))
    (bars,) = axes.containers
    assert np.asarray(bars.lines[0].get_ydata()).tolist() == rows["estimate"].to_list()
    assert [tick.get_text() for tick in axes.get_xticklabels()] == rows["daypart"].to_list()


@pytest.mark.parametrize("name", list(make.MORE))
@pytest.mark.parametrize("place", ["map", "series"])
def test_every_kind_of_table(more: Release, name: str, place: str) -> None:
    pair: Any = ("z00", "z01") if len(more[name].places) == 2 else "z00"
    figure = more.plot(name) if place == "map" else more.plot(name, place=pair)
    sink = io.BytesIO()
    figure.savefig(sink, format="png", dpi=30)
    assert len(sink.getvalue()) > 2000 and "one device over one week" in words_of(figure)


def test_by_day_and_without_a_time(release: Release) -> None:
    assert "Tuesday 3 March 2026" in words_of(release.plot("visits", day=date(2026, 3, 3)))
    assert words_of(release.plot("visits", day="2026-03-03")) == words_of(release.plot("visits", day=date(2026, 3, 3)))
    assert "over the whole period" in words_of(release.plot("residents"))
    assert "busiest hour" in words_of(release.plot())  # the first statistic, at its fullest


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        (
            {"hour": "2026-04-04T08:00"},
            r"presence has no hour '2026-04-04T08:00'; they go from 2026-03-02T00:00:00-06:00",
        ),
        ({"hour": "morning"}, r"hour 'morning' is no time; write it as 2026-03-02T08:00"),
        ({"day": "2026-03-02"}, r"presence can't be drawn by day; it has one hour"),
        ({"place": "z99"}, r"presence knows no place 'z99'; the nearest is 'z0"),
        ({"place": ("z00", "z01")}, r"give place as one id"),
        ({"place": "z00", "hour": "2026-03-04T08:00"}, r"over all its times; leave hour out"),
    ],
)
def test_what_can_t_be_drawn(release: Release, wishes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        release.plot("presence", **wishes)
    with pytest.raises(UsageError, match=r"has no statistic 'presents'"):
        release.plot("presents")
    with pytest.raises(UsageError, match=r"flows has no daypart 'noon'; they are night, morning"):
        release.plot("flows", daypart="noon")


def test_a_pair_that_was_not_measured(more: Release) -> None:
    with pytest.raises(UsageError, match=r"catchment has no rows from 'z00' to 'z03'"):
        more.plot("catchment", place=("z00", "z03"))


def test_nothing_global_is_touched(release: Release) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    release.plot("presence", place="z01")
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert dict(mpl.rcParams) == before and (pyplot is None or pyplot.get_fignums() == [])
