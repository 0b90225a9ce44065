"""The file layer: whole or not at all, in sentences; and the double that stops it does what it says."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from shoal.disk import Disk
from shoal.errors import StateError
from tests.translog.faulty import Crash, FaultyDisk, count


def release(folder: Path, disk: Disk) -> None:
    """What a room does that writes a folder beside its place and puts it there."""
    disk.make_folder(folder / "draft" / "inner")
    disk.write_new(folder / "draft" / "a", b"whole")
    disk.write_new(folder / "draft" / "inner" / "b", b"whole")
    disk.sync_tree(folder / "draft")
    disk.rename(folder / "draft", folder / "release")


def test_what_is_written_is_there(tmp_path: Path) -> None:
    disk = Disk()
    release(tmp_path / "x", disk)
    assert disk.list(tmp_path / "x") == ["release"] and disk.list(tmp_path / "y") == []
    assert disk.read(tmp_path / "x" / "release" / "inner" / "b", 5) == b"whole"
    assert disk.read(tmp_path / "none", 5) is None
    disk.replace(tmp_path / "x" / "file", b"one")
    disk.replace(tmp_path / "x" / "file", b"two", tmp_path / "x" / "draft")
    assert disk.read(tmp_path / "x" / "file", 3) == b"two"
    disk.remove(tmp_path / "x" / "file")
    disk.remove(tmp_path / "x" / "file")
    disk.remove(tmp_path / "x" / "release" / "inner")
    assert disk.list(tmp_path / "x" / "release") == ["a"]


def test_a_folder_is_whole_or_not_there_wherever_it_stops(tmp_path: Path) -> None:
    kinds = count(lambda disk: release(tmp_path / "all", disk))
    shown = 0
    for at in range(len(kinds)):
        for torn, lose in ((False, False), (True, False), (False, True)):
            folder = tmp_path / f"{at} {torn} {lose}"
            disk = FaultyDisk(at, torn=torn, lose=lose)
            with pytest.raises(Crash):
                release(folder, disk)
            with pytest.raises(Crash):  # dead is dead
                disk.make_folder(folder / "another")
            if (folder / "release").exists():
                shown += 1
                assert (folder / "release" / "a").read_bytes() == b"whole"
                assert (folder / "release" / "inner" / "b").read_bytes() == b"whole"
    assert shown


def test_the_double_loses_what_was_not_forced(tmp_path: Path) -> None:
    """Its other side: a file that was renamed without being forced is there, and empty, after the power fails."""

    class Lazy(FaultyDisk):
        def step_sync(self, handle: int, path: Path) -> None:
            if path.is_dir():
                super().step_sync(handle, path)

    def write(disk: FaultyDisk) -> None:
        disk.replace(tmp_path / "first", b"whole")
        disk.replace(tmp_path / "second", b"whole")

    assert count(write).count("sync") == 4
    for disk, kept in ((FaultyDisk(6, lose=True), b"whole"), (Lazy(5, lose=True), b"")):
        (tmp_path / "first").unlink(missing_ok=True)
        (tmp_path / "second").unlink(missing_ok=True)
        with pytest.raises(Crash):
            write(disk)
        assert (tmp_path / "first").read_bytes() == kept and not (tmp_path / "second").exists()


def test_torn_writes_are_torn(tmp_path: Path) -> None:
    disk = FaultyDisk(1, torn=True)
    with pytest.raises(Crash):
        disk.write_new(tmp_path / "a", b"whole!")
    assert (tmp_path / "a").read_bytes() == b"who"


def test_failures_are_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk()
    (tmp_path / "file").write_bytes(b"long")
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: disk.read(tmp_path / "file", 3), "longer"),
        (lambda: disk.read(tmp_path, 3), "place"),
        (lambda: disk.make_folder(tmp_path / "file" / "inner"), "place"),
        (lambda: disk.write_new(tmp_path / "file", b""), "place"),
        (lambda: disk.write_new(tmp_path / "none" / "file", b""), "not there"),
        (lambda: disk.rename(tmp_path / "none", tmp_path / "x"), "not there"),
        (lambda: disk.sync(tmp_path / "none"), "not there"),
    ]
    for call, words in calls:
        with pytest.raises(StateError, match=words):
            call()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StateError, match="full"):
        disk.replace(tmp_path / "file", b"new")
    monkeypatch.undo()
    assert (tmp_path / "file").read_bytes() == b"long"


def test_a_draft_is_no_way_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"kept")
    (tmp_path / ".file.tmp").symlink_to(tmp_path / "victim")
    with pytest.raises(StateError):
        Disk().replace(tmp_path / "file", b"new")
    assert (tmp_path / "victim").read_bytes() == b"kept"


def test_folders_are_made_from_the_first_that_is_missing(tmp_path: Path) -> None:
    for number, root in enumerate((None, "a/b/c", "a/b", "a", "")):
        top = tmp_path / str(number)
        for _ in range(2):
            Disk().make_folder(top / "a/b/c", None if root is None else top / root)
            assert (top / "a/b/c").is_dir()
    forced = FaultyDisk()
    forced.make_folder(tmp_path / "0/a/b/c", tmp_path / "0")
    forced.make_folder(tmp_path / "0/a/b/c", tmp_path / "0")
    assert forced.steps == ["sync"] * 3


def test_modes(tmp_path: Path) -> None:
    disk = Disk(0o600, 0o700)
    disk.make_folder(tmp_path / "secret")
    disk.replace(tmp_path / "secret" / "file", b"")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "secret" / "file").stat().st_mode & 0o777 == 0o600


def test_a_lock_excludes_and_shares(tmp_path: Path) -> None:
    disk = Disk()
    inside: list[bool] = []
    with disk.lock(tmp_path / "lock", shared=True), disk.lock(tmp_path / "lock", shared=True):
        other = threading.Thread(target=lambda: _enter(tmp_path / "lock", inside))
        other.start()
        other.join(0.1)
        assert not inside
    other.join()
    assert inside


def _enter(lock: Path, inside: list[bool]) -> None:
    with Disk().lock(lock):
        inside.append(True)
