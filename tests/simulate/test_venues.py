"""Named places: where they lie, that people go there, and that the truth means the polygons that are published."""

import json
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely

from shoal.classes import DURATIONS
from shoal.simulate import city, frame, geography
from shoal.simulate.population import market
from shoal.simulate.truth_tables import PER_UNIT
from shoal.simulate.venues import KINDS, Venues, venues
from tests.simulate.conftest import DAYS, DEVICES

Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def named() -> Venues:
    return venues(city.build(market(geography.districts())))


@pytest.fixture(scope="module")
def visited(week: Path) -> Tables:
    """The truth of places, by the name of the statistic, with `category`."""
    file = json.loads((week / "places.geojson").read_text("utf-8"))
    labels = pl.DataFrame([feature["properties"] for feature in file["features"]]).rename({"id": "place"})
    read = {path.stem: pl.read_parquet(path) for path in (week / "truth" / "places").glob("*.parquet")}
    return {name: table.join(labels, on="place", how="left", maintain_order="left") for name, table in read.items()}


def test_there_are_as_many_as_asked_for(named: Venues) -> None:
    assert Counter(named.category) == {category: number for category, _, number, *_ in KINDS}
    assert {"market", "school", "hospital", "station", "park", "stadium"} < set(named.category)
    assert named.id == sorted(set(named.id)) and len(set(named.name)) == len(named.id)
    assert named.name[named.category.index("market") + 2] == "Market 3"


def test_they_lie_apart_and_within_the_area(named: Venues) -> None:
    assert all(geography.area().contains(shape) for shape in named.shape)
    assert not any(a.intersects(b) for a, b in combinations(named.published, 2))
    assert all(shape.is_valid for shape in named.published)


def test_the_file_has_them(week: Path, named: Venues) -> None:
    """The same for every seed and number of people: the city stays."""
    features = json.loads((week / "places.geojson").read_text("utf-8"))["features"]
    assert [f["properties"] for f in features] == [
        {"id": i, "name": n, "category": c} for i, n, c in zip(named.id, named.name, named.category, strict=True)
    ]
    for feature, shape in zip(features, named.published, strict=True):
        assert shapely.geometry.shape(feature["geometry"]).equals(shape)


def test_a_point_is_in_the_polygon_that_is_published(named: Venues) -> None:
    rng = np.random.default_rng(3)
    middle = np.array([shape.centroid.coords[0] for shape in named.shape])
    x, y = (np.repeat(middle, 200, axis=0) + rng.uniform(-250, 250, (200 * len(middle), 2))).T
    points = shapely.points(frame.longitude(x, y), frame.latitude(x, y))
    right = [next((n for n, shape in enumerate(named.published) if shape.covers(p)), -1) for p in points]
    assert named.of(x, y).tolist() == right
    assert set(right) == {-1, *range(len(named.id))}
    assert named.of(*middle.T).tolist() == list(range(len(named.id)))


def test_each_is_where_a_site_of_its_kind_stands(named: Venues) -> None:
    places = city.build(market(geography.districts()))
    kind = {category: kind for category, kind, *_ in KINDS}
    for category, shape in zip(named.category, named.shape, strict=True):
        site = places.site[places.first[kind[category]] : places.first[kind[category] + 1]]
        near = np.hypot(site["x"] - shape.centroid.x, site["y"] - shape.centroid.y)
        assert near.min() < 1e-6


# --- their truth


def test_keys_and_a_row_for_every_place_and_time(visited: Tables, named: Venues) -> None:
    keys = {"visits": ["place", "day"], "visitors": ["place"], "dwell": ["place", "class"]}
    sizes = {"visits": DAYS, "visitors": 1, "dwell": len(DURATIONS.labels)}
    assert set(visited) == set(keys)
    for name, table in visited.items():
        assert table.columns == [*keys[name], "value", "name", "category"]
        assert table.select(keys[name]).unique().height == table.height == sizes[name] * len(named.id)
        assert table["place"].unique(maintain_order=True).to_list() == named.id
        assert table.schema["value"] == pl.Float64 and table["category"].null_count() == 0
    assert visited["dwell"]["class"].unique(maintain_order=True).to_list() == list(DURATIONS.labels)


def test_a_mean_over_units_says_so(week: Path) -> None:
    import pyarrow.parquet as pq

    said = {
        name: (pq.read_schema(week / "truth" / "places" / f"{name}.parquet").metadata or {}).get(PER_UNIT.encode())
        for name in ("visits", "visitors", "dwell")
    }
    assert said == {"visits": None, "visitors": b"week", "dwell": None}


def test_people_go_there(visited: Tables) -> None:
    by = dict(visited["visits"].group_by("category").agg(pl.mean("value")).iter_rows())
    assert by.keys() == {category for category, *_ in KINDS}
    assert all(mean > 3 for mean in by.values()), by  # a place and day, of 3,000 devices
    empty = visited["visits"].group_by("place").agg(pl.sum("value")).filter(pl.col("value") == 0)
    assert empty.height <= 1
    visits = float(visited["visits"]["value"].sum())
    assert 0.05 * 2.3 * DEVICES * DAYS < visits < 0.2 * 2.3 * DEVICES * DAYS


def test_statistics_agree_where_they_count_the_same(visited: Tables) -> None:
    visits, visitors, dwell = (
        dict(visited[name].group_by("place").agg(pl.sum("value")).iter_rows())
        for name in ("visits", "visitors", "dwell")
    )
    assert visits == dwell
    assert all(visitors[place] <= visits[place] for place in visits)
    assert sum(visitors.values()) < 0.9 * sum(visits.values())


def test_categories_differ_as_life_has_it(visited: Tables) -> None:
    """Schools rest on Sundays, parks hardly; at work people stay long, at a market not."""
    day = visited["visits"].group_by("category", pl.col("day").dt.weekday().alias("day")).agg(pl.sum("value"))
    count = {(category, weekday): value for category, weekday, value in day.iter_rows()}
    assert count["school", 7] < 0.3 * count["school", 2]
    assert count["park", 7] > 0.5 * count["park", 2]
    long = visited["dwell"].filter(pl.col("class").is_in(["240-480 min", "480+ min"]))
    share = dict(
        long.group_by("category").agg(pl.sum("value")).join(
            visited["dwell"].group_by("category").agg(all=pl.sum("value")), on="category"
        ).select("category", pl.col("value") / pl.col("all")).iter_rows()
    )  # fmt: skip
    assert share["hospital"] > 0.5 > 0.2 > share["market"]
