"""Temporary space on disk for records that don't fit into memory: sealed, nameless, gone with the process.

The files have no name from the start (`O_TMPFILE`, or removed once they are open), so the system takes their space back
when they are closed, when the process ends, and when it is killed: there is never anything left to clean up. What they
hold is sealed under a key that only this process has.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import IO, Any

import numpy as np

from shoal.buckets.partition import Records
from shoal.buckets.seal import Sealer
from shoal.errors import StateError

_FILES = 64
_SEGMENT = 1 << 18  # records a segment at most: what is opened at once is memory


class Spill:
    """Segments of records by part, to be written in any order and read once.

    folder  where the files lie; default: $TMPDIR, else /var/tmp, which unlike /tmp is never memory, else the system's
    parts   how many parts there are. Neighbours share a file, whose space is given back once they are all read.
    """

    __slots__ = ("_files", "_folder", "_kind", "_left", "_lock", "_sealer", "_segments", "_share", "_sizes", "nbytes")

    def __init__(self, kind: "np.dtype[Any]", parts: int, folder: Path | None = None) -> None:
        self._kind = kind
        self._folder = folder or default_folder()
        self._sealer = Sealer()
        self._share = -(-parts // _FILES)  # parts a file
        self._files: dict[int, IO[bytes]] = {}
        self._sizes = [0] * _FILES
        self._left = [min(self._share, max(0, parts - file * self._share)) for file in range(_FILES)]
        self._segments: dict[int, list[tuple[int, int, int]]] = {}  # part -> offset, length, records
        self._lock = Lock()
        self.nbytes = 0
        """Bytes that are on disk now."""

    def write(self, part: int, records: Records) -> None:
        """Seal n records and append them to a part. Safe to call from threads.

        Raises `StateError` where the disk has no room for them.
        """
        for at in range(0, records.size, _SEGMENT):
            piece = records[at : at + _SEGMENT]
            segment = self._sealer.seal(piece, _place(part))
            number = part // self._share
            with self._lock:
                file = self._file(number)
                offset = self._sizes[number]
                self._sizes[number] += len(segment)
                self.nbytes += len(segment)
                self._segments.setdefault(part, []).append((offset, len(segment), piece.size))
            self._write(file, segment, offset)

    def size(self, part: int) -> int:
        """Records of a part."""
        return sum(count for _, _, count in self._segments.get(part, ()))

    def read(self, part: int) -> Iterator[Records]:
        """The records of a part, a segment at a time. Afterwards, call `forget`."""
        file = self._files.get(part // self._share)
        for offset, length, _ in self._segments.get(part, ()):
            if file is not None:
                yield self._sealer.open(os.pread(file.fileno(), length, offset), _place(part), self._kind)

    def fetch(self, part: int) -> None:
        """Tell the system that a part will be read soon, so that the disk works while others are computed."""
        if not hasattr(os, "posix_fadvise"):  # not on macOS
            return
        with self._lock:  # whoever has taken that part meanwhile closes its file only after this
            file = self._files.get(part // self._share)
            for offset, length, _ in self._segments.get(part, ()):
                if file is not None:
                    os.posix_fadvise(file.fileno(), offset, length, os.POSIX_FADV_WILLNEED)

    def forget(self, part: int) -> None:
        """Let a part go, which happens once; the last of a file takes its space with it."""
        with self._lock:
            self._segments.pop(part, None)
            number = part // self._share
            self._left[number] -= 1
            if not self._left[number]:
                self._close(number)

    def close(self) -> None:
        """Let everything go."""
        with self._lock:
            self._segments.clear()
            for number in list(self._files):
                self._close(number)

    def __repr__(self) -> str:
        return "<Spill, records hidden>"

    def _file(self, number: int) -> IO[bytes]:
        if number not in self._files:
            try:
                self._files[number] = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - lives on
            except OSError as error:
                raise self._refused(error) from None
        return self._files[number]

    def _write(self, file: IO[bytes], segment: bytes, offset: int) -> None:
        rest = memoryview(segment)
        while rest:
            try:
                done = os.pwrite(file.fileno(), rest, offset)
            except OSError as error:
                raise self._refused(error) from None
            rest, offset = rest[done:], offset + done

    def _close(self, number: int) -> None:
        file = self._files.pop(number, None)
        if file is not None:
            file.close()
            self.nbytes -= self._sizes[number]

    def _refused(self, error: OSError) -> StateError:
        return StateError(
            f"{self._folder}: temporary records can't be written there ({error.strerror}); make room, name another "
            "folder with --temp, or allow more --memory"
        )


def default_folder() -> Path:
    """$TMPDIR where it is set, else /var/tmp where it can be written, else what Python takes."""
    if os.environ.get("TMPDIR"):
        return Path(os.environ["TMPDIR"])
    usual = Path("/var/tmp")  # noqa: S108 - files there have no name
    return usual if usual.is_dir() and os.access(usual, os.W_OK) else Path(tempfile.gettempdir())


def _place(part: int) -> bytes:
    """What a segment is bound to: one of another part does not open here."""
    return b"part %d" % part
