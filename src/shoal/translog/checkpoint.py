"""Checkpoints (C2SP tlog-checkpoint): how many entries a log has and the root over them, signed."""

import re
from dataclasses import dataclass
from typing import Self

from shoal.errors import VerificationError
from shoal.translog.merkle import EMPTY, LARGEST, WIDTH
from shoal.translog.note import Note, VerifierKey, decode, encode, verify_note


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the log called `origin` held when it had `size` entries. Checks itself; raises `VerificationError`."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if any(not line or "\n" in line for line in lines):
            raise VerificationError("a checkpoint has an empty line")
        if not 0 <= self.size <= LARGEST or len(self.root) != WIDTH:
            raise VerificationError("a checkpoint has a size or root that no log can have")
        if self.size == 0 and self.root != EMPTY:
            raise VerificationError("a checkpoint of no entries does not have the root of the empty tree")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a note. Raises `VerificationError`."""
        origin, size, root, extensions = read_lines(text)
        return cls(origin, size, root, extensions)

    @property
    def text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), encode(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def open_checkpoint(note: Note, key: VerifierKey, origin: str | None = None) -> Checkpoint:
    """The checkpoint that the log with this key signed; its origin has to be the key's name, unless another is given.

    Raises `VerificationError`.
    """
    verify_note(note, key)
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != (origin or key.name):
        raise VerificationError(f"the checkpoint is of the log {checkpoint.origin!r}, not of {origin or key.name!r}")
    return checkpoint


def read_lines(text: str) -> tuple[str, int, bytes, tuple[str, ...]]:
    """Origin, size, root and further lines, by their form alone. Raises `VerificationError`."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise VerificationError("a checkpoint is not at least three lines, none of them empty")
    origin, size, root, *extensions = lines
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", size):
        raise VerificationError("the second line of a checkpoint is not a number of entries")
    return origin, int(size), decode(root, "the root of a checkpoint"), tuple(extensions)
