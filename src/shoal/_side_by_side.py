"""The same work on every item, on several threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

Item = TypeVar("Item")


def on_all(work: Callable[[Item], None], items: Iterator[Item], workers: int) -> None:
    """Do `work` for every item, on so many threads; one at a time asks for the next item. A failure ends all."""
    lock = Lock()
    over = False

    def loop() -> None:
        nonlocal over
        try:
            while True:
                with lock:
                    if over:
                        return
                    try:
                        item = next(items)
                    except StopIteration:
                        over = True
                        return
                work(item)
        except BaseException:
            over = True
            raise

    with ThreadPoolExecutor(workers) as threads:
        try:
            for future in [threads.submit(loop) for _ in range(workers)]:
                future.result()
        finally:
            over = True  # also where Ctrl-C reaches this thread, not one of those
