"""An archive of tiles is looked through before the server starts: what a browser could not draw is refused."""

import gzip
from pathlib import Path

import pytest

from shoal.errors import UsageError
from shoal.serve.archive import Archive
from shoal.serve.basemap import basemap_of
from shoal.serve.problems import Problem
from tests.serve.archives import BROTLI, MLT, NONE, PNG, archive, number

TILES = {(0, 0, 0): b"first", (1, 0, 0): b"second", (1, 1, 0): b"third"}
WHOLE = archive(TILES, {"attribution": "us"})


def test_tiles_stand_along_the_curve() -> None:
    """The examples of the specification."""
    assert [number(tile) for tile in ((0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0), (2, 0, 0))] == [
        0,
        1,
        2,
        3,
        4,
        5,
    ]
    assert number((12, 3423, 1763)) == 19078479


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"packing": NONE, "tile_packing": NONE},
        {"kind": PNG, "tile_packing": NONE},
        {"kind": PNG, "tile_packing": 0},
    ],
)
def test_what_is_whole_is_opened(how: dict[str, int], tmp_path: Path) -> None:
    data = archive(TILES, {"attribution": "us"}, **how)  # type: ignore[arg-type]
    file = tmp_path / "map.of.any.name"
    file.write_bytes(data)
    found = basemap_of(file)
    assert isinstance(found, Archive) and found.size == len(data)
    assert found.read(5, 9) == data[5:14]


def _with(data: bytes, at: int, other: bytes) -> bytes:
    return data[:at] + other + data[at + len(other) :]


BARE = archive(TILES, packing=NONE)
"""Its directory begins at byte 127: how many entries, three ids, three runs, three lengths, three offsets."""
BAD = {
    "empty": (b"", "no PMTiles archive of version 3"),
    "another kind of file": (b"SQLite format 3\x00" * 20, "no PMTiles archive of version 3"),
    "version 2": (b"PM\x02\x00" + bytes(600_000), "no PMTiles archive of version 3"),
    "version 4": (archive(TILES, version=4), "no PMTiles archive of version 3"),
    "half a header": (WHOLE[:100], "shorter than its header says"),
    "a byte is missing": (WHOLE[:-1], "shorter than its header says"),
    "tiles of MapLibre": (archive(TILES, kind=MLT), "tiles of type MLT; the explorer draws MVT, PNG, JPEG, WebP"),
    "tiles of no kind": (archive(TILES, kind=77), "tiles of type unknown"),
    "directory in brotli": (archive(TILES, packing=BROTLI), "brotli"),
    "tiles in brotli": (archive(TILES, tile_packing=BROTLI), "brotli"),
    "tiles in nobody knows what": (archive(TILES, tile_packing=0), "unknown"),
    "directory in nobody knows what": (archive(TILES, packing=99), "unknown"),
    "no gzip": (_with(WHOLE, 127, bytes(20)), "can't be read"),
    "no entry": (_with(BARE, 127, b"\0"), "can't be read"),
    "more entries than bytes": (_with(BARE, 127, b"\xff\x7f"), "can't be read"),
    "a number without end": (_with(BARE, 127, b"\xff" * 13), "can't be read"),
    "a tile past the end": (_with(BARE, 134, b"\x7f"), "can't be read"),
    "metadata that are no object": (BARE.replace(b"{}", b"[]"), "can't be read"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    data, said = BAD[name]
    file = tmp_path / "map.pmtiles"
    file.write_bytes(data)
    with pytest.raises(UsageError) as refusal:
        basemap_of(file)
    assert said in str(refusal.value) and str(refusal.value).startswith(f"--basemap {file} ")
    assert "\n" not in str(refusal.value)


def test_a_directory_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "map.pmtiles"
    bomb = gzip.compress(bytes(8 << 20))
    data = bytearray(WHOLE[:127])
    data[16:24] = len(bomb).to_bytes(8, "little")
    data[24:40] = data[40:56] = data[56:72] = bytes(16)
    file.write_bytes(bytes(data) + bomb)
    with pytest.raises(UsageError, match="can't be read"):
        basemap_of(file)


def test_another_file_in_its_place_is_not_looked_at_and_a_change_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "map.pmtiles"
    file.write_bytes(WHOLE)
    found = basemap_of(file)
    assert isinstance(found, Archive)
    (tmp_path / "new").write_bytes(b"other")
    (tmp_path / "new").replace(file)
    assert found.read(0, len(WHOLE)) == WHOLE
    file.write_bytes(WHOLE)
    again = basemap_of(file)
    assert isinstance(again, Archive) and again.etag != found.etag
    with file.open("r+b") as opened:
        opened.truncate(200)
    with pytest.raises(Problem, match="was changed"):
        again.read(0, 10)
    with pytest.raises(Problem, match="was changed"):
        again.read(190, 20)
