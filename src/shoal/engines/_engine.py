"""What an engine is: it opens the plan's records, maps every bucket, and adds up."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from shoal.design import Design
from shoal.intake import Barred
from shoal.kept import Shelf
from shoal.privacy.sums import ExactSums
from shoal.sources import Tally


class Progress(Protocol):
    """Told the phase in words, how much of it is done (0 to 1), and how many records that was, where that is known.

    For the operator's eyes; never anything else that was read.
    """

    def __call__(self, phase: str, done: float, records: int | None = None, /) -> None: ...


class Opened(Protocol):
    """Records that were found and checked; nothing but their beginnings has been read."""

    def fingerprint_along(self, key: bytes) -> None:
        """Let `Engine.sums` take the fingerprint along, where that saves a pass; ask `fingerprint` afterwards."""
        ...

    def fingerprint(self, key: bytes, progress: Callable[[float], None] | None = None) -> str:
        """Keyed digest of the contents, 64 hex digits. Secret: it says whether the records are the same as before.

        progress  told the share that is done, from 0 to 1
        """
        ...


Records = TypeVar("Records", bound=Opened)


class Engine(Protocol[Records]):
    """Takes records to exact sums. Whatever the engine, the sums are the same integers."""

    def open(self, design: Design) -> Records:
        """Find and check the records of `design`. Raises `PlanError` and `DataError`, one sentence."""
        ...

    def open_kept(self, design: Design, shelf: Shelf) -> Records:
        """Find the kept units that `design` needs. Raises as `open`, and `UsageError` for an engine that can't."""
        ...

    def sums(
        self, design: Design, source: Records, tally: Tally, progress: Progress, barred: Barred | None = None
    ) -> Mapping[str, ExactSums]:
        """The bounded sums of each measure of `design` over the records of `source`, sealed.

        barred  whom the intake does not let in; default: nobody

        Counts rows in `tally` and stops with its `DataError` where too many can't be used.
        """
        ...
