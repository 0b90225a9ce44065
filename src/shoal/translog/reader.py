"""Reads a log from a folder or a web address, and believes nothing that does not lead to its signed root."""

from collections.abc import Iterator
from pathlib import Path

from shoal.errors import DataError, VerificationError
from shoal.translog.checkpoint import Checkpoint, open_checkpoint
from shoal.translog.cosignature import Cosignature
from shoal.translog.merkle import verify_consistency
from shoal.translog.note import LARGEST_NOTE, Note, VerifierKey
from shoal.translog.policy import Policy
from shoal.translog.proof import verify_witnesses
from shoal.translog.tiles import SPAN
from shoal.translog.view import Fetch, View
from shoal.translog.web import TIMEOUT, call, check_address


class LogReader:
    """A log that somebody else writes. `source`: its folder, or its prefix, an address with http or https.

    With a policy, a checkpoint counts only if enough of its witnesses cosigned it. Raises `DataError` for what can't
    be read and `VerificationError` for what does not verify, whatever it is that is found there.
    """

    def __init__(
        self, source: str | Path, key: VerifierKey, policy: Policy | None = None, timeout: float = TIMEOUT
    ) -> None:
        self.source = str(source)
        self.key = key
        self._policy = policy
        self._fetch = fetcher(source, timeout)

    def view(self) -> View:
        """The log as its checkpoint says now; each call reads it anew."""
        return self.read()[0]

    def read(self) -> tuple[View, tuple[Cosignature, ...]]:
        """The log as its checkpoint says now, and the policy's witnesses who cosigned it."""
        data = self._fetch("checkpoint", LARGEST_NOTE)
        if data is None:
            raise DataError(f"there is no log at {self.source}: it has no checkpoint; check the folder or address")
        note = Note.parse(data)
        checkpoint = open_checkpoint(note, self.key)
        cosignatures, _ = verify_witnesses(note, self.key, self._policy)
        return View(checkpoint, note, self._fetch), cosignatures

    def follow(self, older: Checkpoint) -> View:
        """The log as it is now, if it continues `older`, a checkpoint that was verified before.

        Raises `VerificationError` where the log is shorter now or has another history.
        """
        view = self.view()
        if older.origin != view.checkpoint.origin:
            raise VerificationError(f"the older checkpoint is of the log {older.origin!r}, not {self.key.name!r}")
        if older.size > view.size:
            raise VerificationError(
                f"the log had {older.size} entries and now shows {view.size}: it was rolled back, or this copy is old"
            )
        proof = view.prove_consistency(older.size)
        verify_consistency(older.size, older.root, view.size, view.checkpoint.root, proof)
        return view

    def all(self) -> Iterator[bytes]:
        """Every entry, first to last, each checked; a few at a time are in memory."""
        view = self.view()
        for start in range(0, view.size, SPAN):
            yield from view.entries(start, min(start + SPAN, view.size))


def fetcher(source: str | Path, timeout: float = TIMEOUT) -> Fetch:
    """How the files of a log are fetched from a folder or an address. Raises `UsageError` for another scheme."""
    if isinstance(source, Path) or "://" not in source:
        return _from_folder(Path(source))
    return _from_web(check_address(source), timeout)


def _from_folder(folder: Path) -> Fetch:
    def fetch(path: str, limit: int) -> bytes | None:
        file = folder / path
        try:
            with file.open("rb") as stream:
                data = stream.read(limit + 1)
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise DataError(f"{file} can't be read; check the folder of the log and its rights") from None
        if len(data) > limit:
            raise DataError(f"{file} is longer than any such file of a log can be ({limit} bytes)")
        return data

    return fetch


def _from_web(prefix: str, timeout: float) -> Fetch:
    def fetch(path: str, limit: int) -> bytes | None:
        address = f"{prefix}/{path}"
        status, data = call(address, limit, timeout)
        if status in (404, 410):
            return None
        if status != 200:
            raise DataError(f"{address} can't be read: the server answers {status}; try again later")
        return data

    return fetch
