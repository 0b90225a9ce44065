"""The public copy of a log: whole after every step, and never another or an older log in its place."""

from pathlib import Path

import pytest

from shoal.errors import ShoalError, StateError
from shoal.translog.copy import copy_log
from shoal.translog.key import SigningKey
from shoal.translog.log import Log
from shoal.translog.reader import LogReader
from tests.translog.faulty import Crash, FaultyDisk, count

KEY = SigningKey.from_seed("example.org/log", bytes(range(32)))


def entries(first: int, after: int) -> list[bytes]:
    return [f"entry {n}".encode() for n in range(first, after)]


@pytest.mark.parametrize("sizes", [(0, 1, 3), (255, 256, 257), (300, 65_900)], ids=str)
def test_a_copy_says_what_the_log_says(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    log, to = Log.open(tmp_path / "log", KEY), tmp_path / "public"
    for size in sizes:
        log.append(entries(log.size, size), at=log.size)
        assert copy_log(log, to) == size == copy_log(log, to)
        last = max(0, size - 700)
        assert LogReader(to, KEY.vkey).view().entries(last, size) == entries(last, size)
    shown = [file for file in log.folder.rglob("*") if file.is_file() and not file.name.startswith(".")]
    assert all((to / file.relative_to(log.folder)).read_bytes() == file.read_bytes() for file in shown)


def test_another_or_a_longer_log_stays(tmp_path: Path) -> None:
    log, to = Log.open(tmp_path / "log", KEY), tmp_path / "public"
    log.append(entries(0, 3))
    copy_log(log, to)
    before = (to / "checkpoint").read_bytes()
    for name, content in {"older": entries(0, 2), "other": [b"x", *entries(1, 5)]}.items():
        wrong = Log.open(tmp_path / name, KEY)
        wrong.append(content)
        with pytest.raises(ShoalError):
            copy_log(wrong, to)
    stranger = Log.open(tmp_path / "stranger", SigningKey.from_seed("example.org/log", bytes(32)))
    stranger.append(entries(0, 9))
    with pytest.raises(ShoalError):
        copy_log(stranger, to)
    assert (to / "checkpoint").read_bytes() == before


def test_who_reads_during_a_crash_sees_the_old_log_or_the_new(tmp_path: Path) -> None:
    log = Log.open(tmp_path / "log", KEY)
    log.append(entries(0, 255))
    for at in range(len(_steps(log, tmp_path))):
        to = tmp_path / f"to-{at}"
        short = Log.open(tmp_path / f"short-{at}", KEY)
        short.append(entries(0, 250))
        copy_log(short, to)
        with pytest.raises(Crash):
            copy_log(log, to, FaultyDisk(at=at, lose=True))
        assert len(list(LogReader(to, KEY.vkey).all())) in (250, 255)
        assert copy_log(log, to) == 255
        assert list(LogReader(to, KEY.vkey).all()) == entries(0, 255)


def _steps(log: Log, tmp_path: Path) -> list[str]:
    short = Log.open(tmp_path / "short", KEY)
    short.append(entries(0, 250))
    copy_log(short, tmp_path / "to")
    return count(lambda disk: copy_log(log, tmp_path / "to", disk))


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = Log.open(tmp_path / "log", KEY)
    with pytest.raises(StateError):
        copy_log(log, tmp_path / "file" / "public")
