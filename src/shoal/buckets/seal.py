"""Sealed segments: what records become when they leave a process, for a disk or another machine.

Column by column, compressed with LZ4, encrypted with AES-256-GCM. On a disk there is nothing to read and nothing to
change: a segment that was altered, cut, or moved to another place does not open.
"""

from secrets import token_bytes
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shoal.buckets.partition import Records
from shoal.errors import StateError

KEY_BYTES = 32
_NONCE_BYTES = 12
_COUNT_BYTES = 8
_LZ4 = "lz4_raw"


class Sealer:
    """Seals and opens segments under one key, which has no reader.

    key  32 bytes; default: random, known to this object only, so that segments can't be read once the process is gone

    Each segment has a random nonce of 96 bits: with 2**32 segments under one key, two share one with probability 2**-33
    (NIST SP 800-38D, section 8.3, sets that limit).
    """

    __slots__ = ("__box",)

    def __init__(self, key: bytes | None = None) -> None:
        if key is not None and len(key) != KEY_BYTES:
            raise ValueError(f"a key for segments has {KEY_BYTES} bytes")
        self.__box = AESGCM(token_bytes(KEY_BYTES) if key is None else key)

    def seal(self, records: Records, place: bytes) -> bytes:
        """n records of any record type as one sealed segment. Safe to call from threads.

        place  where the segment belongs, as in "this part of this run"; it opens nowhere else. Not secret.
        """
        names = records.dtype.names or ()
        columns = np.empty(records.nbytes, dtype=np.uint8)
        at = 0
        for name in names:
            width = records.dtype[name].itemsize * records.size
            columns[at : at + width].view(records.dtype[name])[:] = records[name]
            at += width
        packed = pa.compress(columns, codec=_LZ4, asbytes=True)
        return self._encrypt(records.size.to_bytes(_COUNT_BYTES, "little") + packed, place)

    def open(self, segment: bytes, place: bytes, kind: "np.dtype[Any]") -> Records:
        """The records of a segment of `place`, of type `kind`. Safe to call from threads.

        Raises `StateError` where the segment is not as it was sealed.
        """
        plain = self._decrypt(segment, place)
        n = int.from_bytes(plain[:_COUNT_BYTES], "little")
        columns = pa.decompress(plain[_COUNT_BYTES:], n * kind.itemsize, codec=_LZ4)
        records = np.empty(n, dtype=kind)
        at = 0
        for name in kind.names or ():
            records[name] = np.frombuffer(columns, dtype=kind[name], count=n, offset=at)
            at += kind[name].itemsize * n
        return records

    def __repr__(self) -> str:
        return "<Sealer, key hidden>"

    def _encrypt(self, plain: bytes, place: bytes) -> bytes:
        nonce = token_bytes(_NONCE_BYTES)
        return nonce + self.__box.encrypt(nonce, plain, place)

    def _decrypt(self, segment: bytes, place: bytes) -> memoryview:
        view = memoryview(segment)
        try:
            return memoryview(self.__box.decrypt(view[:_NONCE_BYTES], view[_NONCE_BYTES:], place))
        except InvalidTag:
            raise StateError(
                "temporary records on disk were changed while they were there; check the disk and run again"
            ) from None

    def __refuse(self, *_: object) -> NoReturn:
        raise TypeError("a sealer can't be copied or stored: its key lives in one process, for one run")

    __copy__ = __deepcopy__ = __getstate__ = __reduce__ = __reduce_ex__ = __refuse
