"""What a task of Spark may say: counts of rows, faults of the input, and errors in which no value stands."""

import json
import re
import traceback
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from shoal import errors
from shoal.errors import DataError, PlanError, ShoalError, StateError
from shoal.sources import Reason, Tally

_HOME = Path(errors.__file__).parent
_ERRORS: dict[str, type[ShoalError]] = {kind.__name__: kind for kind in (DataError, PlanError, StateError)}


class RowCount(Tally):
    """A tally that travels: a task's counts as bytes, to be added to the driver's tally in the end."""

    def packed(self) -> bytes:
        """Exact, so only ever sealed."""
        counts = {
            "rows": self._rows,
            "swapped": self._swapped,
            "bad": {str(int(reason)): count for reason, count in sorted(self._counts.items()) if count},
            "others": {words: count for words, count in sorted(self._others.items()) if count},
        }
        return json.dumps(counts).encode()

    def add_packed(self, packed: bytes) -> None:
        add_counts(self, packed)


def add_counts(tally: Tally, packed: bytes) -> None:
    """Add what `RowCount.packed` said to any tally."""
    counts = json.loads(packed)
    tally.saw(counts["rows"], swapped=counts["swapped"])
    for reason, count in counts["bad"].items():
        tally.add(Reason(int(reason)), count)
    for words, count in counts["others"].items():
        tally.add(words, count)


class TaskError(RuntimeError):
    """How a task fails: Spark writes its text to logs and may show it, so it holds a sentence of ours and no value."""

    def __init__(self, error: BaseException) -> None:
        if isinstance(error, ShoalError):
            kind, sentence = type(error).__name__, str(error)
        else:
            frames = traceback.extract_tb(error.__traceback__)
            own = [frame for frame in frames if _HOME in Path(frame.filename).parents] or frames
            where = f" in {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
            kind, sentence = "bug", f"({type(error).__name__}{where})"
            if isinstance(error, MemoryError):
                kind = StateError.__name__
                sentence = "an executor has too little memory; give executors more, or ask for more partitions"
            elif isinstance(error, OSError):
                kind = StateError.__name__
                sentence = f"an executor's disk failed ({error.strerror}); make room or mend it, and run again"
        super().__init__(f"[[shoal {kind}]] {sentence} [[/shoal]]")


def guarded(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows; whatever goes wrong on the way becomes a `TaskError`."""
    try:
        yield from rows
    except Exception as error:
        own = TaskError(error)
    else:
        return
    raise own  # outside the handler: no other error hangs on it, whose text may quote a record


def said_by_task(text: str) -> ShoalError | None:
    """The error of a task, found in what Spark says about it; None where no task of ours said anything."""
    found = re.search(r"\[\[shoal (\w+)\]\] (.*?) \[\[/shoal\]\]", text, re.DOTALL)
    if not found:
        return None
    kind, sentence = found.groups()
    if kind in _ERRORS:
        return _ERRORS[kind](sentence)
    return errors.StateError(
        f"a task of Spark failed {sentence}, which is a fault of Shoal's, not of yours; please report it"
    )


def fault_of(error: ShoalError) -> bytes:
    """A fault of the input as bytes: it ends the run, but repeating the task would not mend it."""
    return json.dumps([type(error).__name__, str(error)]).encode()


def fault(packed: bytes) -> ShoalError:
    kind, sentence = json.loads(packed)
    return _ERRORS.get(kind, DataError)(sentence)
