"""Tasks that misbehave, importable by the executors: slow ones, ones that wait to be killed, ones that leak."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from shoal.engines._spark_keys import Box, Keys
from shoal.engines._spark_tasks import AddUp, SealRecords, Task

WAIT = 150  # seconds that a slow attempt takes at most: far longer than the other tasks


class _Noted:
    """Writes down every attempt: a line in the file "partition attempt" in `folder`, the executor's process."""

    folder: Path
    partition: int

    def _note(self) -> int:
        from pyspark import TaskContext

        context = TaskContext.get()
        assert context is not None
        attempt = context.attemptNumber()
        executor = int(Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()[1])
        with (self.folder / f"{context.partitionId()} {attempt}").open("a") as sink:
            sink.write(f"{executor}\n")
        return WAIT if context.partitionId() == self.partition and attempt == 0 else 0

    def _wait(self, seconds: int) -> None:
        """So long, or until somebody writes "go"."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not (self.folder / "go").exists():
            time.sleep(0.05)


class _Slow(Task, _Noted):
    """The first attempt at one partition is slow, in the middle of its rows."""

    def _run(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        pause = self._note()
        for batch in super()._run(batches):  # type: ignore[safe-super]  # that of the task it is mixed into
            yield batch
            self._wait(pause)
            pause = 0


class SlowSeal(_Slow, SealRecords):
    """Slow when records are sealed."""


class SlowAdd(_Slow, AddUp):
    """Slow when sums are made."""


SLOW = {"SealRecords": SlowSeal, "AddUp": SlowAdd}


def slow(misfit: Any, attempts: Path) -> Callable[..., Any]:
    """A maker of such tasks, which note their attempts there; the first attempt at partition 1 is slow."""

    def make(*arguments: Any, **more: Any) -> Any:
        task = misfit(*arguments, **more)
        task.folder, task.partition = attempts, 1
        return task

    return make


class CarelessSeal(SealRecords):
    """A bug that tells all, in the middle of the records."""

    def _records(self, batches: Iterator[pa.RecordBatch], count: Any) -> Any:
        for batch in batches:
            raise KeyError(batch.to_pydict())
        yield


class OpenKeys(Keys):
    """Keys that seal nothing: what is said to be sealed lies open."""

    __slots__ = ()

    def sealer(self) -> Any:
        return _Open(b"")

    def box(self) -> Any:
        return _Open(b"")


class _Open(Box):
    __slots__ = ()

    def __init__(self, key: bytes) -> None:
        pass

    def seal(self, plain: Any, place: bytes) -> bytes:
        return plain.tobytes() if isinstance(plain, np.ndarray) else bytes(plain)

    def open(self, sealed: bytes, place: bytes, kind: Any = None) -> Any:
        return sealed if kind is None else np.frombuffer(sealed, kind).copy()
