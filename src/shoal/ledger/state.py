"""The one folder that outlives a run: accounts, the secret key of digests, copies of what was released."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sqlalchemy import URL

from shoal.disk import Files
from shoal.errors import RefusedError
from shoal.ledger._files import create_once, make_folder, read_secret
from shoal.ledger.accounts import Accounts
from shoal.ledger.entries import RefusalEntry
from shoal.ledger.journal import Journal
from shoal.ledger.locks import request_lock
from shoal.plan import Plan

_KEY_BYTES = 32


@dataclass(frozen=True)
class State:
    """An open state folder. Make one with `State.open`."""

    folder: Path
    accounts: Accounts
    journal: Journal
    digest_key: bytes = field(repr=False)
    """Secret, 32 bytes: with it a guess of the records could be confirmed."""
    releases: Path
    """Copies of released folders, by id."""

    @classmethod
    def open(
        cls, folder: str | Path, accounts: str | None = None, *, wait: float = 30, disk: Files | None = None
    ) -> Self:
        """Open the state in `folder`, making it (0700) where it is missing; `accounts` is a URL, else a file in it.

        wait  seconds to wait for accounts that another process has locked
        disk  how the log and releases are written; the tests' double stops at any step

        Safe when two processes do it at once: both get the same key. Raises `StateError`, and `UsageError` for a URL
        that is neither SQLite nor PostgreSQL.
        """
        folder = Path(folder).absolute()
        make_folder(folder)
        make_folder(folder / "releases")
        url = accounts if accounts is not None else URL.create("sqlite", database=str(folder / "accounts.sqlite"))
        accounts_ = Accounts.open(url, wait=wait)
        journal = Journal(accounts_.database, folder, disk)
        return cls(folder, accounts_, journal, _digest_key(folder / "digest.key"), folder / "releases")

    @property
    def disk(self) -> Files:
        """How everything is written that must outlive a crash."""
        return self.journal.disk

    def lock(self, key: str, waiting: Callable[[], None] | None = None) -> AbstractContextManager[None]:
        """`request_lock` in this folder."""
        return request_lock(self.folder, key, waiting)

    @contextmanager
    def refusals_of(self, plan: Plan) -> Iterator[None]:
        """Where what runs inside refuses `plan`, the log is told: whose it was, for what, and why in a word."""
        try:
            yield
        except RefusedError as refusal:
            basis = plan.source.basis
            self.journal.record(
                RefusalEntry(
                    source=plan.source.name, purpose=basis.purpose, plan_sha256=plan.digest(), reason=refusal.reason
                )
            )
            raise


def _digest_key(file: Path) -> bytes:
    create_once(file, secrets.token_bytes(_KEY_BYTES))
    return read_secret(file, _KEY_BYTES, "or remove it, after which a plan that was released before is charged again")
