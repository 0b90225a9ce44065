"""Tokens for those who may look: a file of their hashes. A token is shown once, when it is made, and kept nowhere.

A token is 256 random bits, so one round of SHA-256 hides it: there is nothing to guess through, as with a password.
"""

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shoal.disk import Disk
from shoal.errors import StateError, UsageError
from shoal.serve.access import Grant, bearer
from shoal.serve.faults import Tell, untold

MOST_DAYS = 3660
_FORM = re.compile(r"shoal_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_PATTERN = re.compile(r"[A-Za-z0-9_*?\[\]!-]{1,200}")


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("must have an offset")
    return moment


_Moment = Annotated[datetime, AfterValidator(_aware)]


class Token(BaseModel):
    """What the file holds of one token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
    """Public: part of the token, to revoke it by."""
    name: Annotated[str, Field(min_length=1, max_length=100)]
    """Whose it is, for the operator."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Of the whole token."""
    releases: Annotated[tuple[str, ...], Field(min_length=1)]
    """Patterns of the ids that it opens."""
    created: _Moment
    expires: _Moment
    revoked: _Moment | None = None

    def state(self, now: datetime) -> Literal["valid", "expired", "revoked"]:
        """Whether it opens anything."""
        if self.revoked is not None:
            return "revoked"
        return "valid" if now < self.expires else "expired"


class _Book(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    tokens: tuple[Token, ...] = ()


def create(
    file: Path, name: str, releases: tuple[str, ...], days: int, now: datetime | None = None
) -> tuple[str, Token]:
    """Make a token and note its hash in `file`, which is made where it is missing. Gives the token itself, once.

    Raises `UsageError` and `StateError`.
    """
    if not 1 <= days <= MOST_DAYS:
        raise UsageError(f"--days {days}: a token is valid for 1 to {MOST_DAYS} days")
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise UsageError("a token needs a name of at most 100 characters, so that you know later whose it is")
    if not releases or (wrong := [each for each in releases if not _PATTERN.fullmatch(each)]):
        shown = repr(wrong[0][:60]) if releases else "none"
        raise UsageError(f"--release {shown}: give the id of a release, or a pattern such as 2026-* or *")
    made = (now or datetime.now(UTC)).replace(microsecond=0)
    public = secrets.token_hex(6)
    text = f"shoal_{public}_{secrets.token_urlsafe(32)}"
    token = Token(
        id=public,
        name=name.strip(),
        sha256=_digest(text),
        releases=releases,
        created=made,
        expires=made + timedelta(days=days),
    )
    with _writing(file):
        book = _read(file) if file.exists() else _Book()
        _write(file, _Book(tokens=(*book.tokens, token)))
    return text, token


def listed(file: Path) -> tuple[Token, ...]:
    """What the file holds. Raises `UsageError` where there is no file, `StateError` where it can't be read."""
    _require(file)
    return _read(file).tokens


def revoke(file: Path, id_: str, now: datetime | None = None) -> Token:
    """Make a token open nothing any more; a running server sees it at the next request. Raises `UsageError`."""
    _require(file)
    with _writing(file):
        book = _read(file)
        found = next((token for token in book.tokens if token.id == id_), None)
        if found is None:
            raise UsageError(f"{file} has no token {id_[:40]!r}; `shoal token list` shows their ids")
        revoked = found.model_copy(
            update={"revoked": found.revoked or (now or datetime.now(UTC)).replace(microsecond=0)}
        )
        _write(file, _Book(tokens=tuple(revoked if token.id == id_ else token for token in book.tokens)))
    return revoked


@dataclass(slots=True)
class TokenFile:
    """Lets in who brings a token of a file, which is read again whenever it changes. A file that can't be read lets in
    nobody."""

    file: Path
    tell: Tell = untold
    _stamp: tuple[int, int, int] | None = None
    _tokens: dict[str, Token] | None = None

    def __post_init__(self) -> None:
        """Raises `UsageError` and `StateError` where the file can't be used."""
        listed(self.file)

    async def grant(self, authorization: str | None) -> Grant | None:
        text = bearer(authorization)
        form = _FORM.fullmatch(text) if text is not None else None
        if text is None or form is None:
            return None
        token = self._now().get(form[1])
        good = hmac.compare_digest(_digest(text), token.sha256 if token is not None else "0" * 64)
        if token is None or not good or token.state(datetime.now(UTC)) != "valid":
            return None
        return Grant(token.releases, f"token {token.id}")

    def _now(self) -> dict[str, Token]:
        try:
            found = self.file.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self._stamp or self._tokens is None:
                self._tokens = {token.id: token for token in _read(self.file).tokens}
                self._stamp = stamp
        except (OSError, StateError):
            if self._tokens != {}:
                self.tell(f"{self.file} can't be read any more, so nobody is let in by a token; mend it")
            self._tokens, self._stamp = {}, None
        return self._tokens


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _require(file: Path) -> None:
    if not file.is_file():
        raise UsageError(f"{file}: there is no such file of tokens; `shoal token create` makes it")


def _read(file: Path) -> _Book:
    try:
        if file.stat().st_mode & 0o077:
            raise StateError(f"{file} can be read or written by other users; run: chmod 600 {file}")
        return _Book.model_validate_json(file.read_bytes())
    except OSError as error:
        raise StateError(f"{file} can't be read ({(error.strerror or 'the disk failed').lower()})") from None
    except ValidationError:
        raise StateError(
            f"{file} is no file of tokens, or damaged; restore it, or make tokens anew in another"
        ) from None


def _write(file: Path, book: _Book) -> None:
    """The whole file or the one of before, for its owner only. Raises `StateError`."""
    Disk(0o600).replace(file, json.dumps(book.model_dump(mode="json"), indent=2).encode() + b"\n")


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    """One writer at a time: two tokens made at once are both kept."""
    try:
        handle = os.open(file.parent, os.O_RDONLY)
    except OSError as error:
        raise StateError(f"{file} can't be written ({(error.strerror or 'the disk failed').lower()})") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
