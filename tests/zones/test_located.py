from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from shoal.zones._located import once

THREADS = 8


class Slow:
    """Waits `patience` seconds for another thread to come in, and no longer."""

    def __init__(self, patience: float = 0.02) -> None:
        self.made = 0
        self.patience = patience
        self.inside: list[bool] = []
        self.company = Event()

    @once
    def inner(self) -> int:
        """What takes long."""
        made = self.made
        self.inside.append(True)
        if len(self.inside) > 1:
            self.company.set()
        self.company.wait(self.patience)
        self.made = made + 1
        return self.made

    @once
    def outer(self) -> list[int]:
        return [self.inner]


def ask_together(slow: Slow) -> list[list[int]]:
    barrier = Barrier(THREADS)

    def ask(_: int) -> list[int]:
        barrier.wait(60)
        return slow.outer

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(ask, range(THREADS)))


def test_threads_that_ask_at_once_share_what_one_of_them_made() -> None:
    slow = Slow()
    found = ask_together(slow)
    assert slow.made == 1 and all(part is found[0] for part in found)
    assert slow.outer is found[0] and Slow().outer is not found[0]
    assert Slow.inner.__doc__ == "What takes long."


def test_without_its_lock_it_would_be_made_more_than_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Open:
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(once, "_building", Open())
    assert len({id(part) for part in ask_together(Slow(60))}) > 1


def test_what_fails_is_tried_again() -> None:
    class Fails:
        tries = 0

        @once
        def value(self) -> int:
            self.tries += 1
            if self.tries == 1:
                raise ValueError("not yet")
            return self.tries

    fails = Fails()
    with pytest.raises(ValueError, match="not yet"):
        _ = fails.value
    assert fails.value == 2 and fails.value == 2
