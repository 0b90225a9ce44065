"""The catalogue entry: DCAT-AP's mandatory and recommended properties are there, in their types, and true."""

import json
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import shapely

from shoal.errors import UsageError
from shoal.release.exports import export
from shoal.release.read import Release, open_release
from tests.release import make

MANDATORY = {"dcat:Dataset": ("dct:title", "dct:description"), "dcat:Distribution": ("dcat:accessURL",)}
RECOMMENDED = (
    *("dct:publisher", "dct:spatial", "dct:temporal", "dcat:theme", "dcat:keyword", "dcat:distribution"),
    *("dct:accrualPeriodicity", "dct:license", "dct:issued", "dct:accessRights"),
)


@pytest.fixture
def entry(release: Release, tmp_path: Path) -> Any:
    return json.loads(export(release, None, tmp_path / "x.dcat.jsonld").read_text())


def test_properties_that_dcat_asks_for(entry: Any) -> None:
    for node in (entry, *entry["dcat:distribution"]):
        for name in MANDATORY[node["@type"]]:
            assert node[name]
    assert all(entry[name] for name in RECOMMENDED)
    assert entry["dct:license"]["@id"] == "https://creativecommons.org/licenses/by/4.0/"
    assert entry["dct:publisher"]["foaf:name"] == "City of Guadalajara"


def test_every_name_has_its_vocabulary(entry: Any) -> None:
    def names(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(names, node))
        if not isinstance(node, dict):
            return set()
        own = {name for name in node if not name.startswith("@")}
        kinds = {node["@type"]} if "@type" in node else set()
        return own | kinds | set().union(*(names(value) for value in node.values()))

    known = entry.pop("@context")
    assert {name.partition(":")[0] for name in names(entry)} <= set(known)


def test_where_and_when(entry: Any, release: Release) -> None:
    period = entry["dct:temporal"]
    assert date.fromisoformat(period["dcat:startDate"]["@value"]) == date(2026, 3, 2)
    assert date.fromisoformat(period["dcat:endDate"]["@value"]) == date(2026, 3, 8)  # the last day belongs to it
    box = shapely.from_wkt(entry["dct:spatial"]["dcat:bbox"]["@value"])
    assert box.bounds == pytest.approx(tuple(shapely.total_bounds(release.places.shapes)))
    assert datetime.fromisoformat(entry["dct:issued"]["@value"]).year == 2026


def test_files_are_those_of_the_release(entry: Any, release: Release) -> None:
    files = {d["dcat:accessURL"]["@id"]: d for d in entry["dcat:distribution"]}
    assert set(files) == {f"{release.id}/tables/{t}.parquet" for t in release.tables} | {f"{release.id}/zones.parquet"}
    for path, node in files.items():
        data = (release.folder.parent / path).read_bytes()
        assert node["spdx:checksum"]["spdx:checksumValue"]["@value"] == sha256(data).hexdigest()
        assert node["dcat:byteSize"]["@value"] == str(len(data))
    hours = files[f"{release.id}/tables/presence.parquet"]
    assert hours["dcat:temporalResolution"] == {"@value": "PT1H", "@type": "xsd:duration"}
    assert "±" in hours["dct:description"]["@value"]


def test_the_guarantee_in_words(entry: Any) -> None:
    text = entry["dct:description"]["@value"]
    assert "epsilon 1, delta 1e-08 for one device over one week" in text and "not people" in text
    assert "single one out" in entry["dct:rights"]["dct:description"]["@value"]


def test_a_simulation_says_so_first(tmp_path: Path) -> None:
    plan = make.plan_in(tmp_path, statistics={"residents": ("zone",)}, synthetic=True)
    release = open_release(make.release_in(tmp_path / "r", plan))
    entry = json.loads(export(release, None, tmp_path / "x.dcat.jsonld").read_text())
    assert entry["dct:title"]["@value"].startswith("SYNTHETIC") and "simulated" in entry["dct:description"]["@value"]


def test_it_is_about_all(release: Release, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is about the whole release; leave visits out"):
        export(release, "visits", tmp_path / "x.dcat.jsonld")
