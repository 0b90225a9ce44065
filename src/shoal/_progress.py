"""Progress bars on stderr: phases in words, never anything that was read."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

err = Console(stderr=True, highlight=False)


def say(sentence: str, console: Console = err, style: str = "") -> None:
    """A sentence on stderr, on one line: it may name a path or a column, which must not steer the terminal."""
    console.print(Text(plain(sentence), style=style), soft_wrap=True)


def plain(text: str) -> str:
    """`text` without control characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


class Bars:
    """One bar a phase; `bars(phase, done)` with done from 0 to 1. Silent where stderr is no terminal, or if `quiet`."""

    def __init__(self, *, quiet: bool) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=err, disable=quiet or not err.is_terminal)
        self._quiet = quiet
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, phase: str, done: float, records: int | None = None, /) -> None:
        if phase not in self._tasks:
            self._tasks[phase] = self._progress.add_task(phase, total=1.0)
        self._progress.update(self._tasks[phase], completed=min(1.0, done))

    def tell(self, sentence: str) -> None:
        """A sentence for the operator, above the bars."""
        if not self._quiet:
            say(sentence, self._progress.console)
