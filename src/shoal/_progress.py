"""Progress on stderr: phases in words, how fast and how long; never anything that was read."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from rich.progress import Progress, Task, TaskID

LONG = 10.0
"""Seconds after which a run says on stderr, where that is no terminal, what each phase took."""

err = Console(stderr=True, highlight=False)


def say(sentence: str, console: Console = err, style: str = "") -> None:
    """A sentence on stderr, on one line: it may name a path or a column, which must not steer the terminal."""
    console.print(Text(plain(sentence), style=style), soft_wrap=True)


def plain(text: str) -> str:
    """`text` without control characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


@dataclass
class _Phase:
    """One phase: when it began and ended (seconds of the clock), how much of it is done, records so far."""

    name: str
    begin: float
    done: float = 0.0
    records: int | None = None
    end: float | None = None
    task: "TaskID | None" = None

    def seconds(self, now: float) -> float:
        return (now if self.end is None else self.end) - self.begin

    def speed(self, now: float) -> str:
        """Records a second since the phase began, such as 9.8 M/s; empty where they are not counted."""
        seconds = self.seconds(now)
        return f"{short(self.records / seconds)}/s" if self.records and seconds > 0.1 else ""

    def left(self, now: float) -> str:
        """Time left at the speed so far; empty where it is too early to tell."""
        seconds = self.seconds(now)
        if self.end is not None or self.done < 0.01 or seconds < 2:
            return ""
        return f"{clock_text(seconds * (1 - self.done) / self.done)} left"

    def line(self) -> str:
        """What the phase took, once it has ended."""
        seconds = self.seconds(self.begin)
        took = f"{seconds:.1f} s" if seconds < 60 else clock_text(seconds)
        if not self.records:
            return f"{self.name}: {took}"
        speed = self.speed(self.begin)
        return f"{self.name}: {short(self.records)} records in {took}{f', {speed}' if speed else ''}"


class Bars:
    """One bar a phase; `bars(phase, done, records)` with done from 0 to 1, from any thread.

    quiet  nothing is shown or said
    clock  seconds, for tests

    Where stderr is no terminal there are no bars: a run of more than `LONG` seconds says one line a phase as it ends,
    and a shorter one nothing.
    """

    def __init__(self, *, quiet: bool, clock: Callable[[], float] = monotonic) -> None:
        self._quiet, self._clock, self._lock = quiet, clock, Lock()
        self._begin = clock()
        self._phases: dict[str, _Phase] = {}
        self._unsaid: list[_Phase] = []
        self._live: Progress | None = None if quiet or not err.is_terminal else self._display()

    def __enter__(self) -> Self:
        self._begin = self._clock()
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, phase: str, done: float, records: int | None = None, /) -> None:
        with self._lock:
            now = self._clock()
            known = self._phases.setdefault(phase, _Phase(phase, now))
            if known.end is not None:
                return
            known.done = min(1.0, done)
            known.records = records if records is not None else known.records
            if known.done >= 1:
                known.end = now
                self._unsaid.append(known)
            self._show(known)
            if now - self._begin > LONG:
                self._say_ended()

    def tell(self, sentence: str) -> None:
        """A sentence for the operator, above the bars."""
        if not self._quiet:
            say(sentence)

    def _show(self, phase: _Phase) -> None:
        if self._live is not None:
            if phase.task is None:
                phase.task = self._live.add_task(phase.name, total=1.0)
            self._live.update(phase.task, completed=phase.done)

    def _say_ended(self) -> None:
        if self._live is None:
            for phase in self._unsaid:
                self.tell(phase.line())
            self._unsaid.clear()

    def _display(self) -> "Progress":
        from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn

        def column(words: Callable[[_Phase, float], str], width: int) -> ProgressColumn:
            class Words(ProgressColumn):
                def render(self, task: "Task") -> Text:
                    return Text(words(bars._phases[task.description], bars._clock()).rjust(width))

            return Words()

        bars = self
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            TaskProgressColumn(),
            column(_Phase.speed, 7),
            column(lambda phase, now: clock_text(phase.seconds(now)), 4),
            column(_Phase.left, 9),
            console=err,
        )


def short(number: float) -> str:
    """A number in two digits: 9.8 M, 12 k, 120, 5."""
    text = f"{number:.1e}"  # rounded before the unit is chosen: 999,999 is 1 M, not 1000 k
    digits, power = float(text[: text.index("e")]), int(text[text.index("e") + 1 :])
    power = max(0, power)
    unit = ("", " k", " M", " G", " T")[min(power // 3, 4)]
    scaled = digits * 10 ** (power - 3 * min(power // 3, 4)) if number >= 1 else number
    return f"{scaled:.2g}{unit}" if scaled < 100 else f"{scaled:.0f}{unit}"


def clock_text(seconds: float) -> str:
    """0:05, 12:34, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
