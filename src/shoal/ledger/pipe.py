"""A transaction in as few trips to the server as can be: nothing waits but for an answer that is needed.

A charge is two trips: one locks and reads, one writes and commits. Statements are put together once and go to the
driver as they are: SQLAlchemy would take longer over them than the server does. SQLite knows no trips; there they run
one by one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Select, Table
from sqlalchemy.types import TypeEngine

Row = Mapping[str, Any]
"""Column -> value, as `tables` types it."""
_Processor = Callable[[Any], Any]


class Rows(NamedTuple):
    """What is written into one table: rows that have the same columns."""

    table: Table
    rows: Sequence[Row]
    replacing: bool = False
    """Where there is a row with this primary key, it takes on the other values."""


class Pipe:
    """An open transaction: `Database.pipe` makes it, commits it, and says its failures in sentences."""

    def __init__(self, driver: Any, dialect: Dialect) -> None:
        self._driver = driver
        self._dialect = dialect

    def ask(self, question: Select[Any], **values: object) -> Callable[[], list[Row]]:
        """Send a question with the values of its parameters; what comes back waits for the answer when it is called."""
        text, writers, columns = _asked(question, self._dialect)
        cursor = self._driver.execute(text, {n: w(values[n]) if w else values[n] for n, w in writers.items()})

        def answer() -> list[Row]:
            return [
                {name: read(value) if read else value for (name, read), value in zip(columns.items(), row, strict=True)}
                for row in cursor.fetchall()
            ]

        return answer

    def claim(self, table: Table, row: Row) -> bool:
        """Write a row unless there is one with its key; was there none? Waits for who is about to write the same."""
        text = f"{self._insert(Rows(table, [row]))} ON CONFLICT DO NOTHING RETURNING 1"
        return bool(self._driver.execute(text, list(self._values(Rows(table, [row])))).fetchall())

    def write(self, *parts: Rows) -> None:
        """Write rows of several tables, in this order; on PostgreSQL as one statement. Only the commit says whether."""
        parts = tuple(part for part in parts if part.rows)
        if self._dialect.name == "postgresql":
            *first, last = map(self._insert, parts)
            named = ", ".join(f"written_{n} AS ({insert})" for n, insert in enumerate(first))
            values = [value for part in parts for value in self._values(part)]
            self._driver.execute(f"WITH {named} {last}" if first else last, values)
        else:
            for part in parts:
                self._driver.execute(self._insert(part), list(self._values(part)))

    def _insert(self, part: Rows) -> str:
        mark = "%s" if self._dialect.name == "postgresql" else "?"
        return _insert(part.table, tuple(part.rows[0]), len(part.rows), part.replacing, mark)

    def _values(self, part: Rows) -> Iterator[Any]:
        """As the driver takes them, row by row."""
        writers = _writers(part.table, self._dialect)
        for row in part.rows:
            for name, value in row.items():
                write = writers[name]
                yield write(value) if write else value


_Processors = dict[str, _Processor | None]


@lru_cache(maxsize=64)
def _asked(question: Select[Any], dialect: Dialect) -> tuple[str, _Processors, _Processors]:
    """The question in the database's words, its parameters and the columns of its answer; None: taken as it is."""
    compiled = question.compile(dialect=dialect)
    binds = {name: _writer(bind.type, dialect) for name, bind in compiled.binds.items()}
    columns = {str(c.key): _reader(c.type, dialect) for c in question.selected_columns}
    return str(compiled), binds, columns


@lru_cache(maxsize=64)
def _writers(table: Table, dialect: Dialect) -> _Processors:
    return {column.key: _writer(column.type, dialect) for column in table.columns}


def _writer(kind: TypeEngine[Any], dialect: Dialect) -> _Processor | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> _Processor | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)


@lru_cache(maxsize=256)
def _insert(table: Table, columns: tuple[str, ...], count: int, replacing: bool, mark: str) -> str:
    row = f"({', '.join([mark] * len(columns))})"
    text = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES {', '.join([row] * count)}"  # noqa: S608 - our names
    if not replacing:
        return text
    key = [column.key for column in table.primary_key]
    others = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    return f"{text} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {others}"
