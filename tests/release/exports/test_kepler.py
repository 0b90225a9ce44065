"""What kepler.gl goes by: columns whose names and values it knows, times in a form that it parses.

kepler.gl is JavaScript; its own reader (@kepler.gl/processors 3.2.6) was run on such files by hand.
"""

import json
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
import shapely

from shoal.plan import Plan
from shoal.release.exports import export
from shoal.release.read import Release, open_release
from tests.release import make


def test_zones_as_geojson(release: Release, tmp_path: Path) -> None:
    back = pd.read_csv(export(release, "presence", tmp_path / "t.kepler.csv"))
    assert shapely.from_geojson(back["_geojson"][0]).equals_exact(release.places.shapes[0], 1e-7)
    assert datetime.fromisoformat(back["hour"][1]).isoformat() == "2026-03-02T01:00:00-06:00"
    assert back["lower"].notna().all()
    about = json.loads((tmp_path / "t.kepler.csv-metadata.json").read_text())
    assert "one device over one week" in about["dc:description"]
    assert [c["name"] for c in about["tableSchema"]["columns"]] == list(back.columns)


def test_pairs_as_two_points(release: Release, tmp_path: Path) -> None:
    back = pd.read_csv(export(release, "flows", tmp_path / "t.kepler.csv"))
    row = back[(back["origin"] == "z00") & (back["destination"] == "z01")].iloc[0]
    assert row[["origin_lat", "origin_lng"]].tolist() == pytest.approx([20.605, -103.395])
    assert row[["destination_lat", "destination_lng"]].tolist() == pytest.approx([20.605, -103.385])


def test_a_saved_map(withheld: Release, tmp_path: Path) -> None:
    tree = json.loads(export(withheld, "presence", tmp_path / "t.kepler.json").read_text())
    assert tree["info"]["app"] == "kepler.gl" and "one device over one week" in tree["info"]["description"]
    data = tree["datasets"][0]["data"]
    kinds = {field["name"]: field["type"] for field in data["fields"]}
    assert (kinds["hour"], kinds["estimate"], kinds["_geojson"]) == ("timestamp", "real", "geojson")
    rows = pd.DataFrame(data["allData"], columns=list(kinds))
    assert rows["estimate"].isna().tolist() == (rows["zone"] == "z03").tolist()
    (shown,) = tree["config"]["config"]["visState"]["filters"]  # one hour, not all on each other
    hours = rows["hour"].map(lambda text: datetime.fromisoformat(text).timestamp() * 1000)
    assert set(rows["hour"][hours.between(*shown["value"])]) == {"2026-03-02T00:00:00-06:00"}


def test_cells_by_their_index(tmp_path: Path) -> None:
    import h3
    import numpy as np

    cells = sorted(h3.grid_disk(h3.latlng_to_cell(20.67, -103.35, 8), 1))
    shapes = [shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]) for cell in cells]
    none = (None,) * len(cells)
    zones = make.Squares(tuple(cells), none, none, np.array(shapes, dtype=object))
    file = make.plan_in(tmp_path, statistics={"visits": ("zone", "day")}).file
    file.write_text(
        file.read_text().replace(
            'kind = "polygons"\nfile = "districts.geojson"',
            'kind = "h3"\nresolution = 8\nbbox = [-103.4, 20.6, -103.3, 20.7]',
        )
    )
    release = open_release(make.release_in(tmp_path / "r", Plan.load(file), zones))
    back = pd.read_csv(export(release, "visits", tmp_path / "t.kepler.csv"))
    assert "_geojson" not in back and all(h3.is_valid_cell(cell) for cell in back["hex_id"])
    fields = json.loads(export(release, "visits", tmp_path / "t.kepler.json").read_text())["datasets"][0]["data"][
        "fields"
    ]
    assert {"name": "hex_id", "type": "h3", "format": "", "analyzerType": "H3"} in fields
