"""A disk that stops at a chosen step: the test double of `shoal.disk.Disk`, for every room that uses it.

    steps = count(scenario)                     how many steps a run changes the disk in
    FaultyDisk(at=n)                            stops before step n
    FaultyDisk(at=n, torn=True)                 a write stops in the middle
    FaultyDisk(at=n, lose=True)                 and the power fails: what was not forced to the disk is lost
    disk.heir()                                 the disk of the next process; what was not forced is still in memory
    disk.power_fails()                          and now it is lost

After the stop every step stops, so that no `finally` of the code under test can mend anything: the process is dead.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from shoal.disk import Disk


class Crash(BaseException):
    """The process has ended here; nothing may catch it."""


class FaultyDisk(Disk):
    def __init__(self, at: int | None = None, *, torn: bool = False, lose: bool = False) -> None:
        super().__init__()
        self.steps: list[str] = []
        self._at = at
        self._torn = torn
        self._lose = lose
        self._dead = False
        self._loose: set[Path] = set()  # files whose content was not forced
        self._names: list[tuple[Path, Callable[[], None]]] = []  # (folder not forced, how to undo its change)

    def heir(self) -> "FaultyDisk":
        heir = FaultyDisk()
        heir._loose, heir._names = set(self._loose), list(self._names)
        return heir

    def power_fails(self) -> None:
        for file in self._loose:
            if file.is_file():
                os.truncate(file, 0)
        for _, undo in reversed(self._names):
            undo()

    def step_make(self, folder: Path) -> None:
        self._step("make")
        super().step_make(folder)
        self._names.append((folder.parent, lambda: shutil.rmtree(folder, ignore_errors=True)))

    def step_create(self, file: Path, flag: int) -> int:
        self._step("create")
        if not file.exists():
            self._names.append((file.parent, lambda: file.unlink(missing_ok=True)))
        self._loose.add(file)
        return super().step_create(file, flag)

    def step_write(self, handle: int, file: Path, data: bytes) -> None:
        self._loose.add(file)
        self._step("write", lambda: os.write(handle, data[: len(data) // 2]))
        super().step_write(handle, file, data)

    def step_sync(self, handle: int, path: Path) -> None:
        self._step("sync")
        self._loose.discard(path)
        self._names = [(folder, undo) for folder, undo in self._names if folder != path]

    def step_rename(self, old: Path, new: Path) -> None:
        self._step("rename")
        before = new.read_bytes() if new.is_file() else None

        def undo() -> None:
            if new.exists():
                new.rename(old)
            if before is not None:
                new.write_bytes(before)

        super().step_rename(old, new)
        self._names.append((new.parent, undo))
        if old in self._loose:
            self._loose.remove(old)
            self._loose.add(new)

    def step_remove(self, path: Path) -> None:
        self._step("remove")
        if path.is_dir():
            self._names.append((path.parent, lambda: path.mkdir(exist_ok=True)))
        else:
            before = path.read_bytes()
            self._names.append((path.parent, lambda: _put(path, before)))
        super().step_remove(path)

    def _step(self, kind: str, half: Callable[[], object] | None = None) -> None:
        if self._dead:
            raise Crash
        if len(self.steps) == self._at:
            self._dead = True
            if self._torn and half is not None:
                half()
            if self._lose:
                self.power_fails()
            raise Crash
        self.steps.append(kind)


def count(scenario: Callable[[FaultyDisk], object]) -> list[str]:
    """The kinds of the steps of a run that nothing stops."""
    disk = FaultyDisk()
    scenario(disk)
    return disk.steps


def _put(path: Path, data: bytes) -> None:
    if path.parent.is_dir():
        path.write_bytes(data)
