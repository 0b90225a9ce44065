"""A list of keyed hashes in the state folder: things that are known again under a secret key, and can't be read off.

Two files, both for the owner only: `<name>.key`, 16 random bytes, made once and never changed, and `<name>.list`, which
is written anew, whole or not at all, under a lock. One without the other is refused: a list that is lost must not look
like one that is empty.
"""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from shoal._arrays import Int64, UInt64
from shoal.errors import StateError
from shoal.ledger._files import create_once, sentences
from shoal.ledger.locks import request_lock

KEY_BYTES: Final = 16
_MAGIC: Final = b"shoal hash list 1\n"


@dataclass(frozen=True, slots=True, repr=False)
class Hashes:
    """What a list holds.

    items   uint64[n], ascending  the things themselves
    marks   uint64[m], ascending  what stands for them at the intake; for some lists nothing
    counts  int64[m]              how many of the things have each mark, 1 or more
    named   how many things the changes named, added less taken out, whether they were on the list or not: the only
            count that may be shown, for with a true one a thing could be added to see whether it was there
    """

    items: UInt64
    marks: UInt64
    counts: Int64
    named: int = 0

    @classmethod
    def none(cls) -> "Hashes":
        return cls(np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(0, np.int64))

    def changed(self, item: UInt64, marks: UInt64, by: int, named: int) -> "Hashes":
        """With things added (by = 1) or taken out (by = -1): n of them, and all their marks, with repetitions.

        named  how many the change named, of which n were not on the list yet, or were on it

        Only things that are not on the list may be added, only those that are may be taken out.
        """
        items = np.union1d(self.items, item) if by > 0 else np.setdiff1d(self.items, item)
        every, place = np.unique(np.concatenate([self.marks, marks]), return_inverse=True)
        counts = np.bincount(place[: self.marks.size], self.counts, every.size).astype(np.int64)
        counts += by * np.bincount(place[self.marks.size :], minlength=every.size)
        return Hashes(items, every[counts > 0], counts[counts > 0], max(0, self.named + by * named))


class HashList:
    """The list `name` (lower-case letters) in the state folder `folder`. Nothing is read or made before it is asked."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key_file, self._file = folder / f"{name}.key", folder / f"{name}.list"

    def read(self) -> tuple[bytes, Hashes] | None:
        """The key and what the list holds; None: there never was one. Raises `StateError`."""
        with sentences(self._folder):
            there = self._key_file.is_file(), self._file.is_file()
        if not any(there):
            return None
        if not all(there):
            lost, other = (self._key_file, self._file) if there[1] else (self._file, self._key_file)
            raise StateError(
                f"{lost} is gone, without which the list can't be applied; restore it from a backup, or remove {other} "
                "to begin a new list"
            )
        return self._key(), self._parse()

    def change(self, edit: Callable[[bytes, Hashes], Hashes]) -> Hashes:
        """Replace what the list holds by what `edit` makes of its key and of that; returns it. Raises `StateError`.

        One change at a time; the new list is on the disk before this returns.
        """
        with request_lock(self._folder, sha256(f"hash list {self._name}".encode()).hexdigest()):
            found = self.read()
            if found is None:
                # The list first: a crash between the two then leaves a list without a key, which is said to be damaged.
                self._write(Hashes.none())
                create_once(self._key_file, secrets.token_bytes(KEY_BYTES))
                found = self._key(), Hashes.none()
            key, before = found
            after = edit(key, before)
            self._write(after)
            return after

    def _key(self) -> bytes:
        with sentences(self._key_file):
            key, mode = self._key_file.read_bytes(), self._key_file.stat().st_mode
        if mode & 0o077:
            raise StateError(f"{self._key_file} is a secret that other users can read; run: chmod 600 {self._key_file}")
        if len(key) != KEY_BYTES:
            raise StateError(f"{self._key_file} is damaged; restore it from a backup")
        return key

    def _parse(self) -> Hashes:
        with sentences(self._file):
            data = self._file.read_bytes()
        body, digest = data[:-32], data[-32:]
        if not data.startswith(_MAGIC) or sha256(body).digest() != digest:
            raise StateError(f"{self._file} is damaged; restore it from a backup")
        n, m, named = np.frombuffer(body, dtype="<i8", count=3, offset=len(_MAGIC)).tolist()
        numbers = np.frombuffer(body, dtype="<u8", offset=len(_MAGIC) + 24)
        items, marks, counts = numbers[:n], numbers[n : n + m], numbers[n + m :]
        return Hashes(items.astype(np.uint64), marks.astype(np.uint64), counts.astype(np.int64), named)

    def _write(self, hashes: Hashes) -> None:
        sizes = np.array([hashes.items.size, hashes.marks.size, hashes.named], dtype="<i8").tobytes()
        arrays = (array.astype("<u8").tobytes() for array in (hashes.items, hashes.marks, hashes.counts))
        body = _MAGIC + sizes + b"".join(arrays)
        draft = self._file.with_name(f"{self._file.name}.{secrets.token_hex(8)}.tmp")
        with sentences(self._folder):
            try:
                handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as stream:
                    stream.write(body + sha256(body).digest())
                    stream.flush()
                    os.fsync(stream.fileno())
                draft.replace(self._file)
            finally:
                draft.unlink(missing_ok=True)
            handle = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def __repr__(self) -> str:
        return "<HashList, hidden>"
