"""A keyed digest of the source's files, by which Shoal knows that it is asked the same thing again."""

import hashlib
import hmac
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from shoal.errors import DataError

_PART = 1 << 26
"""Bytes of a file that one thread reads at a time: a single large file keeps all cores busy too. Fixed, as the
fingerprint depends on it."""
_BUFFER = 1 << 20
"""Bytes of one read: few enough to stay in a core's cache until they have been multiplied in."""
_NONCE = bytes(12)
_PERSON = b"shoal source"


def fingerprint(
    files: Sequence[Path],
    key: bytes,
    progress: Callable[[float], None] | None = None,
    *,
    workers: int | None = None,
) -> str:
    """The fingerprint of `files` under `key` in one pass, on all cores; see `Fingerprint`.

    progress  told the share of the bytes that are done, from 0 to 1, by the calling thread
    workers   threads; default: the machine's cores
    """
    own = Fingerprint(files, key)
    own.take_rest(progress, workers or os.cpu_count() or 1)
    return own.hexdigest()


class Fingerprint:
    """Keyed digest of the contents of files, in order, and of their number and sizes, taken file by file.

    files  in order
    key    16 to 64 bytes

    Secret: whoever knows all records but one could confirm the last with it. It stays in the state folder, with its
    key, and never reaches a release, a log line or a message. Names and dates of the files don't matter.

    Rule      Every part of 64 MiB of a file gets a GMAC tag (AES-256-GCM, additional data only), under a key derived
              from `key`; keyed BLAKE2b goes over the number of files, the size of each, and the tags of its parts.
    Sound     GMAC is a polynomial over GF(2^128) at a secret random point: different contents of one size have the same
              tags with a chance of at most (blocks of a part + 1) / 2^128 < 2^-105, whoever chose them without the
              key. That needs no fresh nonce. A repeated one harms GMAC as a signature, as two tags that an attacker
              sees give away the point; ours are seen by nobody: they die with this object, and only BLAKE2b's digest
              of them leaves it. So one fixed nonce serves, and the same contents keep their tags from run to run.
    Source    McGrew and Viega 2004, "The security and performance of the Galois/Counter Mode", lemma 2; NIST SP
              800-38D, appendix A (what a repeated nonce gives away).
    Cost      One pass: about 5 GB/s a core from memory, mostly for copying; else the disk's speed.

    Every method raises `DataError` where a file can't be read.
    """

    def __init__(self, files: Sequence[Path], key: bytes) -> None:
        if not 16 <= len(key) <= 64:
            raise ValueError("the key of a fingerprint has 16 to 64 bytes")
        self._key = key
        self._parts = [list(_parts(file, _size(file))) for file in files]
        self._tagger = _Tagger(hashlib.blake2b(key=key, digest_size=32, person=b"shoal file tags").digest())
        self._tags: dict[_Part, bytes] = {}

    def is_under(self, key: bytes) -> bool:
        """Is it taken under this key?"""
        return hmac.compare_digest(self._key, key)

    def take(self, number: int, over: threading.Event) -> None:
        """Read the file of this number, from 0, until `over` is set; on any thread, and more of them side by side."""
        for part in self._parts[number]:
            if over.is_set():
                return
            self._tags[part] = self._tagger(part)

    def take_rest(self, progress: Callable[[float], None] | None, workers: int) -> None:
        """Read all that was not taken yet; see `fingerprint`."""
        left = [part for parts in self._parts for part in parts if part not in self._tags]
        total, read = max(1, sum(part.length for part in left)), 0
        for part, tag in _tags(left, self._tagger, workers):
            self._tags[part] = tag
            read += part.length
            if progress is not None:
                progress(read / total)

    def hexdigest(self) -> str:
        """64 hex digits. All files must have been taken."""
        digest = hashlib.blake2b(len(self._parts).to_bytes(8, "little"), digest_size=32, key=self._key, person=_PERSON)
        for parts in self._parts:
            digest.update(parts[0].size.to_bytes(8, "little"))
            for part in parts:
                digest.update(self._tags[part])
        return digest.hexdigest()

    def __repr__(self) -> str:
        return "<Fingerprint>"


@dataclass(frozen=True, slots=True)
class _Part:
    """`length` bytes from `begin` on, of a file of `size` bytes."""

    file: Path
    size: int
    begin: int
    length: int


def _parts(file: Path, size: int) -> Iterator[_Part]:
    for begin in range(0, max(size, 1), _PART):  # an empty file is one part, too
        yield _Part(file, size, begin, min(_PART, size - begin))


def _tags(parts: Sequence[_Part], tag: "_Tagger", workers: int) -> Iterator[tuple[_Part, bytes]]:
    """The tag of every part, in order, worked out by threads that are only a little ahead."""
    with ThreadPoolExecutor(workers) as threads:
        under_way: deque[tuple[_Part, Future[bytes]]] = deque()
        try:
            for part in parts:
                under_way.append((part, threads.submit(tag, part)))
                if len(under_way) > 4 * workers:
                    first, future = under_way.popleft()
                    yield first, future.result()
            while under_way:
                first, future = under_way.popleft()
                yield first, future.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)  # the first error ends it


class _Tagger(threading.local):
    """GMAC of a part; each thread has a buffer of its own."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._buffer = memoryview(bytearray(_BUFFER))

    def __call__(self, part: _Part) -> bytes:
        state = Cipher(AES(self._key), GCM(_NONCE)).encryptor()
        left = part.length
        try:
            with part.file.open("rb", buffering=0) as stream:
                stream.seek(part.begin)
                while left:
                    read = stream.readinto(self._buffer[: min(left, _BUFFER)])
                    if not read:
                        raise DataError(f"{part.file}: became shorter while it was read; run again when it is complete")
                    state.authenticate_additional_data(self._buffer[:read])
                    left -= read
        except OSError as error:
            raise _unreadable(part.file, error) from None
        state.finalize()
        return state.tag


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: OSError) -> DataError:
    return DataError(f"{file}: can't be read ({error.strerror}); check its permissions")
