"""Where kept records lie: a folder for each source and unit, its key apart from it.

    <state>/kept/<source>/<start>_<end>/index         what is kept, sealed
    <state>/kept/<source>/<start>_<end>/0001-03       a sealed segment: number of the writing, part
    <state>/kept/<source>/<start>_<end>/destroying    the unit is being destroyed: nothing of it may be used any more
    <state>/kept-keys/<source>/<start>_<end>.key      32 bytes, for the owner alone

Names say the source and the unit's local dates, and nothing of the records. What is kept is what the index names: it
is replaced, whole, after the segments that it names are on the disk; a segment that it does not name was never kept.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from secrets import token_bytes
from typing import Any, Self

from shoal.disk import Disk, Files
from shoal.errors import StateError
from shoal.kept.key import KEY_BYTES, UnitKey

_LARGEST_INDEX = 64 << 20
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)_(\d{4}-\d\d-\d\d)")
_FOLDERS = ("kept", "kept-keys")
INDEX, DESTROYING = "index", "destroying"
SEGMENT = re.compile(r"(\d{4,})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """One unit of privacy, [start, end) in local dates."""

    start: date
    end: date

    def __str__(self) -> str:
        return f"{self.start}_{self.end}"

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """The span of a name; None where it is none."""
        found = _NAME.fullmatch(name)
        try:
            return found and cls(date.fromisoformat(found[1]), date.fromisoformat(found[2]))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Terms:
    """What settled which records are kept and how; a plan that differs in it can't use them.

    max_accuracy  metres, as an exact fraction; None: the records say nothing of their accuracy
    zones         digest of the zones in which trips lie; None: points, which lie in any zones
    sensitive     digest of the list of sensitive places and how it was applied, for trips with coordinates, of which
                  only zones are kept; None: there was none, or it can be applied when the records are used
    """

    kind: str
    timezone: str
    controller: str
    legal_basis: str
    purpose: str
    max_accuracy: str | None
    zones: str | None
    sensitive: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one keeping added: its files, and by how many bits of a pseudonym its records are split over them.

    marks  keyed fingerprint of each file that it was read from -> how often that was among them
    """

    bits: int
    files: tuple[str, ...]
    marks: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Index:
    """What is kept of a unit."""

    terms: Terms
    batches: tuple[Batch, ...] = ()

    @property
    def files(self) -> frozenset[str]:
        return frozenset(name for batch in self.batches for name in batch.files)

    def marks(self) -> dict[str, int]:
        """Fingerprints of all files that were read."""
        found: dict[str, int] = {}
        for batch in self.batches:
            for mark, number in batch.marks.items():
                found[mark] = found.get(mark, 0) + number
        return found

    def with_batch(self, batch: Batch) -> "Index":
        return replace(self, batches=(*self.batches, batch))

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        tables: dict[str, Any] = json.loads(data)
        batches = tuple(Batch(b["bits"], tuple(b["files"]), b["marks"]) for b in tables["batches"])
        return cls(Terms(**tables["terms"]), batches)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that is kept or is to be: its folder, its key, and what is kept of it (None: nothing yet)."""

    source: str
    span: Span
    folder: Path
    key: UnitKey = field(repr=False)
    index: Index | None = None

    def place(self, name: str) -> bytes:
        """What a file of this unit is bound to: it opens nowhere else."""
        return f"{self.source} {self.span} {name}".encode()


class Shelf:
    """The kept units of one source.

    state  the state folder
    files  how to write; default: `private_disk`, the tests' double stops at any step
    """

    def __init__(self, state: Path, source: str, files: Files | None = None) -> None:
        self.source = source
        self.files = files or private_disk()
        self.folder, self.keys = state / "kept" / source, state / "kept-keys" / source

    @classmethod
    def all(cls, state: Path, files: Files | None = None) -> list[Self]:
        """One for every source of which something is kept, or a key is there."""
        files = files or private_disk()
        names = {name for folder in _FOLDERS for name in files.list(state / folder)}
        return [cls(state, n, files) for n in sorted(names) if any((state / f / n).is_dir() for f in _FOLDERS)]

    def spans(self) -> list[Span]:
        """Units that have a key and are not being destroyed, ascending."""
        found = {Span.parse(name.removesuffix(".key")) for name in self.files.list(self.keys) if name.endswith(".key")}
        return sorted(span for span in found if span is not None and not self.is_destroying(span))

    def folders(self) -> list[Span]:
        """Units that have a folder, whatever is in it, ascending."""
        found = (Span.parse(name) for name in self.files.list(self.folder))
        return sorted(span for span in found if span is not None)

    def is_empty(self, span: Span) -> bool:
        """Is there a folder, and nothing in it, and no key?"""
        folder = self.folder / str(span)
        return folder.is_dir() and not self.files.list(folder) and not self.key_file(span).exists()

    def is_destroying(self, span: Span) -> bool:
        return (self.folder / str(span) / DESTROYING).exists()

    def units(self) -> Iterator[Unit]:
        """Those of which something is kept. Raises `StateError`."""
        for span in self.spans():
            unit = self.unit(span)
            if unit.index is not None:
                yield unit

    def unit(self, span: Span) -> Unit:
        """A unit that has a key."""
        folder = self.folder / str(span)
        unit = Unit(self.source, span, folder, self._read_key(span))
        sealed = self.files.read(folder / INDEX, _LARGEST_INDEX)
        if sealed is None:
            return unit
        return replace(unit, index=Index.parse(unit.key.open_index(sealed, unit.place(INDEX))))

    def make(self, span: Span) -> Unit:
        """The unit, with a new key where it has none. Raises `StateError` where it is being destroyed."""
        if self.is_destroying(span):
            raise StateError(f"{self.folder / str(span)} is being destroyed; let `shoal retention` end that first")
        file = self.key_file(span)
        if not file.exists():
            self.files.make_folder(self.keys)
            self.files.replace(file, token_bytes(KEY_BYTES))
        self.files.make_folder(self.folder / str(span))
        return self.unit(span)

    def note(self, unit: Unit, index: Index) -> None:
        """From now on, this is what is kept of the unit. The segments must be on the disk."""
        sealed = unit.key.seal_index(index.to_bytes(), unit.place(INDEX))
        self.files.replace(unit.folder / INDEX, sealed)

    def key_file(self, span: Span) -> Path:
        return self.keys / f"{span}.key"

    def tidy(self, unit: Unit) -> None:
        """Remove what a keeping that did not end has left behind."""
        known = {INDEX, *(unit.index.files if unit.index is not None else ())}
        for name in self.files.list(unit.folder):
            if name not in known:
                self.files.remove(unit.folder / name)

    def withdraw(self, span: Span) -> None:
        """Remove the key and folder of a unit of which nothing is kept; what is kept stays."""
        if span in self.spans() and (unit := self.unit(span)).index is None:
            self.files.remove(self.key_file(span))
            self.files.remove(unit.folder)
        elif span in self.spans():
            self.tidy(unit)

    def tidy_all(self) -> None:
        """`tidy` every unit, and the keys."""
        for span in self.spans():
            self.tidy(self.unit(span))
        for name in self.files.list(self.keys):
            if not name.endswith(".key"):
                self.files.remove(self.keys / name)

    def _read_key(self, span: Span) -> UnitKey:
        file = self.key_file(span)
        key = self.files.read(file, KEY_BYTES)
        if key is None or len(key) != KEY_BYTES:
            raise StateError(f"{file} is damaged; restore it from a backup, or what was kept under it is lost")
        if file.stat().st_mode & 0o077:
            raise StateError(f"{file} is a secret that other users can read; run: chmod 600 {file}")
        return UnitKey(key)


def private_disk() -> Disk:
    """Writes files and folders that are for their owner alone."""
    return Disk(0o600, 0o700)


def kept_lock(state: Path, *, shared: bool = False) -> AbstractContextManager[None]:
    """Held by whoever reads kept records (shared), and by whoever keeps, erases or destroys any (alone)."""
    files = private_disk()
    files.make_folder(state / "locks")
    return files.lock(state / "locks" / "kept.lock", shared=shared)
