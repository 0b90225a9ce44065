"""What is due is destroyed, keys first, and logged once; what is left over is named; afterwards nothing is readable."""

import os
import shutil
import time
from datetime import date
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shoal.buckets import POINT, Sealer
from shoal.errors import PlanError, StateError
from shoal.kept import Shelf, Span
from shoal.kept.key import UnitKey
from shoal.ledger import State
from shoal.ledger.entries import KeyDestroyedEntry
from shoal.plan import Plan
from shoal.rights.retention import retain
from tests.cli.shell import refused
from tests.cli.shell import shoal as command
from tests.kept.faults import Crash, PrivateFaulty
from tests.pipeline import source
from tests.rights.weeks import changed, keep, on_day, over_kept, plan, sums

FIRST = Span(date(2019, 3, 4), date(2019, 3, 5))


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    on_day(monkeypatch, "2019-03-20")


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.open(tmp_path / "state")


@pytest.fixture
def own(tmp_path: Path) -> Plan:
    return plan(tmp_path / "in", {"all.csv": source.records(devices=12, days=3)})


def logged(state: State) -> list[tuple[str, date, date]]:
    found = [entry for place, entry in state.journal.find("key destroyed") if place is not None]
    return [(e.source, e.start, e.end) for e in found if isinstance(e, KeyDestroyedEntry)]


def test_unit_after_unit_when_it_is_due(own: Plan, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(own, state)
    on_day(monkeypatch, "2019-04-03")  # 29 days after the end of the first
    assert retain(state).destroyed == () and sums(over_kept(own), state) == sums(own)
    on_day(monkeypatch, "2019-04-04")
    assert retain(state).destroyed == (("kestrel", FIRST),)
    assert logged(state) == [("kestrel", FIRST.start, FIRST.end)]
    with pytest.raises(PlanError, match="no records are kept for the days that begin on 2019-03-04;"):
        sums(over_kept(own), state)
    later = ("start = 2019-03-04", "start = 2019-03-05")
    assert any(sums(over_kept(own, later), state)["presence"])
    assert retain(state).destroyed == ()
    on_day(monkeypatch, "2019-06-01")
    assert len(retain(state).destroyed) == 2 and len(logged(state)) == 3
    assert [path for name in ("kept", "kept-keys") for path in (state.folder / name / "kestrel").rglob("*")] == []


def test_the_newest_registration_counts(own: Plan, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(own, state)
    from shoal.ledger.registration import register

    register(state.journal, changed(own, ("retention_days = 30", "retention_days = 300")))
    on_day(monkeypatch, "2019-06-01")
    assert retain(state).destroyed == () and retain(state).overdue == ()
    register(state.journal, changed(own, ("retention_days = 300\n", "")))
    assert retain(state).destroyed == ()
    assert [(o.path.name, o.allowed) for o in retain(state).overdue] == [
        (f"2019-03-0{day}_2019-03-0{day + 1}", None) for day in (4, 5, 6)
    ]


def test_afterwards_nothing_opens_with_any_key_that_is_left(
    own: Plan, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even copies of the destroyed files, as a backup without the keys would hold them. Two-sided."""
    keep(own, state)
    copies = {path: path.read_bytes() for path in (state.folder / "kept" / "kestrel").rglob("*") if path.is_file()}
    first = {path: data for path, data in copies.items() if path.parent.name == str(FIRST)}
    keys = {path: path.read_bytes() for path in (state.folder / "kept-keys" / "kestrel").iterdir()}
    on_day(monkeypatch, "2019-04-04")
    retain(state)
    left = b"".join(path.read_bytes() for path in state.folder.rglob("*") if path.is_file())
    assert keys[next(path for path in keys if str(FIRST) in path.name)] not in left
    remaining = [path.read_bytes() for path in (state.folder / "kept-keys" / "kestrel").iterdir()]
    remaining += [path.read_bytes()[:32].ljust(32, b"\0") for path in state.folder.glob("*.key")]
    assert len(remaining) >= 4
    assert not any(opens(key, path, data) for key in remaining for path, data in first.items())
    assert all(any(opens(key, path, data) for key in keys.values()) for path, data in copies.items())


def opens(key: bytes, path: Path, data: bytes) -> bool:
    """Does a key open a file, used as it is or as the key of a unit?"""
    place = f"kestrel {path.parent.name} {path.name}".encode()
    unit = UnitKey(key)
    try:
        if path.name == "index":
            return bool(unit.open_index(data, place))
        return bool(unit.sealer().open(data, place, POINT).size)
    except StateError:
        pass
    try:
        Sealer(key).open(data, place, POINT)
    except StateError:
        try:
            AESGCM(key).decrypt(data[:12], data[12:], place)
        except InvalidTag:
            return False
    return True


def test_a_crash_at_any_step_is_resumed_and_logged_once(
    own: Plan, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(own, state)
    for name in ("kept", "kept-keys"):
        shutil.copytree(state.folder / name, tmp_path / "copy" / name)
    on_day(monkeypatch, "2019-04-04")
    crashed = True
    at = 0
    while crashed:
        for name in ("kept", "kept-keys"):
            shutil.rmtree(state.folder / name)
            shutil.copytree(tmp_path / "copy" / name, state.folder / name)
        try:
            retain(state, files=PrivateFaulty(at, torn=True))
            crashed = False
        except Crash:
            begun = Shelf(state.folder, "kestrel").is_destroying(FIRST)
            assert retain(state).destroyed == (("kestrel", FIRST),) or not begun
        at += 1
        assert logged(state) == [("kestrel", FIRST.start, FIRST.end)] * at
        assert retain(state).destroyed == () and not (state.folder / "kept" / "kestrel" / str(FIRST)).exists()
        assert not Shelf(state.folder, "kestrel").key_file(FIRST).exists()
    assert at > 15


def test_what_is_left_over_is_named(own: Plan, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(own, state)
    shelf = Shelf(state.folder, "kestrel")
    shelf.key_file(FIRST).unlink()
    old = own.folder / "records" / "old.csv"
    old.write_text("uid,seen,lat,lng\n")
    (tmp_path / "raw" / "deep").mkdir(parents=True)
    for path in (old, tmp_path / "raw" / "deep" / "a.parquet", tmp_path / "raw" / "notes.txt"):
        path.touch()
        os.utime(path, (time.time(), time.time() - 31 * 86_400 - 5))
    (tmp_path / "raw" / "new.csv").touch()
    leftover = shelf.folder / str(Span(date(2019, 3, 5), date(2019, 3, 6))) / ".0009-00.tmp"
    leftover.write_bytes(b"half a segment")
    outcome = retain(state, [own], [tmp_path / "raw"])
    assert outcome.destroyed == () and not leftover.exists()
    assert [(o.path, o.days, o.allowed) for o in outcome.overdue] == [
        (shelf.folder / str(FIRST), 0, 30),
        (old, 31, 30),
        (tmp_path / "raw" / "deep" / "a.parquet", 31, 30),
    ]
    on_day(monkeypatch, "2019-04-04")  # the unit without a key is due now
    assert retain(state).destroyed == (("kestrel", FIRST),) and retain(state).overdue == ()


def test_the_command(own: Plan, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(own, state)
    folder = ("--state", state.folder)
    assert command("retention", *folder).out == "Nothing is due, and nothing is older than allowed.\n"
    on_day(monkeypatch, "2019-04-04")
    answer = command("retention", *folder, "--json", "--quiet")
    assert answer.status == 0 and answer.err == ""
    assert answer.json == {
        "destroyed": [{"source": "kestrel", "start": "2019-03-04", "end": "2019-03-05"}],
        "overdue": [],
    }
    os.utime(own.folder / "records" / "all.csv", (0, 0))
    answer = command("retention", own.file, *folder)
    assert answer.status == 1 and "overdue" in answer.out and "all.csv" in answer.out
    refused(command("retention", "--folder", tmp_path / "nowhere", *folder), 2, "there is no such folder")
    refused(command("retention", "--state", tmp_path / "nowhere"), 2, "there are no accounts yet")
