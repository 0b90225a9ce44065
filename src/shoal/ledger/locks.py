"""One release of the same plan over the same records at a time."""

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shoal.ledger._files import make_folder, sentences


@contextmanager
def request_lock(folder: Path, key: str, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock of `key` in the state folder; another process with the same key waits until it is let go.

    The kernel lets go when the process ends, however it ends. `waiting` is called once before a wait. The lock file
    stays: removing it could let two processes hold two files of one name. Raises `StateError`.
    """
    if not re.fullmatch(r"[0-9a-f]{1,128}", key):
        raise ValueError("the key of a lock is a hexadecimal digest")
    locks = folder / "locks"
    make_folder(locks)
    with sentences(locks):
        handle = os.open(locks / f"{key}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with sentences(locks):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waiting is not None:
                    waiting()
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
