"""The picture: it can be drawn from every release, and its parts are where the numbers put them."""

import io
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from shoal.errors import StateError, UsageError
from shoal.release import _map
from shoal.release._panel import Flows, flows_of, places_of
from shoal.release.manifest import Manifest
from shoal.release.overview import _panels, draw, overview
from shoal.release.read import Release, open_release
from tests.release import make


def pixels(data: bytes) -> Any:
    from matplotlib.image import imread

    return imread(io.BytesIO(data), format="png")


def test_the_picture_is_of_the_release_alone(tmp_path: Path) -> None:
    release = open_release(make.release_in(tmp_path / "r", make.plan_in(tmp_path)))
    assert overview(release, tmp_path / "overview.png").read_bytes() == draw(release)  # the same each time


@pytest.mark.parametrize(
    "wishes",
    [
        {"statistics": {"flows": ("origin", "destination")}, "synthetic": True},
        {"statistics": {"residents": ("zone",)}},
        {"statistics": {"visits": ("zone", "weekday"), "residents": ("zone",)}},
        {"kind": "points", "statistics": {"visits": ("zone", "daypart"), "flows": ("origin", "destination", "day")}},
        {"kind": "points", "statistics": {"flows": ("origin", "destination")}},
        {"statistics": make.MORE},
        {"statistics": {"dwell": ("zone", "class"), "distance": ("home", "class", "day")}},
        {"kind": "points", "statistics": {"catchment": ("home", "zone", "weekday")}},
    ],
    ids=["flows", "residents", "two areas", "points", "points flows", "homes", "classes", "points catchment"],
)
def test_every_release_can_be_drawn(tmp_path: Path, wishes: Any) -> None:
    zones = make.places() if wishes.get("kind") == "points" else make.squares()
    folder = make.release_in(tmp_path / "r", make.plan_in(tmp_path, **wishes), zones)
    image = pixels(overview(open_release(folder), tmp_path / "o.png").read_bytes())
    inside = image[200:-250, 80:-80, :3]
    assert image.shape[0] > 800 and (inside < 0.95).any(axis=2).mean() > 0.02  # a map was drawn, not a white page


def test_the_busiest_hour_is_that_with_the_largest_total(release: Release) -> None:
    panel = places_of(release["presence"])
    table = release["presence"].to_polars()
    totals = table.group_by("hour").agg(pl.col("consistent").sum()).sort("consistent")
    hour = totals["hour"][-1]
    assert panel.when == f"{hour:%A} {hour.day} {hour:%B %Y}, {hour:%H:%M}"
    assert panel.values.tolist() == table.filter(pl.col("hour") == hour)["consistent"].to_list()


def test_flows_are_summed_and_stand_out_of_their_noise(release: Release) -> None:
    panel = flows_of(release["flows"])
    assert panel.half_width == pytest.approx(release["flows"].facts.half_width * 5**0.5)  # five dayparts
    assert (panel.values > panel.half_width).all() and (np.diff(panel.values) <= 0).all()
    assert (panel.pairs[:, 0] != panel.pairs[:, 1]).all()
    origin, destination = (release.places.ids[i] for i in panel.pairs[0])
    table = release["flows"].to_polars().filter((pl.col("origin") == origin) & (pl.col("destination") == destination))
    assert table["estimate"].sum() == pytest.approx(panel.values[0])


def test_classes_are_added_up_on_the_map(more: Release) -> None:
    panel, table = places_of(more["distance"]), more["distance"].to_polars()
    sums = table.group_by("home", maintain_order=True).agg(pl.col("estimate").sum())["estimate"].to_list()
    assert panel.values.tolist() == pytest.approx(sums) and panel.when == "over the whole period"
    assert panel.half_width == pytest.approx(more["distance"].facts.half_width * 7**0.5)


def test_classes_at_the_busiest_time(more: Release) -> None:
    """By daypart: rows of one zone and daypart are its classes, never the dayparts of one class."""
    panel, table = places_of(more["dwell"]), more["dwell"].to_polars()
    totals = table.group_by("daypart").agg(pl.col("consistent").sum()).sort("consistent")
    assert panel.when == totals["daypart"][-1]
    at = table.filter(pl.col("daypart") == panel.when)
    sums = at.group_by("zone", maintain_order=True).agg(pl.col("estimate").sum())["estimate"].to_list()
    assert at.height == 7 * 6 and panel.values.tolist() == pytest.approx(sums)


def test_a_zone_that_lacks_a_class_has_no_sum(tmp_path: Path) -> None:
    zones = make.squares()
    plan = make.plan_in(tmp_path, statistics={"distance": ("home", "class")})
    manifest, tables = make.parts(plan, zones, tmp_path)
    gone = (pl.col("home") == "z03") & (pl.col("class") == "1-2 km")
    tables["distance"] = tables["distance"].with_columns(suppressed=gone)
    facts = manifest.statistics[0].model_copy(update={"suppression": "rows of small zones"})
    manifest = manifest.model_copy(update={"statistics": (facts,)})
    folder = make.written(tmp_path / "r", manifest=manifest, tables=tables, zones=zones)
    release = Release(folder, Manifest.parse((folder / "manifest.json").read_bytes()))  # no rule of ours: unverified
    assert np.isnan(places_of(release["distance"]).values).tolist() == [i == 3 for i in range(7)]


def test_catchment_is_drawn_where_there_are_no_flows(more: Release) -> None:
    panels = _panels(more)
    assert [panel.table.name for panel in panels] == ["visitors", "catchment"]
    pairs = panels[1]
    assert isinstance(pairs, Flows) and pairs.when == "whole period"
    assert pairs.half_width == more["catchment"].facts.half_width
    assert pairs.values.size and (pairs.pairs[:, 0] != pairs.pairs[:, 1]).all()
    home, zone = (more.places.ids[i] for i in pairs.pairs[0])
    row = more["catchment"].to_polars().filter((pl.col("home") == home) & (pl.col("zone") == zone))
    assert row["estimate"].to_list() == [pairs.values[0]]


def test_devices_are_not_added_up_over_times(tmp_path: Path) -> None:
    plan = make.plan_in(tmp_path, statistics={"catchment": ("home", "zone", "day")})
    release = open_release(make.release_in(tmp_path / "r", plan))
    panel, table = flows_of(release["catchment"]), release["catchment"].to_polars()
    day = table.group_by("day").agg(pl.col("consistent").sum()).sort("consistent")["day"][-1]
    assert panel.when == f"{day:%A} {day.day} {day:%B %Y}"
    assert panel.half_width == release["catchment"].facts.half_width
    assert set(panel.values) <= set(table.filter(pl.col("day") == day)["estimate"])
    assert [panel.table.name for panel in _panels(release)] == ["catchment"]


def test_presence_and_flows_come_first(release: Release) -> None:
    assert [panel.table.name for panel in _panels(release)] == ["presence", "flows"]


def test_nothing_global_is_touched(release: Release, made: Path) -> None:
    before = dict(mpl.rcParams)
    draw(release)
    assert dict(mpl.rcParams) == before
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


def test_an_arc_begins_wide_at_its_origin() -> None:
    outline = _map._arc(np.array([0.0, 0.0]), np.array([10.0, 0.0]), 1.0)
    left, right = outline[:24], outline[24:][::-1]
    assert np.hypot(*(left[0] - right[0])) == pytest.approx(1.0)
    assert np.hypot(*(left[-1] - right[-1])) == pytest.approx(0.1)
    assert ((left + right) / 2)[[0, -1]] == pytest.approx(np.array([[0, 0], [10, 0]]), abs=1e-9)
    back = _map._arc(np.array([10.0, 0.0]), np.array([0.0, 0.0]), 1.0)
    assert outline[12, 1] > 0 > back[12, 1]  # there and back lie side by side


def test_holes_stay_open() -> None:
    ring = shapely.Polygon(shapely.box(0, 0, 3, 3).exterior, [shapely.box(1, 1, 2, 2).exterior])
    path = _map._path(shapely.MultiPolygon([ring, shapely.box(5, 5, 6, 6)]))
    assert sum(code == path.CLOSEPOLY for code in path.codes) == 3


def test_colours_get_darker_in_equal_steps() -> None:
    rgb = _map.depths()(np.linspace(0, 1, 9))[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    lightness = 116 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16
    assert np.diff(lightness) == pytest.approx(np.full(8, -78 / 8), abs=1.0)


@given(st.floats(1e-6, 1e12))
def test_round_numbers(value: float) -> None:
    rounded = _map.round_down(value)
    assert value / 2.51 <= rounded <= value * 1.0001
    assert f"{rounded:.6e}"[0] in "125"


def test_wrong_uses(release: Release, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the picture is a \.png"):
        overview(release, tmp_path / "o.jpg")
    with pytest.raises(UsageError, match=r"does not exist"):
        overview(release, tmp_path / "no" / "o.png")
    (tmp_path / "o.png").mkdir()
    with pytest.raises(StateError, match=r"can't be written"):
        overview(release, tmp_path / "o.png")
