"""Files that outlive a crash: written whole, forced to the disk, put in their place by a rename.

`Disk` is the one that is used. Everything it changes goes through its six steps (`step_...`); the tests' double
(`tests/translog/faulty.py`) is a `Disk` whose steps stop at a number, so that every point of a crash can be tried.
"""

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from shoal.errors import DiskError, StateError


class Files(Protocol):
    """What a room needs of the disk. Every failure is a `StateError`."""

    def make_folder(self, folder: Path, root: Path | None = None) -> None: ...
    def write_new(self, file: Path, data: bytes) -> None: ...
    def replace(self, file: Path, data: bytes, draft: Path | None = None) -> None: ...
    def replace_all(self, files: Iterable[tuple[Path, bytes]], draft: Path | None = None) -> None: ...
    def overwrite(self, file: Path, data: bytes) -> None: ...
    def rename(self, old: Path, new: Path) -> None: ...
    def remove(self, path: Path) -> None: ...
    def sync(self, path: Path) -> None: ...
    def sync_tree(self, folder: Path) -> None: ...
    def read(self, file: Path, limit: int) -> bytes | None: ...
    def list(self, folder: Path) -> list[str]: ...
    def lock(self, file: Path, *, shared: bool = False) -> AbstractContextManager[None]: ...


class Disk:
    """The file system. New files get `mode`, new folders `folder_mode`, both less the umask."""

    def __init__(self, mode: int = 0o644, folder_mode: int = 0o755) -> None:
        self._mode = mode
        self._folder_mode = folder_mode
        self._settled: set[Path] = set()

    def make_folder(self, folder: Path, root: Path | None = None) -> None:
        """Make `folder` and those above it, unless they are there; their names are on the disk when this returns.

        A crash may have left a folder whose name was not yet on the disk. So every folder below `root` (which is one
        of those above it) is forced once by each `Disk`, whether it was there or not.
        """
        with _sentences(folder):
            above = root if root is not None and root in folder.parents else folder
            chain = [path for path in (folder, *folder.parents) if above in path.parents and path not in self._settled]
            chain += [path for path in (above, *above.parents) if not path.is_dir()]
            for made in reversed(chain):
                if not made.is_dir():
                    self.step_make(made)
                self.sync(made.parent)
                self._settled.add(made)

    def write_new(self, file: Path, data: bytes) -> None:
        """Write a file that was not there. Not whole at once: for what nobody looks for until it is renamed."""
        with _sentences(file):
            self._write(file, data, os.O_EXCL)
        self.sync(file.parent)

    def replace(self, file: Path, data: bytes, draft: Path | None = None) -> None:
        """Put `data` in the place of `file`, or where none was: who reads sees the old or the new, never a part."""
        self.replace_all([(file, data)], draft)

    def replace_all(self, files: Iterable[tuple[Path, bytes]], draft: Path | None = None) -> None:
        """`replace` one after the other, forcing each folder once, at the end.

        `draft` is what each is called until it is whole; it has to lie on the same disk.
        """
        folders: dict[Path, None] = {}
        for file, data in files:
            first = draft or file.with_name(f".{file.name}.tmp")
            with _sentences(file):
                self._write(first, data, os.O_TRUNC)
                self.step_rename(first, file)
            folders[file.parent] = None
        for folder in folders:
            self.sync(folder)

    def overwrite(self, file: Path, data: bytes) -> None:
        """Put `data` over the first bytes of a file, in their place: what stood there is to be gone, not the file."""
        with _sentences(file):
            self._write(file, data, 0)

    def rename(self, old: Path, new: Path) -> None:
        """Rename a file or folder, for good."""
        with _sentences(new):
            self.step_rename(old, new)
        for folder in dict.fromkeys((new.parent, old.parent)):
            self.sync(folder)

    def remove(self, path: Path) -> None:
        """Remove a file, or a folder with the files in it, unless it is gone already."""
        with _sentences(path):
            if path.is_dir() and not path.is_symlink():
                for name in sorted(os.listdir(path)):  # noqa: PTH208 (names, not paths)
                    self.step_remove(path / name)
                self.step_remove(path)
            elif path.exists() or path.is_symlink():
                self.step_remove(path)
            else:
                return
        self.sync(path.parent)

    def sync(self, path: Path) -> None:
        """Force a file's content, or the names in a folder, to the disk."""
        with _sentences(path):
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                self.step_sync(handle, path)
            finally:
                os.close(handle)

    def sync_tree(self, folder: Path) -> None:
        """Force everything in `folder` to the disk, for what others wrote into it; then it may be renamed."""
        for name in self.list(folder):
            if (folder / name).is_dir():
                self.sync_tree(folder / name)
            else:
                self.sync(folder / name)
        self.sync(folder)

    def read(self, file: Path, limit: int) -> bytes | None:
        """The bytes of a file, None where there is none; more than `limit` are an error."""
        with _sentences(file):
            try:
                with file.open("rb") as stream:
                    data = stream.read(limit + 1)
            except FileNotFoundError:
                return None
        if len(data) > limit:
            raise StateError(f"{file} is longer than the {limit} bytes that it may have; put back the right file")
        return data

    def list(self, folder: Path) -> list[str]:
        """The names in a folder, sorted; none where there is no folder."""
        with _sentences(folder):
            try:
                return sorted(os.listdir(folder))  # noqa: PTH208
            except FileNotFoundError:
                return []

    @contextmanager
    def lock(self, file: Path, *, shared: bool = False) -> Iterator[None]:
        """Hold a lock between processes and threads; the kernel lets go however the process ends. `file` stays."""
        with _sentences(file):
            handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, self._mode)
        try:
            with _sentences(file):
                fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _write(self, file: Path, data: bytes, flag: int) -> None:
        handle = self.step_create(file, flag)
        try:
            self.step_write(handle, file, data)
            self.step_sync(handle, file)
        finally:
            os.close(handle)

    # The six steps that change the disk, and the file's creation.

    def step_make(self, folder: Path) -> None:
        folder.mkdir(mode=self._folder_mode, exist_ok=True)

    def step_create(self, file: Path, flag: int) -> int:
        return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | flag, self._mode)

    def step_write(self, handle: int, file: Path, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(handle, left) :]

    def step_sync(self, handle: int, path: Path) -> None:
        os.fsync(handle)

    def step_rename(self, old: Path, new: Path) -> None:
        old.replace(new) if not old.is_dir() else old.rename(new)

    def step_remove(self, path: Path) -> None:
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Turn a failure of the file system into a `DiskError`."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "the disk failed").lower()
        raise DiskError(_sentence(path, error), reason) from None


def _sentence(path: Path, error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return f"{path} is not there; put it back, or check the path"
        case FileExistsError() | NotADirectoryError() | IsADirectoryError():
            return f"something else is in the place of {path}; move it away"
        case PermissionError():
            return f"{path} can't be read or written by this user; grant the right"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return f"the disk of {path} is full; make room and run again"
        case _:
            return f"{path} can't be used ({error.strerror}); check the disk"
