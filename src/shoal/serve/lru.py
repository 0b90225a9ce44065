"""Keeps what was used last, up to a weight; safe to use from threads."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """Values by key, each with a weight; the least recently used go when all together weigh more than `most`.

    What alone weighs more than `most` is not kept.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._weight = 0
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value, which counts as used now; None where it is not kept."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Keep a value in place of the one of before."""
        with self._lock:
            self._drop(key)
            if weight > self.most:
                return
            self._kept[key] = (value, weight)
            self._weight += weight
            while self._weight > self.most:
                self._drop(next(iter(self._kept)))

    def drop(self, key: K) -> None:
        """Forget a value, if it is kept."""
        with self._lock:
            self._drop(key)

    def _drop(self, key: K) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._weight -= found[1]

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def weight(self) -> int:
        """Of all that is kept."""
        return self._weight
