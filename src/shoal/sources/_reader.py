"""What every format gives: the names and types of its columns, and its rows in bounded pieces."""

import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

import pyarrow as pa

OnBytes = Callable[[int], None]
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
Rows = dict[str, pa.Array]
"""Some rows: an Arrow array for each column that was asked for, all of one length."""
Piece = Callable[[], Iterator[Rows]]
"""Reads a stretch of a file, at most about a million rows at a time. Any thread may call it, once."""


class Reader(Protocol):
    """A file that was opened once to see its columns; reading opens it again."""

    path: Path
    types: Mapping[str, pa.DataType]
    """Type of each column; text formats say what the first rows look like but give text."""
    twice: Set[str]
    """Names that two columns bear."""
    headless: bool
    """The names look like values: no message may hold them."""
    empty: bool
    """No row at all."""

    def pieces(self, columns: Sequence[str], on_bytes: OnBytes) -> Iterator[Piece]:
        """The file cut into pieces, in order, which threads may read side by side.

        `on_bytes` gets bytes read since its last call, from any of these threads. Going on to the next piece and
        calling a piece raise `DataError` for a file that is broken; the message never holds content.
        """
        ...

    def first(self, columns: Sequence[str]) -> Rows:
        """A few rows from the file's beginning."""
        ...


def nearest(name: str, names: Sequence[str]) -> str:
    """A hint for a column that does not exist; empty where there is nothing to name."""
    close = get_close_matches(name, [n for n in names if not looks_like_a_value(n)], 1, 0.0)
    return f"; the nearest is {close[0]!r}" if close else ""


def looks_like_a_value(name: str) -> bool:
    """Mostly digits, or a UUID, as numbers, times and many identifiers are: such a name must not reach a message."""
    return sum(c in string.digits for c in name) * 2 > len(name) or bool(_UUID.fullmatch(name))
