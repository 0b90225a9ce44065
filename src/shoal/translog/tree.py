"""The tree of one checkpoint, read from tiles. No hash is believed before it has led to the checkpoint's root."""

from collections.abc import Callable

from shoal.errors import VerificationError
from shoal.translog.merkle import WIDTH, fold, subtree_root
from shoal.translog.tiles import HEIGHT, SPAN, Tile, levels, split, width_at

_KEPT = 256
"""Full tiles that are remembered, about 4 MiB; then all are forgotten, which needs no lock between threads."""


class Tree:
    """The full subtrees of a tree of `size` entries with `root`.

    `read` gives the bytes of a tile; what it gives need not be right, since everything is checked: the partial tiles
    at the right edge against the root, a full tile against its hash in the tile above. Raises `VerificationError`.
    """

    def __init__(self, size: int, root: bytes, read: Callable[[Tile], bytes]) -> None:
        self.size = size
        self.root = root
        self._read = read
        self._edge: list[list[bytes]] | None = None
        self._full: dict[tuple[int, int], list[bytes]] = {}

    def hash(self, level: int, index: int) -> bytes:
        """Of the full subtree over the entries [index * 2**level, (index + 1) * 2**level)."""
        tile_level, inside = divmod(level, HEIGHT)
        first = index << inside
        hashes = self.tile(tile_level, first // SPAN)
        return fold(hashes[first % SPAN : first % SPAN + (1 << inside)])

    def tile(self, level: int, index: int) -> list[bytes]:
        """The hashes of a tile, as many as it has in this tree."""
        if index == (self.size >> (HEIGHT * level)) // SPAN:
            return self.edge()[level]
        known = self._full.get((level, index))
        if known is None:
            above = self.tile(level + 1, index // SPAN)[index % SPAN]
            known = self._fetch(level, index)
            if fold(known) != above:
                raise VerificationError(f"{Tile(level, index).path} of the log does not belong to its checkpoint")
            if len(self._full) >= _KEPT:
                self._full.clear()
            self._full[level, index] = known
        return known

    def edge(self) -> list[list[bytes]]:
        """The hashes of the partial tile at the right end of every level, none where all tiles are full."""
        if self._edge is None:
            edge = [self._fetch(level, (self.size >> (HEIGHT * level)) // SPAN) for level in levels(self.size)]
            if edge_root(self.size, edge) != self.root:
                raise VerificationError("the tiles of the log do not have the root of its checkpoint")
            self._edge = edge
        return self._edge

    def _fetch(self, level: int, index: int) -> list[bytes]:
        width = width_at(level, index, self.size)
        if width == 0:
            return []
        tile = Tile(level, index, width)
        data = self._read(tile)
        if len(data) != width * WIDTH:
            raise VerificationError(f"{tile.path} of the log has {len(data)} bytes instead of {width * WIDTH}")
        return split(data)


def edge_root(size: int, edge: list[list[bytes]]) -> bytes:
    """The root of a tree of `size` entries, from the partial tiles at its right end."""

    def stored(level: int, index: int) -> bytes:
        tile_level, inside = divmod(level, HEIGHT)
        first = (index << inside) % SPAN
        return fold(edge[tile_level][first : first + (1 << inside)])

    return subtree_root(0, size, stored)
