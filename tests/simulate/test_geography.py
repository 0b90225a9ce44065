"""Geography: districts tile the area, each has its people, and where nobody lives nobody lives."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from shoal.simulate import geography
from shoal.simulate.city import blocks
from shoal.simulate.population import RESIDENTS, market


def shapes(file: Path) -> list[shapely.Geometry]:
    return [shapely.from_geojson(json.dumps(each["geometry"])) for each in json.loads(file.read_text())["features"]]


def test_districts_tile_the_area(week: Path) -> None:
    (area,), districts = shapes(week / "area.geojson"), shapes(week / "zones.geojson")
    assert len(districts) == 40
    assert all(shapely.is_valid(shape) for shape in [area, *districts])
    size = float(shapely.area(area))
    assert shapely.area(districts).sum() == pytest.approx(size, rel=1e-5)
    assert shapely.area(shapely.symmetric_difference(shapely.union_all(districts), area)) < 1e-5 * size


def test_districts_have_an_id_a_name_and_a_parent(week: Path) -> None:
    said = [each["properties"] for each in json.loads((week / "zones.geojson").read_text())["features"]]
    for key in ("id", "name"):
        assert len({each[key] for each in said}) == 40
    assert {each["parent"] for each in said} == {"Centro", "Norte", "Oriente", "Sur", "Poniente"}
    assert {"Centro Histórico", *geography._LANDMARKS} <= {each["name"] for each in said}


def test_population_counts_everyone(week: Path) -> None:
    with (week / "population.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    said = [each["properties"] for each in json.loads((week / "zones.geojson").read_text())["features"]]
    assert [(row["id"], row["name"]) for row in rows] == [(each["id"], each["name"]) for each in said]
    assert abs(sum(int(row["residents"]) for row in rows) - RESIDENTS) < 40


def test_market_share_varies() -> None:
    share = market(geography.districts())
    assert share.max() > 1.8 * share.min() > 0.9


def test_nobody_lives_on_the_lake_or_the_hill() -> None:
    x, y = blocks()
    wet = geography.inside(x, y, geography.LAKE) | geography.inside(x, y, geography.WOODS)
    for density in (geography.homes, geography.work, geography.shops, geography.leisure):
        weight = density(x, y)
        assert np.isclose(weight.sum(), 1.0)
        assert (weight >= 0).all()
        assert weight[wet].sum() < 1e-4
