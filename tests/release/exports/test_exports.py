"""Exports, each opened again with the tool that it is for."""

import json
import re
import resource
import signal
from datetime import datetime
from pathlib import Path

import geopandas as gpd
import openpyxl
import polars as pl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from shoal.cli import app
from shoal.errors import StateError, UsageError
from shoal.release._file import ending_of
from shoal.release.exports import FORMATS, export
from shoal.release.exports import excel as module
from shoal.release.read import Release, open_release
from tests.conftest import ROOT
from tests.release import make


@pytest.mark.parametrize("name", list(make.BY))
def test_csv(release: Release, tmp_path: Path, name: str) -> None:
    table = release[name].to_polars()
    back = pl.read_csv(export(release, name, tmp_path / "t.csv"), try_parse_dates=False)
    assert back.columns == table.columns and back.height == table.height
    assert back["estimate"].equals(table["estimate"])  # floats come back as they were
    if name == "presence":
        assert back["hour"][0] == "2026-03-02T00:00:00-06:00"
    if name == "visits":
        assert back["day"][1] == "2026-03-03"


@pytest.mark.parametrize("name", list(make.BY))
def test_geoparquet(release: Release, tmp_path: Path, name: str) -> None:
    back = gpd.read_parquet(export(release, name, tmp_path / "t.PARQUET"))
    expected = release[name].to_geopandas()
    assert back.crs.to_epsg() == 4326
    assert back.geometry.geom_equals(expected.geometry).all()
    assert pl.from_pandas(back.drop(columns="geometry"))["estimate"].equals(release[name].to_polars()["estimate"])


@pytest.mark.parametrize("name", ["presence", "visits", "flows"])
def test_geojson(release: Release, tmp_path: Path, name: str) -> None:
    file = export(release, name, tmp_path / "t.geojson")
    back, table = gpd.read_file(file, engine="pyogrio"), release[name]
    assert len(back) == len(table) and list(back.columns) == [*table.to_polars().columns, "geometry"]
    feature = json.loads(file.read_text())["features"][0]
    assert feature["geometry"]["type"] == ("LineString" if name == "flows" else "Polygon")
    if name == "presence":
        assert feature["properties"]["hour"] == "2026-03-02T00:00:00-06:00"
    if name == "visits":
        assert feature["properties"]["day"] == "2026-03-02"


@pytest.mark.parametrize("ending", ["csv", "parquet", "geojson", "arrow", "xlsx"])
@pytest.mark.parametrize("name", list(make.MORE))
def test_keys_of_every_kind(more: Release, tmp_path: Path, name: str, ending: str) -> None:
    """Rows, homes and classes stand in the file as in the table, in the same order."""
    file, table = export(more, name, tmp_path / f"t.{ending}"), more[name].to_polars()
    match ending:
        case "csv":
            back = pl.read_csv(file, try_parse_dates=True)
        case "arrow":
            back = pl.read_ipc(file)
        case "xlsx":
            rows = list(openpyxl.load_workbook(file)[name].iter_rows(values_only=True))
            back = pl.DataFrame(
                rows[1:], schema=[str(head) for head in rows[0]], orient="row", infer_schema_length=None
            )
        case _:
            frame = gpd.read_parquet(file) if ending == "parquet" else gpd.read_file(file, engine="pyogrio")
            kinds = {"LineString"} if name == "catchment" else {"Polygon"}
            assert set(frame.geometry.geom_type) == kinds and frame.crs.to_epsg() == 4326
            back = pl.from_pandas(frame.drop(columns="geometry"))
    keys = [key for key in more[name].keys if key != "day"]
    assert back.columns == table.columns and back.select(keys).equals(table.select(keys))
    assert back["estimate"].to_list() == pytest.approx(table["estimate"].to_list(), rel=1e-12)
    if "day" in table.columns:
        assert [str(day)[:10] for day in back["day"]] == [str(day) for day in table["day"]]


def test_the_geometry_of_a_home_is_its_zone(more: Release, tmp_path: Path) -> None:
    frame = gpd.read_file(export(more, "distance", tmp_path / "t.geojson"), engine="pyogrio")
    zones = make.squares()
    expected = zones.shapes[zones.index_of(list(frame["home"]))]
    assert len(frame) == 49 and all(a.equals_exact(b, 1e-6) for a, b in zip(frame.geometry, expected, strict=True))
    lines = gpd.read_file(export(more, "catchment", tmp_path / "c.geojson"), engine="pyogrio")
    row = lines[(lines["home"] == "z00") & (lines["zone"] == "z01")].iloc[0]
    assert [p for point in row.geometry.coords for p in point] == pytest.approx([-103.395, 20.605, -103.385, 20.605])


def test_xlsx_says_the_order_of_the_classes(more: Release, tmp_path: Path) -> None:
    about = openpyxl.load_workbook(export(more, "distance", tmp_path / "t.xlsx"))["About"]
    notes = {str(name): str(text) for name, text in about.iter_rows(values_only=True)}
    assert notes["classes"] == "0-1 km, 1-2 km, 2-5 km, 5-10 km, 10-20 km, 20-50 km, 50+ km; in this order"
    other = openpyxl.load_workbook(export(more, "catchment", tmp_path / "c.xlsx"))["About"]
    assert "classes" not in {name for name, _ in other.iter_rows(values_only=True)}


def test_arrow(release: Release, tmp_path: Path) -> None:
    with pa.ipc.open_file(str(export(release, "presence", tmp_path / "t.arrow"))) as file:
        assert pl.from_arrow(file.read_all()).equals(release["presence"].to_polars())  # type: ignore[arg-type]


def test_xlsx(release: Release, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(export(release, "presence", tmp_path / "t.xlsx"))
    assert book.sheetnames == ["presence", "About"]
    rows = list(book["presence"].iter_rows(values_only=True))
    table = release["presence"].to_polars()
    assert list(rows[0]) == table.columns and len(rows) == 1 + table.height
    assert rows[2][:2] == ("z00", datetime(2026, 3, 2, 1, 0))  # local time
    assert rows[2][2] == pytest.approx(table["estimate"][1], rel=1e-12) and rows[2][7] is False
    notes = {str(name): str(text) for name, text in book["About"].iter_rows(values_only=True)}
    assert "America/Mexico_City" in notes["times"] and "one device over one week" in notes["privacy"]


def test_xlsx_text_stays_text(tmp_path: Path) -> None:
    zones = make.squares(2)
    odd = make.Squares(("=1+1", "http://x"), zones.names, zones.parents, zones.shapes)
    plan = make.plan_in(tmp_path, statistics={"visits": ("zone", "day")}, synthetic=True)
    release = open_release(make.release_in(tmp_path / "r", plan, odd))
    book = openpyxl.load_workbook(export(release, "visits", tmp_path / "t.xlsx"))
    assert book["visits"]["A2"].value == "=1+1" and book["visits"]["A2"].data_type == "s"
    assert book["About"]["A1"].value == "warning"


def test_xlsx_has_an_end(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "XLSX_ROWS", 48)
    with pytest.raises(UsageError, match=r"visits has 49 rows and an Excel sheet holds 48; export it as \.csv"):
        export(release, "visits", tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_wrong_uses(release: Release, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(
        UsageError, match=r"the ending must be one of \.csv, \.parquet, \.geojson, .*, \.dcat\.jsonld; it"
    ):
        export(release, "visits", tmp_path / "t.shp")
    with pytest.raises(UsageError, match=r"does not exist; make it first"):
        export(release, "visits", tmp_path / "no" / "t.csv")
    with pytest.raises(UsageError, match=r"this is a folder"):
        export(release, "visits", tmp_path / "folder.csv")
    with pytest.raises(UsageError, match=r"would not verify any more"):
        export(release, "visits", release.folder / "tables" / "visits.csv")
    with pytest.raises(UsageError, match=r"the nearest is 'visits'"):
        export(release, "visit", tmp_path / "t.csv")


def test_the_longest_ending_wins() -> None:
    assert ending_of(Path("a.SDMX.csv"), FORMATS) == ".sdmx.csv" and ending_of(Path("a.b.csv"), FORMATS) == ".csv"
    assert ending_of(Path(".csv"), FORMATS) is None and ending_of(Path("a.json"), FORMATS) is None


def test_a_table_has_to_be_named(release: Release, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a \.csv file holds one statistic; name it, of presence, visits, flows"):
        export(release, None, tmp_path / "t.csv")
    with pytest.raises(UsageError, match=r"the ending must be one of"):
        export(release, None, tmp_path / "t.shp")


def test_every_ending_is_documented() -> None:
    text = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    shown = CliRunner().invoke(app, ["export", "--help"], env={"COLUMNS": "200"}).output
    for ending in FORMATS:
        assert f"`{ending}`" in text and re.search(rf"(?<!\S){re.escape(ending)}(?!\S)", shown), ending
        assert re.search(rf"--to \S+{re.escape(ending)}", text), f"docs/exports.md shows no command for {ending}"


def test_notes_of_text_tables(release: Release, tmp_path: Path) -> None:
    export(release, "visits", tmp_path / "t.csv")
    about = json.loads((tmp_path / "t.csv-metadata.json").read_text())  # where CSV on the Web looks for it
    assert about["url"] == "t.csv" and "one device over one week" in about["dc:description"]
    columns = {column["name"]: column["datatype"] for column in about["tableSchema"]["columns"]}
    assert list(columns) == release["visits"].to_polars().columns and columns["day"] == "date"
    features = json.loads(export(release, "visits", tmp_path / "t.geojson").read_text())
    assert "one device over one week" in features["description"]
    with pa.ipc.open_file(str(export(release, "visits", tmp_path / "t.arrow"))) as file:
        assert b"one device over one week" in file.schema.metadata[b"privacy"]


@pytest.mark.parametrize("ending", ["csv", "geojson", "arrow", "xlsx"])
def test_suppressed_has_no_number(withheld: Release, tmp_path: Path, ending: str) -> None:
    file = export(withheld, "presence", tmp_path / f"t.{ending}")
    match ending:
        case "csv":
            back = pl.read_csv(file)
        case "arrow":
            back = pl.read_ipc(file)
        case "xlsx":
            back = pl.read_excel(file, sheet_name="presence")
        case _:
            back = pl.from_pandas(gpd.read_file(file, engine="pyogrio").drop(columns="geometry"))
    assert back["estimate"].is_null().to_list() == (back["zone"] == "z03").to_list() == back["suppressed"].to_list()


def test_a_file_is_replaced(release: Release, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("old")
    assert export(release, "visits", tmp_path / "t.csv").read_text().startswith("zone,day,")


@pytest.mark.parametrize(
    "ending",
    ["csv", "parquet", "geojson", "arrow", "xlsx", "gpkg", "sdmx.csv", "sdmx.xml", "kepler.csv", "kepler.json"],
)
def test_a_full_disk_keeps_the_old_file(release: Release, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"t.{ending}"
    file.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(StateError, match=r"can't be written \(.*\); make room"):
            export(release, "presence", file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]
