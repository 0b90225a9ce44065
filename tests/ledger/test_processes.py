"""Several processes on one account, and processes that are killed: on SQLite and on PostgreSQL."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from shoal.ledger.accounts import Accounts
from tests.ledger.charger import LOOP, RACE_RHO
from tests.ledger.requests import request

WEEK_OF_LOOP = sum(LOOP.values(), Fraction(0))


class Charger:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ledger.charger"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            text=True,
        )
        self.paid: list[str] = []
        self.statuses: list[int] = []

    def start(self, way: str, number: int, url: str) -> list[int]:
        """Process ids of the children."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{way} {number} {url}\n")
        self.process.stdin.flush()
        while True:
            words = self._line()
            if words[0] == "children":
                return [int(word) for word in words[1:]]

    def wait_for_charge(self) -> None:
        count = len(self.paid)
        while len(self.paid) == count:
            self._line()

    def finish(self, children: int) -> None:
        done = len(self.statuses) + children
        while len(self.statuses) < done:
            self._line()

    def _line(self) -> list[str]:
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split()
        assert words, "the charger died"
        if words[0] == "paid":
            self.paid.append(words[1])
        elif words[0] == "ended":
            self.statuses.append(int(words[2]))
        return words


@pytest.fixture(scope="module")
def parent() -> Iterator[Charger]:
    charger = Charger()
    yield charger
    charger.process.kill()
    charger.process.communicate()


@pytest.fixture
def charger(parent: Charger) -> Charger:
    parent.paid, parent.statuses = [], []
    return parent


def hidden(paid: list[str], accounts: Accounts) -> set[str]:
    """Charges that were handed out and don't stand in the account."""
    return set(paid) - {charge.charge for statement in accounts.statement() for charge in statement.charges}


def test_eight_processes_that_race_spend_all_and_no_more(charger: Charger, url: str) -> None:
    charger.start("race", 8, url)  # nothing is there yet: they race to make tables and account too
    charger.finish(8)
    (statement,) = Accounts.open(url).statement()
    assert charger.statuses == [0] * 8
    assert len(charger.paid) == len(set(charger.paid)) == 1 / RACE_RHO
    assert {charge.charge for charge in statement.charges} == set(charger.paid)
    assert statement.units[0].left == 0


def test_kill_at_ten_random_moments_hides_nothing(charger: Charger, url: str) -> None:
    accounts = Accounts.open(url)
    for _ in range(10):
        (child,) = charger.start("loop", 1, url)
        charger.wait_for_charge()
        time.sleep(random.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        charger.finish(1)
        assert hidden(charger.paid, accounts) == set()
        accounts.charge(request(source="next-run", rho=Fraction(1, 100)))  # the next run works

    loops = next(statement for statement in accounts.statement() if statement.account.source == "ride-app")
    assert charger.statuses == [-signal.SIGKILL] * 10
    assert all(charge.rho == LOOP for charge in loops.charges)  # whole charges only
    assert sum(unit.spent for unit in loops.units) == len(loops.charges) * WEEK_OF_LOOP
    assert len(charger.paid) <= len(loops.charges) <= len(charger.paid) + 10  # at most one a kill is wasted


def test_a_charge_handed_out_before_the_commit_would_be_hidden(charger: Charger, url: str) -> None:
    """Seeded bug: the test above looks for exactly this."""
    accounts = Accounts.open(url)
    charger.start("early", 1, url)
    charger.finish(1)
    assert charger.statuses == [-signal.SIGKILL]
    assert hidden(charger.paid, accounts) == set(charger.paid) != set()
