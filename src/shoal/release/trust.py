"""What somebody who verifies a release holds against it, beside the folder itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from shoal.errors import UsageError, VerificationError
from shoal.translog.checkpoint import Checkpoint
from shoal.translog.note import LARGEST_NOTE, Note, VerifierKey
from shoal.translog.policy import Policy


@dataclass(frozen=True)
class Trust:
    """Each may be missing: then the folder is held against itself only.

    key      the log's key, from the publisher by another way than the release
    log      folder or address of the log as it is now
    policy   which witnesses must have cosigned
    kept     file with a checkpoint that the verifier kept from an earlier time; replaced by the newer one
    """

    key: VerifierKey | None = None
    log: str | None = None
    policy: Policy | None = None
    kept: Path | None = None

    @classmethod
    def of(
        cls,
        *,
        key: str | None = None,
        log: str | Path | None = None,
        witnesses: str | Path | None = None,
        checkpoint: str | Path | None = None,
    ) -> Self:
        """From what a person gives: a key or the file that holds it, a log, a policy file, a kept checkpoint.

        Raises `UsageError` and `DataError`, one sentence.
        """
        if checkpoint is not None and log is None:
            raise UsageError("--checkpoint: a kept checkpoint is held against the log as it is now; name it with --log")
        return cls(
            None if key is None else _key(key),
            None if log is None else str(log),
            None if witnesses is None else Policy.parse(_read(Path(witnesses), "--witnesses")),
            None if checkpoint is None else Path(checkpoint),
        )

    def older(self, *, required: bool = False) -> Checkpoint | None:
        """The checkpoint that was kept; None where none was yet. It was verified when it was kept.

        Raises `VerificationError`, and `UsageError` where it is required and not there.
        """
        if self.kept is None or not (required or self.kept.exists()):
            return None
        return Checkpoint.parse(Note.parse(_read(self.kept, "--checkpoint")[:LARGEST_NOTE]).text)


def _key(given: str) -> VerifierKey:
    file = Path(given)
    try:
        text = file.read_text(encoding="utf-8").strip() if file.is_file() else given
        return VerifierKey.parse(text)
    except (OSError, ValueError, UsageError, VerificationError):
        raise UsageError(
            "--key: must be a key such as example.org/shoal+1a2b3c4d+AbC..., or a file that holds one"
        ) from None


def _read(file: Path, option: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{option} {file}: can't be read ({error.strerror})") from None
