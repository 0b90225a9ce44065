"""Withdrawing a release: an entry of the log, for ever. Nothing is deleted and nothing is paid back."""

from shoal.errors import UsageError
from shoal.ledger.entries import CorrectionEntry, ReleaseEntry
from shoal.ledger.journal import Journal


def correct(journal: Journal, release: str, reason: str, superseded_by: str | None = None) -> CorrectionEntry:
    """Tell the log that `release` is wrong, why, and which release to use instead.

    Raises `UsageError` where the log knows no such release, or the reason is not one line.
    """
    entry = _known(journal, release)
    if superseded_by is not None and _known(journal, superseded_by) == entry:
        raise UsageError(f"{superseded_by}: a release can't take its own place; name the new one")
    if not reason.strip() or not reason.isprintable() or len(reason) > 2000:
        raise UsageError("--reason: must be one line of at most 2,000 characters that says what is wrong")
    correction = CorrectionEntry(
        release=entry.release,
        manifest_sha256=entry.manifest_sha256,
        reason=reason.strip(),
        superseded_by=superseded_by,
    )
    journal.record(correction)
    return correction


def _known(journal: Journal, release: str) -> ReleaseEntry:
    entry = journal.latest("release", release)
    if not isinstance(entry, ReleaseEntry):
        raise UsageError(f"{release}: the log knows no such release; `shoal log` lists them")
    return entry
