"""Tiles and bundles: paths and bytes as the specification has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.errors import UsageError, VerificationError
from shoal.translog.tiles import Tile, levels, pack, parse_path, unpack, width_at


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(0, 0), "tile/0/000"),
        (Tile(63, 999), "tile/63/999"),
        (Tile(1, 1000), "tile/1/x001/000"),
        (Tile(1, 1, 17), "tile/1/001.p/17"),
        (Tile("entries", 273, 112), "tile/entries/273.p/112"),
    ],
)
def test_a_path_is_read_and_written(tile: Tile, path: str) -> None:
    assert tile.path == path and parse_path(path) == tile


@given(level=st.integers(0, 63), index=st.integers(0, 2**60), width=st.integers(1, 256))
def test_every_tile_has_its_own_path(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "tile/00/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/../0/000",
        "tile/x/000",
    ],
)
def test_another_path_is_wrong_use(wrong: str) -> None:
    with pytest.raises(UsageError):
        parse_path(wrong)


def test_the_widths_of_the_specification() -> None:
    widths = [width_at(level, index, 70_000) for level, index in ((0, 272), (0, 273), (0, 274), (1, 0), (1, 1), (2, 0))]
    assert widths == [256, 112, 0, 256, 17, 1]
    assert [len(levels(size)) for size in (0, 1, 255, 256, 65_535, 65_536)] == [0, 1, 1, 2, 2, 3]


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_a_bundle_gives_its_entries_back(entries: list[bytes]) -> None:
    bundle = pack(entries)
    assert unpack(bundle, len(entries)) == entries
    spoiled = [(bundle, len(entries) + 1), (bundle + b"\x00", len(entries)), (bundle + b"\x00\x00", len(entries))]
    for data, width in [*spoiled, *([(bundle[:-1], len(entries))] if bundle else [])]:
        with pytest.raises(VerificationError):
            unpack(data, width)


def test_the_longest_entry() -> None:
    assert pack([bytes(65_535)])[:2] == b"\xff\xff"
    with pytest.raises(UsageError):
        pack([bytes(65_536)])
