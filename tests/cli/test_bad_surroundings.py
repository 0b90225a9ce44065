"""What stands around a run: rights, disks, accounts. One sentence, nothing published, nothing charged."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from shoal.ledger import State
from tests.cli.plain_user import plain_user
from tests.cli.shell import Answer, refused, shoal
from tests.cli.town import Town

ID = "2026-03-02-harbour-app"
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


def release(town: Town, *more: object) -> Answer:
    return shoal("release", town.plan, *more)


def assert_untouched(town: Town, charges: int = 0) -> None:
    assert town.found() == [ID] * charges
    assert town.charges() == charges


def assert_works(town: Town) -> None:
    answer = release(town)
    assert answer.status == 0, answer.err
    assert_untouched(town, charges=1)


class TestPlaces:
    """Folders that can't be what they should be."""

    def test_a_file_in_place_of_the_releases(self, town: Town) -> None:
        town.releases.write_text("")
        refused(release(town), 1, str(town.releases), "choose another")
        assert town.charges() == 0
        town.releases.unlink()
        assert_works(town)

    def test_a_file_in_place_of_the_state(self, town: Town) -> None:
        town.state.write_text("")
        refused(release(town), 1, str(town.state), "a file is in its place", "--state")
        assert town.found() == []
        town.state.unlink()
        assert_works(town)

    def test_another_release_of_the_same_name(self, town: Town, tmp_path: Path) -> None:
        """The second place gets the release that was paid for, or a sentence; never another's folder overwritten."""
        assert_works(town)
        other = tmp_path / "other" / ID
        other.mkdir(parents=True)
        (other / "manifest.json").write_text("{}")
        refused(release(town, "--quiet", "--out", other.parent), 1, str(other), "another release stands there", "--out")
        assert (other / "manifest.json").read_text() == "{}"
        assert town.charges() == 1
        shutil.rmtree(other)
        assert release(town, "--out", other.parent).status == 0
        assert town.charges() == 1

    def test_a_new_release_beside_one_of_the_same_name(self, town: Town, tmp_path: Path) -> None:
        """Other records: another release, which takes the next name."""
        (town.releases / ID).mkdir(parents=True)
        assert release(town).status == 0
        assert town.found() == [ID, f"{ID}-2"]
        assert town.found(town.releases / ID) == []


class TestRights:
    """Of a user who is not allowed everything."""

    @pytest.mark.parametrize("which", ["releases", "state"])
    def test_no_right_to_write(self, town: Town, which: str) -> None:
        if which == "state":
            State.open(town.state)
        folder = town.releases if which == "releases" else town.state
        folder.mkdir(exist_ok=True)
        folder.chmod(0o500)
        try:
            with plain_user():
                answer = release(town)
        finally:
            folder.chmod(0o700)
        words = ("permission denied", "nothing was charged") if which == "releases" else ("can't be read and written",)
        refused(answer, 1, str(folder), *words)
        assert_untouched(town)
        assert_works(town)

    def test_records_that_may_not_be_read(self, town: Town) -> None:
        file = town.folder / "records" / "day.csv"
        file.chmod(0)
        with plain_user():
            answer = release(town)
        refused(answer, 1, str(file), "Permission denied", "check its permissions")
        assert_untouched(town)
        file.chmod(0o600)
        assert_works(town)

    def test_a_key_that_others_may_read(self, town: Town) -> None:
        State.open(town.state)
        key = town.state / "digest.key"
        key.chmod(0o644)
        refused(release(town), 1, str(key), "chmod 600")
        assert_untouched(town)
        key.chmod(0o600)
        assert_works(town)


class TestFullDisk:
    def test_no_room_for_the_release(self, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        """However the disk says so."""
        usage = shutil.disk_usage(town.folder)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
        refused(release(town), 1, "no room for about 2 MB", "nothing was charged", "make room")
        assert_untouched(town)
        monkeypatch.undo()
        assert_works(town)

    @pytest.mark.parametrize("which", ["releases", "state"])
    def test_a_small_disk(self, town: Town, which: str) -> None:
        folder = town.releases if which == "releases" else town.state
        with small_disk(folder, "400k"):
            refused(release(town), 1, str(folder), "make room")
            assert_untouched(town)
        assert_works(town)

    def test_a_disk_too_full_for_accounts(self, town: Town) -> None:
        with small_disk(town.state, "40k"):
            refused(release(town), 1, str(town.state), "full", "make room and run again")
            assert town.found() == []
        assert_works(town)

    def test_files_may_not_grow(self, town: Town) -> None:
        """What a quota looks like: every write beyond the limit fails."""
        State.open(town.state)

        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, before[1]))
        try:
            answer = release(town)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        refused(answer, 1, "nothing was charged", "make room")
        assert_untouched(town)
        assert_works(town)

    @pytest.mark.parametrize("words", [(), ("--json",)], ids=["words", "JSON"])
    def test_output_into_a_full_disk(self, released: Town, words: tuple[str, ...]) -> None:
        full = Path("/dev/full").open("w")  # noqa: SIM115  # closing it fails, as it should
        answer = shoal("check", released.plan, *words, stdout=full)
        refused(answer, 1, "the output", "the disk is full", "make room")
        with suppress(OSError):
            full.close()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of its own at `folder`, where this user may mount one."""
    folder.mkdir(exist_ok=True)
    mounted = os.geteuid() == 0 and shutil.which("mount") is not None
    if mounted:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder)]
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    if not mounted:
        pytest.skip("only a root that may mount can make a small disk; the other tests of full disks need none")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class TestAccounts:
    def test_locked_by_another_process(self, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        State.open(town.state)
        monkeypatch.setenv("SHOAL_ACCOUNTS_WAIT", "0.2")
        with locked(town.state / "accounts.sqlite"):
            refused(release(town), 1, "accounts.sqlite", "locked for 0.2 s", "try again")
        assert_untouched(town)
        assert_works(town)

    def test_locked_for_a_while(self, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        """A lock that is let go in time is only waited for."""
        State.open(town.state)
        monkeypatch.setenv("SHOAL_ACCOUNTS_WAIT", "60")
        with locked(town.state / "accounts.sqlite", "0.5"):
            assert_works(town)

    def test_a_wait_that_is_no_number(self, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHOAL_ACCOUNTS_WAIT", "long")
        refused(release(town), 2, "$SHOAL_ACCOUNTS_WAIT", "'long'", "number of seconds")

    @pytest.mark.parametrize(
        ("url", "status", "words"),
        [
            ("postgresql://shoal:hush@127.0.0.1:9/accounts", 1, ("accounts on 127.0.0.1:9", "can't be reached")),
            ("mysql://shoal:hush@127.0.0.1/accounts", 2, ("must be sqlite:///path", "postgresql://")),
            ("accounts", 2, ("must be sqlite:///path", "postgresql://")),
        ],
        ids=["nobody listens", "another kind of database", "no URL"],
    )
    def test_an_address_that_leads_nowhere(self, town: Town, url: str, status: int, words: tuple[str, ...]) -> None:
        sentence = refused(release(town, "--accounts", url), status, *words)
        assert "hush" not in sentence, "the password"
        assert_untouched(town)
        assert_works(town)

    def test_a_damaged_database(self, town: Town) -> None:
        State.open(town.state)
        file = town.state / "accounts.sqlite"
        file.write_bytes(b"not a database at all, but text")
        refused(release(town), 1, str(file), "not an account database", "restore it from a backup")
        assert town.found() == []
        file.unlink()
        assert_works(town)

    def test_budget_spent(self, town: Town) -> None:
        """Ten times epsilon 1 is more than the cap of epsilon 2."""
        town.change('kind = "points"', 'kind = "points"\ncap = 2')
        assert_works(town)
        town.change('by = ["zone", "daypart"]', 'by = ["zone", "hour"]')
        town.change("epsilon = 1.0", "epsilon = 1.9")
        refused(release(town), 3, "source harbour-app", "the day 2026-03-02", "left", "lower [privacy] epsilon")
        assert_untouched(town, charges=1)
        town.change("epsilon = 1.9", "epsilon = 0.1")
        assert release(town).status == 0, "what is left is still to be had"
        assert town.charges() == 2

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ('kind = "points"', 'kind = "points"\ncap = 9', ("a cap of epsilon 10", "set [source] cap = 10")),
            ("America/Mexico_City", "America/Monterrey", ("days of America/Mexico_City", "set [source] timezone")),
            (
                'kind = "points"',
                'kind = "points"\nsynthetic = true\ncap = 10',
                ("for real records", "a name of its own"),
            ),
            ('end = 2026-03-03\nunit = "day"', 'end = 2026-03-09\nunit = "week"', ("is longer", 'unit = "day"')),
        ],
        ids=["another cap", "another time zone", "a simulation under the name of real records", "a longer unit"],
    )
    def test_terms_that_were_fixed_at_first(self, town: Town, old: str, new: str, words: tuple[str, ...]) -> None:
        assert_works(town)
        town.change(old, new)
        refused(release(town), 3, "source harbour-app", "its account was opened on", *words)
        assert_untouched(town, charges=1)


@contextmanager
def locked(database: Path, seconds: str = "") -> Iterator[None]:
    """Another process holds the database, to the end or for some seconds."""
    script = HOLD.replace("sys.stdin.read()", f"import time; time.sleep({seconds})") if seconds else HOLD
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        yield
        if not seconds:
            holder.terminate()


class TestFaults:
    """What nobody foresaw, wherever it happens."""

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (OSError(28, "No space left on device", "/somewhere/file"), ("/somewhere/file", "full", "make room")),
            (PermissionError(13, "Permission denied", "/somewhere/file"), ("/somewhere/file", "grant the right")),
            (OSError(30, "Read-only file system"), ("the output", "read-only", "another place")),
            (OSError(24, "Too many open files"), ("too many files", "ulimit -n")),
            (MemoryError("Unable to allocate 7171 bytes for quokka-71"), ("too little memory", "--workers")),
        ],
        ids=["full", "not allowed", "read-only", "files", "memory"],
    )
    def test_the_machine(
        self, town: Town, monkeypatch: pytest.MonkeyPatch, error: Exception, words: tuple[str, ...]
    ) -> None:
        fail_with(monkeypatch, error)
        refused(release(town), 1, *words)
        assert_untouched(town)
        monkeypatch.undo()
        assert_works(town)

    def test_a_bug_shows_its_place_but_no_value(self, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        fail_with(monkeypatch, ValueError("could not read quokka-71 at 20.6171, -103.3971"))
        answer = release(town, "--json")
        assert answer.status == 1
        assert answer.json["status"] == 1
        assert "in bounded" in answer.err, "where it happened"
        assert "ValueError" in answer.err
        assert "a fault of Shoal's" in answer.err.splitlines()[-1]
        for text in (answer.err, answer.out):
            assert "quokka" not in text and "-103.3" not in text and "20.6" not in text
        assert_untouched(town)

    def test_interrupted_at_work(self, town: Town) -> None:
        """Ctrl-C while the buckets are mapped."""
        script = """
import signal, sys, threading
from unittest.mock import patch
from shoal.cli import main
from shoal.engines import local
told = threading.Event()
def interrupt(*arguments):
    told.set()
    signal.default_int_handler(*arguments)
signal.signal(signal.SIGINT, interrupt)
follow = local.bounded
def slow(*parts):
    print("at work", file=sys.__stdout__, flush=True)
    told.wait(60)  # until it is interrupted, however busy the machine
    return follow(*parts)
with patch.object(local, "bounded", slow):
    main()
"""
        command = [sys.executable, "-c", script, "release", str(town.plan), "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None and process.stderr is not None
            assert process.stdout.readline() == "at work\n"
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (130, "stopped\n")
        assert json.loads(out.replace("at work\n", "")) == {"error": "stopped", "status": 130}
        assert_untouched(town)
        assert_works(town)

    def test_a_reader_who_has_read_enough(self, released: Town) -> None:
        """As in `shoal check plan.toml | head -1`."""
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "w") as pipe:
            answer = shoal("check", released.plan, stdout=pipe)
        assert (answer.status, answer.err) == (1, "")


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the kernel of every engine fail like this."""
    from shoal.engines import local

    def bounded(*_: object) -> None:
        raise error

    kernel: Callable[..., None] = bounded
    monkeypatch.setattr(local, "bounded", kernel)
