"""The key that signs for a log, or cosigns for a witness: a 32-byte seed of Ed25519. The caller keeps the seed."""

import secrets
from dataclasses import dataclass, field
from typing import Self

from shoal.errors import UsageError
from shoal.translog.note import COSIGNATURE, ED25519, Signature, VerifierKey

SEED = 32
"""Bytes of a seed."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Signs in the name of its verifier key; `kind` is 1 for a log, 4 for a witness. It shows its seed to nobody."""

    vkey: VerifierKey
    seed: bytes = field(repr=False)

    @classmethod
    def make(cls, name: str, kind: int = ED25519) -> Self:
        """A new key, from the randomness of the operating system."""
        return cls.from_seed(name, secrets.token_bytes(SEED), kind)

    @classmethod
    def from_seed(cls, name: str, seed: bytes, kind: int = ED25519) -> Self:
        """The key of a seed. Raises `UsageError` for a name or a seed that can't be one."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if len(seed) != SEED:
            raise UsageError(f"a signing key has {SEED} bytes; this one has {len(seed)}")
        if kind not in (ED25519, COSIGNATURE):
            raise UsageError("a signing key is of type 1 (log) or 4 (witness)")
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        return cls(VerifierKey(name, kind, public), seed)

    @property
    def name(self) -> str:
        """Of the log or witness."""
        return self.vkey.name

    def sign(self, text: str) -> Signature:
        """Sign the text of a note; the same text gives the same signature. Raises `UsageError` for a witness's key."""
        if self.vkey.kind != ED25519:
            raise UsageError(f"the key {self.name} belongs to a witness and can't sign for a log; use one of type 1")
        return Signature(self.name, self.vkey.key_id, self.raw(text.encode()))

    def raw(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)
