"""Totals that are counted block by block."""

from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class Totals:
    """Arrays of totals over devices; whole numbers, so that blocks may be added in any order."""

    def add(self, other: Self) -> None:
        """Add the totals of another block."""
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            mine += theirs
