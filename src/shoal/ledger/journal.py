"""What the state tells the public: entries, noted in the database first, then appended to the log."""

from shoal.ledger import outbox
from shoal.ledger.database import Database
from shoal.ledger.entries import Entry


class Journal:
    """The entries of one state."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, *entries: Entry) -> None:
        """Note entries and hand them on to the log."""
        with self._database.writing() as connection:
            outbox.note(connection, *entries)
        self.publish()

    def publish(self) -> int:
        """Hand on to the log whatever it has not got yet; the log's size then."""
        with self._database.writing() as connection:
            return outbox.settle(connection)

    def latest(self, kind: str, source: str | None = None) -> Entry | None:
        """The newest entry of a kind, about a source."""
        with self._database.reading() as connection:
            return outbox.latest(connection, kind, source)
