"""What records would leave behind, in any spelling, and the search for it: in files, in text, in packed tables.

The search is for strings of eight bytes and more. 60,000 of them in 100 MB of random bytes give a false alarm less than
once in a million searches. Numbers that are too short for that are looked for in text only, where they stand alone.
"""

import base64
import hashlib
import math
import re
import sqlite3
import string
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.pipeline.source import Record, local_text

HASHES = ("md5", "sha1", "sha256", "blake2b")
DECIMAL = re.compile(rb"-?\d+(\.\d+)?")
CODE, CODE_LENGTH = string.ascii_letters + string.digits + "+/=", 40
"""Signs of base64, and how many any key, signature or hash has at least: those of 30 bytes."""


class Traces:
    """Spellings of some secrets, and the kinds of them that a heap of bytes holds. Findings name the kind, no value."""

    def __init__(self, kinds: Mapping[str, Iterable[bytes]], counts: Iterable[int] = ()) -> None:
        """counts  numbers that must not stand in a text, alone or with a comma at the thousands"""
        self._kind = {needle: kind for kind, needles in kinds.items() for needle in needles}
        self._counts = frozenset(counts)
        if short := {kind for needle, kind in self._kind.items() if len(needle) < 8}:
            raise ValueError(f"too short to be told from chance: {short}")
        self._by_head: dict[int, dict[int, set[bytes]]] = {}
        """By the first eight bytes, then by length: thousands of times begin with the same year and month."""
        for needle in self._kind:
            alike = self._by_head.setdefault(int.from_bytes(needle[:8], "little"), {})
            alike.setdefault(len(needle), set()).add(needle)
        self._sieve = np.zeros(1 << 24, dtype=np.bool_)
        self._sieve[_place(np.array(list(self._by_head), dtype=np.uint64))] = True
        self._known: dict[tuple[str, bytes], set[str]] = {}
        texts = [re.escape(text) for count in self._counts for text in (str(count), f"{count:,}")]
        self._numbers = re.compile(rf"(?<![\w.,-])(?:{'|'.join(texts) or '$.'})(?![\w-]|[.,]\d)")

    def __or__(self, other: "Traces") -> "Traces":
        kinds: dict[str, set[bytes]] = {}
        for needle, kind in (self._kind | other._kind).items():
            kinds.setdefault(kind, set()).add(needle)
        return Traces(kinds, self._counts | other._counts)

    def within(self, data: bytes | str) -> set[str]:
        """Kinds of secrets that `data` holds."""
        content = data.encode() if isinstance(data, str) else data
        found = {self._kind[needle] for needle in self._needles(content)}
        text = data if isinstance(data, str) else _text(data)
        if any(not _in_code(text, *hit.span()) for hit in self._numbers.finditer(text)):
            found.add("exact count")
        return found

    def under(self, *folders: Path) -> list[str]:
        """ "kind in file" of every file under `folders`, by its bytes, its unpacked content and its name."""
        paths = [path for folder in folders for path in [folder, *sorted(folder.rglob("*"))]]
        return [f"{kind} in {path}" for path in paths for kind in sorted(self._of(path))]

    def _of(self, path: Path) -> set[str]:
        """Kinds of secrets in one file or folder; the same file again is not searched again."""
        key = path.name, hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""
        if key not in self._known:
            self._known[key] = set().union(*map(self.within, contents(path)))
        return self._known[key]

    def _needles(self, content: bytes) -> Iterator[bytes]:
        for offset in range(min(8, len(content))):
            words = np.frombuffer(content, "<u8", (len(content) - offset) // 8, offset)
            for place in np.flatnonzero(self._sieve[_place(words)]).tolist():
                at = offset + 8 * place
                for length, needles in self._by_head.get(int(words[place]), {}).items():
                    piece = bytes(content[at : at + length])
                    if piece in needles and not _in_number(content, at, piece):
                        yield piece


def of_records(rows: Sequence[Record]) -> Traces:
    """Identifiers, positions, times and the number of `rows`, however a file, a column or a message may spell them."""
    devices = {row.device for row in rows}
    return Traces(
        {
            "identifier": {n for device in devices for n in _identifier(device)},
            "position": {n for row in rows for n in _position(row)},
            "neighbouring positions": _pairs(rows),
            "time": {n for row in rows for n in _time(row.time)},
        },
        [len(rows)],
    )


def of_input(folder: Path) -> Traces:
    """Path, names, sizes and digests of the files of the input: nothing that is published holds them."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    digests: set[bytes] = set()
    for file in files:
        for name in HASHES:
            digests |= _digest(hashlib.new(name, file.read_bytes()).digest())
        digests |= _digest(hashlib.blake2b(file.read_bytes(), digest_size=32).digest())
    names = {str(folder).encode()} | {file.name.encode() for file in files}
    return Traces({"input's name": names, "input's digest": digests}, [file.stat().st_size for file in files])


def of_totals(totals: Mapping[str, Sequence[int]]) -> Traces:
    """Exact sums of each statistic: neighbouring cells in binary or text, and sums over all cells."""
    needles = set()
    for cells in totals.values():
        for a, b in pairwise(cells):
            if a % 1024 and b % 1024 and a > 1024 < b:
                needles |= {np.array([a, b], kind).tobytes() for kind in ("<i8", "<f8")}
                needles |= {(np.array([a, b]) / 1024).tobytes(), f"{a}, {b}".encode(), f"{a},{b}".encode()}
    return Traces({"exact sums": {n for n in needles if len(n) >= 8}}, [sum(cells) for cells in totals.values()])


def contents(path: Path) -> Iterator[bytes | str]:
    """All that a file says: its name, its bytes, and what only a reader of its format sees."""
    yield path.name
    if not path.is_file():
        return
    data = path.read_bytes()
    yield data
    if data[:6] == b"SQLite":
        with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as connection:
            tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
            yield "\n".join(
                " ".join(map(str, row)) for name in tables for row in connection.execute(f"select * from {name}")
            )
    if data[:4] == b"PAR1" == data[-4:]:
        file = pq.ParquetFile(path)
        yield f"{file.metadata.metadata}\n{file.schema}"
        for column in file.read().combine_chunks().columns:
            yield from (bytes(buffer) for chunk in column.chunks for buffer in chunk.buffers() if buffer is not None)
            kind = column.type  # of a struct, such as GeoParquet's boxes, the buffers above hold the parts
            if not (pa.types.is_floating(kind) or pa.types.is_binary(kind) or pa.types.is_struct(kind)):
                yield "\n".join(map(str, column.unique().to_pylist()))


def _place(words: "np.ndarray[Any, np.dtype[np.uint64]]") -> "np.ndarray[Any, np.dtype[np.uint64]]":
    """Where eight bytes fall into the sieve."""
    return (words * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)


def _identifier(device: str) -> set[bytes]:
    spelt = {device, device.upper()}
    raw = set()
    if "-" in device:
        own = uuid.UUID(device)
        raw |= {own.bytes, own.bytes_le}
        spelt |= {own.hex, own.hex.upper(), device[:13], device[-12:]}
    else:
        raw |= {int(device).to_bytes(8, order) for order in ("little", "big")}
        raw |= {np.float64(device).tobytes()}
    texts = {text.encode() for text in spelt}
    hashed = {n for text in texts for name in HASHES for n in _digest(hashlib.new(name, text).digest())}
    return texts | raw | {text.encode("utf-16-le") for text in spelt} | hashed | _coded(raw | texts)


def _digest(digest: bytes) -> set[bytes]:
    return {digest} | _coded({digest})


def _coded(raw: set[bytes]) -> set[bytes]:
    """Bytes as text: hexadecimal and base64."""
    coded = {n.hex().encode() for n in raw} | {n.hex().upper().encode() for n in raw}
    return coded | {base64.b64encode(n).rstrip(b"=") for n in raw}


def _position(row: Record) -> set[bytes]:
    found = set()
    for degrees in (row.lat, row.lon):
        exact = f"{degrees:.7f}"
        turned = math.degrees(math.radians(degrees))
        spelt = exact, exact[:-1], f"{degrees:.6f}", repr(degrees), repr(turned)
        found |= {text.encode() for text in spelt if len(text) >= 8}
        found.add(str(round(degrees * 1e7)).encode())
        found |= {
            np.array(value, order + "f8").tobytes() for value in (degrees, math.radians(degrees)) for order in "<>"
        }
    return found


def _pairs(rows: Sequence[Record]) -> set[bytes]:
    """Whole numbers of 1e-7 degrees take four bytes, which chance hits; two of them side by side do not happen."""
    fixed = [(row.device, round(row.lat * 1e7), round(row.lon * 1e7)) for row in rows]
    pairs = {pair for _, lat, lon in fixed for pair in ((lat, lon), (lon, lat))}
    for _, group in groupby(fixed, lambda row: row[0]):
        for (_, lat, lon), (_, next_lat, next_lon) in pairwise(group):
            pairs |= {(lat, next_lat), (lon, next_lon)}
    return {np.array(pair, "<i4").tobytes() for pair in pairs}


def _time(time: int) -> set[bytes]:
    """As text, local and UTC, and as whole numbers of seconds and finer."""
    local = local_text(time)
    utc = local_text(time + 6 * 3600)
    found = {text.replace("T", gap).encode() for text in (local, utc) for gap in "T "}
    found |= {str(time * scale).encode() for scale in (1, 1000)}
    return found | {(time * scale).to_bytes(8, "little") for scale in (1, 10**3, 10**6, 10**9)}


def _in_number(content: bytes, at: int, needle: bytes) -> bool:
    """Is this number a piece of a longer one, or of a digest? Then it is chance. Zeros at its end add nothing to it."""
    if not DECIMAL.fullmatch(needle):
        return False
    whole = needle.isdigit()
    before, after = content[at - 1 : at] if at else b"", content[at + len(needle) : at + len(needle) + 20]
    after = after[:1] if whole else after.lstrip(b"0")[:1]
    return any(c in (b"0123456789abcdef." if whole else b"0123456789") for c in before + after)


def _in_code(text: str, start: int, end: int) -> bool:
    """Does this number stand in a key, a signature or a hash, between two of its signs? Then it is chance.

    A number of three digits stands so in one of 10**6 texts with a few of these, and a run of the tests reads hundreds.
    """
    before, after = text[max(0, start - CODE_LENGTH) : start], text[end : end + CODE_LENGTH]
    run = before[len(before.rstrip(CODE)) :] + text[start:end] + after[: len(after) - len(after.lstrip(CODE))]
    return len(run) >= CODE_LENGTH and run.lower() != run != run.upper()


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ""
