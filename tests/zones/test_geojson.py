"""Plain GeoJSON is read as GDAL reads it; what is not plain is left to GDAL."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoal.zones._asked import Asked
from shoal.zones._columns import text
from shoal.zones._geojson import read_plain
from shoal.zones._read import read_features
from tests.zones.plans import plan

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
KINDS = ("Polygon", "MultiPolygon", "Point")


def collection(*properties: object, shape: object = SQUARE, **more: object) -> dict[str, Any]:
    features = [{"type": "Feature", "properties": each, "geometry": shape} for each in properties]
    return {"type": "FeatureCollection", **more, "features": features}


def write(folder: Path, content: object) -> Path:
    file = folder / "z.geojson"
    file.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
    return file


def through_gdal(file: Path) -> tuple[dict[str, list[object]], Any]:
    table = pyogrio.read_dataframe(file)
    return {name: table[name].tolist() for name in table.columns if name != "geometry"}, np.array(table.geometry.array)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
VALUES = st.one_of(
    *(
        st.lists(st.one_of(st.none(), kind), min_size=4, max_size=4)
        for kind in (WORDS, st.integers(-(2**60), 2**60), st.floats(-1e9, 1e9), st.booleans())
    ),
    st.lists(st.one_of(WORDS, st.integers(0, 99), st.floats(0, 1), st.just([1])), min_size=4, max_size=4),
    st.lists(st.dates().map(str), min_size=4, max_size=4),
    st.lists(st.integers(0, 99).map(lambda n: f"{n}:30"), min_size=4, max_size=4),
)
DEGREES = st.floats(-80, 80)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=VALUES, x=DEGREES, y=DEGREES, side=st.floats(0.001, 9))
def test_what_is_plain_is_what_gdal_says(tmp_path: Path, values: list[object], x: float, y: float, side: float) -> None:
    """Columns as the text that Shoal makes of them, coordinates to the last bit. Mutants: keep dates, keep mixtures."""
    shape = shapely.geometry.mapping(shapely.box(x, y, x + side, y + side))
    file = write(tmp_path, collection(*({"v": v} for v in values), shape=shape))
    if (found := read_plain(file, columns=True)) is None:
        return
    columns, shapes = through_gdal(file)
    assert [text(v) for v in found[0]["v"]] == [text(v) for v in columns["v"]]
    assert shapely.to_wkb(found[1]).tolist() == shapely.to_wkb(shapes).tolist()


CASES: dict[str, tuple[object, bool]] = {
    "text": (collection({"a": "1"}, {"a": None}), True),
    "numbers": (collection({"a": 1}, {"a": 2}), True),
    "no properties": (collection(None, None), True),
    "a property in one feature only": (collection({"a": "x"}, {"b": "y"}), True),
    "WGS 84": (collection({}, crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}), True),
    "another system": (collection({}, crs={"type": "name", "properties": {"name": "EPSG:25832"}}), False),
    "a broken system": (collection({}, crs="EPSG:4326"), False),
    "a mixture": (collection({"a": 1}, {"a": "x"}), False),
    "dates": (collection({"a": "2026-03-02"}), False),
    "times": (collection({"a": "12:30:00"}), False),
    "a list": (collection({"a": [1]}), False),
    "a large number": (collection({"a": 2**53}), False),
    "truth with gaps": (collection({"a": True}, {"a": None}), False),
    "no shape": (collection({}, shape=None), False),
    "no feature": (collection(), False),
    "one feature": (collection({})["features"][0], False),
    "a shape": (SQUARE, False),
    "an id of the feature": ({**collection(), "features": [{**collection({})["features"][0], "id": 7}]}, False),
    "an open ring": (collection({}, shape={**SQUARE, "coordinates": [[[0, 0], [1, 0], [1, 1]]]}), False),
    "a shape of no kind": (collection({}, shape={"type": "Ball", "coordinates": []}), False),
    "no number": (json.dumps(collection({"a": 1.5})).replace("1.5", "NaN"), False),
    "cut off": (json.dumps(collection({}))[:-3], False),
    "deep": ("[" * 100_000, False),
    "a list of nothing": ("[]", False),
}


@pytest.mark.parametrize(("content", "plain"), CASES.values(), ids=CASES)
def test_what_is_plain(tmp_path: Path, content: object, plain: bool) -> None:
    assert (read_plain(write(tmp_path, content), columns=True) is not None) == plain


def test_the_values_of_an_area_do_not_matter(tmp_path: Path) -> None:
    file = write(tmp_path, collection({"a": [1]}, {"a": "2026-03-02"}))
    found = read_plain(file, columns=False)
    assert found is not None and found[0] == {} and len(found[1]) == 2


def test_a_mark_at_the_beginning_and_three_dimensions(tmp_path: Path) -> None:
    file = tmp_path / "z.geojson"
    shape = {"type": "Point", "coordinates": [16.5, 48.25, 7]}
    file.write_text(json.dumps(collection({"name": "Zürich"}, shape=shape), ensure_ascii=False), "utf-8-sig")
    features = read_features(Asked(plan(tmp_path, 'kind = "polygons"\nfile = "z.geojson"')), "file", KINDS)
    assert features.columns == {"name": ["Zürich"]}
    assert list(features.shapes) == [shapely.Point(16.5, 48.25)] and not shapely.has_z(features.shapes).any()


def test_plain_geojson_needs_no_geopandas(tmp_path: Path) -> None:
    file = write(tmp_path, collection({"id": "a"}))
    script = f"""
import sys
from pathlib import Path
from tests.zones.plans import plan
from shoal.zones import load_zones
zones = load_zones(plan(Path({str(file.parent)!r}), 'kind = "polygons"\\nfile = "z.geojson"'))
assert zones.ids == ("a",)
assert not {{"pandas", "geopandas", "pyogrio", "pyproj"}} & set(sys.modules)
"""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", script], check=True, cwd=root, capture_output=True)
