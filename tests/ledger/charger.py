"""Processes that charge an account, for the tests of races and of kill -9. Each line they write is one charge paid.

python -m tests.ledger.charger    then each line on stdin, WAY NUMBER URL, forks that number of processes:
    race     charge one week until it is refused
    loop     charge a new week each time until killed
    early    as `loop`, but with a seeded bug: hand out the charge before the commit, and die in between
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from fractions import Fraction

import psycopg  # noqa: F401 - once here, not again in every child
from sqlalchemy import select

from shoal.errors import BudgetError
from shoal.ledger import tables
from shoal.ledger.accounts import Accounts
from shoal.ledger.pipe import Pipe
from tests.ledger.requests import MONDAY, request

RACE_RHO = Fraction(1, 23)
LOOP = {"presence": Fraction(1, 1000), "flows": Fraction(1, 3000)}


def main() -> None:
    ways: dict[str, Callable[[str], None]] = {"race": race, "loop": loop, "early": early}
    for line in sys.stdin:
        way, number, url = line.split()
        children = [_fork(ways[way], url) for _ in range(int(number))]
        _write("children", *children)
        for child in children:
            _, status = os.waitpid(child, 0)
            _write("ended", child, os.waitstatus_to_exitcode(status))


def race(url: str) -> None:
    accounts = Accounts.open(url)
    try:
        while True:
            _write("paid", accounts.charge(request(rho=RACE_RHO)).charge)
    except BudgetError:
        pass


def loop(url: str) -> None:
    accounts = Accounts.open(url)
    for week in range(1000):
        _write("paid", accounts.charge(request(start=MONDAY + timedelta(weeks=week % 50), rho=LOOP)).charge)


def early(url: str) -> None:
    accounts = Accounts.open(url)
    whole = accounts._database.pipe

    @contextmanager
    def hasty() -> Iterator[Pipe]:
        with whole() as pipe:
            yield pipe
            newest = pipe.ask(select(tables.charge.c.charge).order_by(tables.charge.c.time.desc()))
            _write("paid", newest()[0]["charge"])
            os.kill(os.getpid(), signal.SIGKILL)

    accounts._database.pipe = hasty  # type: ignore[method-assign]
    accounts.charge(request(rho=LOOP))


def _fork(way: Callable[[str], None], url: str) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        way(url)
        status = 0
    finally:
        os._exit(status)


def _write(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())  # one write: lines of several processes stay whole


if __name__ == "__main__":
    main()
