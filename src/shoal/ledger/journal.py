"""What the state tells the public: entries, noted in the database first, then appended to the log.

The log is a function of the database and of the log's key: machines that share the accounts share the key too, and
each can write the same log. So nothing is lost when a machine dies between noting and appending; whoever comes next
appends what is missing. What is in the log and not in the database is refused: the database was put back from an old
backup, and what is left of a budget can't be known.
"""

import os
import secrets
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, select

from shoal.disk import Disk, Files
from shoal.errors import StateError, UsageError
from shoal.ledger import outbox, tables
from shoal.ledger._files import create_once, read_secret, sentences
from shoal.ledger.database import Database
from shoal.ledger.entries import Entry, unchanged
from shoal.translog.client import collect
from shoal.translog.key import SEED, SigningKey
from shoal.translog.log import Log
from shoal.translog.note import VerifierKey
from shoal.translog.policy import Policy
from shoal.translog.proof import Proof

_BATCH = 1000
_TRIES = 3


class Journal:
    """The entries of one state, and its log.

    folder    the state folder: `log` holds the public files, `log.key` the seed that signs, `log.name` its name
    files     how it writes; the tests' double stops at any step
    """

    def __init__(self, database: Database, folder: Path, files: Files | None = None) -> None:
        self._database = database
        self.folder = folder / "log"
        self._key_file, self._name_file = folder / "log.key", folder / "log.name"
        self._policy_file = folder / "witnesses.policy"
        self.disk: Files = files or Disk()
        """How everything is written that must outlive a crash."""

    def record(self, *entries: Entry) -> None:
        """Note entries and hand them on to the log."""
        with self._database.writing() as connection:
            outbox.note(connection, *entries)
        self.publish()

    def record_changes(self, source: str, entries: Sequence[Entry]) -> list[Entry]:
        """As `record`, without those that say what the newest of their kind says about this source.

        Gives what stands in the log then: these entries, or those that said it before.
        """
        standing = []
        with self._database.writing() as connection:
            for entry in entries:
                last = outbox.latest(connection, entry.kind, source)
                if last is None or not unchanged(last, entry):
                    outbox.note(connection, entry)
                    last = entry
                standing.append(last)
        self.publish()
        return standing

    def publish(self) -> int:
        """Hand on to the log whatever it has not got yet; the log's size then. Raises `StateError`."""
        log = self.log
        first = max(0, log.size - 1)  # the last one again: it must be the same in both
        with self._database.writing() as connection:
            outbox.take_turn(connection)
            self._refuse_other_log(connection)
            size = outbox.settle(connection)
        if log.size > size and log.size > self._settled():
            raise StateError(
                f"{self.folder} says more than the accounts know, so these were put back from an old backup and what "
                "is left can't be known; put back the newest accounts"
            )
        while first < size:
            with self._database.reading() as connection:
                batch = outbox.settled(connection, first, _BATCH)
            log.append(batch, at=first)
            first += len(batch)
        return log.size

    def latest(self, kind: str, about: str | None = None) -> Entry | None:
        """The newest entry of a kind, about a source or a release."""
        with self._database.reading() as connection:
            return outbox.latest(connection, kind, about)

    def find(self, kind: str, about: str | None = None) -> list[tuple[int | None, Entry]]:
        """Every entry of a kind, about a source or a release, oldest first, with its place in the log."""
        with self._database.reading() as connection:
            return outbox.find(connection, kind, about)

    def proof(self, entry: Entry) -> Proof:
        """The offline proof that `entry`, which was recorded, is in the log."""
        self.publish()
        with self._database.reading() as connection:
            place = outbox.place_of(connection, entry.id)
        if place is None:
            raise ValueError("only what was recorded can be proven")
        return self.log.proof(place)

    def cosigned(self, entry: Entry) -> tuple[Proof, tuple[VerifierKey, ...]]:
        """As `proof`, with the cosignatures of the state's witnesses, and their keys.

        Which they are and how many must sign stands in the file `witnesses.policy` of the state folder (C2SP
        tlog-policy); where there is none, none is asked. Raises `StateError` where too few sign, `VerificationError`
        where one has seen another history.
        """
        policy = self.policy
        if policy is None:
            return self.proof(entry), ()
        for _ in range(_TRIES):
            self.publish()
            _, silent = collect(self.log, policy)
            proof = self.proof(entry)
            signed = tuple(k.key for k in policy.witnesses.values() if any(map(k.key.made, proof.note.signatures)))
            if policy.enough(signed):
                return proof, signed
            if silent:  # else another process has appended in the meantime
                break
        reason = silent[0] if silent else "the log grows faster than they sign"
        raise StateError(
            f"too few witnesses of {self._policy_file} have cosigned the log ({reason}); what was made is kept and "
            "paid for: ask again when they answer, it costs nothing"
        )

    @property
    def policy(self) -> Policy | None:
        """Whom the state asks to witness its log. Raises `DataError` for a file that says it wrongly."""
        with sentences(self._policy_file):
            if not self._policy_file.exists():
                return None
            data = self._policy_file.read_bytes()
        return Policy.parse(data)

    @cached_property
    def key(self) -> SigningKey:
        """The key that signs, made when it is first asked for; named by $SHOAL_LOG_NAME then."""
        create_once(self._key_file, secrets.token_bytes(SEED))
        seed = read_secret(self._key_file, SEED)
        name = os.environ.get("SHOAL_LOG_NAME") or f"shoal/{SigningKey.from_seed('shoal', seed).vkey.key_id.hex()}"
        try:
            SigningKey.from_seed(name, seed)
        except UsageError:
            raise UsageError(
                f"$SHOAL_LOG_NAME is {name!r}; the name of a log is like example.org/shoal, without + and spaces"
            ) from None
        create_once(self._name_file, name.encode())
        with sentences(self._name_file):
            name = self._name_file.read_text(encoding="utf-8")
        return SigningKey.from_seed(name, seed)

    @cached_property
    def log(self) -> Log:
        """The log's files. Raises `StateError` where they are damaged."""
        return Log.open(self.folder, self.key, files=self.disk)

    def _settled(self) -> int:
        with self._database.reading() as connection:
            return outbox.size(connection)

    def _refuse_other_log(self, connection: Connection) -> None:
        """One database, one log: another key would tell the same things under another name."""
        own = str(self.key.vkey)
        known = connection.execute(select(tables.log.c.key)).scalar()
        if known is None:
            connection.execute(tables.log.insert().values(key=own))
        elif known != own:
            raise StateError(
                f"{self._key_file} is not the key of the log of {self._database.name}; copy log.key and log.name from "
                "the state folder that was used with it first"
            )
