"""Identifiers become 64-bit pseudonyms under a key that is made for one run and never written."""

from secrets import token_bytes
from typing import NoReturn

import numpy as np
import pyarrow as pa

from shoal._arrays import UInt64
from shoal.intake.siphash import hash_integers, hash_text, hash_uuids

KEY_BYTES = 16


class Pseudonymizer:
    """Replaces identifiers by SipHash-2-4 under a random 128-bit key of its own.

    key  16 random bytes; default: made here, known to this object only. Only an engine whose workers are several
         processes hands one in: it makes the key for the run, and every worker needs the same.

    Two runs share no pseudonym. The key has no reader, and the object refuses to be copied or stored, so a
    pseudonym can't be tied to an identifier once the run is over. Python can't stop a determined reader; this stops
    a careless log line, cache or temporary file.

    Two devices share a pseudonym by chance with probability 2**-64 a pair: for one device among 5 * 10**8 below
    3 * 10**-11, which is far below delta. They would then count as one.
    """

    __slots__ = ("__k0", "__k1")

    def __init__(self, key: bytes | None = None) -> None:
        if key is not None and len(key) != KEY_BYTES:
            raise ValueError(f"a key for pseudonyms has {KEY_BYTES} bytes")
        self.__k0, self.__k1 = np.frombuffer(token_bytes(KEY_BYTES) if key is None else key, dtype="<u8")

    def __call__(self, device: pa.Array) -> UInt64:
        """Pseudonyms of n identifiers: uint64[n]. Safe to call from threads.

        device  Arrow array[n] without nulls: int64, uint64, (large_)string or fixed_size_binary(16), the last read
                as UUIDs. An integer or a UUID has the pseudonym of its text.
        """
        if isinstance(device, pa.ExtensionArray):
            device = device.storage
        if device.null_count:
            raise ValueError("identifiers must not be null here; the source drops records without one")
        kind, n, at = device.type, len(device), device.offset
        out = np.empty(n, dtype=np.uint64)
        if n == 0:
            return out
        if kind in (pa.int64(), pa.uint64()):
            values = np.frombuffer(device.buffers()[1], dtype=np.uint64, count=n, offset=8 * at)
            hash_integers(values, kind == pa.int64(), self.__k0, self.__k1, out)
        elif kind in (pa.string(), pa.large_string()):
            width = np.dtype(np.int32 if kind == pa.string() else np.int64)
            _, starts, text = device.buffers()
            offsets = np.frombuffer(starts, dtype=width, count=n + 1, offset=width.itemsize * at)
            data = np.frombuffer(text if text is not None else b"", dtype=np.uint8)
            hash_text(offsets, data, self.__k0, self.__k1, out)
        elif kind == pa.binary(16):
            words = np.frombuffer(device.buffers()[1], dtype=np.uint32, count=4 * n, offset=16 * at)
            hash_uuids(words, self.__k0, self.__k1, out)
        else:
            raise TypeError(f"identifiers are int64, uint64, text or fixed_size_binary(16) here, got {kind}")
        return out

    def __repr__(self) -> str:
        return "<Pseudonymizer, key hidden>"

    def __refuse(self, *_: object) -> NoReturn:
        raise TypeError("a pseudonymizer can't be copied or stored: its key lives in one process, for one run")

    __copy__ = __deepcopy__ = __getstate__ = __reduce__ = __reduce_ex__ = __refuse
