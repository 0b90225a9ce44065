"""The key of one unit of one source, and what follows from it. With the key goes all that was kept, and every link.

One random key of 32 bytes; from it, by HKDF-Expand with SHA-256 (RFC 5869, section 2.3; the key is uniform already, so
nothing is to be extracted), come three that know nothing of each other: what seals records, what makes pseudonyms, and
what seals the index. Two units have nothing in common: a device has another pseudonym in each.
"""

from secrets import token_bytes
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from shoal.buckets import Sealer
from shoal.buckets.seal import KEY_BYTES as SEAL_BYTES
from shoal.errors import StateError
from shoal.intake import Pseudonymizer
from shoal.intake.pseudonym import KEY_BYTES as PSEUDONYM_BYTES

KEY_BYTES = 32
_NONCE_BYTES = 12


class UnitKey:
    """What a unit's key is good for. No reader, no copy, no pickle.

    key  32 random bytes
    """

    __slots__ = ("__index", "__key")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key of a unit has {KEY_BYTES} bytes")
        self.__key = key
        self.__index = AESGCM(_derived(key, b"index", SEAL_BYTES))

    def sealer(self) -> Sealer:
        return Sealer(_derived(self.__key, b"records", SEAL_BYTES))

    def pseudonymizer(self) -> Pseudonymizer:
        return Pseudonymizer(_derived(self.__key, b"pseudonyms", PSEUDONYM_BYTES))

    def seal_index(self, plain: bytes, place: bytes) -> bytes:
        nonce = token_bytes(_NONCE_BYTES)
        return nonce + self.__index.encrypt(nonce, plain, place)

    def open_index(self, sealed: bytes, place: bytes) -> bytes:
        """Raises `StateError` where it is not as it was sealed for this place."""
        try:
            return self.__index.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
        except (InvalidTag, ValueError):
            raise StateError(
                "the index of a kept unit was changed on the disk, or its key was; put back both from a backup"
            ) from None

    def __repr__(self) -> str:
        return "<UnitKey, hidden>"

    def __refuse(self, *_: object) -> NoReturn:
        raise TypeError("the key of a unit can't be copied or stored: it lies in one file, and goes with it")

    __copy__ = __deepcopy__ = __getstate__ = __reduce__ = __reduce_ex__ = __refuse


def _derived(key: bytes, use: bytes, size: int) -> bytes:
    return HKDFExpand(SHA256(), size, b"shoal kept " + use).derive(key)
