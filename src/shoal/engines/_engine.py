"""What an engine is: two verbs, map every bucket and add up."""

from collections.abc import Callable, Mapping
from typing import Protocol

from shoal.design import Design
from shoal.privacy.sums import ExactSums
from shoal.sources import Source, Tally

Progress = Callable[[str, float], None]
"""Told the phase in words and how much of it is done, from 0 to 1. Never anything that was read."""


class Engine(Protocol):
    """Takes records to exact sums. Whatever the engine, the sums are the same integers."""

    def sums(self, design: Design, source: Source, tally: Tally, progress: Progress) -> Mapping[str, ExactSums]:
        """The bounded sums of each statistic of `design` over the records of `source`, sealed.

        Counts rows in `tally` and stops with its `DataError` where too many can't be used.
        """
        ...
