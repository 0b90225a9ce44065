"""A log in a folder: what it holds, what it shows, and what a crash at any step leaves of it."""

import os
import shutil
import threading
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoal.disk import Disk, Files
from shoal.errors import StateError, UsageError, VerificationError
from shoal.translog import Log, LogReader, SigningKey
from shoal.translog.checkpoint import open_checkpoint
from shoal.translog.cosignature import cosign
from shoal.translog.merkle import leaf_hash, verify_consistency, verify_inclusion
from shoal.translog.note import COSIGNATURE, Note
from shoal.translog.tiles import parse_path
from tests.translog import naive
from tests.translog.faulty import Crash, FaultyDisk, count

KEY = SigningKey.from_seed("example.com/log", bytes(range(32)))
WITNESS = SigningKey.from_seed("example.com/witness", bytes(32), COSIGNATURE)


class Quick(Disk):
    """Does not wait for the disk: for tests in which nothing crashes."""

    def step_sync(self, handle: int, path: Path) -> None:
        pass


def entries(start: int, end: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(start, end)]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.one_of(st.integers(0, 3), st.integers(200, 300)), max_size=5), data=st.data())
def test_any_appends_give_the_naive_tree(tmp_path: Path, sizes: list[int], data: st.DataObject) -> None:
    shutil.rmtree(tmp_path / "log", ignore_errors=True)
    log = Log.open(tmp_path / "log", KEY, files=Quick())
    shown = [log.view().checkpoint]
    for more in sizes:
        assert log.append(entries(log.size, log.size + more)) == shown[-1].size
        shown.append(log.view().checkpoint)
    whole = entries(0, log.size)
    assert log.size == sum(sizes) and log.root == naive.mth(whole)
    assert list(LogReader(tmp_path / "log", KEY.vkey).all()) == whole == log.entries(0, log.size)
    for older in shown:
        assert older.root == naive.mth(whole[: older.size]) == log.view().root(older.size)
        proof = log.prove_consistency(older.size)
        verify_consistency(older.size, older.root, log.size, log.root, proof)
    if whole:
        size = data.draw(st.integers(1, log.size))
        index = data.draw(st.integers(0, size - 1))
        assert log.prove(index, size) == naive.path(index, whole[:size])
        assert log.entry(index) == whole[index]
    again = Log.open(tmp_path / "log", KEY, files=Quick())
    assert again.checkpoint() == log.checkpoint()


def test_three_levels_of_tiles_lie_where_the_specification_says(tmp_path: Path) -> None:
    """The example of C2SP tlog-tiles: 70,000 entries are 273 full tiles and one of 112; above it 1 full, 17, 1."""
    log = Log.open(tmp_path / "not" / "there" / "log", KEY, files=Quick())
    log.append(entries(0, 69_990))
    log.append(entries(69_990, 70_000))
    tiles = [parse_path(str(file.relative_to(log.folder))) for file in log.folder.glob("tile/**/*") if file.is_file()]
    partial = sorted((tile for tile in tiles if tile.width < 256 and tile.level != "entries"), key=attrgetter("width"))
    widths = {(tile.level, tile.index): tile.width for tile in partial}  # the widest: an older one may still lie there
    full = [tile for tile in tiles if tile.width == 256]
    assert widths == {(0, 273): 112, (1, 1): 17, (2, 0): 1}
    assert sum(tile.level == 0 for tile in full) == 273 == sum(tile.level == "entries" for tile in full)
    assert sum(tile.level == 1 for tile in full) == 1
    root = log.root
    for index in (0, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999):
        proof = log.prove(index)
        verify_inclusion(leaf_hash(b"entry %d" % index), index, 70_000, proof, root)
        assert naive.rebuilt(leaf_hash(b"entry %d" % index), index, 70_000, proof) == root
    naive.check_offline_proof(bytes(log.proof(65_537)), b"entry 65537", KEY.name, KEY.vkey.public)


def test_an_append_can_be_repeated(tmp_path: Path) -> None:
    log = Log.open(tmp_path, KEY)
    assert log.append([b"a", b"b"], at=0) == 0
    before = log.checkpoint()
    assert log.append([b"a", b"b"], at=0) == 0
    assert log.append([b"b"], at=1) == 1
    assert log.checkpoint() == before
    assert log.append([b"b", b"c"], at=1) == 1 and log.size == 3
    for wrong, at in ((b"x", 1), (b"d", 4), (b"d", -1)):
        with pytest.raises(StateError):
            log.append([wrong], at=at)
    assert log.entries(0, 3) == [b"a", b"b", b"c"]


def test_wrong_use_is_refused(tmp_path: Path) -> None:
    log = Log.open(tmp_path, KEY, KEY.name)
    log.append([b"", bytes(65_535)])
    calls: list[Callable[[], object]] = [
        lambda: log.append([bytes(65_536)]),
        lambda: log.entry(2),
        lambda: log.entries(1, 3),
        lambda: log.prove(0, 3),
        lambda: log.prove(2),
        lambda: log.prove_consistency(3),
        lambda: Log.open(tmp_path, KEY, "example.com/other"),
    ]
    for call in calls:
        with pytest.raises(UsageError):
            call()
    assert log.size == 2 and log.entries(0, 2) == [b"", bytes(65_535)]
    with pytest.raises(VerificationError):
        Log.open(tmp_path, SigningKey.make(KEY.name))


def test_a_log_that_lost_its_checkpoint_does_not_begin_anew(tmp_path: Path) -> None:
    log = Log.open(tmp_path, KEY)
    log.append([b"a"])
    (tmp_path / "checkpoint").unlink()
    with pytest.raises(StateError, match="missing"):
        Log.open(tmp_path, KEY)
    with pytest.raises(StateError, match="missing"):
        log.append([b"b"])


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"])
def test_a_damaged_tile_is_not_carried_on(tmp_path: Path, path: str) -> None:
    log = Log.open(tmp_path, KEY)
    log.append(entries(0, 300))
    whole = (tmp_path / path).read_bytes()
    (tmp_path / path).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(VerificationError):
        _append_and_prove(tmp_path)
    with pytest.raises(VerificationError):
        list(LogReader(tmp_path, KEY.vkey).all())


def _append_and_prove(folder: Path) -> None:
    log = Log.open(folder, KEY)
    log.append([b"more"])
    log.prove(0)


def test_threads_and_other_openers_take_turns(tmp_path: Path) -> None:
    logs = [Log.open(tmp_path, KEY, files=Quick()) for _ in range(4)]
    places: list[int] = []

    def work(log: Log, name: int) -> None:
        for number in range(20):
            places.append(log.append([b"%d %d" % (name, number)]))

    threads = [threading.Thread(target=work, args=(log, name)) for name, log in enumerate(logs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(places) == list(range(80))
    assert {log.size for log in logs} == {80}
    wanted = [b"%d %d" % (name, number) for name in range(4) for number in range(20)]
    assert sorted(logs[0].entries(0, 80)) == sorted(wanted)


def test_cosignatures_are_shown_with_the_checkpoint_and_go_with_it(tmp_path: Path) -> None:
    log = Log.open(tmp_path, KEY)
    log.append([b"a"])
    view = log.view()
    line = cosign(WITNESS, view.note.text, 1_700_000_000)
    assert log.cosign([(WITNESS.vkey, line)], view) == 1
    assert log.cosign([(WITNESS.vkey, cosign(WITNESS, view.note.text, 1_700_000_001))]) == 1
    assert log.checkpoint().count(WITNESS.name) == 1
    assert Log.open(tmp_path, KEY).proof(0).note.signatures[1].name == WITNESS.name
    with pytest.raises(VerificationError):
        log.cosign([(WITNESS.vkey, cosign(WITNESS, "another text\n", 1_700_000_000))])
    log.append([b"b"])
    assert WITNESS.name not in log.checkpoint()
    with pytest.raises(StateError, match="grown"):
        log.cosign([(WITNESS.vkey, line)], view)


# What a process does that may die anywhere: appends across the end of a tile, and a cosignature.
ENDS = (2, 255, 258)


def scenario(folder: Path, files: Files, acknowledged: list[int]) -> None:
    log = Log.open(folder, KEY, files=files)
    for start, end in zip((0, *ENDS), ENDS, strict=False):
        log.append(entries(start, end), at=start)
        acknowledged.append(end)
        if log.size == 255:
            log.cosign([(WITNESS.vkey, cosign(WITNESS, log.view().note.text, 1_700_000_000))])


def everything(folder: Path) -> dict[str, bytes]:
    files = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    return {name: data for name, data in files.items() if name != ".draft"}


def test_a_crash_at_every_step_loses_nothing(tmp_path: Path) -> None:
    """Every write, fsync, rename, ... of the scenario is a place to die.

    The power fails with it; or a write stops half-way; or the next process goes on, and the power fails after that.
    """
    undisturbed = tmp_path / "undisturbed"
    kinds = count(lambda disk: scenario(undisturbed, disk, []))
    wanted = everything(undisturbed)
    assert {"make", "create", "write", "sync", "rename", "remove"} == set(kinds)
    for at, kind in enumerate(kinds):
        for torn, lose in ((False, False), (False, True), *([(True, False)] if kind == "write" else [])):
            folder = tmp_path / f"log {at} {torn} {lose}"
            acknowledged = [0]
            disk = Watching(at, torn=torn, lose=lose, folder=folder)
            with pytest.raises(Crash):
                scenario(folder, disk, acknowledged)
            if lose or torn:
                _recovered(folder, acknowledged[-1], disk.checkpoint)
                Log.open(folder, KEY, files=Quick()).append([b"something else"])
            else:  # again from the beginning, as who does not know how far it came
                heir = disk.heir()
                scenario(folder, heir, [])
                heir.power_fails()
                Log.open(folder, KEY, files=Quick())  # removes what was removed, and came back
                assert everything(folder) == wanted, (at, kind)
            _continues(folder, disk.checkpoint)


class Watching(FaultyDisk):
    """Notes the last checkpoint that anybody could have seen before the stop, also one that a power failure undid."""

    def __init__(self, at: int, *, torn: bool, lose: bool, folder: Path) -> None:
        super().__init__(at, torn=torn, lose=lose)
        self._folder = folder
        self.checkpoint = b""

    def step_rename(self, old: Path, new: Path) -> None:
        super().step_rename(old, new)
        if new == self._folder / "checkpoint":
            self.checkpoint = new.read_bytes()


def _recovered(folder: Path, acknowledged: int, seen: bytes) -> None:
    if (folder / "checkpoint").exists():
        shown = LogReader(folder, KEY.vkey)
        held = list(shown.all())  # before anybody has mended anything: no checkpoint without its entries
        assert held == entries(0, len(held)) and len(held) >= acknowledged
    log = Log.open(folder, KEY, files=Quick())
    assert acknowledged <= log.size in (0, *ENDS)
    assert log.entries(0, log.size) == entries(0, log.size)
    _continues(folder, seen)


def _continues(folder: Path, seen: bytes) -> None:
    if seen:
        LogReader(folder, KEY.vkey).follow(open_checkpoint(Note.parse(seen), KEY.vkey))


def test_the_crash_test_sees_a_log_that_does_not_force_its_files(tmp_path: Path) -> None:
    """Its other side: a log whose tiles are not forced before the checkpoint loses entries, and one notices."""

    class Careless(FaultyDisk):
        def step_sync(self, handle: int, path: Path) -> None:
            if path.name == ".draft" or "tile" in path.parts:
                self._step("sync")
            else:
                super().step_sync(handle, path)

    lost = 0
    for at in range(60):
        folder = tmp_path / "log"
        shutil.rmtree(folder, ignore_errors=True)
        acknowledged = [0]
        with pytest.raises(Crash):
            scenario(folder, Careless(at, lose=True), acknowledged)
        try:
            _recovered(folder, acknowledged[-1], b"")
        except (AssertionError, StateError, VerificationError):
            lost += 1
    assert lost


def test_a_killed_process_loses_nothing_that_it_was_told_is_there(tmp_path: Path) -> None:
    """A real process, a real kill: every index that it wrote down is in the log."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        log = Log.open(tmp_path, KEY)
        number = 0
        while True:
            log.append([b"entry %d" % number])
            os.write(writing, b".")
            number += 1
    os.close(writing)
    told = len(os.read(reading, 1))
    while told < 20:
        told += len(os.read(reading, 4096))
    os.kill(child, 9)
    os.waitpid(child, 0)
    while more := os.read(reading, 4096):
        told += len(more)
    log = Log.open(tmp_path, KEY)
    assert log.size in (told, told + 1)
    assert log.entries(0, log.size) == entries(0, log.size)
