"""The disk that stops, for files that are their owner's alone."""

from tests.translog.faulty import Crash, FaultyDisk, count

__all__ = ["Crash", "PrivateFaulty", "count"]


class PrivateFaulty(FaultyDisk):
    def __init__(self, at: int | None = None, *, torn: bool = False, lose: bool = False) -> None:
        super().__init__(at, torn=torn, lose=lose)
        self._mode, self._folder_mode = 0o600, 0o700
