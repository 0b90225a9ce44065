"""Sealed segments: what records become when they leave a process, for a disk or another machine.

Packed column by column (`_pack`), encrypted with AES-256-GCM. On a disk there is nothing to read and nothing to
change: a segment that was altered, cut, or moved to another place does not open.
"""

from secrets import token_bytes
from typing import Any, NoReturn

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shoal.buckets._pack import pack, unpack
from shoal.buckets.partition import Records
from shoal.errors import StateError

KEY_BYTES = 32
_NONCE_BYTES = 12


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
        nonce = token_bytes(_NONCE_BYTES)
        return nonce + self.__box.encrypt(nonce, pack(records).data.cast("B"), place)

    def open(self, segment: bytes, place: bytes, kind: "np.dtype[Any]") -> Records:
        """The records of a segment of `place`, of type `kind`. Safe to call from threads.

        Raises `StateError` where the segment is not as it was sealed.
        """
        view = memoryview(segment)
        try:
            plain = self.__box.decrypt(view[:_NONCE_BYTES], view[_NONCE_BYTES:], place)
        except (InvalidTag, ValueError):  # the latter where not even a nonce is left
            raise StateError(
                "temporary records on disk were changed while they were there; check the disk and run again"
            ) from None
        return unpack(np.frombuffer(plain, dtype=np.uint64), kind)

    def __repr__(self) -> str:
        return "<Sealer, key hidden>"

    def __refuse(self, *_: object) -> NoReturn:
        raise TypeError("a sealer can't be copied or stored: its key lives in one process, for one run")

    __copy__ = __deepcopy__ = __getstate__ = __reduce__ = __reduce_ex__ = __refuse
