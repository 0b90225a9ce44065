"""Folders and files of the state: for the owner only, whole or not there at all, failures in sentences."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoal.errors import StateError


def make_folder(folder: Path) -> None:
    """Make `folder` (0700) and those above it, unless it is there. Raises `StateError`."""
    with sentences(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def create_once(file: Path, data: bytes) -> None:
    """Make `file` (0600) with `data`, unless it is there; of several processes one wins. Raises `StateError`.

    The file appears whole (a hard link to a finished one) and is on the disk before this returns. An existing file is
    not even opened: closing a SQLite database behind SQLite's back would drop this process's locks on it.
    """
    with sentences(file.parent):
        if file.exists():
            return
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}.tmp")
    with sentences(file.parent):
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            try:
                os.link(draft, file)
            except FileExistsError:
                return
        finally:
            draft.unlink(missing_ok=True)
        handle = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_secret(file: Path, size: int, otherwise: str = "") -> bytes:
    """A secret of so many bytes, which only its owner may read. Raises `StateError`.

    otherwise  what else may be done about a damaged one than putting it back
    """
    with sentences(file):
        secret, mode = file.read_bytes(), file.stat().st_mode
    if mode & 0o077:
        raise StateError(f"{file} is a secret that other users can read; run: chmod 600 {file}")
    if len(secret) != size:
        raise StateError(f"{file} is damaged; restore it from a backup{f', {otherwise}' if otherwise else ''}")
    return secret


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn a failure of the file system at `path` into a `StateError`."""
    try:
        yield
    except (FileExistsError, NotADirectoryError):
        raise StateError(
            f"{path} can't be the state folder, as a file is in its place; choose another with --state"
        ) from None
    except PermissionError:
        raise StateError(
            f"{path} can't be read and written by this user; grant the right or choose another folder with --state"
        ) from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StateError(f"the disk of {path} is full; make room and run again") from None
        if error.errno == errno.EROFS:
            raise StateError(
                f"{path} can't be written, as its disk is read-only; choose another with --state"
            ) from None
        raise StateError(f"{path} can't be used ({error.strerror}); choose another folder with --state") from None
