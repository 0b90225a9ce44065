"""`shoal sensitive`: lists are made and shown; the private list is added to, taken from and counted, never shown."""

import json
from pathlib import Path

import pytest
import shapely

from tests.cli.shell import refused, shoal
from tests.cli.town import Town
from tests.sensitive.make import write_list

SECRET = "20.671234,-103.357654"


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"amenity": kind, "name": "Quiet Place"},
            "geometry": {"type": "Point", "coordinates": [-103.35 + step / 100, 20.67]},
        }
        for step, kind in enumerate(["hospital", "school", "cafe", "school"])
    ]
    file = tmp_path / "extract.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return file


@pytest.mark.parametrize("ending", [".geojson", ".parquet"])
def test_a_list_is_made_and_shown(tmp_path: Path, extract: Path, ending: str) -> None:
    to = tmp_path / f"list{ending}"
    made = shoal("sensitive", "convert", extract, "--to", to, "--reviewed", "2026-03-01", "--version", "7", "--json")
    assert made.status == 0 and made.json["classes"] == {"medical": 1, "children": 2}
    shown = shoal("sensitive", "show", to, "--json").json
    assert (shown["version"], shown["reviewed"], shown["places"]) == ("7", "2026-03-01", 3)
    assert shown["sha256"] == made.json["sha256"]
    words = shoal("sensitive", "show", to).out
    assert "3 places, version 7, reviewed 2026-03-01; OpenStreetMap, ODbL-1.0" in words and "Quiet" not in words


def test_what_can_not_be_meant(tmp_path: Path, extract: Path) -> None:
    refused(shoal("sensitive", "convert", extract, "--to", tmp_path / "x.csv"), 2, "--to", ".geojson")
    refused(shoal("sensitive", "convert", extract, "--to", tmp_path / "no" / "x.geojson"), 2, "folder that exists")
    refused(
        shoal("sensitive", "convert", extract, "--to", tmp_path / "x.parquet", "--reviewed", "soon"), 2, "--reviewed"
    )
    refused(shoal("sensitive", "convert", tmp_path / "no.gpkg", "--to", tmp_path / "x.geojson"), 1, "no such file")
    refused(shoal("sensitive", "show", extract), 1, "does not say what it is")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["extract.geojson"]


def test_the_private_list_is_counted_by_what_was_named(tmp_path: Path) -> None:
    state, file = tmp_path / "state", tmp_path / "places.csv"
    file.write_text(f"name,lat,lon\nHouse,{SECRET}\nOther,20.7,-103.4\n")
    refused(shoal("sensitive", "deny", "count", "--state", state), 2, "there are no accounts yet")
    assert shoal("sensitive", "deny", "add", file, "--state", state, "--json").json == {"count": 2}
    held = (state / "deny.list").read_bytes()
    again = shoal("sensitive", "deny", "add", file, "--state", state)
    assert again.status == 0 and again.out.startswith("4 places")  # though none is new: the number tells nothing
    assert (state / "deny.list").stat().st_size == len(held)
    file.write_text("lat,lon\n20.1,-103.1\n")
    assert shoal("sensitive", "deny", "remove", file, "--state", state, "--json").json == {"count": 3}
    file.write_text(f"lat,lon\n{SECRET}\n20.7,-103.4\n")
    assert shoal("sensitive", "deny", "remove", file, "--state", state, "--json").json == {"count": 1}
    assert (state / "deny.list").stat().st_size < len(held)
    for kept in state.rglob("*"):
        if kept.is_file():
            assert b"20.671234" not in kept.read_bytes() and b"House" not in kept.read_bytes()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("latitude,longitude\n1,2\n", "lat and lon"),
        ("lat,lon\n", "from 1 to"),
        (f"lat,lon\n{SECRET}\n91,0\n", "line 3"),
        (f"lat,lon\n{SECRET},\nhere,0\n", "line 3"),
        (f"lat,lon\n{SECRET}\n5\n", "line 3"),
        ("lat,lon\nnan,0\n", "line 2"),
    ],
)
def test_a_complaint_names_a_line_and_no_place(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "places.csv"
    file.write_text(text)
    answer = shoal("sensitive", "deny", "add", file, "--state", tmp_path / "state")
    sentence = refused(answer, 1, str(file), words)
    assert "20.67" not in sentence.replace(str(file), "")
    assert not (tmp_path / "state" / "deny.list").exists()


def test_a_release_with_a_private_list_shows_nothing_of_it(tmp_path: Path, town: Town) -> None:
    """Not in what is printed nor in what is published; a change of it makes another request."""
    file = tmp_path / "places.csv"
    x, y = shapely.centroid(shapely.box(*town_bounds(town))).coords[0]
    file.write_text(f"lat,lon\n{y},{x}\n")
    plain = shoal("release", town.plan, "--json")
    assert plain.status == 0, plain.err
    assert shoal("sensitive", "deny", "add", file, "--state", town.plan.parent / ".shoal").status == 0
    denied = shoal("release", town.plan)
    assert denied.status == 0, denied.err
    folders = sorted((town.plan.parent / "releases").iterdir())
    assert len(folders) == 2, "another list is another request"
    one, other = (json.loads((folder / "manifest.json").read_text()) for folder in folders)
    for manifest in (one, other):
        for own in ("id", "created", "account", "files", "statistics", "log"):
            manifest.pop(own, None)
    assert one == other
    said = denied.out + denied.err
    assert "sensitive place or near" not in said and f"{y}"[:7] not in said and "deny" not in said
    assert shoal("release", town.plan).status == 0 and len(list((town.plan.parent / "releases").iterdir())) == 2
    (town.plan.parent / ".shoal" / "deny.key").unlink()
    refused(shoal("release", town.plan), 1, "deny.key is gone")


def town_bounds(town: Town) -> tuple[float, float, float, float]:
    zones = json.loads((town.plan.parent / "districts.geojson").read_text())
    shapes = [shapely.from_geojson(json.dumps(feature["geometry"])) for feature in zones["features"]]
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    return west, south, east, north


def test_check_says_what_is_applied(tmp_path: Path, town: Town) -> None:
    assert "No list of sensitive places was applied" in " ".join(shoal("check", town.plan).out.split())
    x, y = shapely.centroid(shapely.box(*town_bounds(town))).coords[0]
    write_list(town.plan.parent / "list.geojson", [shapely.Point(x, y)])
    text = town.plan.read_text().replace("[period]", '[sensitive]\nfile = "list.geojson"\n[period]')
    town.plan.write_text(text)
    said = " ".join(shoal("check", town.plan).out.split())
    assert "list of 1 sensitive places" in said and "within 533 metres" in said
