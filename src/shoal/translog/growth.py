"""What changes in the files of a log when entries are added. Pure: it takes the right edge and gives the new files."""

from collections.abc import Sequence
from dataclasses import dataclass

from shoal.translog.merkle import fold, leaf_hash
from shoal.translog.tiles import ENTRIES, SPAN, Tile, pack
from shoal.translog.tree import edge_root


@dataclass(frozen=True, slots=True)
class Growth:
    """The log after it has grown: its size and root, the files to write, and tiles that are partial no longer."""

    size: int
    root: bytes
    files: dict[Tile, bytes]
    filled: tuple[Tile, ...]


def grow(size: int, edge: Sequence[list[bytes]], bundle: Sequence[bytes], entries: Sequence[bytes]) -> Growth:
    """Add `entries` to a log of `size` entries.

    edge     the hashes of the partial tile at each level's right end
    bundle   the entries of the partial bundle: as many as edge[0] has hashes

    Takes time for the new entries and the edge (at most 255 hashes a level), whatever the size.
    """
    files: dict[Tile, bytes] = {}
    filled: list[Tile] = []
    start = size // SPAN
    for tile, part in _cut(ENTRIES, start, len(bundle), [*bundle, *entries]):
        files[tile] = pack(part)
        if tile.width == SPAN and tile.index == start and bundle:
            filled.append(tile)
    after: list[list[bytes]] = []
    fresh = [leaf_hash(entry) for entry in entries]
    level = 0
    while fresh or level < len(edge):
        old = edge[level] if level < len(edge) else []
        start = (size >> (8 * level)) // SPAN
        rest, above = [*old, *fresh], []
        for tile, part in _cut(level, start, len(old), rest):
            files[tile] = b"".join(part)
            if tile.width == SPAN:
                above.append(fold(part))
                if tile.index == start and old:
                    filled.append(tile)
        after.append(rest[len(rest) - len(rest) % SPAN :])
        fresh = above
        level += 1
    grown = size + len(entries)
    return Growth(grown, edge_root(grown, after), files, tuple(filled))


def _cut(level: int | str, start: int, known: int, row: Sequence[bytes]) -> list[tuple[Tile, Sequence[bytes]]]:
    """The tiles of a row that begins with tile `start`, but those that hold no more than the `known` first."""
    if len(row) == known:
        return []
    return [
        (Tile(level, start + at // SPAN, len(row[at : at + SPAN])), row[at : at + SPAN])
        for at in range(0, len(row), SPAN)
    ]
