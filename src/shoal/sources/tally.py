"""How many rows there were and why some can't be used: for the operator's eyes, never part of a release."""

import threading
from collections import Counter
from enum import IntEnum
from fractions import Fraction

import numpy as np

from shoal._arrays import UInt8
from shoal.errors import DataError
from shoal.plan import Plan


class Reason(IntEnum):
    """Why a row can't be used. The number is the code that kernels write for a row; 0 is a usable row.

    A row is counted under one reason, the first that applies in the order device, time, position. A trip with an
    unknown zone is kept (its end lies outside every zone) but counts as bad: most often the wrong zones were named.
    """

    NO_DEVICE = 1
    NO_TIME = 2
    UNREADABLE_TIME = 3
    NO_SUCH_TIME = 4
    OUTSIDE_PERIOD = 5
    NO_POSITION = 6
    OUT_OF_RANGE = 7
    ENDS_BEFORE_START = 8
    UNKNOWN_ZONE = 9

    @property
    def text(self) -> str:
        return _TEXTS[self][0]


_TEXTS = {
    Reason.NO_DEVICE: ("no device", "[source.columns] device"),
    Reason.NO_TIME: ("no time", "[source.columns]"),
    Reason.UNREADABLE_TIME: ("unreadable time", "[source.columns] and [source] time_unit"),
    Reason.NO_SUCH_TIME: ("time that does not exist", "[source] timezone"),
    Reason.OUTSIDE_PERIOD: ("outside the period", "[period], and [source] time_unit for times that are numbers"),
    Reason.NO_POSITION: ("no position", "[source.columns]"),
    Reason.OUT_OF_RANGE: ("position out of range", "[source.columns]"),
    Reason.ENDS_BEFORE_START: ("ends before it starts", "[source.columns] start and end"),
    Reason.UNKNOWN_ZONE: ("unknown zone", "[zones] and [source.columns] origin and destination"),
}


class Tally:
    """Counts of rows; safe to use from several threads. Its text never shows an exact number."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows = 0
        self._counts: Counter[Reason] = Counter()
        self._others: Counter[str] = Counter()
        self._swapped = 0

    def __repr__(self) -> str:
        return "<Tally, counts hidden; see summary()>"

    @property
    def rows(self) -> int:
        """Rows seen, usable or not. Exact: not to be shown."""
        return self._rows

    @property
    def bad(self) -> dict[Reason, int]:
        """Rows by the reason for which they can't be used. Exact: not to be shown."""
        with self._lock:
            return {reason: count for reason, count in sorted(self._counts.items()) if count}

    def saw(self, rows: int, codes: UInt8 | None = None, swapped: int = 0) -> None:
        """Count `rows` rows, of which `codes` (uint8, see `Reason`) says what is wrong with each.

        swapped  rows out of range that would be in range with latitude and longitude exchanged
        """
        found = np.bincount(codes, minlength=len(Reason) + 1) if codes is not None and codes.any() else None
        with self._lock:
            self._rows += rows
            self._swapped += swapped
            if found is not None:
                for reason in Reason:
                    self._counts[reason] += int(found[reason])

    def add(self, reason: Reason | str, n: int) -> None:
        """Count `n` rows. A `Reason` counts against the limit of bad rows; words of another room are only shown."""
        with self._lock:
            if isinstance(reason, Reason):
                self._counts[reason] += n
            else:
                self._others[reason] += n

    def check(self, limit: Fraction, plan: Plan) -> None:
        """Raise `DataError` where there was no row, or where more than `limit` (a share) of the rows are bad."""
        bad = self.bad
        total = sum(bad.values())
        if not self._rows:
            raise DataError(f"{plan.file}: the files of [source] hold no rows; check [source] files")
        if total <= limit * self._rows:
            return
        most = sorted(bad, key=lambda reason: -bad[reason])[:3]
        reasons = ", ".join(f"{_percent(bad[reason], self._rows)} {reason.text}" for reason in most)
        if bad.get(Reason.OUT_OF_RANGE, 0) * 2 > total and self._swapped * 2 > bad[Reason.OUT_OF_RANGE]:
            mend = "lat and lon look swapped: exchange them in [source.columns]"
        else:
            mend = f"check {_TEXTS[most[0]][1]}"
        raise DataError(
            f"{plan.file}: {_percent(total, self._rows)} of the rows can't be used ({reasons}), more than the "
            f"{_percent(limit.numerator, limit.denominator)} allowed; {mend}, or raise [source] max_bad_rows"
        )

    def summary(self) -> list[tuple[str, str]]:
        """What was counted and how often, in words ("about 1,300", "fewer than 10"); rows come first."""
        with self._lock:
            counts = [(reason.text, count) for reason, count in sorted(self._counts.items())]
            counts += sorted(self._others.items())
            return [("rows", about(self._rows)), *((text, about(count)) for text, count in counts if count)]


def about(count: int) -> str:
    """A count in two significant digits, so that no single row can show."""
    if count < 10:
        return "fewer than 10"
    return f"about {round(count, 2 - len(str(count))):,}"


def _percent(part: int, whole: int) -> str:
    share = 100 * part / whole
    return f"{share:.0f} %" if share >= 10 else f"{share:.1g} %"
