"""The devices that a file names: how somebody says who is never to be counted."""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from shoal.errors import UsageError

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LONGEST = 1000


class Named:
    """Devices that a file names. No reader but `spellings`; its text shows nothing.

    Make one with `Named.read`.
    """

    __slots__ = ("__devices",)

    def __init__(self, devices: Iterable[str]) -> None:
        self.__devices = tuple(dict.fromkeys(devices))

    @classmethod
    def read(cls, file: Path, column: str | None = None) -> "Named":
        """One identifier a line, or those in one column of a CSV file whose first line names the columns. UTF-8.

        Empty lines mean nothing, and a line that is there twice is there once. Raises `UsageError`, which names the
        line and never quotes it.
        """
        try:
            text = file.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise UsageError(f"{file}: line {line} is not UTF-8; save the file as UTF-8") from None
        except OSError as error:
            raise UsageError(f"{file}: can't be read ({error.strerror}); name a file with one device a line") from None
        rows = _lines(text) if column is None else _column(file, text, column)
        devices = [_checked(file, line, device) for line, device in rows if device]
        if not devices:
            raise UsageError(f"{file}: names no device; write one identifier a line")
        return cls(devices)

    def __len__(self) -> int:
        return len(self.__devices)

    def spellings(self) -> pa.Array:
        """All spellings that records may have, as text: a UUID is one in upper and in lower case."""
        found: dict[str, None] = {}
        for device in self.__devices:
            found[device] = None
            if _UUID.fullmatch(device):
                found[device.lower()] = found[device.upper()] = None
        return pa.array(found, pa.large_string())

    def __repr__(self) -> str:
        return "<Named, devices hidden>"


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines and their numbers. Only the ends that editors write: an identifier may hold any other sign."""
    yield from enumerate(text.replace("\r\n", "\n").split("\n"), start=1)


def _column(file: Path, text: str, column: str) -> Iterator[tuple[int, str]]:
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        head = next(reader, [])
        if head.count(column) != 1:
            often = "no column" if column not in head else "several columns"
            raise UsageError(f"{file}: line 1 names {often} {column!r}; say with --column which one holds the devices")
        at = head.index(column)
        for row in reader:
            if row and len(row) != len(head):
                raise UsageError(f"{file}: line {reader.line_num} has {len(row)} fields, and line 1 has {len(head)}")
            yield reader.line_num, row[at] if row else ""
    except csv.Error:
        raise UsageError(f"{file}: line {reader.line_num} is no line of CSV; check its quotes") from None


def _checked(file: Path, line: int, device: str) -> str:
    if device != device.strip() or not device.isprintable():
        raise UsageError(f"{file}: line {line} holds spaces at an end, or signs that can't be seen; remove them")
    if len(device) > _LONGEST:
        raise UsageError(f"{file}: line {line} is longer than {_LONGEST} signs; write one identifier a line")
    return device
