"""What is shown to whom, how it is paged and filtered, and that no link leads elsewhere."""

import json
import logging
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shoal.release.read import Release, open_release
from shoal.release.statistic_facts import ESTIMATES
from shoal.serve.cube import cube_of
from shoal.serve.ogc.features import Features
from shoal.serve.problems import Problem
from shoal.serve.shelf import Shelf
from tests.serve.ogc.conftest import FIRST, SPOILT, Ask

ITEMS = f"/collections/{FIRST}.presence/items"


@pytest.fixture(scope="module")
def release(folder: Path) -> Release:
    return open_release(folder / FIRST)


def ids(ask: Ask, **more: Any) -> set[str]:
    return {one["id"].partition(".")[0] for one in ask("/collections", **more).json()["collections"]}


def test_only_what_verifies_and_may_be_seen(ask: Ask) -> None:
    assert ids(ask) == ids(ask, grant=("2026-03-02-*",)) == {FIRST}
    assert ids(ask, grant=("2026-03-09-*",)) == ids(ask, grant=()) == set()


@pytest.mark.parametrize("path", ["", "/schema", "/queryables", "/items", "/items/0"])
def test_what_may_not_be_seen_is_not_there(ask: Ask, path: str) -> None:
    hidden, none = f"/collections/{FIRST}.presence{path}", f"/collections/2026-03-01-none.presence{path}"
    said = []
    for asked, grant in ((hidden, ("2026-03-09-*",)), (none, ("*",))):
        with pytest.raises(Problem) as caught:
            ask(asked, grant=grant)
        said.append((caught.value.status, caught.value.detail.replace(FIRST, "X").replace("2026-03-01-none", "X")))
    assert said[0] == said[1] and said[0][0] == 404
    with pytest.raises(Problem) as caught:
        ask(f"/collections/{SPOILT}.residents{path}")
    assert caught.value.status == 409


def test_pages_cover_everything_once(ask: Ask, release: Release) -> None:
    found, path, query = [], ITEMS, {"limit": "500"}
    while True:
        page = ask(path, **query).json()
        found += page["features"]
        assert page["numberMatched"] == 1176 and page["numberReturned"] == len(page["features"])
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        query = dict(pair.split("=") for pair in following[0].partition("?")[2].split("&"))
    assert [one["id"] for one in found] == [str(number) for number in range(1176)]
    table = release["presence"].to_polars().sort("hour", "zone", maintain_order=True)
    assert [one["properties"]["estimate"] for one in found] == table["estimate"].to_list()
    assert ask(ITEMS, offset="5000").json()["features"] == []
    assert ask(ITEMS, resulttype="hits").json()["numberMatched"] == 1176


@pytest.mark.parametrize(
    ("when", "hours"),
    [
        ("2026-03-02T08:30:00-06:00", [8]),
        ("2026-03-02T14:00:00Z", [8]),
        ("2026-03-02T08:00:00", [8]),
        ("2026-03-02T08:30:00-06:00/2026-03-02T10:00:00-06:00", [8, 9, 10]),
        ("../2026-03-02T01:00:00-06:00", [0, 1]),
        ("2026-03-08T23:10:00-06:00/..", [167]),
        ("2026-03-03", list(range(24, 48))),
        ("2026-03-08/2026-03-08", list(range(144, 168))),
    ],
)
def test_datetime(ask: Ask, release: Release, when: str, hours: list[int]) -> None:
    page = ask(ITEMS, datetime=when, zone="z00", limit="10000").json()
    known = [hour.isoformat() for hour in release["presence"].to_polars()["hour"][:168]]
    assert [one["properties"]["hour"] for one in page["features"]] == [known[hour] for hour in hours]


def test_days_and_whole_periods(ask: Ask) -> None:
    days = ask(f"/collections/{FIRST}.visits/items", datetime="2026-03-03T12:00:00-06:00", zone="z00").json()
    assert [one["properties"]["day"] for one in days["features"]] == ["2026-03-03"]
    whole = f"/collections/{FIRST}.residents/items"
    assert ask(whole, datetime="2026-03-05T00:00:00Z").json()["numberMatched"] == 7


def test_bbox_and_keys(ask: Ask, release: Release) -> None:
    inside = {"bbox": "-103.3895,20.6005,-103.3805,20.6095"}
    assert {one["properties"]["zone"] for one in ask(ITEMS, **inside).json()["features"]} == {"z01"}
    assert ask(ITEMS, bbox="10,10,11,11").json()["numberMatched"] == 0
    flows = f"/collections/{FIRST}.flows/items"
    through = ask(flows, bbox="-103.376,20.604,-103.374,20.606", origin="z01", limit="100").json()["features"]
    # the line from z01 to z03 passes through z02's centre, which neither of its ends does
    assert ("z01", "z03") in {(f["properties"]["origin"], f["properties"]["destination"]) for f in through}
    table = release["flows"].to_polars()
    row = table.filter((table["origin"] == "z01") & (table["destination"] == "z04") & (table["daypart"] == "night"))
    one = ask(flows, origin="z01", destination="z04", daypart="night").json()
    assert one["numberMatched"] == 1 and one["features"][0]["properties"]["estimate"] == row["estimate"][0]
    dwell = ask(f"/collections/{FIRST}.dwell/items", **{"class": release["dwell"].facts.classes[1].label}).json()
    assert dwell["numberMatched"] == 7
    assert ask(ITEMS, hour="2026-03-02T08:00:00-06:00").json()["numberMatched"] == 7
    assert ask(ITEMS, zone="nowhere").json()["numberMatched"] == 0
    bare = ask(ITEMS, properties="zone,estimate", skipGeometry="true", limit="1").json()["features"][0]
    assert set(bare["properties"]) == {"zone", "estimate"} and bare["geometry"] is None


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"colour": "red"}, "there is no parameter 'colour' here"),
        ({"estimate": "3"}, "there is no parameter 'estimate' here"),
        ({"filter": "zone='z00'"}, "there is no parameter 'filter' here"),
        ({"f": "html"}, "there is no format 'html' here"),
        ({"zone": ["z00", "z01"]}, "more than once"),
        ({"bbox": "nan,0,1,1"}, "bbox is no box"),
        ({"datetime": "2026-03-03T00:00:00Z/2026-03-02T12:00:00Z"}, "ends before it begins"),
        ({"hour": "morning"}, "is no time"),
    ],
)
def test_what_can_t_be_meant(ask: Ask, query: dict[str, str], sentence: str) -> None:
    with pytest.raises(Problem, match=sentence) as caught:
        ask(ITEMS, **query)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "query", [{"bbox": "1,2,3"}, {"limit": "-1"}, {"limit": "x"}, {"offset": "x"}, {"datetime": "soon"}]
)
def test_what_pygeoapi_refuses(ask: Ask, query: dict[str, str]) -> None:
    with pytest.raises(Problem) as caught:
        ask(ITEMS, **query)
    assert caught.value.status == 400 and caught.value.more["code"] == "InvalidParameterValue"


def test_an_answer_is_tagged_and_packed(ask: Ask) -> None:
    first, again = ask(ITEMS, limit="50"), ask(ITEMS, limit="50")
    assert first.headers["content-encoding"] in ("gzip", "zstd") and first.headers["etag"] == again.headers["etag"]
    assert ask(ITEMS, limit="49").headers["etag"] != first.headers["etag"]


def test_suppressed_is_null(shelf: Shelf) -> None:
    """A number that is not there is null, never zero."""
    opened = shelf.open(FIRST)
    table = opened.table("residents")
    gone = pl.arange(7, eager=True) == 3
    numbers = opened.numbers(table).with_columns(
        *(pl.when(~gone).then(pl.col(name)).alias(name) for name in ESTIMATES), suppressed=gone
    )
    said = Features(opened, "residents", cube_of(table, numbers)).feature(0, 3)["properties"]
    assert said["suppressed"] is True and said["estimate"] is None and said["consistent"] is None


def test_no_link_leads_to_another_machine_or_to_nothing(ask: Ask) -> None:
    paths = ["", "/collections", f"/collections/{FIRST}.presence", ITEMS, f"{ITEMS}/3", "/conformance", "/openapi"]
    for path in paths:
        answer = ask(path, accept="text/html,application/xhtml+xml")  # a browser gets the same
        assert answer.headers["content-type"].split(";")[0].endswith("json")
        document = answer.json()
        links = [
            *document.get("links", ()),
            *(link for one in document.get("collections", ()) for link in one["links"]),
        ]
        for link in links:
            assert link["href"].startswith("http://localhost:7390/")
            below = link["href"].removeprefix("http://localhost:7390/ogc")
            if link["rel"] != "about":
                assert ask(below.partition("?")[0]).status_code == 200, link
        elsewhere = [
            word for word in json.dumps(document).split('"') if word.startswith("http") and "localhost" not in word
        ]
        assert all(word.startswith(("http://www.opengis.net/", "http://json-schema.org/")) for word in elsewhere), path


def test_nothing_is_logged_and_no_other_logging_touched(ask: Ask, capfd: pytest.CaptureFixture[str]) -> None:
    before = list(logging.getLogger().handlers)
    with pytest.raises(Problem):
        ask(ITEMS, bbox="secret-question")
    out, err = capfd.readouterr()
    assert "secret-question" not in out + err and logging.getLogger().handlers == before
