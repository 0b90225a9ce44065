"""proof.json: that a release stands in the public log, to be checked offline.

It holds the entry of the log that names this manifest, and a proof in the form of C2SP tlog-proof: the entry's place,
the hashes that lead to the log's root, and the checkpoint that the log's key signed and witnesses may have cosigned.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict

from shoal.disk import Disk, Files
from shoal.errors import VerificationError
from shoal.ledger.entries import Entries, ReleaseEntry
from shoal.release._facts import Text, as_tuple
from shoal.translog.note import VerifierKey
from shoal.translog.policy import NONE, Known, Policy
from shoal.translog.proof import Proof, Verified

PROOF = "proof.json"
LARGEST = 1 << 20


class ReleaseProof(BaseModel):
    """The contents of proof.json. Every byte of it counts."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal[1] = 1
    entry: str
    """The entry, byte for byte."""
    proof: str
    """C2SP tlog-proof."""
    witnesses: Annotated[tuple[Text, ...], BeforeValidator(as_tuple)] = ()
    """Keys of those who cosigned the checkpoint."""

    @classmethod
    def of(cls, entry: ReleaseEntry, proof: Proof, witnesses: Sequence[VerifierKey] = ()) -> Self:
        """The proof of `entry`."""
        return cls(entry=entry.to_bytes().decode(), proof=bytes(proof).decode(), witnesses=tuple(map(str, witnesses)))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read canonical JSON. Raises `ValueError` for anything else."""
        found = cls.model_validate_json(data)
        if found.to_bytes() != data:
            raise ValueError("is not written in canonical form")
        return found

    def to_bytes(self) -> bytes:
        """Canonical JSON: sorted keys, two spaces, UTF-8, a newline at the end."""
        return (json.dumps(self.model_dump(mode="json"), sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()

    def said(self) -> ReleaseEntry:
        """The entry. Raises `VerificationError`."""
        entry = Entries.parse(self.entry.encode())
        if not isinstance(entry, ReleaseEntry):
            raise VerificationError("the entry of the log speaks of something else than a release")
        return entry

    def inclusion(self) -> Proof:
        """The proof for use offline. Raises `VerificationError`."""
        return Proof.parse(self.proof.encode())

    def verify(self, log: VerifierKey) -> Verified:
        """Is the entry in the log with this key, and is every signature under its checkpoint good?

        Raises `VerificationError`.
        """
        keys = [VerifierKey.parse(witness) for witness in self.witnesses]
        listed = Policy(witnesses={str(number): Known(key) for number, key in enumerate(keys)}, quorum=NONE)
        found = self.inclusion().verify(self.entry.encode(), log, listed)
        if len(keys) != len({cosignature.key for cosignature in found.cosignatures}):
            raise VerificationError("a witness is named that did not cosign the checkpoint")
        return found


def add_proof(folder: Path, proof: ReleaseProof, files: Files | None = None) -> None:
    """Put `proof` beside the manifest of a release that is not published yet: whole, or not at all."""
    (files or Disk()).replace(folder / PROOF, proof.to_bytes(), folder.parent / f".{folder.name}.proof.partial")
