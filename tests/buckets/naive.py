"""Slow, obvious twins of the kernels in shoal.buckets."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable

Row = tuple[int, tuple[tuple[int, ...], ...]]


def rows(records: Iterable[tuple[int, ...]], unit_start: list[int]) -> Counter[Row]:
    """Rows of records (pseudonym, time, ...): (unit, its records in ascending order), and how often each occurs."""
    found: dict[tuple[int, int], list[tuple[int, ...]]] = {}
    for pseudonym, time, *rest in records:
        unit = bisect_right(unit_start, time) - 1
        found.setdefault((pseudonym, unit), []).append((time, *rest))
    return Counter((unit, tuple(sorted(own))) for (_, unit), own in found.items())


def parts(pseudonyms: list[int], bits: int) -> list[list[int]]:
    """Places of the records of each part, by the top bits."""
    return [[row for row, p in enumerate(pseudonyms) if p >> (64 - bits) == part] for part in range(1 << bits)]
