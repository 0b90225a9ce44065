"""Transactions in few trips: what they cost, and that whatever fails in them is not committed, nor told to stderr."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction

import pytest
from sqlalchemy import bindparam, select, text

from shoal.errors import StateError
from shoal.ledger import tables
from shoal.ledger.accounts import Accounts
from shoal.ledger.pipe import Rows
from tests.ledger.conftest import Server
from tests.ledger.requests import request

KEYS = select(tables.log.c.key).where(tables.log.c.key == bindparam("key"))


def row(key: str) -> Rows:
    return Rows(tables.log, [{"key": key}])


@contextmanager
def listening(port: int) -> Iterator[tuple[int, list[str]]]:
    """A port that hands everything on to the server's, and who spoke: ">" we, "<" it; the same one in a row once."""
    turns: list[str] = []
    door = socket.create_server(("127.0.0.1", 0))

    def hand_on(source: socket.socket, target: socket.socket, who: str) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if turns[-1:] != [who]:
                    turns.append(who)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                ours, _ = door.accept()
                theirs = socket.create_connection(("127.0.0.1", port))
                for way in ((ours, theirs, ">"), (theirs, ours, "<")):
                    threading.Thread(target=hand_on, args=way, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    with door:
        yield door.getsockname()[1], turns


def test_a_charge_is_two_trips(postgresql: Server) -> None:
    url = postgresql.new_schema()
    with listening(postgresql.port) as (port, turns):
        accounts = Accounts.open(url.replace(f":{postgresql.port}", f":{port}"))
        accounts.charge(request(rho=Fraction(1, 100)))  # connects, and opens the account
        turns.clear()
        for _ in range(3):
            accounts.charge(request(rho=Fraction(1, 100), count=3))
        assert "".join(turns) == "><><" * 3
        accounts.database.rest()


def test_what_is_written_can_be_asked_for(accounts: Accounts) -> None:
    with accounts.database.pipe() as pipe:
        before, other = pipe.ask(KEYS, key="a"), pipe.ask(KEYS, key="b")
        pipe.write(row("a"), Rows(tables.log, []))
        after = pipe.ask(KEYS, key="a")
        assert (list(before()), list(other()), list(after())) == ([], [], [{"key": "a"}])
        assert list(before()) == []
    with accounts.database.pipe() as pipe:
        assert not pipe.claim(tables.log, {"key": "a"}) and pipe.claim(tables.log, {"key": "b"})
        pipe.write()
    with accounts.database.reading() as connection:
        assert sorted(connection.execute(select(tables.log.c.key)).scalars()) == ["a", "b"]


def test_values_are_no_statements(accounts: Accounts) -> None:
    key = "%s '; DROP TABLE shoal_log; -- \\' \u2603"
    with accounts.database.pipe() as pipe:
        assert pipe.claim(tables.log, {"key": key})
        assert list(pipe.ask(KEYS, key=key)()) == [{"key": key}]


def test_what_fails_in_the_commit_is_not_written(accounts: Accounts) -> None:
    """The second key is there already; on PostgreSQL nobody has waited for an answer that would say so."""
    with accounts.database.pipe() as pipe:
        pipe.write(row("a"))
    with pytest.raises(Exception, match=r"(?i)unique"), accounts.database.pipe() as pipe:
        pipe.write(row("b"), row("a"))
    with accounts.database.pipe() as pipe:
        assert list(pipe.ask(KEYS, key="b")()) == []


def test_a_failure_that_was_passed_over_is_not_committed(postgresql: Server) -> None:
    """The server answers such a COMMIT with a rollback, and without an error."""
    accounts = Accounts.open(postgresql.new_schema())

    def pass_over() -> None:
        with accounts.database.pipe() as pipe:
            pipe.write(Rows(tables.paid, [{"charge": "none", "statistic": "presence", "rho": Fraction(1)}]))
            with suppress(Exception):
                pipe.ask(KEYS, key="a")

    with pytest.raises(RuntimeError, match="has failed was to be committed"):
        pass_over()
    assert accounts.charge(request()).charge


def test_a_server_that_goes_away_is_one_sentence(
    postgresql: Server, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    accounts = Accounts.open(postgresql.new_schema())
    accounts.charge(request())

    def lose(moment: str) -> None:
        with accounts.database.pipe() as pipe:
            (process,) = pipe._ask("SELECT pg_backend_pid()", [])()[0]
            postgresql.run(f"SELECT pg_terminate_backend({process}, 5000)")
            if moment == "asking":
                pipe.ask(KEYS, key="a")()
            pipe.write(row("a"))

    for moment in ("asking", "committing"):
        with pytest.raises(StateError, match="the server can't be reached"):
            lose(moment)
        accounts.charge(request())
    assert capfd.readouterr() == ("", "") and caplog.records == []


def test_the_servers_log_has_no_key_of_the_records(postgresql: Server) -> None:
    """It shows the statement that failed."""
    secret = "ab" * 32
    accounts = Accounts.open(postgresql.new_schema())
    accounts.charge(request(key=secret))
    with accounts.database.writing() as connection:
        connection.execute(text("ALTER TABLE shoal_event RENAME TO elsewhere"))
    with pytest.raises(Exception, match="shoal_event"):
        accounts.charge(request(key=secret))
    said = postgresql.log.read_text().rpartition('relation "shoal_event" does not exist')[2]
    assert "INSERT INTO shoal_charge" in said and secret not in said
