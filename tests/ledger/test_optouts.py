"""The list: versions in the transaction of their entry, a key of its own, nothing that tells who is on it."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from shoal._arrays import UInt64
from shoal.errors import StateError
from shoal.ledger import outbox
from shoal.ledger.database import Database
from shoal.ledger.entries import OptOutEntry
from shoal.ledger.optouts import OptOutList
from tests.ledger.conftest import Server

SOME: UInt64 = np.array([0, 1, 2**63, 2**64 - 1, 77], dtype=np.uint64)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        return Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    server: Server = request.getfixturevalue("postgresql")
    return Database(server.new_database())


def hashes(listed: OptOutList) -> set[int]:
    return set(listed.read().hashes.tolist())


def test_every_change_is_a_version_and_says_nothing_else(database: Database, tmp_path: Path) -> None:
    listed = OptOutList(tmp_path, database)
    assert listed.read().version is None and listed.count().total == 0
    key = listed.key()
    assert len(key) == 16 and listed.key() == key
    entries = [listed.change(SOME, 4), listed.change(SOME[:2], 2), listed.change(SOME[1:3], 2, remove=True)]
    entries.append(listed.change(SOME[1:2], 1, remove=True))  # is not there any more
    assert [entry.version for entry in entries] == [1, 2, 3, 4]
    assert listed.read().version == 4 and hashes(listed) == {0, 2**64 - 1, 77} and listed.read().key == key
    assert (listed.count().total, listed.count().added, listed.count().removed) == (3, 6, 3)
    with database.reading() as connection:
        assert [entry for _, entry in outbox.find(connection, "opt-out list")] == entries
    told = entries[1].model_dump(mode="json").keys()
    assert told == {"kind", "id", "time", "version"}  # neither how many nor who


def test_many_are_more_than_one_statement(tmp_path: Path) -> None:
    listed = OptOutList(tmp_path, Database(f"sqlite:///{tmp_path / 'a.sqlite'}"))
    listed.key()
    many = np.arange(25_000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    listed.change(many, many.size)
    assert hashes(listed) == set(many.tolist())
    listed.change(many[:24_000], 24_000, remove=True)
    assert hashes(listed) == set(many[24_000:].tolist())


def test_the_key_is_the_owners_alone_and_the_lists_own(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    listed = OptOutList(tmp_path, database)
    listed.key()
    listed.change(SOME, 5)
    file = tmp_path / "optout.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and file.stat().st_size == 16
    assert file.read_bytes().hex() not in (tmp_path / "a.sqlite").read_bytes().hex()
    file.chmod(0o640)
    with pytest.raises(StateError, match="other users can read"):
        listed.read()
    file.chmod(0o600)
    kept = file.read_bytes()
    file.write_bytes(kept[:15])
    with pytest.raises(StateError, match="damaged"):
        listed.read()
    file.write_bytes(bytes(16))
    for use in (listed.read, listed.key, lambda: listed.change(SOME, 5)):
        with pytest.raises(StateError, match="not the key that the list of opt-outs was made with"):
            use()
    file.unlink()
    for use in (listed.read, listed.key, lambda: listed.change(SOME, 5)):
        with pytest.raises(StateError, match="is missing"):  # made anew, it would let everyone in
            use()
    assert not file.exists() and listed.count().version == 1
    other = OptOutList(tmp_path / "machine", database)  # shares the accounts, not the key
    with pytest.raises(StateError, match="copy it from the machine"):
        other.key()


ADD = """
import sys
import numpy as np
from pathlib import Path
from shoal.ledger import outbox
from shoal.ledger.database import Database
from shoal.ledger.optouts import OptOutList
folder = Path(sys.argv[1])
listed = OptOutList(folder, Database(f"sqlite:///{folder / 'a.sqlite'}"))
print("now", flush=True)
listed.change(np.arange(1000, 50_000, dtype=np.uint64), 49_000)
print("done", flush=True)
"""


def test_a_kill_leaves_the_old_version_or_the_new(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    listed = OptOutList(tmp_path, database)
    listed.key()
    listed.change(SOME[:4], 4)
    started = time.monotonic()
    for number in range(3):
        before = listed.count().version
        run = subprocess.Popen([sys.executable, "-c", ADD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert run.stdout is not None and run.stdout.readline() == "now\n"
        if number:
            time.sleep(0.03 * number)
            os.kill(run.pid, signal.SIGKILL)
        run.communicate()
        version, found = listed.count().version, hashes(listed)
        with database.reading() as connection:
            newest = outbox.latest(connection, "opt-out list")
        assert isinstance(newest, OptOutEntry) and newest.version == version and version - before in (0, 1)
        assert len(found) == 4 + 49_000 * (version > before), (number, run.returncode)
        if version > before:
            listed.change(np.arange(1000, 50_000, dtype=np.uint64), 49_000, remove=True)
    assert time.monotonic() - started < 120
