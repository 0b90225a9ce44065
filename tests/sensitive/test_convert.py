"""From extracts to the list: tags and categories decide, names stay behind, shapes become points and areas."""

import json
import struct
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from shoal.errors import DataError
from shoal.sensitive.convert import convert
from shoal.sensitive.listing import Listing, read, write

DAY = date(2026, 3, 1)
BOX = shapely.box(-103.36, 20.66, -103.35, 20.67)
ROWS: Sequence[tuple[dict[str, str], shapely.Geometry, str | None]] = (
    ({"amenity": "clinic", "name": "Quiet Clinic"}, shapely.Point(-103.35, 20.67), "medical"),
    ({"amenity": "school", "name": "First School"}, BOX, "children"),
    ({"amenity": "place_of_worship"}, shapely.LineString(BOX.exterior), "religion"),
    ({"military": "barracks"}, shapely.LineString([(0, 0), (1, 1)]), None),  # a wall is no place
    ({"amenity": "shelter"}, shapely.Point(1, 1), None),
    ({"amenity": "cafe", "name": "Café"}, shapely.Point(2, 2), None),
)


def found(listing: Listing) -> set[tuple[str, str]]:
    return {(name, shape.geom_type) for name, shape in zip(listing.classes, listing.shapes, strict=True)}


EXPECTED = {("medical", "Point"), ("children", "Polygon"), ("religion", "Polygon")}


def test_geojson_whose_properties_are_tags(tmp_path: Path) -> None:
    features = [
        {
            "type": "Feature",
            "properties": tags | {"@id": f"node/{row}"},
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for row, (tags, shape, _) in enumerate(ROWS)
    ]
    file = tmp_path / "extract.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features * 2}))
    listing = convert(file, DAY, "7")
    assert found(listing) == EXPECTED and len(listing) == 3  # what is there twice is there once
    assert set(listing.ids) == {"node/0", "node/1", "node/2"}
    about = listing.about
    assert (about.version, about.reviewed, about.source, about.licence) == ("7", DAY, "OpenStreetMap", "ODbL-1.0")
    write(listing, tmp_path / "list.geojson")
    text = (tmp_path / "list.geojson").read_text()
    assert "Quiet" not in text and "First" not in text and read(tmp_path / "list.geojson").digest == listing.digest


def test_geopackage_with_further_tags_in_one_column_and_other_coordinates(tmp_path: Path) -> None:
    def more(tags: dict[str, str]) -> str:
        return ",".join(f'"{key}"=>"{value}"' for key, value in tags.items() if key != "amenity")

    columns = {
        "amenity": [tags.get("amenity") for tags, *_ in ROWS],
        "other_tags": [more(tags) or None for tags, *_ in ROWS],
    }
    columns["amenity"][4], columns["other_tags"][4] = None, '"note"=>"a \\"b\\", c","healthcare"=>"hospice"'
    frame = geopandas.GeoDataFrame(columns, geometry=[shape for _, shape, _ in ROWS], crs=4326).to_crs(3857)
    frame.to_file(tmp_path / "extract.gpkg")
    listing = convert(tmp_path / "extract.gpkg", DAY, "1")
    assert found(listing) == EXPECTED and len(listing) == 4
    points = sorted(tuple(shape.coords[0]) for shape in listing.shapes if shape.geom_type == "Point")
    assert points[0] == pytest.approx((-103.35, 20.67), abs=1e-7) and points[1] == pytest.approx((1, 1), abs=1e-7)


def test_a_file_of_openstreetmap_as_xml(tmp_path: Path) -> None:
    nodes = "".join(f'<node id="{n}" lat="{20 + n / 100}" lon="{n % 2}" version="1"/>' for n in range(1, 5))
    corners = "".join(f'<nd ref="{n}"/>' for n in (1, 2, 4, 3, 1))
    text = f"""<osm version="0.6">{nodes}
      <node id="9" lat="21" lon="3" version="1"><tag k="healthcare" v="hospice"/><tag k="name" v="Rest"/></node>
      <way id="5" version="1">{corners}<tag k="amenity" v="school"/></way>
      <way id="6" version="1">{corners}<tag k="healthcare" v="laboratory"/></way></osm>"""
    (tmp_path / "town.osm").write_text(text)
    listing = convert(tmp_path / "town.osm", DAY, "1")
    assert found(listing) == {("medical", "Point"), ("children", "Polygon"), ("medical", "Polygon")}
    assert set(listing.ids) == {"node/9", "way/5", "way/6"}


def test_a_file_of_openstreetmap_as_pbf(tmp_path: Path) -> None:
    (tmp_path / "town.osm.pbf").write_bytes(pbf([(21.5, 3.25, {"amenity": "police"}), (22, 4, {"shop": "bakery"})]))
    listing = convert(tmp_path / "town.osm.pbf", DAY, "1")
    assert found(listing) == {("justice", "Point")} and listing.ids == ("node/1",)
    assert listing.shapes[0].coords[0] == pytest.approx((3.25, 21.5), abs=1e-7)


def pbf(nodes: Sequence[tuple[float, float, dict[str, str]]]) -> bytes:
    """The smallest file that holds nodes: https://wiki.openstreetmap.org/wiki/PBF_Format."""

    def number(n: int) -> bytes:
        out = b""
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])

    def field(key: int, value: int | bytes) -> bytes:
        return (
            number(key << 3) + number(value)
            if isinstance(value, int)
            else number(key << 3 | 2) + number(len(value)) + value
        )

    def zigzag(n: int) -> int:
        return n << 1 if n >= 0 else (-n << 1) - 1

    def block(kind: bytes, data: bytes) -> bytes:
        blob = field(1, data)
        head = field(1, kind) + field(3, len(blob))
        return struct.pack(">I", len(head)) + head + blob

    strings = ["", *dict.fromkeys(text for _, _, tags in nodes for pair in tags.items() for text in pair)]
    table = b"".join(field(1, text.encode()) for text in strings)
    group = b""
    for place, (lat, lon, tags) in enumerate(nodes, start=1):
        keys = b"".join(number(strings.index(key)) for key in tags)
        values = b"".join(number(strings.index(value)) for value in tags.values())
        where = field(8, zigzag(round(lat * 1e7))) + field(9, zigzag(round(lon * 1e7)))
        group += field(1, field(1, zigzag(place)) + field(2, keys) + field(3, values) + where)
    header = field(4, b"OsmSchema-V0.6")
    return block(b"OSMHeader", header) + block(b"OSMData", field(1, table) + field(2, group))


OVERTURE: Sequence[tuple[dict[str, Any], str | None]] = (
    ({"categories": {"primary": "hospital", "alternate": None}}, "medical"),
    ({"categories": {"primary": "bar", "alternate": ["gay_bar"]}}, "lgbtq"),
    ({"categories": None, "basic_category": "place_of_worship"}, "religion"),
    (
        {
            "taxonomy": {
                "primary": "general_pediatrics",
                "hierarchy": ["health_care", "pediatric_clinic", "general_pediatrics"],
                "alternates": None,
            }
        },
        "medical",
    ),
    ({"categories": {"primary": "restaurant", "alternate": ["pharmacy"]}, "basic_category": "restaurant"}, None),
    ({}, None),
)


def test_places_of_overture_old_and_new(tmp_path: Path) -> None:
    shapes = [shapely.Point(row, 10) for row in range(len(OVERTURE))]
    rows = [fields | {"id": f"gers-{row}", "names": {"primary": "Secret"}} for row, (fields, _) in enumerate(OVERTURE)]
    kinds = {
        "categories": pa.struct([("primary", pa.string()), ("alternate", pa.list_(pa.string()))]),
        "taxonomy": pa.struct(
            [("primary", pa.string()), ("hierarchy", pa.list_(pa.string())), ("alternates", pa.list_(pa.string()))]
        ),
        "basic_category": pa.string(),
        "id": pa.string(),
    }
    table = pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in kinds.items()})
    table = table.append_column("geometry", pa.array(shapely.to_wkb(shapes).tolist(), pa.binary()))
    pq.write_table(table, tmp_path / "places.parquet")
    features = [
        {"type": "Feature", "properties": row, "geometry": json.loads(shapely.to_geojson(shape))}
        for row, shape in zip(rows, shapes, strict=True)
    ]
    (tmp_path / "places.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    both = [convert(tmp_path / name, DAY, "1") for name in ("places.parquet", "places.geojson")]
    assert both[0].digest == both[1].digest and both[0].about.source == "Overture Maps places"
    expected = {(f"gers-{row}", name) for row, (_, name) in enumerate(OVERTURE) if name is not None}
    assert set(zip(both[0].ids, both[0].classes, strict=True)) == expected


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("x.shp", b"", "an extract ends in"),
        ("x.geojson", b'{"type": "FeatureCollection", "features": []}', "no place in it has a tag"),
        ("x.geojson", b"{}", "no GeoJSON feature collection"),
        ("x.geojson", b'{"features": [3]}', "no GeoJSON feature collection"),
        ("x.parquet", b"PAR1", "that can be read|can't be read"),
        ("x.gpkg", b"nothing", "no file that can be read here"),
        ("x.osm.pbf", b"nothing", "no file that can be read here"),
    ],
)
def test_what_is_no_extract(tmp_path: Path, name: str, data: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=sentence) as caught:
        convert(tmp_path / name, DAY, "1")
    assert str(tmp_path / name) in str(caught.value) and "\n" not in str(caught.value)


def test_a_table_that_is_not_overtures(tmp_path: Path) -> None:
    pq.write_table(pa.table({"geometry": [b""], "name": ["x"]}), tmp_path / "x.parquet")
    with pytest.raises(DataError, match="give Overture's places"):
        convert(tmp_path / "x.parquet", DAY, "1")
    with pytest.raises(DataError, match="no such file"):
        convert(tmp_path / "y.parquet", DAY, "1")
