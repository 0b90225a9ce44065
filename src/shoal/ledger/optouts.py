"""The list of devices that are never counted: keyed hashes, in versions; no way to list it or to ask it for a device.

A change says how many devices it names, never how many of them were known: so does the count, which adds up what
changes named. Else who adds one device and counts before and after would learn whether it was on the list.
"""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select, text

from shoal._arrays import UInt64
from shoal.errors import StateError
from shoal.ledger import outbox, tables
from shoal.ledger._files import create_once, read_secret
from shoal.ledger.database import Database
from shoal.ledger.entries import OptOutEntry

KEY_BYTES = 16
_ADVISORY_LOCK = 0x73686F616E  # one change at a time, so that every version is one more than the last
_MANY = 10_000  # rows of one statement


@dataclass(frozen=True, slots=True, repr=False)
class OptedOut:
    """The list as a run needs it. Secret: with the key and the hashes an identifier could be tried.

    version  None: there is no list yet
    hashes   uint64[m], SipHash-2-4 of identifiers under `key`
    """

    version: int | None
    key: bytes
    hashes: UInt64


@dataclass(frozen=True, slots=True)
class Count:
    """The total. Devices that were named twice count twice."""

    version: int
    added: int
    removed: int

    @property
    def total(self) -> int:
        return max(0, self.added - self.removed)


class OptOutList:
    """The list in an account database; its key is a file in the state folder.

    folder    the state folder
    database  that of the accounts; machines that share it need the same key file

    Every method raises `StateError`, also where the key is not the one that the list was made with: a list that can't
    be matched would let everyone in.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self._file = folder / "optout.key"
        self._database = database

    def key(self) -> bytes:
        """The secret that identifiers are hashed with, 16 bytes; made here where there is no list yet."""
        with self._database.reading() as connection:
            known = _key_check(connection)
        if known is None:
            create_once(self._file, secrets.token_bytes(KEY_BYTES))
        return self._read_key(known)

    def change(self, hashes: UInt64, named: int, *, remove: bool = False) -> OptOutEntry:
        """Add hashes to the list, or take them off: a new version, noted for the log in the same transaction.

        named  devices that were named; some have several hashes

        Hashes that are there already, or are not there, change nothing, and nothing tells.
        """
        check, named_as = _check_of(self._read_key(None)), self.digest(hashes)
        rows = [{"hash": value} for value in np.unique(hashes).view(np.int64).tolist()]
        with self._database.writing() as connection:
            if connection.dialect.name == "postgresql":  # SQLite is locked as a whole already
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
            self._compare(check, _key_check(connection))
            for at in range(0, len(rows), _MANY):
                some = rows[at : at + _MANY]
                if remove:
                    chosen = tables.opt_out.c.hash.in_([row["hash"] for row in some])
                    connection.execute(delete(tables.opt_out).where(chosen))
                else:
                    connection.execute(_insert(connection), some)
            entry = OptOutEntry(version=(_version(connection) or 0) + 1)
            counts = {"added": 0 if remove else named, "removed": named if remove else 0}
            row = {"version": entry.version, **counts, "key_check": check, "named": None if remove else named_as}
            connection.execute(insert(tables.opt_out_version).values(**row))
            outbox.note(connection, entry)
        return entry

    def count(self) -> Count:
        """How many devices were named."""
        v = tables.opt_out_version.c
        with self._database.reading() as connection:
            version, added, removed = connection.execute(
                select(func.max(v.version), func.sum(v.added), func.sum(v.removed))
            ).one()
        return Count(version or 0, int(added or 0), int(removed or 0))

    def digest(self, hashes: UInt64) -> str:
        """By which the same devices, named again, are known to be the same. Keyed; it stays in the state."""
        digest = hashlib.blake2b(key=self._read_key(None), digest_size=16, person=b"shoal opt-outs")
        digest.update(np.unique(hashes).astype("<u8").tobytes())
        return digest.hexdigest()

    def changes(self, after: int = 0) -> list[tuple[int, str | None]]:
        """The versions after one, ascending: each with the digest of what was added, None where some were removed."""
        v = tables.opt_out_version.c
        query = select(v.version, v.named).where(v.version > after).order_by(v.version)
        with self._database.reading() as connection:
            return [(version, named) for version, named in connection.execute(query)]

    def read(self) -> OptedOut:
        """The newest version, for a run."""
        with self._database.reading() as connection:
            version, known = _version(connection), _key_check(connection)
            if version is None:
                return OptedOut(None, bytes(KEY_BYTES), np.empty(0, dtype=np.uint64))
            found = np.fromiter(connection.execute(select(tables.opt_out.c.hash)).scalars(), dtype=np.int64)
        return OptedOut(version, self._read_key(known), found.view(np.uint64))

    def _read_key(self, known: str | None) -> bytes:
        """The key, compared with what the database knows of it, where it knows something."""
        if not self._file.exists():
            raise StateError(
                f"{self._file} is missing, and without it no device on the list of opt-outs is recognised; copy it "
                "from the machine where the list was made, or from a backup"
            )
        key = read_secret(self._file, KEY_BYTES)
        self._compare(_check_of(key), known)
        return key

    def _compare(self, check: str, known: str | None) -> None:
        if known is not None and not secrets.compare_digest(check, known):
            raise StateError(
                f"{self._file} is not the key that the list of opt-outs was made with; copy that one from the machine "
                "where the list was made, or from a backup"
            )


def _insert(connection: Connection) -> Any:
    """An insert that passes over what is there."""
    dialect: Any
    if connection.dialect.name == "postgresql":  # only the one that is used: each takes its time to load
        from sqlalchemy.dialects import postgresql as dialect
    else:
        from sqlalchemy.dialects import sqlite as dialect
    return dialect.insert(tables.opt_out).on_conflict_do_nothing()


def _version(connection: Connection) -> int | None:
    newest: int | None = connection.execute(select(func.max(tables.opt_out_version.c.version))).scalar()
    return newest


def _key_check(connection: Connection) -> str | None:
    known: str | None = connection.execute(select(tables.opt_out_version.c.key_check).limit(1)).scalar()
    return known


def _check_of(key: bytes) -> str:
    """Says nothing of the key but whether another is the same."""
    return hashlib.blake2b(b"list", key=key, digest_size=16, person=b"shoal opt-outs").hexdigest()
