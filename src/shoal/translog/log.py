"""A transparency log in a folder: static files that any web server can show (C2SP tlog-tiles)."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shoal.disk import Disk, Files
from shoal.errors import StateError, UsageError
from shoal.translog.checkpoint import Checkpoint, open_checkpoint
from shoal.translog.cosignature import verify_cosignature
from shoal.translog.growth import Growth, grow
from shoal.translog.key import SigningKey
from shoal.translog.merkle import EMPTY
from shoal.translog.note import LARGEST_NOTE, Note, Signature, VerifierKey
from shoal.translog.proof import Proof
from shoal.translog.tiles import SPAN, parse_path
from shoal.translog.view import View, check_entries

CHECKPOINT = "checkpoint"
_LOCK = ".lock"
_DRAFT = ".draft"
_NEXT = ".next"
_LARGEST_NEXT = LARGEST_NOTE + 4096


class Log:
    """The one who writes a log. Several processes may have it open; appending waits for its turn.

    Order of writes, each forced to the disk before the next: entries and hashes; the new checkpoint in `.next`; the
    checkpoint, replaced in one step. Before `.next` the new files are nobody's, and an append that failed is done
    again; after it the next one to come finishes it. So no checkpoint that somebody saw is ever taken back, also
    where the power fails. Raises `StateError` where the disk fails, `VerificationError` where the folder does not fit
    its checkpoint.
    """

    def __init__(self, folder: Path, key: SigningKey, files: Files) -> None:
        self.folder = folder
        self._key = key
        self._files = files
        self._note = b""
        self._finished = b""
        self._view: View

    @classmethod
    def open(cls, folder: Path, key: SigningKey, origin: str | None = None, files: Files | None = None) -> "Log":
        """Open the log in `folder`, or begin one. `origin` is the log's name and the key's; default: the key's.

        Takes the same time for every size. A folder whose checkpoint was lost is refused: a log that begins anew under
        the same key would have two histories.
        """
        if origin is not None and origin != key.name:
            raise UsageError(f"the log is called {origin!r} and its key {key.name!r}; the two have to be the same")
        log = cls(folder, key, files or Disk())
        log._files.make_folder(folder, folder.parent)
        with log._locked():
            log._begin()
            log._finish()
        return log

    @property
    def vkey(self) -> VerifierKey:
        """The key by which others verify."""
        return self._key.vkey

    @property
    def size(self) -> int:
        """Number of entries."""
        return self._now().size

    @property
    def root(self) -> bytes:
        """Root of the tree over all entries."""
        return self._now().checkpoint.root

    def append(self, entries: Sequence[bytes], at: int | None = None) -> int:
        """Add entries, all or none, and give the index of the first. They are on the disk when this returns.

        With `at`, the index where the first belongs, an append can be repeated after a crash: entries that are there
        already are left alone. Other entries in their place, or a gap before them, are a `StateError`. Raises
        `UsageError` for an entry of more than 65,535 bytes.
        """
        check_entries(entries)
        with self._locked():
            self._load()
            view = self._finish()
            index = view.size if at is None else at
            rest = self._missing(view, entries, index)
            if rest:
                self._write(grow(view.size, *self._edge(view), rest))
                self._finish()
        return index

    def checkpoint(self) -> str:
        """The signed checkpoint, with the cosignatures that were added."""
        return str(self._now().note)

    def entry(self, index: int) -> bytes:
        """The entry at `index`. Raises `UsageError` where there is none."""
        return self._now().entry(index)

    def entries(self, start: int, end: int) -> list[bytes]:
        """The entries [start, end). Raises `UsageError` where the log is shorter."""
        return self._now().entries(start, end)

    def prove(self, index: int, size: int | None = None) -> list[bytes]:
        """The proof that the entry at `index` is in the tree of `size` entries (default: all)."""
        return self._now().prove(index, size)

    def prove_consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The proof that the tree of `new` entries (default: all) continues that of `old`."""
        return self._now().prove_consistency(old, new)

    def proof(self, index: int) -> Proof:
        """The proof for use offline, with all signatures that the checkpoint has now."""
        return self._now().proof(index)

    def view(self) -> View:
        """The log as its present checkpoint shows it; stays as it is while the log grows."""
        return self._now()

    def cosign(self, lines: Iterable[tuple[VerifierKey, Signature]], view: View | None = None) -> int:
        """Add cosignatures to the checkpoint, a witness's newest in place of an older one; gives how many it has.

        Each has to verify with the key that comes with it, on the checkpoint as it is now; else nothing is added.
        Raises `VerificationError`, and `StateError` where the log has grown beyond `view`, for which they were made.
        """
        with self._locked():
            asked, view = view, self._load()
            if asked is not None and asked.checkpoint != view.checkpoint:
                raise StateError("the log has grown while its witnesses were asked; ask them again")
            signatures = list(view.note.signatures)
            for key, line in lines:
                verify_cosignature(key, view.note.text, line)
                signatures = [known for known in signatures if not key.made(known)] + [line]
            self._publish(Note(view.note.text, tuple(signatures)))
            return len(signatures) - 1

    @contextmanager
    def _locked(self, *, shared: bool = False) -> Iterator[None]:
        with self._files.lock(self.folder / _LOCK, shared=shared):
            yield

    def _now(self) -> View:
        """The log as its file says now."""
        if self._files.read(self.folder / CHECKPOINT, LARGEST_NOTE) != self._note:
            with self._locked(shared=True):
                self._load()
        return self._view

    def _begin(self) -> None:
        if self._files.read(self.folder / CHECKPOINT, LARGEST_NOTE) is None:
            if self._files.list(self.folder / "tile"):
                raise StateError(
                    f"{self.folder / CHECKPOINT} is missing while entries are there; put it back from a copy"
                )
            self._publish(self._signed(0, EMPTY))
        self._load()

    def _load(self) -> View:
        data = self._files.read(self.folder / CHECKPOINT, LARGEST_NOTE)
        if data is None:
            raise StateError(f"{self.folder / CHECKPOINT} is missing; put it back from a copy")
        if data != self._note:
            note = Note.parse(data)
            checkpoint = open_checkpoint(note, self.vkey)
            same = self._note and self._view.checkpoint == checkpoint
            view = View(checkpoint, note, self._read, self._view.tree if same else None)
            view.tree.edge()
            self._view, self._note = view, data
        return self._view

    def _read(self, path: str, limit: int) -> bytes | None:
        return self._files.read(self.folder / path, limit)

    def _missing(self, view: View, entries: Sequence[bytes], index: int) -> Sequence[bytes]:
        """Those of `entries` that are not in the log yet, where the first belongs at `index`."""
        if not 0 <= index <= view.size:
            raise StateError(f"an entry can't be number {index} of a log that has {view.size}; the entries before lack")
        known = min(view.size - index, len(entries))
        if view.entries(index, index + known) != list(entries[:known]):
            raise StateError(f"the log has another entry at {index} than the one that was to be there")
        return entries[known:]

    def _edge(self, view: View) -> tuple[list[list[bytes]], list[bytes]]:
        """The partial tiles and the partial bundle, all checked against the checkpoint."""
        return view.tree.edge(), view.bundle(view.size // SPAN) if view.size % SPAN else []

    def _write(self, growth: Growth) -> None:
        files = {self.folder / tile.path: data for tile, data in growth.files.items()}
        for folder in dict.fromkeys(file.parent for file in files):
            self._files.make_folder(folder, self.folder)
        self._files.replace_all(files.items(), self.folder / _DRAFT)
        filled = " ".join(tile.path for tile in growth.filled)
        note = self._signed(growth.size, growth.root)
        self._files.replace(self.folder / _NEXT, f"{filled}\n{note}".encode(), self.folder / _DRAFT)

    def _finish(self) -> View:
        """Publish what `.next` says, unless that is done; remove partial tiles of which the full ones are published."""
        data = self._files.read(self.folder / _NEXT, _LARGEST_NEXT) or b""
        if data == self._finished:
            return self._view
        filled, _, text = data.partition(b"\n")
        note = Note.parse(text)
        if open_checkpoint(note, self.vkey).size > self._view.size:
            self._publish(note)
            self._load()
        for path in filled.decode("ascii", "replace").split():
            self._files.remove(self.folder / parse_path(path).partials)
        self._finished = data
        return self._view

    def _signed(self, size: int, root: bytes) -> Note:
        text = Checkpoint(self._key.name, size, root).text
        return Note(text, (self._key.sign(text),))

    def _publish(self, note: Note) -> None:
        self._files.replace(self.folder / CHECKPOINT, bytes(note), self.folder / _DRAFT)
