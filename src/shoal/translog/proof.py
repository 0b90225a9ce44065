"""Proofs for use offline (C2SP tlog-proof): that an entry is in a log, and that witnesses saw that log."""

import re
from dataclasses import dataclass
from typing import Self

from shoal.errors import VerificationError
from shoal.translog.checkpoint import Checkpoint, open_checkpoint
from shoal.translog.cosignature import Cosignature, verify_cosignature
from shoal.translog.merkle import LARGEST, leaf_hash, verify_inclusion
from shoal.translog.note import COSIGNATURE, LARGEST_NOTE, Note, VerifierKey, decode, encode
from shoal.translog.policy import Policy

HEADER = "c2sp.org/tlog-proof@v1"
MOST_HASHES = 63
LARGEST_PROOF = 2 * LARGEST_NOTE
SUFFIX = ".tlog-proof"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a proof has shown: the checkpoint, who cosigned it, and the names of signers whose keys are not known."""

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """The entry at `index` belongs to the checkpoint in `note`; nothing is verified yet. `extra` is never signed."""

    index: int
    hashes: tuple[bytes, ...]
    note: Note
    extra: bytes | None = None

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a proof; there is one way to write it. Raises `VerificationError`."""
        if len(data) > LARGEST_PROOF:
            raise VerificationError(f"a proof is longer than {LARGEST_PROOF} bytes")
        head, gap, note = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise VerificationError("the lines before a proof's checkpoint are not plain text") from None
        if not gap or lines.pop(0) != HEADER:
            raise VerificationError(f"the first line of a proof is not {HEADER}, or its checkpoint is missing")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode(lines.pop(0)[len("extra ") :], "the extra line of a proof")
        found = re.fullmatch(r"index (0|[1-9][0-9]{0,18})", lines.pop(0)) if lines else None
        if not found or int(found[1]) > LARGEST:
            raise VerificationError("a proof does not say the index of its entry")
        if len(lines) > MOST_HASHES:
            raise VerificationError(f"a proof has more than {MOST_HASHES} hashes")
        hashes = tuple(decode(line, "a hash of the proof") for line in lines)
        return cls(int(found[1]), hashes, Note.parse(note), extra)

    def __bytes__(self) -> bytes:
        lines = [HEADER, *([] if self.extra is None else [f"extra {encode(self.extra)}"]), f"index {self.index}"]
        lines += [encode(part) for part in self.hashes]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + bytes(self.note)

    def verify(
        self,
        entry: bytes,
        log: VerifierKey,
        policy: Policy | None = None,
        *,
        strict: bool = True,
        origin: str | None = None,
    ) -> Verified:
        """Check that the log with this key holds `entry`, and, with a policy, that enough witnesses saw it.

        `strict`: every byte of the proof counts, so a signature by a key that is not known here is refused, and so is
        an extra line, since nobody signed it. Not strict is what the specification says: both are passed over, and
        `unknown` names those signers. Either way a line that claims a known key has to verify. Raises
        `VerificationError`.
        """
        checkpoint = open_checkpoint(self.note, log, origin)
        verify_inclusion(leaf_hash(entry), self.index, checkpoint.size, self.hashes, checkpoint.root)
        cosignatures, unknown = verify_witnesses(self.note, log, policy)
        if strict and unknown:
            raise VerificationError(f"the proof is signed by {unknown[0]}, whose key is not known; give its policy")
        if strict and self.extra is not None:
            raise VerificationError("the proof has an extra line, which nobody signed")
        return Verified(checkpoint, cosignatures, unknown)


def verify_witnesses(
    note: Note, log: VerifierKey, policy: Policy | None
) -> tuple[tuple[Cosignature, ...], tuple[str, ...]]:
    """The cosignatures of a note by witnesses of the policy, and the names of signers that are not known.

    Raises `VerificationError` where one does not verify, where there are not enough, or where the policy has logs and
    this is none of them.
    """
    if policy is not None and policy.logs and log not in [known.key for known in policy.logs]:
        raise VerificationError(f"the policy does not accept the log {log.name} with this key")
    witnesses = [known.key for known in policy.witnesses.values()] if policy else []
    found: list[Cosignature] = []
    unknown: list[str] = []
    for signature in note.signatures:
        key = next((key for key in witnesses if key.made(signature)), None)
        if key is not None and key.kind == COSIGNATURE:
            found.append(verify_cosignature(key, note.text, signature))
        elif not log.made(signature):
            unknown.append(signature.name)
    if policy is not None and not policy.enough(cosignature.key for cosignature in found):
        raise VerificationError("too few witnesses of the policy have cosigned the checkpoint")
    return tuple(found), tuple(unknown)
