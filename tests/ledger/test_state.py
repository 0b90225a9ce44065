"""The state folder: made once, kept secret, failures in sentences."""

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shoal.errors import StateError, UsageError
from shoal.ledger._files import create_once
from shoal.ledger.state import State
from tests.ledger.requests import SHA, request
from tests.ledger.test_database import as_nobody


def test_a_state_is_made_and_found_again(tmp_path: Path) -> None:
    first = State.open(tmp_path / "above" / "state")
    charge = first.accounts.charge(request(key="ab")).charge
    first.accounts.released(charge, "2026-03-02-1", SHA)
    again = State.open(str(tmp_path / "above" / "state"))
    assert again.accounts.find("ab") == "2026-03-02-1"
    assert again.digest_key == first.digest_key and len(first.digest_key) == 32
    assert first.releases.is_dir() and first.folder.is_absolute()
    with first.lock("ab"):
        assert (first.folder / "locks" / "ab.lock").exists()


def test_only_the_owner_can_look(tmp_path: Path) -> None:
    state = State.open(tmp_path / "state")
    assert stat.S_IMODE(state.folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in state.folder.iterdir()} == {
        "accounts.sqlite": 0o600,
        "digest.key": 0o600,
        "releases": 0o700,
    }


def test_two_states_have_two_keys(tmp_path: Path) -> None:
    assert State.open(tmp_path / "a").digest_key != State.open(tmp_path / "b").digest_key


def test_those_who_come_at_once_agree_on_the_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(State.open, [tmp_path / "state"] * 8))
    assert len({state.digest_key for state in states}) == 1


def test_the_key_is_not_shown(tmp_path: Path) -> None:
    state = State.open(tmp_path / "state")
    assert repr(state.digest_key) not in repr(state) and state.digest_key.hex() not in repr(state)


def test_accounts_may_be_elsewhere(tmp_path: Path) -> None:
    state = State.open(tmp_path / "state", f"sqlite:///{tmp_path}/common/a.sqlite")
    assert (tmp_path / "common" / "a.sqlite").exists() and not (state.folder / "accounts.sqlite").exists()
    with pytest.raises(UsageError):
        State.open(tmp_path / "state", "oracle://host/db")


@pytest.mark.parametrize("name", ["with space", "q?a=b", "100%25", "ümlaut", "a#b"])
def test_any_name_of_a_folder_will_do(tmp_path: Path, name: str) -> None:
    State.open(tmp_path / name).accounts.charge(request())
    assert (tmp_path / name / "accounts.sqlite").stat().st_size > 0


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "digest.key"

    def crash(_: int) -> None:
        assert not file.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        create_once(file, b"x" * 32)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "digest.key"
    create_once(file, b"first")
    create_once(file, b"second")
    monkeypatch.setattr(Path, "exists", lambda _: False)  # the other process made it a moment after we looked
    create_once(file, b"third")
    assert file.read_bytes() == b"first" and list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOSPC, "is full; make room"),
        (errno.EDQUOT, "is full; make room"),
        (errno.EROFS, "its disk is read-only"),
        (errno.EIO, "can't be used"),
    ],
)
def test_disk_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, sentence: str) -> None:
    def fail(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StateError, match=sentence):
        State.open(tmp_path / "state")


def test_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    for folder in (tmp_path / "state", tmp_path / "state" / "below"):
        with pytest.raises(StateError, match="a file is in its place; choose another with --state"):
            State.open(folder)


def test_no_permission(tmp_path: Path) -> None:
    with as_nobody(tmp_path / "state"):
        tmp_path.stat()
        if os.geteuid() != 65534:
            tmp_path.chmod(0o555)
        with pytest.raises(StateError, match="can't be read and written by this user"):
            State.open(tmp_path / "state")
    tmp_path.chmod(0o755)


def test_key_that_others_can_read(tmp_path: Path) -> None:
    file = State.open(tmp_path).folder / "digest.key"
    file.chmod(0o640)
    with pytest.raises(StateError, match="other users can read; run: chmod 600"):
        State.open(tmp_path)


def test_key_that_was_cut_short(tmp_path: Path) -> None:
    (State.open(tmp_path).folder / "digest.key").write_bytes(b"short")
    with pytest.raises(StateError, match=r"digest.key is damaged; restore it from a backup"):
        State.open(tmp_path)
