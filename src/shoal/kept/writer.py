"""Puts pseudonymous records of units on the shelf: whole sealed segments, then the index that names them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import numpy as np

from shoal._arrays import Int64
from shoal.buckets.partition import Records, partition
from shoal.intake._batches import PseudonymousPoints, PseudonymousTrips
from shoal.kept.shelf import SEGMENT, Batch, Index, Shelf, Terms, Unit

SIZE = 64 << 20
"""Bytes of files that make a part, about."""
MOST_BITS = 6
_HELD = 256 << 20  # bytes of records in memory


@dataclass(slots=True)
class _Open:
    """A unit that is being written: records by part that wait, files that are written."""

    unit: Unit
    start: int
    end: int
    waiting: list[list[Records]]
    number: int
    files: list[str] = field(default_factory=list)


class Writer:
    """Adds one batch to each of some units; nothing is kept before `finish`. Safe to use from threads.

    units  each with where it begins and ends, seconds since 1970 UTC
    size   bytes of the files that are read, about
    held   bytes of records that may wait in memory

    A crash leaves segments that no index names: not kept, and removed by `Shelf.tidy`.
    """

    def __init__(
        self, shelf: Shelf, units: Sequence[tuple[Unit, int, int]], size: int, held: int | None = None
    ) -> None:
        self._shelf = shelf
        self._bits = max(1, min((size // SIZE).bit_length(), MOST_BITS))
        self._room = _HELD if held is None else held
        self._held = 0
        self._lock = Lock()
        self._open = [
            _Open(unit, start, end, [[] for _ in range(1 << self._bits)], _last(shelf, unit))
            for unit, start, end in units
        ]

    def add(self, number: int, batch: PseudonymousPoints | PseudonymousTrips) -> None:
        """Records of the unit of this number, under its pseudonyms."""
        own = self._open[number]
        records, first = partition(batch, self._bits, own.start, own.end)
        with self._lock:
            for part, (begin, end) in enumerate(zip(first[:-1].tolist(), first[1:].tolist(), strict=True)):
                if begin < end:
                    own.waiting[part].append(records[begin:end])
            self._held += records.nbytes
            if self._held > self._room:
                self._flush()

    def finish(self, terms: Terms, marks: Sequence[Mapping[str, int]]) -> None:
        """Keep what was added: from here on each unit's index names it.

        marks  of each unit, fingerprints of the files that were read for it
        """
        with self._lock:
            self._flush()
            for own, read in zip(self._open, marks, strict=True):
                index = own.unit.index or Index(terms)
                batch = Batch(self._bits, tuple(own.files), dict(read))
                self._shelf.note(own.unit, index.with_batch(batch))

    def _flush(self) -> None:
        """Write all that waits; under the lock."""
        for own in self._open:
            own.number += 1
            self._shelf.files.replace_all(self._segments(own))
            own.waiting = [[] for _ in own.waiting]
        self._held = 0

    def _segments(self, own: _Open) -> Iterator[tuple[Path, bytes]]:
        sealer = own.unit.key.sealer()
        for part, pieces in enumerate(own.waiting):
            if pieces:
                name = f"{own.number:04}-{part:02x}"
                own.files.append(name)
                yield own.unit.folder / name, sealer.seal(np.concatenate(pieces), own.unit.place(name))


def part_of(pseudonym: "np.ndarray[tuple[int], np.dtype[np.uint64]]", bits: int) -> Int64:
    """The part in which each pseudonym lies: int64[n]."""
    return (pseudonym >> np.uint64(64 - bits)).astype(np.int64)


def _last(shelf: Shelf, unit: Unit) -> int:
    """The highest number of a segment: none is ever used again, so that no file is replaced by another keeping."""
    found = (SEGMENT.fullmatch(name) for name in shelf.files.list(unit.folder))
    return max((int(match[1]) for match in found if match), default=0)
