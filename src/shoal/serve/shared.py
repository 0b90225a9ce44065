"""Work in threads that several wait for together: who asks for what is being done already waits for that."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import anyio
import anyio.to_thread

V = TypeVar("V")


class Shared(Generic[V]):
    """At most `at_once` pieces of work at a time, each in a thread, and each only once at a time.

    Nobody who waits holds a thread, and one who goes away stops the work for nobody else.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._limiter: anyio.CapacityLimiter | None = None  # it wants a running loop
        self._tasks: dict[Hashable, asyncio.Task[V]] = {}

    async def run(self, key: Hashable, work: Callable[[], V]) -> V:
        """What `work` gives, or what is given to those who asked for `key` before. Raises what it raises."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.create_task(self._in_thread(work))
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(task)

    async def _in_thread(self, work: Callable[[], V]) -> V:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._at_once)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)

    def _done(self, key: Hashable, task: "asyncio.Task[V]") -> None:
        self._tasks.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen by those who wait; where none is left, nobody's business
