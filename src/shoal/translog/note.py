"""Signed notes (C2SP signed-note): a text and who signed it. Strict: there is one way to write a note, and no other."""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from shoal.errors import UsageError, VerificationError

ED25519 = 0x01
"""Signature type: Ed25519 over the text."""
COSIGNATURE = 0x04
"""Signature type: Ed25519 over the text and a time (C2SP tlog-cosignature)."""

LARGEST_NOTE = 1 << 20
"""Bytes of a note."""
MOST_SIGNATURES = 128

_LENGTHS = {ED25519: 32, COSIGNATURE: 32}
_DASH = "\u2014"


@dataclass(frozen=True, slots=True)
class Signature:
    """A line below a note: the key's name, its 4-byte id, and what it signed with."""

    name: str
    key_id: bytes
    data: bytes

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line without its newline. Raises `VerificationError`."""
        dash, *rest = line.split(" ")
        if dash != _DASH or len(rest) != 2 or not is_name(rest[0]):
            raise VerificationError("a signature line is not '\u2014 name base64'")
        blob = decode(rest[1], "a signature")
        if len(blob) < 5:
            raise VerificationError("a signature is shorter than the id of its key")
        return cls(rest[0], blob[:4], blob[4:])

    @property
    def line(self) -> str:
        """As it stands in a note, newline included."""
        return f"{_DASH} {self.name} {encode(self.key_id + self.data)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and one or more signatures, not yet verified."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a note. Raises `VerificationError`."""
        if len(data) > LARGEST_NOTE:
            raise VerificationError(f"a signed note is longer than {LARGEST_NOTE} bytes")
        try:
            whole = data.decode("utf-8")
        except UnicodeDecodeError:
            raise VerificationError("a signed note is not UTF-8") from None
        if re.search(r"[\x00-\x09\x0b-\x1f]", whole):
            raise VerificationError("a signed note holds a control character")
        head, gap, tail = whole.rpartition("\n\n")
        if not gap or not tail.endswith("\n"):
            raise VerificationError("a signed note is not a text, an empty line and signature lines")
        lines = tail[:-1].split("\n")
        if len(lines) > MOST_SIGNATURES:
            raise VerificationError(f"a signed note has more than {MOST_SIGNATURES} signatures")
        return cls(head + "\n", tuple(Signature.parse(line) for line in lines))

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}"

    def __bytes__(self) -> bytes:
        return str(self).encode()


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name and signature type, as a vkey says it."""

    name: str
    kind: int
    public: bytes
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise UsageError(f"{self.name!r} can't name a key: a name is not empty and has no spaces and no plus sign")
        if len(self.public) != _LENGTHS.get(self.kind, len(self.public)) or not self.public:
            raise UsageError(f"the key {self.name} does not have the {_LENGTHS.get(self.kind, 1)} bytes of its type")
        object.__setattr__(self, "key_id", key_id(self.name, self.kind, self.public))

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read `name+id+base64`. Raises `UsageError`."""
        parts = vkey.split("+", 2)
        if len(parts) != 3 or not re.fullmatch(r"[0-9a-f]{8}", parts[1]):
            raise UsageError("a verifier key is not 'name+id+key' (see docs/transparency-log.md)")
        try:
            blob = decode(parts[2], "a key")
        except VerificationError:
            raise UsageError("the last part of a verifier key is not base64; copy the whole key") from None
        if not blob:
            raise UsageError("the last part of a verifier key is empty; copy the whole key")
        key = cls(parts[0], blob[0], blob[1:])
        if blob[0] in _LENGTHS and key.key_id.hex() != parts[1]:
            raise UsageError(f"the id of the verifier key {key.name} is not that of its key; copy the whole key")
        object.__setattr__(key, "key_id", bytes.fromhex(parts[1]))  # other types may count their ids otherwise
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode(bytes([self.kind]) + self.public)}"

    def made(self, signature: Signature) -> bool:
        """Whether a line claims to be by this key."""
        return signature.name == self.name and signature.key_id == self.key_id


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The 4 bytes that tell keys of one name apart."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def verify_note(note: Note, key: VerifierKey) -> Signature:
    """Check that the Ed25519 key signed; every line that claims to be by it has to verify.

    Raises `VerificationError`, and `UsageError` for a key of another type.
    """
    if key.kind != ED25519:
        raise UsageError(f"the key {key.name} is not one that signs notes (type 1); a witness's key is of type 4")
    lines = [signature for signature in note.signatures if key.made(signature)]
    if not lines:
        raise VerificationError(f"the note is not signed by {key.name} with the key that was given")
    for line in lines:
        if not ed25519_verifies(key.public, line.data, note.text.encode()):
            raise VerificationError(f"the signature of {key.name} does not verify")
    return lines[0]


def ed25519_verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    """RFC 8032; a public key that is no point of the curve verifies nothing."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def is_name(name: str) -> bool:
    """Whether a key may be called so."""
    printable = all(ord(letter) >= 0x20 and not letter.isspace() for letter in name)
    return bool(name) and "+" not in name and printable


def encode(data: bytes) -> str:
    """Standard base64."""
    return b64encode(data).decode()


def decode(text: str, what: str) -> bytes:
    """Base64 in its one canonical form, so that no other text means the same. Raises `VerificationError`."""
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except (NotBase64, UnicodeEncodeError):
        raise VerificationError(f"{what} is not base64") from None
    if encode(data) != text:
        raise VerificationError(f"{what} is not base64 in its canonical form")
    return data
