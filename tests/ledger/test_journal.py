"""What the accounts tell the public: nothing is lost, told twice or told out of order, wherever it stops."""

import itertools
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import delete, text

from shoal.errors import DataError, StateError, UsageError
from shoal.ledger import outbox, tables
from shoal.ledger.accounts import Accounts
from shoal.ledger.entries import (
    AccountEntry,
    ChargeEntry,
    CorrectionEntry,
    Entries,
    Entry,
    OptOutEntry,
    RefusalEntry,
    ReleaseEntry,
)
from shoal.ledger.journal import Journal
from shoal.ledger.state import State
from shoal.translog.key import SigningKey
from shoal.translog.note import COSIGNATURE
from shoal.translog.reader import LogReader
from shoal.translog.service import WitnessServer
from shoal.translog.witness import Witness
from tests.ledger.requests import SHA, request
from tests.translog.faulty import Crash, FaultyDisk, count
from tests.translog.servers import running


def told(journal: Journal) -> list[Entry]:
    """What a stranger reads, who has the folder and the key."""
    return [Entries.parse(data) for data in LogReader(journal.folder, journal.key.vkey).all()]


@pytest.fixture
def journal(url: str, tmp_path: Path) -> Journal:
    return Journal(Accounts.open(url).database, tmp_path)


def test_a_charge_is_told_with_its_account_and_its_release(url: str, tmp_path: Path) -> None:
    accounts = Accounts.open(url)
    journal = Journal(accounts.database, tmp_path)
    paid = accounts.charge(request(laplace=["presence"], apart=["presence"]))
    accounts.released(paid.charge, "2026-03-02-ride-app", SHA)
    accounts.released(paid.charge, "2026-03-02-ride-app", SHA)  # told once
    accounts.charge(request())
    assert journal.publish() == 4
    account, charge, release, second = told(journal)
    assert isinstance(account, AccountEntry) and (account.cap_rho, account.year_rho) == ("1", "12")
    assert isinstance(charge, ChargeEntry) and charge.charge == paid.charge
    assert [(str(c.start), c.rho) for c in charge.costs] == [("2026-03-02", "1/10")]
    assert charge.measures["presence"].model_dump() == {"rho": "1/10", "noise": "laplace", "apart": True}
    assert isinstance(release, ReleaseEntry)
    assert (release.charge, release.plan_sha256, release.manifest_sha256) == (paid.charge, "cd" * 32, SHA)
    assert isinstance(second, ChargeEntry) and second.charge != paid.charge
    assert journal.proof(release).verify(release.to_bytes(), journal.key.vkey).checkpoint.size == 4


def test_a_refused_charge_tells_nothing(url: str, tmp_path: Path) -> None:
    accounts = Accounts.open(url)
    with pytest.raises(Exception, match="has rho 1 left"):
        accounts.charge(request(rho=request().cap_rho * 2))
    assert Journal(accounts.database, tmp_path).publish() == 0


def test_changes_are_told_once(journal: Journal) -> None:
    def refusal(source: str, reason: Literal["budget", "terms"]) -> RefusalEntry:
        return RefusalEntry(source=source, purpose="urban planning", plan_sha256=SHA, reason=reason)

    reasons: list[Literal["budget", "terms"]] = ["budget", "budget", "terms", "budget"]
    for reason in reasons:
        journal.record_changes("a", [refusal("a", reason)])
    journal.record_changes("b", [refusal("b", "budget")])
    found = [(e.source, e.reason) for e in told(journal) if isinstance(e, RefusalEntry)]
    assert found == [("a", "budget"), ("a", "terms"), ("a", "budget"), ("b", "budget")]


def test_many_at_once_get_a_place_each(url: str, tmp_path: Path) -> None:
    journals = [Journal(Accounts.open(url).database, tmp_path) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        each = zip(itertools.cycle(journals), range(1, 31), strict=False)
        list(pool.map(lambda pair: pair[0].record(OptOutEntry(version=pair[1])), each))
    versions = [entry.version for entry in told(journals[0]) if isinstance(entry, OptOutEntry)]
    assert sorted(versions) == list(range(1, 31))
    assert [position for position, _ in journals[0].find("opt-out list")] == list(range(30))


def scenario(folder: Path, disk: FaultyDisk) -> Iterator[int]:
    """An account that is opened, charged, released from, and corrected; gives how many entries are acknowledged."""
    accounts = Accounts.open(f"sqlite:///{folder}/a.sqlite")
    journal = Journal(accounts.database, folder, disk)
    paid = accounts.charge(request())
    yield journal.publish()
    accounts.released(paid.charge, "2026-03-02-ride-app", SHA)
    yield journal.publish()
    journal.record(CorrectionEntry(release="2026-03-02-ride-app", manifest_sha256=SHA, reason="wrong zones"))
    yield journal.publish()


def steps(folder: Path) -> int:
    return len(count(lambda disk: list(scenario(folder, disk))))


@pytest.mark.parametrize("how", [{}, {"torn": True}, {"lose": True}], ids=["stopped", "torn", "power lost"])
def test_a_crash_at_every_step_loses_no_entry(tmp_path: Path, how: dict[str, bool]) -> None:
    """At every write, fsync, rename and remove of the log. Whoever comes next goes on; nobody sees two histories."""
    number = steps(tmp_path / "whole")
    assert number > 20
    kinds = ["account", "charge", "release", "correction"]
    for at in range(number):
        folder, disk = tmp_path / str(at), FaultyDisk(at=at, **how)
        folder.mkdir()
        acknowledged = 0
        with pytest.raises(Crash):
            for acknowledged in scenario(folder, disk):  # noqa: B007
                pass
        next_one = Journal(Accounts.open(f"sqlite:///{folder}/a.sqlite").database, folder, disk.heir())
        if acknowledged:  # a stranger, before anything is mended
            seen = told(next_one)
            assert [entry.kind for entry in seen][:acknowledged] == kinds[:acknowledged], at
        size = next_one.publish()
        found = told(next_one)
        assert len(found) == size >= acknowledged
        assert [entry.kind for entry in found] == kinds[:size], at
        shutil.rmtree(folder)
    shutil.rmtree(tmp_path)


def test_the_log_is_made_again_from_the_accounts(url: str, tmp_path: Path) -> None:
    """It follows from the database and the key, bit by bit; a second machine that shares both writes the same."""
    accounts = Accounts.open(url)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = Journal(accounts.database, tmp_path / "a")
    with accounts.database.writing() as connection:
        outbox.note(connection, *(OptOutEntry(version=version) for version in range(1, 300)))
    first.publish()
    for name in ("log.key", "log.name"):
        shutil.copy(tmp_path / "a" / name, tmp_path / "b" / name)
    second = Journal(accounts.database, tmp_path / "b")
    second.publish()
    files = [f.relative_to(first.folder) for f in first.folder.rglob("*") if f.is_file() and not f.name.startswith(".")]
    assert len(files) > 4
    for file in files:
        assert (first.folder / file).read_bytes() == (second.folder / file).read_bytes(), file


def test_another_key_for_the_same_accounts(url: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    accounts = Accounts.open(url)
    Journal(accounts.database, tmp_path / "a").record(OptOutEntry(version=1))
    with pytest.raises(StateError, match=r"b/log.key is not the key of the log of .*; copy log.key and log.name"):
        Journal(accounts.database, tmp_path / "b").record(OptOutEntry(version=2))


@pytest.mark.parametrize("how", ["fewer", "other"])
def test_accounts_from_an_old_backup(url: str, tmp_path: Path, how: str) -> None:
    journal = Journal(Accounts.open(url).database, tmp_path)
    for version in (1, 2, 3):
        journal.record(OptOutEntry(version=version))
    with Accounts.open(url).database.writing() as connection:
        if how == "fewer":
            connection.execute(delete(tables.event).where(tables.event.c.position == 2))
        else:
            connection.execute(
                text("UPDATE shoal_event SET entry = :entry WHERE position = 2"),
                {"entry": OptOutEntry(version=9).to_bytes().decode()},
            )
    with pytest.raises(StateError, match=r"old backup|another entry"):
        Journal(Accounts.open(url).database, tmp_path).publish()


def test_secrets_and_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOAL_LOG_NAME", "example.org/shoal")
    state = State.open(tmp_path / "state")
    state.journal.publish()
    assert state.journal.key.vkey.name == "example.org/shoal"
    assert (tmp_path / "state" / "log.key").stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("SHOAL_LOG_NAME", "another.org")
    assert State.open(tmp_path / "state").journal.key.vkey.name == "example.org/shoal"  # fixed at first
    monkeypatch.setenv("SHOAL_LOG_NAME", "two words")
    with pytest.raises(UsageError, match=r"the name of a log is like example.org/shoal"):
        State.open(tmp_path / "other").journal.publish()
    (tmp_path / "state" / "log.key").chmod(0o644)
    with pytest.raises(StateError, match="chmod 600"):
        State.open(tmp_path / "state").journal.publish()


class TestWitnesses:
    KEY = SigningKey.from_seed("witness.example.org", bytes([7] * 32), COSIGNATURE)

    def policy(self, journal: Journal, folder: Path, address: str) -> None:
        folder.joinpath("witnesses.policy").write_text(f"witness w {self.KEY.vkey} {address}\nquorum w\n")

    def test_a_quorum_signs_what_is_published(self, journal: Journal, tmp_path: Path) -> None:
        journal.publish()
        with running(WitnessServer(Witness(tmp_path / "w", self.KEY, [journal.key.vkey]), port=0)) as address:
            self.policy(journal, tmp_path, address)
            for version in (1, 2):
                entry = OptOutEntry(version=version)
                journal.record(entry)
                proof, signed = journal.cosigned(entry)
                assert signed == (self.KEY.vkey,)
                assert proof.verify(entry.to_bytes(), journal.key.vkey, journal.policy).cosignatures

    def test_a_witness_that_is_away(self, journal: Journal, tmp_path: Path) -> None:
        self.policy(journal, tmp_path, "http://127.0.0.1:9")
        entry = OptOutEntry(version=1)
        journal.record(entry)
        with pytest.raises(StateError, match=r"too few witnesses of .*witnesses.policy have cosigned .*ask again"):
            journal.cosigned(entry)

    def test_a_policy_that_says_nothing(self, journal: Journal, tmp_path: Path) -> None:
        (tmp_path / "witnesses.policy").write_text("please\n")
        with pytest.raises(DataError, match="line 1 of the policy"):
            journal.cosigned(OptOutEntry(version=1))
