"""The keys of one run on Spark, and the box that seals what is no record.

They are made on the driver and travel inside the functions that the tasks run, nowhere else: not in a setting, a
column, a broadcast or a name. They have no `repr`, and the run forgets them when it ends.
"""

from dataclasses import dataclass
from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shoal.buckets.seal import KEY_BYTES as SEAL_BYTES
from shoal.buckets.seal import Sealer
from shoal.errors import StateError
from shoal.intake import Pseudonymizer
from shoal.intake.pseudonym import KEY_BYTES as PSEUDONYM_BYTES

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Three independent keys: 16 bytes for pseudonyms, 32 for records, 32 for everything else."""

    pseudonyms: bytes
    records: bytes
    notes: bytes

    @classmethod
    def random(cls) -> "Keys":
        return cls(token_bytes(PSEUDONYM_BYTES), token_bytes(SEAL_BYTES), token_bytes(SEAL_BYTES))

    def pseudonymizer(self) -> Pseudonymizer:
        return Pseudonymizer(self.pseudonyms)

    def sealer(self) -> Sealer:
        return Sealer(self.records)

    def box(self) -> "Box":
        return Box(self.notes)

    def __repr__(self) -> str:
        return "<Keys, hidden>"


class Box:
    """Seals bytes with AES-256-GCM. What is sealed for one `place` opens nowhere else; a place is not secret."""

    __slots__ = ("__box",)

    def __init__(self, key: bytes) -> None:
        self.__box = AESGCM(key)

    def seal(self, plain: bytes, place: bytes) -> bytes:
        nonce = token_bytes(_NONCE_BYTES)
        return nonce + self.__box.encrypt(nonce, plain, place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """Raises `StateError` where it is not as it was sealed."""
        try:
            return self.__box.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
        except (InvalidTag, ValueError):
            raise StateError(
                "what a task of Spark handed on was changed on its way; check disks and network, and run again"
            ) from None

    def __repr__(self) -> str:
        return "<Box, key hidden>"
