"""A witness (C2SP tlog-witness) remembers each log's last checkpoint that it cosigned, and cosigns what continues it.

It speaks of requests and answers only; `service` brings them over HTTP.
"""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from shoal.disk import Disk, Files
from shoal.errors import StateError, UsageError, VerificationError
from shoal.translog.checkpoint import Checkpoint, read_lines
from shoal.translog.cosignature import cosign, verify_cosignature
from shoal.translog.key import SigningKey
from shoal.translog.merkle import EMPTY, LARGEST, verify_consistency
from shoal.translog.note import COSIGNATURE, ED25519, LARGEST_NOTE, Note, VerifierKey, decode, verify_note

MOST_HASHES = 63
_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and content type of HTTP."""

    status: int
    body: bytes
    kind: str = "text/plain; charset=utf-8"


class Witness:
    """Cosigns for the logs with these keys; what it remembers lies in `folder`, one file a log.

    A request is checked and remembered under a lock that holds between threads and processes, and an answer is given
    once what it says is on the disk. So no crash and no race makes it cosign two histories. A file that it can't
    verify stops it (`StateError`): forgetting would be a roll-back.
    """

    def __init__(
        self,
        folder: Path,
        key: SigningKey,
        logs: Iterable[VerifierKey],
        files: Files | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if key.vkey.kind != COSIGNATURE:
            raise UsageError(f"the key {key.name} belongs to a log and can't cosign; make one of type 4")
        self.folder = folder
        self.key = key
        self._logs: dict[str, list[VerifierKey]] = {}
        for log in logs:
            if log.kind != ED25519:
                raise UsageError(f"the key {log.name} is not one that signs checkpoints (type 1)")
            self._logs.setdefault(log.name, []).append(log)
        self._files = files or Disk()
        self._clock = clock
        self._files.make_folder(folder, folder.parent)
        self._files.sync(folder)  # what was renamed just before a crash counts from now on
        for origin in self._logs:
            self.latest(origin)

    def add_checkpoint(self, body: bytes) -> Answer:
        """The call `add-checkpoint`: 200 with a cosignature, else the status that the specification gives."""
        try:
            old, proof, note = _parse(body)
            origin, size, root, extensions = read_lines(note.text)
        except VerificationError as error:
            return _no(400, error)
        keys = self._logs.get(origin)
        if keys is None:
            return _no(404, "this witness does not know the log")
        try:
            _signed(note, keys)
        except VerificationError as error:
            return _no(403, error)
        if old > size or size > LARGEST or len(root) != len(EMPTY):
            return _no(400, "the old size is larger than that of the checkpoint, or this has no root")
        with self._files.lock(self.folder / _LOCK):
            known = self._load(origin)
            before = known[1] if known else Checkpoint(origin, 0, EMPTY)
            if old != before.size:
                return Answer(409, b"%d\n" % before.size, "text/x.tlog.size")
            try:
                after = Checkpoint(origin, size, root, extensions)
                verify_consistency(before.size, before.root, size, root, proof)
            except VerificationError as error:
                return _no(422, error)
            now = int(self._clock())
            line = cosign(self.key, note.text, now)
            ours = tuple(signature for signature in note.signatures if any(key.made(signature) for key in keys))
            self._files.replace(self._file(after.origin), bytes(Note(note.text, (*ours, line))))
        return Answer(200, line.line.encode())

    def latest(self, origin: str) -> bytes | None:
        """The last checkpoint of a log that was cosigned, as a note; None where there is none."""
        with self._files.lock(self.folder / _LOCK, shared=True):  # not before it is on the disk
            known = self._load(origin)
        return bytes(known[0]) if known else None

    def monitored(self, origin_hash: str) -> bytes | None:
        """`latest` by the SHA-256 of the log's origin, in hexadecimal, as the monitors' call has it."""
        origin = next((origin for origin in self._logs if _hashed(origin) == origin_hash), None)
        return None if origin is None else self.latest(origin)

    def _load(self, origin: str) -> tuple[Note, Checkpoint] | None:
        file = self._file(origin)
        data = self._files.read(file, LARGEST_NOTE)
        if data is None:
            return None
        try:
            note = Note.parse(data)
            mine = [signature for signature in note.signatures if self.key.vkey.made(signature)]
            if not mine:
                raise VerificationError("it is not cosigned")
            verify_cosignature(self.key.vkey, note.text, mine[0])
            checkpoint = Checkpoint.parse(note.text)
        except VerificationError as error:
            raise StateError(f"{file} is not what this witness wrote ({error}); put it back from a copy") from None
        if checkpoint.origin != origin:
            raise StateError(f"{file} speaks of another log; put it back from a copy")
        return note, checkpoint

    def _file(self, origin: str) -> Path:
        return self.folder / f"{_hashed(origin)}.checkpoint"


def request_body(old: int, proof: Iterable[str], note: bytes) -> bytes:
    """What a client sends: the witness's size, the proof's lines in base64, and the checkpoint."""
    return "".join([f"old {old}\n", *(f"{line}\n" for line in proof), "\n"]).encode() + note


def _parse(body: bytes) -> tuple[int, list[bytes], Note]:
    head, gap, note = body.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise VerificationError("the lines before the checkpoint are not plain text") from None
    found = re.fullmatch(r"old (0|[1-9][0-9]{0,18})", lines[0])
    if not gap or not found:
        raise VerificationError("a request is 'old SIZE', lines of a proof, an empty line and a checkpoint")
    if len(lines) - 1 > MOST_HASHES:
        raise VerificationError(f"a proof has at most {MOST_HASHES} lines")
    proof = [decode(line, "a line of the proof") for line in lines[1:]]
    return int(found[1]), proof, Note.parse(note)


def _signed(note: Note, keys: list[VerifierKey]) -> None:
    """At least one trusted key signed, and each line that claims one verifies."""
    claimed = [key for key in keys if any(key.made(signature) for signature in note.signatures)]
    if not claimed:
        raise VerificationError("the checkpoint is not signed by a key that this witness trusts for the log")
    for key in claimed:
        verify_note(note, key)


def _no(status: int, reason: object) -> Answer:
    return Answer(status, f"{reason}\n".encode())


def _hashed(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()
