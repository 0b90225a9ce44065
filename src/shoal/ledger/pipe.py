"""A transaction in as few trips to the server as can be: nothing waits but for an answer that is needed.

A charge is two trips: one locks and reads, one writes and commits. Each message wakes the server and each answer us,
which costs more than what is asked. Statements are put together once, and go to the driver as they are: SQLAlchemy
takes longer over them than the server does. SQLite knows no trips; there they run one by one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple, Self

from sqlalchemy import Dialect, Select, Table
from sqlalchemy.types import TypeEngine

Row = Mapping[str, Any]
"""Column -> value, as `tables` types it."""
Values = Sequence[object] | Mapping[str, object]
_Processor = Callable[[Any], Any]
_Processors = dict[str, _Processor | None]


class Rows(NamedTuple):
    """What is written into one table: rows that have the same columns."""

    table: Table
    rows: Sequence[Row]
    replacing: bool = False
    """Where there is a row with this primary key, it takes on the other values."""


class Pipe(ABC):
    """A transaction, as a context: until that is left without an error, nothing is written. See `Database.pipe`."""

    mark: ClassVar[str]
    """Stands for a value in a statement."""

    def __init__(self, driver: Any, dialect: Dialect) -> None:
        self._driver = driver
        self._dialect = dialect

    def ask(self, question: Select[Any], **values: object) -> Callable[[], list[Row]]:
        """Ask with the values of the question's parameters; what comes back waits for the answer when it is called.

        Questions may show in the server's own log, so they say nothing secret.
        """
        text, writers, readers = _asked(question, self._dialect)
        answer = self._ask(text, {n: write(values[n]) if write else values[n] for n, write in writers.items()})
        return lambda: [
            {name: read(value) if read else value for (name, read), value in zip(readers.items(), row, strict=True)}
            for row in answer()
        ]

    def claim(self, table: Table, row: Row) -> bool:
        """Write a row unless there is one with its key; was there none? Waits for who is about to write the same."""
        text, values = self._insert(Rows(table, [row]))
        return bool(self._ask(f"{text} ON CONFLICT DO NOTHING RETURNING 1", values)())

    def write(self, *parts: Rows) -> None:
        """Write rows of several tables, in this order. What fails may fail as late as in the commit."""
        self._write([self._insert(part) for part in parts if part.rows])

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Commit, or, after an error, roll back."""
        try:
            if kind is None:
                self._commit()
        finally:
            self._end()

    @abstractmethod
    def _begin(self) -> None: ...

    @abstractmethod
    def _commit(self) -> None: ...

    @abstractmethod
    def _end(self) -> None:
        """Roll back what was not committed."""

    @abstractmethod
    def _ask(self, text: str, values: Values) -> Callable[[], Sequence[Sequence[Any]]]: ...

    @abstractmethod
    def _write(self, inserts: Sequence[tuple[str, list[Any]]]) -> None: ...

    def _insert(self, part: Rows) -> tuple[str, list[Any]]:
        text = _insert(part.table, tuple(part.rows[0]), len(part.rows), part.replacing, self.mark)
        return text, list(_values(part, self._dialect))


class SqlitePipe(Pipe):
    mark = "?"

    def _begin(self) -> None:
        self._driver.execute("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        self._driver.commit()

    def _end(self) -> None:
        self._driver.rollback()

    def _ask(self, text: str, values: Values) -> Callable[[], Sequence[Sequence[Any]]]:
        rows: list[Sequence[Any]] = self._driver.execute(text, values).fetchall()
        return lambda: rows

    def _write(self, inserts: Sequence[tuple[str, list[Any]]]) -> None:
        for text, values in inserts:
            self._driver.execute(text, values)


class PostgresqlPipe(Pipe):
    """Questions wait until the answer to one of them is needed, and then go as one text. What is written goes with the
    commit, apart from its values: those may be secret, and a server's log shows the text of what failed."""

    mark = "%s"

    def __init__(self, driver: Any, dialect: Dialect, settings: str) -> None:
        from psycopg import ClientCursor

        super().__init__(driver, dialect)
        self._cursor: ClientCursor[Any] = ClientCursor(driver)
        self._asked = ["BEGIN ISOLATION LEVEL READ COMMITTED", settings]
        self._answered: list[Sequence[Sequence[Any]]] = []
        self._written: list[tuple[str, list[Any]]] = []

    def _begin(self) -> None:
        self._driver.autocommit = True  # it would send a BEGIN of its own

    def _end(self) -> None:
        if not self._driver.closed:
            self._driver.rollback()
            self._driver.autocommit = False

    def _commit(self) -> None:
        self._send()
        with _pipeline(self._driver):
            self._carry_out()
            done = self._driver.execute("COMMIT")
        if done.statusmessage != "COMMIT":  # the server rolls back what has failed before, and calls it no error
            raise RuntimeError("a transaction that has failed was to be committed")

    def _ask(self, text: str, values: Values) -> Callable[[], Sequence[Sequence[Any]]]:
        if self._written:  # before it was asked
            self._send()
            self._carry_out()
        place = len(self._asked)
        self._asked.append(self._cursor.mogrify(text, values))

        def answer() -> Sequence[Sequence[Any]]:
            self._send()
            return self._answered[place]

        return answer

    def _write(self, inserts: Sequence[tuple[str, list[Any]]]) -> None:
        """All as one statement: the server plans and runs it at once."""
        if not inserts:
            return
        *first, (last, values) = inserts
        named = ", ".join(f"written_{n} AS ({text})" for n, (text, _) in enumerate(first))
        bound = [value for _, values in first for value in values]
        self._written.append((f"WITH {named} {last}" if first else last, bound + values))

    def _send(self) -> None:
        """Ask whatever waits."""
        waiting = self._asked[len(self._answered) :]
        more: bool | None = bool(waiting)
        if waiting:
            self._cursor.execute("; ".join(waiting))
        while more:
            rows = self._cursor.pgresult is not None and self._cursor.pgresult.nfields > 0
            self._answered.append(self._cursor.fetchall() if rows else ())
            more = self._cursor.nextset()

    def _carry_out(self) -> None:
        """Write whatever waits."""
        waiting, self._written = self._written, []
        for text, values in waiting:
            self._driver.execute(text, values)


@contextmanager
def _pipeline(driver: Any) -> Iterator[None]:
    """psycopg's pipeline, without what it would tell stderr of a second failure after the first, which is raised."""
    failure: Exception | None = None
    try:
        with driver.pipeline():
            try:
                yield
            except Exception as first:
                failure = first
    except Exception as second:
        failure = failure or second
    if failure is not None:
        raise failure


@lru_cache(maxsize=64)
def _asked(question: Select[Any], dialect: Dialect) -> tuple[str, _Processors, _Processors]:
    """The question in the database's words, its parameters and the columns of its answer; None: taken as it is."""
    compiled = question.compile(dialect=dialect)
    binds = {name: _writer(bind.type, dialect) for name, bind in compiled.binds.items()}
    columns = {str(c.key): _reader(c.type, dialect) for c in question.selected_columns}
    return str(compiled), binds, columns


@lru_cache(maxsize=256)
def _insert(table: Table, columns: tuple[str, ...], count: int, replacing: bool, mark: str) -> str:
    row = f"({', '.join([mark] * len(columns))})"
    text = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES {', '.join([row] * count)}"  # noqa: S608 - our names
    if not replacing:
        return text
    key = [column.key for column in table.primary_key]
    others = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    return f"{text} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {others}"


def _values(part: Rows, dialect: Dialect) -> Iterator[Any]:
    """As the driver takes them, row by row."""
    writers = _writers(part.table, dialect)
    for row in part.rows:
        for name, value in row.items():
            write = writers[name]
            yield write(value) if write else value


@lru_cache(maxsize=64)
def _writers(table: Table, dialect: Dialect) -> _Processors:
    return {column.key: _writer(column.type, dialect) for column in table.columns}


def _writer(kind: TypeEngine[Any], dialect: Dialect) -> _Processor | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> _Processor | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
