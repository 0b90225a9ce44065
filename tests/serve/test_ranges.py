"""Tiles by ranges of bytes, as RFC 9110 has them, over a real connection."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shoal.serve.guard import HEADERS
from shoal.serve.problems import Problem
from shoal.serve.ranges import LARGEST, LEAST_COST, WHOLE_COST, cost_of, range_of
from shoal.serve.server import Settings
from shoal.serve.tokens import TokenFile, create
from tests.serve.archives import archive
from tests.serve.live import live
from tests.serve.test_routes import detail_of

DATA = archive({(0, 0, 0): bytes(range(256)) * 8000}, tile_packing=1)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("ranges") / "map.pmtiles"
    found.write_bytes(DATA)
    return found


@pytest.fixture(scope="module")
def tiled(shelf_folder: Path, file: Path) -> Iterator[httpx.Client]:
    with live(shelf_folder, Settings(rate=0, ahead=False, basemap=file)) as client:
        yield client


@pytest.fixture(scope="module")
def where(tiled: httpx.Client) -> str:
    found = tiled.get("/api/releases").json()["basemap"]
    assert found.startswith("/api/basemap.pmtiles?v=")
    return str(found)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-16383", 0, 16384),
        ("bytes=7-7", 7, 8),
        ("Bytes=100-99999999999", 100, len(DATA)),
        ("bytes=1000-", 1000, len(DATA)),
        ("bytes=-5", len(DATA) - 5, len(DATA)),
        ("bytes=-99999999999", 0, len(DATA)),
    ],
)
def test_a_range_is_given_and_never_more_than_the_file(
    tiled: httpx.Client, where: str, asked: str, start: int, end: int
) -> None:
    answer = tiled.get(where, headers={"Range": asked, "Accept-Encoding": "gzip, zstd"})
    assert answer.status_code == 206
    assert answer.content == DATA[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(DATA)}"
    assert answer.headers["content-length"] == str(end - start)
    assert answer.headers["content-type"] == "application/vnd.pmtiles"
    assert "content-encoding" not in answer.headers
    assert "immutable" in answer.headers["cache-control"] and "private" in answer.headers["cache-control"]
    for name, value in HEADERS:
        assert answer.headers[name.decode()] == value.decode()


@pytest.mark.parametrize(
    "asked", [f"bytes={len(DATA)}-", "bytes=9-8", "bytes=-0", "bytes=-", "bytes=0-1,5-6", "bytes=a-b", "bytes=0--1"]
)
def test_no_range_of_the_file_is_refused(tiled: httpx.Client, where: str, asked: str) -> None:
    answer = tiled.get(where, headers={"Range": asked})
    detail_of(answer, 416)
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


def test_the_whole_its_head_and_what_the_asker_has(tiled: httpx.Client, where: str) -> None:
    whole = tiled.get(where)
    assert whole.status_code == 200 and whole.content == DATA and whole.headers["accept-ranges"] == "bytes"
    assert tiled.get(where, headers={"Range": "pages=0-1"}).content == DATA
    head = tiled.head(where, headers={"Range": "bytes=0-1"})
    assert head.status_code == 200 and head.headers["content-length"] == str(len(DATA)) and head.content == b""
    tag = whole.headers["etag"]
    assert tag.startswith('"')
    seen = tiled.get(where, headers={"If-None-Match": f'"x", {tag}', "Range": "bytes=0-1"})
    assert seen.status_code == 304 and seen.content == b"" and seen.headers["etag"] == tag
    for given, size in ((tag, 2), ('"other"', len(DATA)), (f"W/{tag}", len(DATA)), ("Thu, 26 Nov 2026", len(DATA))):
        assert len(tiled.get(where, headers={"Range": "bytes=0-1", "If-Range": given}).content) == size


def test_only_the_operators_file_and_only_this_version(tiled: httpx.Client, client: httpx.Client, where: str) -> None:
    bare = where.partition("?")[0]
    assert tiled.get(bare, headers={"Range": "bytes=0-6"}).content == b"PMTiles"
    assert "immutable" not in tiled.get(bare, headers={"Range": "bytes=0-6"}).headers["cache-control"]
    detail_of(tiled.get(f"{bare}?v={'0' * 16}"), 404)
    detail_of(tiled.get(f"{bare}?file=/etc/passwd"), 422)
    detail_of(tiled.get(f"{bare}/../../etc/passwd"), 404)
    detail_of(tiled.get("/api/basemap"), 404)
    detail_of(client.get(bare), 404)
    detail_of(tiled.post(bare), 405)


def test_tiles_need_a_token_where_the_rest_does(shelf_folder: Path, file: Path, tmp_path: Path) -> None:
    token, _ = create(tmp_path / "tokens.json", "Ana", ("*",), 1)
    ways = (TokenFile(tmp_path / "tokens.json", print),)
    with live(shelf_folder, Settings(rate=0, ahead=False, basemap=file, ways=ways)) as client:
        detail_of(client.get("/api/basemap.pmtiles", headers={"Range": "bytes=0-6"}), 401)
        given = {"Range": "bytes=0-6", "Authorization": f"Bearer {token}"}
        assert client.get("/api/basemap.pmtiles", headers=given).content == b"PMTiles"


def test_a_pan_is_no_flood_and_a_flood_is_one(shelf_folder: Path, file: Path) -> None:
    """As many tiles at once as the widest map shows, several times over; whole files are another matter."""
    with live(shelf_folder, Settings(rate=0.01, burst=12, ahead=False, basemap=file)) as client:

        def ask(pieces: int, length: int) -> list[int]:
            asked = {"Range": f"bytes=0-{length - 1}"}
            return [client.get("/api/basemap.pmtiles", headers=asked).status_code for _ in range(pieces)]

        assert ask(60, 10_000) == [206] * 60
        detail_of(client.get("/api/basemap.pmtiles"), 429)
        assert ask(5, LARGEST)[::4] == [206, 429]
    assert cost_of("bytes=0-16383") == LEAST_COST
    assert cost_of("bytes=0-99999999") == cost_of("bytes=0-") == cost_of("bytes=-99999999") == LARGEST / (4 << 20)
    assert cost_of("") == cost_of(None) == cost_of("bytes=0-1,3-4") == WHOLE_COST
    assert cost_of("bytes=9-1") == LEAST_COST  # it is refused


def test_a_piece_has_a_largest_size() -> None:
    assert range_of("bytes=5-", 1 << 40) == (5, LARGEST)
    assert range_of(None, 10) is None
    with pytest.raises(Problem):
        range_of("bytes=0-", 0)
