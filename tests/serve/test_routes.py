"""The API as its users see it: over a real connection, against what was published."""

import gzip
import io
import json

import geopandas as gpd
import httpx
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoal.release.read import Release
from tests.serve.conftest import SPOILT


def detail_of(answer: httpx.Response, status: int) -> str:
    """The sentence of a problem, which is all that RFC 9457 wants it to be."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == status
    assert isinstance(said["detail"], str) and "\n" not in said["detail"] and "/tmp" not in said["detail"]
    return str(said["detail"])


def test_the_list_names_every_release_and_marks_the_spoilt_one(
    client: httpx.Client, first: str, second: str, release: Release
) -> None:
    detail_of(client.get(f"/api/releases/{SPOILT}"), 409)
    assert client.get(f"/api/releases/{first}").status_code == 200
    listed = {one["id"]: one for one in client.get("/api/releases").json()["releases"]}
    assert set(listed) == {first, second, SPOILT}
    assert listed[first]["verified"] is True and listed[first]["problem"] is None
    assert listed[SPOILT]["verified"] is False and "does not verify" in listed[SPOILT]["problem"]
    assert listed[first]["statistics"] == list(release.statistics)
    assert listed[first]["period"] == {"start": "2026-03-02", "end": "2026-03-09"}
    assert listed[first]["synthetic"] is False and listed[first]["unit"] == "week"


def test_nothing_of_a_spoilt_release_is_shown(client: httpx.Client) -> None:
    for path in ("", "/zones", "/tables/presence", "/totals/presence"):
        assert "get an unchanged copy" in detail_of(client.get(f"/api/releases/{SPOILT}{path}"), 409)


def test_the_facts_are_the_manifest_and_what_the_tables_hold(
    client: httpx.Client, first: str, second: str, release: Release, classed: Release
) -> None:
    for id_, each in ((first, release), (second, classed)):
        said = client.get(f"/api/releases/{id_}").json()
        assert said["manifest"] == json.loads((each.folder / "manifest.json").read_bytes())
        assert set(said["tables"]) == set(each.tables)
        for name, table in said["tables"].items():
            frame = each[name].to_polars()
            assert table["columns"] == frame.columns and table["rows"] == frame.height
            times = frame[table["time"]].n_unique() if table["time"] else 1
            assert max(1, len(table["times"])) == times
            assert table["rows_at_each_time"] * times == frame.height
            assert table["title"] and table["unit"] and table["noise"].startswith("±")
            assert "people" not in f"{table['title']} {table['unit']}".lower()  # devices are counted
    west, south, east, north = said["bbox"]
    assert (round(west, 4), round(south, 4), round(east, 4), round(north, 4)) == (-103.4, 20.6, -103.36, 20.62)


def test_every_format_holds_the_same_rows(client: httpx.Client, first: str, release: Release) -> None:
    where = f"/api/releases/{first}/tables/visits"
    published = release["visits"].to_polars().sort("day", maintain_order=True)
    arrow = pa.ipc.open_stream(client.get(where, headers={"Accept": "application/vnd.apache.arrow.stream"}).content)
    assert pl.from_arrow(arrow.read_all()).rows() == published.rows()  # type: ignore[union-attr]
    parquet = client.get(where, params={"format": "parquet"}).content
    assert pl.from_arrow(pq.read_table(io.BytesIO(parquet))).rows() == published.rows()  # type: ignore[union-attr]
    csv = pl.read_csv(client.get(where, headers={"Accept": "text/csv"}).content, try_parse_dates=True)
    assert csv.rows() == published.rows()
    said = client.get(where, headers={"Accept": "text/html,*/*;q=0.8"}).json()
    assert said["rows_total"] == published.height and said["next_offset"] is None
    assert [row["estimate"] for row in said["rows"]] == published["estimate"].to_list()
    assert "arrow" in detail_of(client.get(where, headers={"Accept": "image/png"}), 406)
    assert "lose digits" in detail_of(client.get(where, params={"format": "csv", "cells": "64"}), 422)


def test_arrow_for_browsers_is_neither_compressed_nor_of_new_types(client: httpx.Client, first: str) -> None:
    content = client.get(
        f"/api/releases/{first}/tables/presence", params={"format": "arrow", "time": "2026-03-04T08:00"}
    )
    table = pa.ipc.open_stream(content.content).read_all()
    assert [str(field.type) for field in table.schema][:3] == [
        "string", "timestamp[us, tz=America/Mexico_City]", "double"
    ]  # fmt: skip
    assert len(content.content) > sum(column.nbytes for column in table.columns)


def test_a_page_says_where_the_next_begins(client: httpx.Client, first: str, release: Release) -> None:
    address, rows = f"/api/releases/{first}/tables/flows?limit=90&time=morning", []
    turns = 0
    while address:
        answer = client.get(address)
        rows += answer.json()["rows"]
        assert answer.headers["shoal-rows"] == str(len(answer.json()["rows"]))
        assert answer.headers["shoal-rows-total"] == "49"
        address = answer.links.get("next", {}).get("url", "")
        turns += 1
    assert (turns, len(rows)) == (1, 49)
    first_page = client.get(f"/api/releases/{first}/tables/flows?limit=40&time=morning")
    second_page = client.get(first_page.links["next"]["url"])
    assert first_page.json()["rows"] + second_page.json()["rows"] == rows
    assert "next" not in second_page.links


def test_zones_as_geojson_geoparquet_and_arrow(client: httpx.Client, first: str, release: Release) -> None:
    where = f"/api/releases/{first}/zones"
    said = client.get(where)
    assert said.headers["content-type"] == "application/geo+json"
    frame = gpd.GeoDataFrame.from_features(said.json()["features"], crs="EPSG:4326")
    assert list(frame["zone"]) == list(release.places.ids)
    assert bool(frame.geometry.geom_equals_exact(release.zones.geometry, 1e-6).all())
    parquet = gpd.read_parquet(io.BytesIO(client.get(where, params={"format": "parquet"}).content))
    assert bool((parquet.geometry == release.zones.geometry).all())
    arrow = pa.ipc.open_stream(client.get(where, params={"format": "arrow"}).content).read_all()
    assert arrow["zone"].to_pylist() == list(release.places.ids)
    assert client.get(where, params={"bbox": "-103.395,20.601,-103.394,20.602"}).json()["features"][0]["id"] == "z00"
    bare = client.get(where, params={"geometry": "none", "bbox": "-103.395,20.601,-103.394,20.602"}).json()
    assert [each["geometry"] for each in bare["features"]] == [None]
    assert client.get(where, params={"bbox": "0,0,1,1", "format": "parquet"}).status_code == 200


def test_totals_add_up_what_was_published(client: httpx.Client, first: str, second: str, release: Release) -> None:
    said = client.get(f"/api/releases/{first}/totals/presence").json()
    frame = release["presence"].to_polars()
    wanted = frame.group_by("hour", maintain_order=True).agg(pl.col("estimate").sum()).sort("hour")
    assert [row["estimate"] for row in said["rows"]] == pytest.approx(wanted["estimate"].to_list())
    assert said["source"] == "presence" and said["how"].startswith("added up") and said["time"] == "hour"
    stderr = frame["stderr"][0] * 7**0.5
    for row in said["rows"]:
        assert row["stderr"] == pytest.approx(stderr)
        assert row["upper"] - row["lower"] == pytest.approx(2 * 1.959964 * stderr, rel=1e-4)
    kinds = client.get(f"/api/releases/{second}/totals/dwell").json()["rows"]
    assert {row["class"] for row in kinds} and all("daypart" in row for row in kinds)
    csv = client.get(f"/api/releases/{first}/totals/residents", params={"format": "csv"}).text
    assert csv.startswith("estimate,stderr,lower,upper,consistent\n")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_button_runs_the_real_verifier(client: httpx.Client, first: str, method: str) -> None:
    said = client.request(method, f"/api/releases/{first}/verify").json()
    assert said["verified"] is True and "13 of 13 checks passed" in said["summary"]
    spoilt = client.request(method, f"/api/releases/{SPOILT}/verify").json()
    assert spoilt["verified"] is False
    assert [each["check"] for each in spoilt["checks"] if not each["passed"]]


def test_an_answer_that_the_asker_has_is_not_sent_again(client: httpx.Client, first: str) -> None:
    for path in (f"/api/releases/{first}", f"/api/releases/{first}/tables/visits?time=2026-03-03", "/api/releases"):
        for _ in range(2):  # the second comes from what is kept
            answer = client.get(path)
            tag = answer.headers["etag"]
            again = client.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert client.get(path, headers={"If-None-Match": '"other"'}).content == answer.content
    other = client.get(f"/api/releases/{first}/tables/visits?time=2026-03-04").headers["etag"]
    assert other != client.get(f"/api/releases/{first}/tables/visits?time=2026-03-03").headers["etag"]


def test_only_an_address_with_the_version_may_be_kept_for_ever(client: httpx.Client, first: str) -> None:
    version = client.get(f"/api/releases/{first}").json()["version"]
    where = f"/api/releases/{first}/tables/residents"
    assert client.get(where).headers["cache-control"] == "private, no-cache"
    assert "immutable" in client.get(where, params={"v": version[:12]}).headers["cache-control"]
    assert version in detail_of(client.get(where, params={"v": "00000000"}), 404)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_an_answer_is_packed_as_the_asker_can_unpack_it(client: httpx.Client, first: str, encoding: str) -> None:
    where = f"/api/releases/{first}/tables/presence?format=csv"
    plain = client.get(where, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for _ in range(2):
        with client.stream("GET", where, headers={"Accept-Encoding": encoding}) as answer:
            packed = b"".join(answer.iter_raw())
            assert answer.headers["content-encoding"] == encoding
            assert answer.headers["etag"] != plain.headers["etag"]
        unpacked = gzip.decompress(packed) if encoding == "gzip" else _unzstd(packed)
        assert unpacked == plain.content
        assert len(packed) < len(plain.content) / 2


def _unzstd(data: bytes) -> bytes:
    with pa.CompressedInputStream(pa.py_buffer(data), "zstd") as stream:
        return bytes(stream.read())


def test_head_is_get_without_a_body(client: httpx.Client, first: str) -> None:
    for path in ("/", f"/api/releases/{first}/tables/visits", "/api/releases/none"):
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/releases/2026-03-02-other", 404, "/api/releases lists"),
        ("/api/releases/notes", 404, "no release"),
        ("/api/releases/{first}/tables/secret", 404, "it has presence, visits, flows, residents"),
        ("/api/releases/{first}/totals/secret", 404, "it has"),
        ("/api/releases/{first}/zones?of=secret", 404, "it has"),
        ("/api/releases/{first}/tables/visits?zonee=z01", 422, "the nearest is 'zone'"),
        ("/api/releases/{first}/tables/visits?limit=many", 422, "'limit'"),
        ("/api/releases/{first}/tables/visits?format=xml", 422, "'format'"),
        ("/api/releases/{first}/zones?bbox=1,2", 422, "is no box"),
        ("/api/nothing", 404, "/api/docs"),
        ("/nothing.html", 404, "explorer is at /"),
    ],
)
def test_what_is_not_there_or_not_meant_is_said_in_one_sentence(
    client: httpx.Client, first: str, path: str, status: int, words: str
) -> None:
    assert words in detail_of(client.get(path.replace("{first}", first)), status)


def test_huge_questions_are_refused(client: httpx.Client, first: str) -> None:
    where = f"/api/releases/{first}/tables/visits"
    assert client.get(where, params={"zone": ["z01"] * 500}).status_code == 200
    assert "'zone'" in detail_of(client.get(where, params={"zone": ["z01"] * 501}), 422)
    assert "'limit'" in detail_of(client.get(where, params={"limit": 10**8}), 422)
    assert client.get(f"{where}?zone={'z' * 40_000}").status_code in (400, 422)
