"""Can many clients charge the accounts at once, and is every charge there afterwards, once?

    python -m benchmarks.ledger                            200 clients on PostgreSQL, 8 on SQLite; about a minute
    python -m benchmarks.ledger --clients 50 --seconds 5

Each client is a process of its own that charges one plan after the other, as fast as it is answered. A charge is
what a release pays: four statistics, one week, its entry for the public log, in one transaction that is on the disk
before it returns. Sources are many (a client draws from one of `--sources`) or one, where every charge waits for the
account's lock.

Beside it, in turns, on the same server: bare transactions that write rows of the same number and size by the driver
alone, into one table without keys, without lock, reading, arithmetic or Shoal. They wait for the answer to each
statement, as one writes it; on PostgreSQL there are also some that send all at once and wait for the commit only, which
is the most that the machine can do. Each client keeps its connection, on both sides: Shoal does so for the life of a
process. `cpu` is the processor time of client and server together for one transaction (on SQLite there is no server).

Nothing counts before this holds: the charges that the clients were handed, those in the accounts, and those in the
public log are the same ones, each once, and what is spent is what they cost.
"""

import argparse
import contextlib
import itertools
import os
import secrets
import sqlite3
import statistics
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import psycopg

from benchmarks._postgresql import postgresql
from benchmarks._runs import machine
from shoal.ledger.accounts import Accounts
from shoal.ledger.entries import ChargeEntry, Entries
from shoal.ledger.journal import Journal
from shoal.ledger.request import Request

RHO = {name: Fraction(n, 10**9) for n, name in enumerate(("flows", "presence", "residents", "visits"), 1)}
"""Small, so that no account is ever spent."""
MONDAY = date(2026, 3, 2)
WEEKS = 40

SIZES = (220, 50, 50, 50, 50, 80, 900)
"""Bytes of the rows that a charge writes: itself, its statistics, its week, its entry for the log."""

Client = Callable[[str, int], Callable[[], str]]
"""Connects to an address as client number n; then each call is a transaction, and gives the id of what it wrote."""
Done = list[tuple[str, float, float]]
"""Ids of transactions, the seconds that each took, and the client's seconds of processor time in it."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--clients", type=int, default=200)
    options.add_argument("--sqlite-clients", type=int, default=8)
    options.add_argument("--sources", type=int, default=50)
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="where the databases are written")
    chosen = options.parse_args()
    head = "".join(f"{word:>10}" for word in ("a second", "median", "99 %", "of bare", "cpu"))
    print(f"{machine('psycopg', 'sqlalchemy')}\n\n{'':40}{head}")
    with (
        postgresql(chosen.folder, connections=chosen.clients + 50) as (address, server),
        _scratch(chosen.folder) as log,
    ):
        for sources in (chosen.sources, 1):
            title = f"PostgreSQL, {chosen.clients} clients"
            bare = {"bare transactions": _bare_postgresql, "bare, all at once": _bare_at_once}
            _compare(title, address, log, chosen.clients, sources, chosen.seconds, bare, server)
    for sources in (chosen.sqlite_clients, 1):
        with _scratch(chosen.folder) as folder:
            title, address = f"SQLite, {chosen.sqlite_clients} clients", f"sqlite:///{folder}/accounts.sqlite"
            bare = {"bare transactions": _bare_sqlite}
            _compare(title, address, folder, chosen.sqlite_clients, sources, chosen.seconds, bare, None)


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="shoal-bench-", dir=folder) as name:
        yield Path(name)


def _compare(
    title: str,
    address: str,
    log: Path,
    clients: int,
    sources: int,
    seconds: float,
    bare: Mapping[str, Client],
    server: int | None,
) -> None:
    """Charges and bare transactions on one server, in turns; ends the run where a charge is lost or there twice."""
    print(f"{title}, {sources} source{'s' if sources > 1 else ''}", flush=True)
    run = secrets.token_hex(3)
    Accounts.open(address)  # makes the tables
    _prepare_bare(address)
    done: defaultdict[str, Done] = defaultdict(list)
    used: defaultdict[str, float] = defaultdict(float)

    def measure(name: str, length: float, client: Client) -> None:
        before: list[float] = []
        new = _together(clients, length, address, client, lambda: before.append(_cpu(server)))
        done[name] += new
        used[name] += sum(taken for _, _, taken in new) + _cpu(server) - before[0]

    for name, client in bare.items():
        measure(name, seconds / 2, client)
    measure("charges", seconds, lambda a, n: _charging(a, f"{run}-{n % sources}", n))
    for name, client in bare.items():
        measure(name, seconds / 2, client)
    for name in ("charges", *bare):
        rate, cuts = len(done[name]) / seconds, statistics.quantiles([1000 * t for _, t, _ in done[name]], n=100)
        most, cpu = len(done["bare transactions"]) / seconds, 1000 * used[name] / len(done[name])
        times = f"{cuts[49]:7.0f} ms{cuts[98]:7.0f} ms{rate / most:10.2f}{cpu:7.1f} ms"
        print(f"  {name:38}{rate:10.0f}{times}", flush=True)
    _refuse_difference(address, log, run, [charge for charge, _, _ in done["charges"]])


def _cpu(server: int | None) -> float:
    """Seconds of processor time that the server has used, with its children, those that have ended too."""
    if server is None:
        return 0.0
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    ticks = sum(_ticks(server, 4)) + sum(sum(_ticks(int(child), 2)) for child in children)
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(process: int, fields: int) -> list[int]:
    """Of user and system, then of its ended children; none where it has just ended."""
    with contextlib.suppress(OSError):
        return [
            int(word) for word in Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[11 : 11 + fields]
        ]
    return []


def _together(clients: int, seconds: float, address: str, client: Client, ready_now: Callable[[], None]) -> Done:
    """Forks the clients; they begin together, when all are connected, and begin nothing new once the time is over.

    What is under way when it is over counts, so with slow answers the rate is a little too good: by one transaction a
    client at most.
    """
    ready, start = os.pipe(), os.pipe()
    ends, children = [], []
    for number in range(clients):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(start[1])
            _work(client, address, number, seconds, ready[1], start[0], writing)
        os.close(writing)
        ends.append(reading)
        children.append(child)
    os.close(ready[1])
    waiting = clients
    while waiting and (word := os.read(ready[0], waiting)):
        waiting -= len(word)
    ready_now()
    os.close(start[1])  # the signal: what they read from ends
    done: Done = []
    for reading in ends:
        with os.fdopen(reading) as lines:
            done += [(name, float(taken), float(cpu)) for name, taken, cpu in map(str.split, lines)]
    if sum(os.waitpid(child, 0)[1] for child in children):
        sys.exit("a client failed")
    for end in (ready[0], start[0]):
        os.close(end)
    return done


def _work(client: Client, address: str, number: int, seconds: float, ready: int, start: int, writing: int) -> NoReturn:
    """A child's whole life."""
    status = 1
    try:
        step = client(address, number)
        os.write(ready, b".")
        os.read(start, 1)
        done, now = [], time.monotonic()
        end = now + seconds
        while now < end:
            before, cpu = now, time.process_time()
            name, now = step(), time.monotonic()
            done.append(f"{name} {now - before} {time.process_time() - cpu}\n")
        with os.fdopen(writing, "w") as said:
            said.writelines(done)
        status = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)


def _prepare_bare(address: str) -> None:
    """A table for the bare transactions, in the same database."""
    connection = _driver(address)
    connection.execute("CREATE TABLE IF NOT EXISTS bare (id TEXT, number INTEGER, content TEXT)")
    connection.close()


def _bare_postgresql(address: str, _: int) -> Callable[[], str]:
    return _bare(_driver(address), "BEGIN", "INSERT INTO bare VALUES (%s, %s, %s)")


def _bare_at_once(address: str, _: int) -> Callable[[], str]:
    connection = _driver(address)
    step = _bare(connection, "BEGIN", "INSERT INTO bare VALUES (%s, %s, %s)")

    def at_once() -> str:
        with connection.pipeline():
            return step()

    return at_once


def _bare_sqlite(address: str, _: int) -> Callable[[], str]:
    return _bare(_driver(address), "BEGIN IMMEDIATE", "INSERT INTO bare VALUES (?, ?, ?)")


def _bare(connection: Any, begin: str, insert: str) -> Callable[[], str]:
    """Rows of a charge's number and size by the driver, on one connection."""

    def step() -> str:
        name = secrets.token_hex(8)
        connection.execute(begin)
        for number, size in enumerate(SIZES):
            connection.execute(insert, (name, number, "x" * size))
        connection.execute("COMMIT")
        return name

    return step


def _driver(address: str) -> Any:
    """A connection of the bare driver, as durable as Shoal's."""
    if address.startswith("postgresql"):
        return psycopg.connect(address, autocommit=True)
    connection = sqlite3.connect(address.removeprefix("sqlite:///"), timeout=120, isolation_level=None)
    connection.execute("PRAGMA synchronous = EXTRA")
    return connection


def _charging(address: str, source: str, number: int) -> Callable[[], str]:
    accounts, weeks = Accounts.open(address, wait=120), itertools.count(number)
    accounts.charge(_request(f"warm-{source}", 0))  # connects, and puts the statements together
    return lambda: accounts.charge(_request(source, next(weeks) % WEEKS)).charge


def _request(source: str, week: int) -> Request:
    start = MONDAY + timedelta(weeks=week)
    return Request(
        source=source,
        timezone="Europe/Vienna",
        synthetic=True,
        unit="week",
        units=((start, start + timedelta(weeks=1)),),
        rho=RHO,
        laplace=frozenset(),
        cap_rho=Fraction(1),
        cap_epsilon=Fraction(10),
        cap_delta=Fraction(1, 10**8),
        year_rho=Fraction(12),
        year_epsilon=None,
        key="ab" * 32,
        plan_digest="cd" * 32,
    )


def _refuse_difference(address: str, log: Path, run: str, paid: Sequence[str]) -> None:
    """Clients, accounts and log must tell of the same charges."""
    accounts = Accounts.open(address)
    ours = [statement for statement in accounts.statement() if statement.account.source.startswith(run)]
    stated = [charge.charge for statement in ours for charge in statement.charges]
    spent = sum((unit.spent for statement in ours for unit in statement.units), Fraction(0))
    start = time.perf_counter()
    journal = Journal(accounts.database, log)
    journal.publish()
    taken = time.perf_counter() - start
    view = journal.log.view()
    told = (Entries.parse(data) for data in view.entries(0, view.size))
    logged = [entry.charge for entry in told if isinstance(entry, ChargeEntry) and entry.source.startswith(run)]
    if not Counter(paid) == Counter(stated) == Counter(logged) or len(set(paid)) != len(paid):
        sys.exit(f"clients were handed {len(paid)} charges, the accounts hold {len(stated)}, the log {len(logged)}")
    if spent != len(paid) * sum(RHO.values(), Fraction(0)):
        sys.exit("what is spent is not what the charges cost")
    print(
        f"  {len(paid):,} charges, the same in clients, accounts and log, which took {len(paid) / taken:,.0f} a second"
    )


if __name__ == "__main__":
    main()
