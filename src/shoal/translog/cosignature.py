"""Cosignatures (C2SP tlog-cosignature, Ed25519): a witness says when it saw a checkpoint continue the one before."""

from dataclasses import dataclass

from shoal.errors import UsageError, VerificationError
from shoal.translog.key import SigningKey
from shoal.translog.note import COSIGNATURE, Signature, VerifierKey, ed25519_verifies

_TIME = 8
_SIGNATURE = 64
_LATEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A cosignature that was verified: by whom, and when (seconds since 1970 UTC)."""

    key: VerifierKey
    time: int


def cosign(key: SigningKey, text: str, time: int) -> Signature:
    """The witness's line for a checkpoint's text at `time`. Raises `UsageError` for a key of a log."""
    if key.vkey.kind != COSIGNATURE:
        raise UsageError(f"the key {key.name} is not a witness's (type 4) and can't cosign")
    if not 0 < time <= _LATEST:
        raise UsageError(f"{time} is not a time at which a witness can cosign")
    return Signature(key.name, key.vkey.key_id, time.to_bytes(_TIME) + key.raw(_message(text, time)))


def verify_cosignature(key: VerifierKey, text: str, signature: Signature) -> Cosignature:
    """Check a line that claims to be by `key`. Raises `VerificationError`."""
    if key.kind != COSIGNATURE:
        raise UsageError(f"the key {key.name} is not a witness's (type 4)")
    time = int.from_bytes(signature.data[:_TIME])
    if not key.made(signature) or len(signature.data) != _TIME + _SIGNATURE or not 0 < time <= _LATEST:
        raise VerificationError(f"the cosignature of {key.name} is malformed")
    if not ed25519_verifies(key.public, signature.data[_TIME:], _message(text, time)):
        raise VerificationError(f"the cosignature of {key.name} does not verify")
    return Cosignature(key, time)


def _message(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()
