"""The transparency log: an append-only public record as static files (C2SP tlog-tiles), its proofs and witnesses.

`Log` writes one, `LogReader` reads one that somebody else writes, `Proof` shows offline that an entry is in it,
`Witness` vouches that it has one history. The room knows nothing of what the entries mean.
"""

from shoal.translog.checkpoint import Checkpoint
from shoal.translog.key import SigningKey
from shoal.translog.log import Log
from shoal.translog.note import Note, VerifierKey
from shoal.translog.policy import Policy
from shoal.translog.proof import Proof, Verified
from shoal.translog.reader import LogReader

__all__ = ["Checkpoint", "Log", "LogReader", "Note", "Policy", "Proof", "SigningKey", "Verified", "VerifierKey"]
