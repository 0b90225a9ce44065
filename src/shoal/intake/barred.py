"""Whom the door does not let in, because they said so, and from where nothing: known by keyed hashes alone."""

from dataclasses import dataclass
from typing import NoReturn, Self

import numpy as np
import pyarrow as pa

from shoal._arrays import Bool, UInt64
from shoal.intake.deny import DenyList
from shoal.intake.hashset import HashSet
from shoal.intake.pseudonym import KEY_BYTES, Pseudonymizer


class OptOuts:
    """Devices that opted out.

    key     16 bytes, the list's own
    hashes  uint64[m]  SipHash-2-4 of their identifiers under `key`, as `Pseudonymizer(key)` gives them

    No reader, no copy, no pickle. An engine whose workers are several processes hands it on by `packed`, sealed.
    """

    __slots__ = ("__hash", "__hashes", "__key", "__set")

    def __init__(self, key: bytes, hashes: UInt64) -> None:
        self.__key, self.__hashes = key, hashes
        self.__hash, self.__set = Pseudonymizer(key), HashSet(hashes)

    def __bool__(self) -> bool:
        """Is anybody on the list?"""
        return bool(self.__hashes.size)

    def among(self, device: pa.Array) -> Bool:
        """Which of n identifiers (see `Pseudonymizer`) opted out: bool[n]. Safe to call from threads."""
        return self.__set.contains(self.__hash(device))

    def packed(self) -> bytes:
        """All of it as bytes. Secret: only to be sealed."""
        return self.__key + self.__hashes.astype("<u8").tobytes()

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        """What `packed` gave."""
        return cls(packed[:KEY_BYTES], np.frombuffer(packed, dtype="<u8", offset=KEY_BYTES).astype(np.uint64))

    def __repr__(self) -> str:
        return "<OptOuts, hidden>"

    def __refuse(self, *_: object) -> NoReturn:
        raise TypeError("a list of opt-outs can't be copied or stored: its key lives in one process, for one run")

    __copy__ = __deepcopy__ = __getstate__ = __reduce__ = __reduce_ex__ = __refuse


@dataclass(frozen=True, slots=True, repr=False)
class Barred:
    """Everything that the door needs to know and that is secret; it goes from the state to the engine.

    places  near which no record is used; None: there is no such list
    """

    opt_outs: OptOuts
    places: DenyList | None = None

    @classmethod
    def nobody(cls) -> Self:
        return cls(OptOuts(bytes(KEY_BYTES), np.empty(0, dtype=np.uint64)))

    def packed(self) -> bytes:
        """All of it as bytes. Secret: only to be sealed."""
        own = self.opt_outs.packed()
        return len(own).to_bytes(8, "little") + own + (b"" if self.places is None else self.places.packed())

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        """What `packed` gave."""
        end = 8 + int.from_bytes(packed[:8], "little")
        return cls(OptOuts.unpacked(packed[8:end]), DenyList.unpacked(packed[end:]) if len(packed) > end else None)

    def __repr__(self) -> str:
        return "<Barred, hidden>"
