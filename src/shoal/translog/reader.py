"""Reads a log from a folder or a web address, and believes nothing that does not lead to its signed root."""

import gzip
import http.client
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from shoal.errors import DataError, UsageError, VerificationError
from shoal.translog.checkpoint import Checkpoint, open_checkpoint
from shoal.translog.cosignature import Cosignature
from shoal.translog.merkle import verify_consistency
from shoal.translog.note import LARGEST_NOTE, Note, VerifierKey
from shoal.translog.policy import Policy
from shoal.translog.proof import verify_witnesses
from shoal.translog.tiles import SPAN
from shoal.translog.view import Fetch, View

TIMEOUT = 10.0
"""Seconds that a web server may be silent."""


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
    address = str(source)
    if isinstance(source, Path) or "://" not in address:
        return _from_folder(Path(source))
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{address} is neither a folder nor the http or https address of a log")
    return _from_web(address.rstrip("/"), timeout)


def _from_folder(folder: Path) -> Fetch:
    def fetch(path: str, limit: int) -> bytes | None:
        file = folder / path
        try:
            with file.open("rb") as stream:
                return _within(stream.read(limit + 1), limit, str(file))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise DataError(f"{file} can't be read; check the folder of the log and its rights") from None

    return fetch


def _from_web(prefix: str, timeout: float) -> Fetch:
    def fetch(path: str, limit: int) -> bytes | None:
        address = f"{prefix}/{path}"
        request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip, identity"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 (http and https only)
                data = _within(answer.read(limit + 1), limit, address)
                coding = (answer.headers.get("Content-Encoding") or "identity").lower()
            if coding == "gzip":
                with gzip.GzipFile(fileobj=BytesIO(data)) as stream:
                    return _within(stream.read(limit + 1), limit, address)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (404, 410):
                return None
            raise DataError(f"{address} can't be read: the server answers {error.code}; try again later") from None
        except (OSError, http.client.HTTPException, EOFError, zlib.error, ValueError):
            raise DataError(f"{address} can't be read; check the address and whether its server is up") from None
        if coding != "identity":
            raise DataError(f"{address} comes in an encoding that nobody asked for; ask who runs the server")
        return data

    return fetch


def _within(data: bytes, limit: int, name: str) -> bytes:
    if len(data) > limit:
        raise DataError(f"{name} is longer than any such file of a log can be ({limit} bytes)")
    return data
