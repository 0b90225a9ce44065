"""Text files in blocks of whole rows, as UTF-8, from plain or gzipped files."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np

from shoal._arrays import UInt8
from shoal._numba import njit
from shoal.errors import DataError
from shoal.sources._reader import OnBytes

BLOCK = 32 << 20
_LONGEST_ROW = 16 << 20
_BOM = codecs.BOM_UTF8
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34


@dataclass(frozen=True, slots=True, repr=False)
class Block:
    """Whole rows as UTF-8 bytes; `line` is the number, from 1, of the line on which they begin."""

    data: bytes
    line: int


def blocks(
    path: Path, on_bytes: OnBytes, *, encoding: str = "utf-8", separator: str | None = None, size: int = BLOCK
) -> Iterator[Block]:
    """Cut the text of `path` after rows, into blocks of about `size` bytes.

    separator  of CSV, where a quoted value may hold line breaks and where quotes are checked: one may only stand around
               a whole value (RFC 4180), since a stray one silently swallows the rows up to the next. None: no quoting.
    Raises `DataError` for a file that can't be read, unpacked or decoded, and for a stray quote.
    """
    rest, line, first = b"", 1, True
    for chunk, last in _chunks(path, on_bytes, encoding, size):
        data = rest + chunk
        if first:
            data, first = data.removeprefix(_BOM), False
        cut = _cut(path, data, line, separator, last)
        lines = data.count(b"\n", 0, cut)
        if len(data) - cut > _LONGEST_ROW:
            raise DataError(
                f"{path}, line {line + lines}: a row has no end within 16 MiB; look for a stray quote or missing line "
                "breaks"
            )
        rest = data[cut:]
        if cut:
            yield Block(data[:cut], line)
            line += lines


def _cut(path: Path, data: bytes, line: int, separator: str | None, last: bool) -> int:
    """Where the last whole row of `data` ends."""
    if separator is None or data.find(b'"') < 0:
        return len(data) if last else data.rfind(b"\n") + 1
    cut, stray, inside = _scan_quotes(np.frombuffer(data, np.uint8), ord(separator))
    if stray < 0 and last and inside >= 0:
        stray = inside
    if stray >= 0:
        line += data.count(b"\n", 0, stray)
        raise DataError(
            f"{path}, line {line}: a quote stands alone; quotes enclose a whole value, "
            "and one inside it is doubled: mend that line or export the file again"
        )
    return len(data) if last else int(cut)


@njit
def _scan_quotes(data: UInt8, separator: int) -> tuple[int, int, int]:
    """Walk over rows of CSV that start outside quotes; n bytes.

    data       uint8[n]
    separator  the byte between values
    Returns the end of the last whole row, the first quote that breaks the rule (-1: none), and the quote that is still
    open at the end (-1: none). One pass.
    """
    cut, opened = 0, -1
    start, closed = True, False  # at a value's first byte; after its closing quote
    for i in range(data.size):
        byte = data[i]
        if opened >= 0:
            if byte == _QUOTE:
                opened, closed = -1, True
            continue
        if byte == _QUOTE:
            if not start and not closed:
                return cut, i, -1
            opened, closed = i, False  # straight after a closing quote: a doubled one, still inside
        elif byte == separator or byte in (_NEWLINE, _RETURN):
            closed = False
            start = True
            if byte == _NEWLINE:
                cut = i + 1
            continue
        elif closed:
            return cut, i - 1, -1
        start = False
    return cut, -1, opened


def _chunks(path: Path, on_bytes: OnBytes, encoding: str, size: int) -> Iterator[tuple[bytes, bool]]:
    """UTF-8 text of about `size` bytes at a time, and whether it is the last."""
    same = codecs.lookup(encoding).name in ("utf-8", "ascii", "utf-8-sig")
    decode = codecs.getincrementaldecoder(encoding)().decode
    told = 0
    try:
        with path.open("rb") as raw:
            packed = path.name.lower().endswith(".gz")
            stream = cast(IO[bytes], gzip.GzipFile(fileobj=raw) if packed else raw)
            last = False
            while not last:
                chunk = stream.read(size)
                last = len(chunk) < size
                yield (chunk if same else decode(chunk, last).encode()), last
                on_bytes(raw.tell() - told)
                told = raw.tell()
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DataError(
            f"{path}: is not a whole gzip file; it may have been cut off: copy or export it again"
        ) from None
    except UnicodeError:
        raise DataError(f"{path}: is not {encoding} text; set [source] encoding to what it is") from None
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}); check the disk and its permissions") from None
