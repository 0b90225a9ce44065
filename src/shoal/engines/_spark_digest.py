"""A keyed digest of the records of a frame, whatever order they come in: is it the same thing that was asked before?"""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from shoal._arrays import UInt64
from shoal.engines._spark_keys import Box, Keys
from shoal.engines._spark_notes import RowCount
from shoal.engines._spark_ship import Shipped
from shoal.engines._spark_tasks import DIGEST_PLACE, NOTE, Reading, Shape, note_row
from shoal.intake import Pseudonymizer
from shoal.intake.siphash import hash_text
from shoal.sources.points import points
from shoal.sources.times import Clock
from shoal.sources.trips import trips

_WORD = np.dtype([("device", "<u8"), ("a", "<i8"), ("b", "<i8"), ("c", "<i4"), ("d", "<i4")])
_MOD = 1 << 64


class Digest(Reading):
    """Of the rows of each task the sum of two keyed words a row, and the counts of rows, sealed.

    Rule    A usable row becomes 32 bytes: its device hashed under a key, its time, place and accuracy (or its ends and
            zones). SipHash of them under two further keys gives two words; words are added modulo 2**64, so order does
            not matter and repeats count. Rows that can't be used enter by their number and reason.
    Sound   Without the keys the words are unknown and independent: other records have both sums with a chance of
            2**-128.
    Source  Clarke, Devadas, van Dijk, Gassend and Suh 2003, "Incremental multiset hash functions", section 4
            (MSet-Add-Hash).
    """

    def __init__(self, design: Shipped, keys: Keys, shape: Shape, secret: bytes) -> None:
        super().__init__(design, keys, shape)
        self._secret = secret

    def _run(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        design = self._design.get()
        start, end = design.calendar.start, design.calendar.end
        clock, count = Clock.from_plan(design.plan, design.calendar), RowCount()
        pseudonym = Pseudonymizer(self._secret[:16])
        sums = [0, 0]
        for rows in self._rows(batches):
            if design.plan.source.kind == "points":
                batch = points(rows, clock, start, end, count)
                words = np.zeros(batch.time.size, dtype=_WORD)
                words["a"], words["c"], words["d"] = batch.time, batch.lat, batch.lon
                if batch.accuracy is not None:
                    accuracy = batch.accuracy.astype(np.float64)
                    words["b"] = np.where(np.isnan(accuracy), -1.0, accuracy).view(np.int64)  # either says nothing
            else:
                trip = trips(rows, clock, design.zones, start, end, count)
                words = np.zeros(trip.start.size, dtype=_WORD)
                words["a"], words["b"] = trip.start, trip.end
                words["c"], words["d"] = trip.origin, trip.destination
            words["device"] = pseudonym(batch.device if design.plan.source.kind == "points" else trip.device)
            for i in range(2):
                sums[i] = (sums[i] + int(_hashed(words, self._secret[16 + 16 * i : 32 + 16 * i]))) % _MOD
        plain = b"".join(value.to_bytes(8, "little") for value in sums) + count.packed()
        yield note_row(self._keys.box().seal(plain, DIGEST_PLACE))


def secret_of(key: bytes) -> bytes:
    """The keys of `Digest`, from the state's key of digests."""
    return hashlib.blake2b(key=key, digest_size=48, person=b"shoal frame").digest()


def combined(notes: Sequence[bytes], box: Box, key: bytes) -> str:
    """The digest of all that the tasks found: 64 hex digits. Secret, as `Opened.fingerprint` says."""
    sums, count = [0, 0], RowCount()
    for note in notes:
        plain = box.open(note, DIGEST_PLACE)
        sums = [(s + int.from_bytes(plain[8 * i : 8 * i + 8], "little")) % _MOD for i, s in enumerate(sums)]
        count.add_packed(plain[16:])
    whole = hashlib.blake2b(digest_size=32, key=key, person=b"shoal frames")
    whole.update(b"".join(value.to_bytes(8, "little") for value in sums) + count.packed())
    return whole.hexdigest()


def _hashed(words: "np.ndarray[tuple[int], np.dtype[np.void]]", key: bytes) -> np.uint64:
    """Sum modulo 2**64 of SipHash of each row."""
    k0, k1 = np.frombuffer(key, dtype="<u8")
    offsets = np.arange(0, words.nbytes + 1, words.itemsize, dtype=np.int64)
    out: UInt64 = np.empty(words.size, dtype=np.uint64)
    hash_text(offsets, words.view(np.uint8), k0, k1, out)
    return np.uint64(out.sum(dtype=np.uint64))


__all__ = ["NOTE", "Digest", "combined", "secret_of"]
