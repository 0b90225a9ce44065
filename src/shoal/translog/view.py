"""A log as one checkpoint shows it: entries and proofs, read from static files, all checked against the root."""

from collections.abc import Callable, Sequence

from shoal.errors import UsageError, VerificationError
from shoal.translog.checkpoint import Checkpoint
from shoal.translog.merkle import WIDTH, leaf_hash, prove_consistency, prove_inclusion, subtree_root
from shoal.translog.note import Note
from shoal.translog.proof import Proof
from shoal.translog.tiles import ENTRIES, LARGEST_ENTRY, SPAN, Tile, pack, unpack, width_at
from shoal.translog.tree import Tree

LARGEST_FILE = SPAN * (2 + LARGEST_ENTRY)
"""Bytes of the largest file of a log, a full bundle of the longest entries."""

Fetch = Callable[[str, int], bytes | None]
"""(path below the log's prefix, most bytes) to the file's bytes, or None where there is no such file."""


class View:
    """The log up to a checkpoint whose signature was verified. Raises `VerificationError` for what does not belong."""

    def __init__(self, checkpoint: Checkpoint, note: Note, fetch: Fetch, tree: Tree | None = None) -> None:
        self.checkpoint = checkpoint
        self.note = note
        self._fetch = fetch
        self.tree = tree or Tree(checkpoint.size, checkpoint.root, self._tile)

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.checkpoint.size

    def entry(self, index: int) -> bytes:
        """The entry at `index`, from 0. Raises `UsageError` where there is none."""
        return self.entries(index, index + 1)[0]

    def entries(self, start: int, end: int) -> list[bytes]:
        """The entries [start, end). Raises `UsageError` where the log is shorter."""
        if not 0 <= start <= end <= self.size:
            raise UsageError(f"entries {start} to {end} are asked for, and the log has {self.size}, counted from 0")
        found: list[bytes] = []
        for index in range(start // SPAN, -(-end // SPAN)) if start < end else ():
            first = index * SPAN
            bundle = self.bundle(index)
            found += bundle[max(start - first, 0) : end - first]
        return found

    def bundle(self, index: int) -> list[bytes]:
        """The entries of bundle `index`, at most 256."""
        tile = Tile(ENTRIES, index, width_at(0, index, self.size))
        data = self._fetch(tile.path, LARGEST_FILE)
        if data is None:  # a partial bundle may be removed once it is full
            data = pack(unpack(self._must(tile.full), SPAN)[: tile.width])
        entries = unpack(data, tile.width)
        if [leaf_hash(entry) for entry in entries] != self.tree.tile(0, index):
            raise VerificationError(f"{tile.path} of the log does not belong to its checkpoint")
        return entries

    def root(self, size: int) -> bytes:
        """The root that the log had at an earlier size."""
        self._check_size(size)
        return subtree_root(0, size, self.tree.hash)

    def prove(self, index: int, size: int | None = None) -> list[bytes]:
        """The proof that the entry at `index` is in the tree of `size` entries (default: all)."""
        size = self.size if size is None else size
        self._check_size(size)
        return prove_inclusion(index, size, self.tree.hash)

    def prove_consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The proof that the tree of `new` entries (default: all) continues that of `old`."""
        new = self.size if new is None else new
        self._check_size(new)
        return prove_consistency(old, new, self.tree.hash)

    def proof(self, index: int) -> Proof:
        """The proof for use offline: index, hashes, checkpoint and all its signatures."""
        return Proof(index, tuple(self.prove(index)), self.note)

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise UsageError(f"the log never had {size} entries up to this checkpoint, which has {self.size}")

    def _tile(self, tile: Tile) -> bytes:
        data = self._fetch(tile.path, SPAN * WIDTH)
        return self._must(tile.full)[: tile.width * WIDTH] if data is None else data

    def _must(self, tile: Tile) -> bytes:
        data = self._fetch(tile.path, LARGEST_FILE)
        if data is None:
            raise VerificationError(f"{tile.path} is missing in the log")
        return data


def check_entries(entries: Sequence[bytes]) -> None:
    """Raises `UsageError` for an entry that no log can hold."""
    for entry in entries:
        if len(entry) > LARGEST_ENTRY:
            raise UsageError(f"an entry has {len(entry)} bytes, and a log takes at most {LARGEST_ENTRY}")
