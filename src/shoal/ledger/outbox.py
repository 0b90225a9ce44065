"""Entries on their way to the public log: written in the transaction of what they tell, handed on in one order.

A charge and its entry are committed together, or neither is: so no charge can be missing from the log, whenever the
power fails. The database settles the order; the log follows it (`journal`).
"""

from sqlalchemy import Connection, func, insert, select, text, update

from shoal.ledger import tables
from shoal.ledger.entries import Entries, Entry

_ADVISORY_LOCK = 0x73686F616D  # one process at a time gives places in the log


def note(connection: Connection, *entries: Entry) -> None:
    """Write entries beside what they tell, in its transaction."""
    for row in rows(*entries):
        connection.execute(insert(tables.event), row)


def rows(*entries: Entry) -> list[dict[str, str | None]]:
    """Entries as `tables.event` holds them, for who writes them in a transaction of its own (`pipe`)."""
    return [{"id": e.id, "kind": e.kind, "about": _about(e), "entry": e.to_bytes().decode()} for e in entries]


def take_turn(connection: Connection) -> None:
    """Wait until no other process gives places in the log, and keep others waiting until the transaction ends."""
    if connection.dialect.name == "postgresql":  # SQLite is locked as a whole already
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})


def settle(connection: Connection) -> int:
    """Give every entry that has none its place in the log, in the order they were written; how many have one now.

    Only for who has taken its turn.
    """
    e = tables.event.c
    given = size(connection)
    waiting = connection.execute(select(e.number).where(e.position.is_(None)).order_by(e.number)).scalars().all()
    for position, number in enumerate(waiting, start=given):
        connection.execute(update(tables.event).where(e.number == number).values(position=position))
    return given + len(waiting)


def settled(connection: Connection, first: int, most: int) -> list[bytes]:
    """Entries that have a place, from `first` on, at most so many."""
    e = tables.event.c
    query = select(e.entry).where(e.position >= first).order_by(e.position).limit(most)
    return [entry.encode() for entry in connection.execute(query).scalars()]


def latest(connection: Connection, kind: str, about: str | None = None) -> Entry | None:
    """The newest entry of a kind, about a source or a release."""
    e = tables.event.c
    where = (e.kind == kind) if about is None else (e.kind == kind) & (e.about == about)
    query = select(e.entry).where(where).order_by(e.number.desc()).limit(1)
    found = connection.execute(query).scalar()
    return None if found is None else Entries.parse(found.encode())


def find(connection: Connection, kind: str, about: str | None = None) -> list[tuple[int | None, Entry]]:
    """Every entry of a kind, about a source or a release, with its place: in the order of the log, new ones last.

    Not by number: on PostgreSQL numbers are given before the transactions end, in another order than these.
    """
    e = tables.event.c
    where = (e.kind == kind) if about is None else (e.kind == kind) & (e.about == about)
    rows = connection.execute(
        select(e.position, e.entry).where(where).order_by(e.position.is_(None), e.position, e.number)
    )
    return [(position, Entries.parse(entry.encode())) for position, entry in rows]


def _about(entry: Entry) -> str | None:
    """What an entry is looked up by: the release, else the source, that it speaks of."""
    return getattr(entry, "release", None) or getattr(entry, "source", None)


def place_of(connection: Connection, id: str) -> int | None:
    """Place in the log of the entry with this id."""
    found: int | None = connection.execute(select(tables.event.c.position).where(tables.event.c.id == id)).scalar()
    return found


def size(connection: Connection) -> int:
    """How many entries have a place."""
    last = connection.execute(select(func.max(tables.event.c.position))).scalar()
    return 0 if last is None else int(last) + 1
