"""A keyed digest of the source's files, by which Shoal knows that it is asked the same thing again."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shoal.errors import DataError

_CHUNK = 1 << 20


def fingerprint(files: Sequence[Path], key: bytes) -> str:
    """BLAKE2b under `key` (16 to 64 bytes) over the contents of `files` in order and their number: 64 hex digits.

    Secret: whoever knows all records but one could confirm the last with it. It stays in the state folder, with its
    key, and never reaches a release, a log line or a message. Names and dates of the files don't matter.
    Raises `DataError` where a file can't be read.
    """
    if not 16 <= len(key) <= 64:
        raise ValueError("the key of a fingerprint has 16 to 64 bytes")
    with ThreadPoolExecutor(2) as pool:
        digests = list(pool.map(lambda file: _digest(file, key), files))
    whole = hashlib.blake2b(len(digests).to_bytes(8, "little"), digest_size=32, key=key, person=b"shoal source")
    for digest in digests:
        whole.update(digest)
    return whole.hexdigest()


def _digest(file: Path, key: bytes) -> bytes:
    state = hashlib.blake2b(digest_size=32, key=key, person=b"shoal file")
    try:
        with file.open("rb", buffering=0) as stream:
            while chunk := stream.read(_CHUNK):
                state.update(chunk)
    except OSError as error:
        raise DataError(f"{file}: can't be read ({error.strerror}); check its permissions") from None
    return state.digest()
