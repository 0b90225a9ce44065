"""A copy of a log for a web server: what it holds can be read by anybody, and never shows less than it did."""

from collections.abc import Iterator
from pathlib import Path

from shoal.disk import Disk, Files
from shoal.errors import StateError
from shoal.translog.log import CHECKPOINT, Log
from shoal.translog.merkle import verify_consistency
from shoal.translog.note import LARGEST_NOTE
from shoal.translog.reader import LogReader
from shoal.translog.tiles import ENTRIES, HEIGHT, SPAN, Tile, levels, pack, width_at
from shoal.translog.view import View

_DRAFT = ".draft"


def copy_log(log: Log, to: Path, files: Files | None = None) -> int:
    """Bring the public copy in `to` up to the log as it is now; its size then.

    Entries and hashes first, the checkpoint last and in one step: who reads the copy meanwhile sees the old log or the
    new one. Raises `StateError` where another log, or a longer one, stands there.
    """
    files = files or Disk()
    view, done = log.view(), 0
    data = files.read(to / CHECKPOINT, LARGEST_NOTE)
    if data == bytes(view.note):
        return view.size
    if data is not None:
        older = LogReader(to, log.vkey).view().checkpoint
        if older.size > view.size:
            raise StateError(f"{to} shows more entries than this log has: one of the two is an old copy; compare them")
        verify_consistency(older.size, older.root, view.size, view.checkpoint.root, view.prove_consistency(older.size))
        done = older.size
    for folder, path, content in _since(view, done):
        files.make_folder(to / folder)
        files.replace(to / path, content, to / _DRAFT)
    files.make_folder(to)
    files.replace(to / CHECKPOINT, bytes(view.note), to / _DRAFT)
    return view.size


def _since(view: View, done: int) -> Iterator[tuple[Path, Path, bytes]]:
    """(folder, path, bytes) of every tile and bundle that a copy of the first `done` entries lacks."""
    for level in levels(view.size):
        for index in range((done >> HEIGHT * level) // SPAN, -(-(view.size >> HEIGHT * level) // SPAN)):
            tile = Tile(level, index, width_at(level, index, view.size))
            yield Path(tile.path).parent, Path(tile.path), b"".join(view.tree.tile(level, index))
            if level == 0:
                bundle = Path(Tile(ENTRIES, index, tile.width).path)
                yield bundle.parent, bundle, pack(view.bundle(index))
