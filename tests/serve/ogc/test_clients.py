"""The clients that it is meant for, against a real server on loopback: GDAL's OAPIF driver, and OWSLib."""

from pathlib import Path

import pyogrio
import pytest
from owslib.ogcapi.features import Features  # type: ignore[import-untyped]

from shoal.release.read import Release, open_release
from tests.serve.ogc.conftest import FIRST

PRESENCE = f"{FIRST}.presence"


@pytest.fixture(scope="module")
def release(folder: Path) -> Release:
    return open_release(folder / FIRST)


def test_gdal_lists_and_loads(address: str, release: Release) -> None:
    layers = dict(pyogrio.list_layers(f"OAPIF:{address}"))
    assert set(layers) == {f"{FIRST}.{name}" for name in release.statistics}
    frame = pyogrio.read_dataframe(f"OAPIF:{address}", layer=PRESENCE)
    expected = release["presence"].to_geopandas().sort_values(["hour", "zone"], ignore_index=True)
    assert len(frame) == len(expected) == 7 * 168  # more than a page
    assert frame["zone"].tolist() == expected["zone"].tolist()
    for name in ("estimate", "stderr", "lower", "upper", "consistent"):
        assert frame[name].to_numpy() == pytest.approx(expected[name].to_numpy(), rel=1e-12)
    assert frame.crs.to_authority() == ("OGC", "CRS84")
    assert frame.to_crs(4326).geometry.geom_equals_exact(expected.geometry, 1e-6).all()
    assert frame["hour"][7].isoformat() == "2026-03-02T01:00:00-06:00"


def test_gdal_filters(address: str, release: Release) -> None:
    source, box = f"OAPIF:{address}", (-103.399, 20.601, -103.391, 20.609)
    assert set(pyogrio.read_dataframe(source, layer=PRESENCE, bbox=box)["zone"]) == {"z00"}
    assert len(pyogrio.read_dataframe(source, layer=PRESENCE, where="zone = 'z03'")) == 168
    flows = pyogrio.read_dataframe(source, layer=f"{FIRST}.flows", where="origin = 'z00' AND destination = 'z01'")
    assert len(flows) == 5 and flows.geometry[0].geom_type == "LineString"


def test_owslib_lists_and_loads(address: str, release: Release) -> None:
    service = Features(address)
    assert any(one.endswith("ogcapi-features-1/1.0/conf/core") for one in service.conformance()["conformsTo"])
    assert PRESENCE in service.feature_collections()
    collection = service.collection(PRESENCE)
    assert "one device over one week" in collection["description"] and "±" in collection["description"]
    assert collection["extent"]["temporal"]["interval"][0][0].startswith("2026-03-02T06:00:00")
    page = service.collection_items(
        PRESENCE, limit=1, bbox=[-103.399, 20.601, -103.385, 20.609], datetime="2026-03-02T14:00:00Z"
    )
    assert page["numberReturned"] == 1 and page["numberMatched"] == 2
    assert {one["properties"]["hour"] for one in page["features"]} == {"2026-03-02T08:00:00-06:00"}
    item = service.collection_item(PRESENCE, page["features"][0]["id"])
    row = release["presence"].to_polars().row(8, named=True)  # z00 at eight
    assert item["properties"]["estimate"] == row["estimate"] and item["properties"]["name"] == "District 0 <é>"
    assert set(service.collection_queryables(PRESENCE)["properties"]) == {"geometry", "zone", "hour"}
    assert "/collections/{collectionId}/items" in service.api()["paths"]
