"""An archive of map tiles of the operator's own: a PMTiles file, looked through once, then read by the piece.

Of the format only its edges are read here: that all is there and that the explorer can unpack it. What a tile holds is
for the browser. https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md
"""

import hashlib
import json
import os
import struct
import weakref
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from shoal.errors import UsageError
from shoal.serve.problems import Problem

MAGIC = b"PMTiles"
VERSION = 3
FIRST = 16_384
"""Bytes within which header and root directory lie."""
MOST_METADATA = 8 << 20
"""Bytes, packed and unpacked: the explorer reads them in one piece."""
_HEADER = struct.Struct("<7sB11QBBBBBB4iB2i")
_COMPRESSIONS = ("unknown", "none", "gzip", "brotli", "zstd")
_TILES = ("unknown", "MVT", "PNG", "JPEG", "WebP", "AVIF", "MLT")
_READABLE = ("none", "gzip")
_DRAWABLE = ("MVT", "PNG", "JPEG", "WebP")


class Archive:
    """A file that is held open: whatever is put in its place later, it stays this one.

    size  bytes
    etag  strong: of the header, the root directory, and the file's size and time of change, which every read compares
    """

    def __init__(self, descriptor: int, first: bytes) -> None:
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)
        self._stamp = _stamp(descriptor)
        self.size = self._stamp[0]
        self.etag = f'"{hashlib.sha256(first + repr(self._stamp).encode()).hexdigest()[:32]}"'

    @property
    def version(self) -> str:
        """Digits of the tag, for an address whose answers never change."""
        return self.etag[1:17]

    def read(self, start: int, length: int) -> bytes:
        """These bytes, which must lie in the file. Raises `Problem` (503) where it has changed."""
        data = os.pread(self._descriptor, length, start)
        if len(data) != length or _stamp(self._descriptor) != self._stamp:
            raise Problem(503, "the server's own map was changed while it was served; its operator must start it anew")
        return data


def archive_of(file: Path) -> Archive:
    """The archive, once it is found to be whole and of a kind that the explorer draws. Raises `UsageError`."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        raise UsageError(f"--basemap {file} can't be read; give a PMTiles or a GeoJSON file") from None
    try:
        first = os.pread(descriptor, FIRST, 0)
        _look_through(file, descriptor, first)
    except BaseException:
        os.close(descriptor)
        raise
    return Archive(descriptor, first)


class _Header(NamedTuple):
    """As the specification lays it out: sections by their offset and length in bytes."""

    magic: bytes
    version: int
    root: int
    root_length: int
    metadata: int
    metadata_length: int
    leaves: int
    leaves_length: int
    tiles: int
    tiles_length: int
    addressed: int
    entries: int
    contents: int
    clustered: int
    packing: int
    tile_packing: int
    tile_kind: int
    min_zoom: int
    max_zoom: int
    west: int
    south: int
    east: int
    north: int
    centre_zoom: int
    centre_lon: int
    centre_lat: int


def _look_through(file: Path, descriptor: int, first: bytes) -> None:
    said = f"--basemap {file}"
    if first[:7] != MAGIC or len(first) < 8 or first[7] != VERSION:
        raise UsageError(f"{said} is no PMTiles archive of version 3; make one with `pmtiles extract` or `convert`")
    if len(first) < _HEADER.size:
        raise _truncated(said)
    h = _Header._make(_HEADER.unpack_from(first))
    kind, packing, tile_packing = _kinds(h)
    if kind not in _DRAWABLE:
        raise UsageError(f"{said} holds tiles of type {kind}; the explorer draws {', '.join(_DRAWABLE)}")
    if packing not in _READABLE or tile_packing not in _READABLE:
        wrong = packing if packing not in _READABLE else tile_packing
        raise UsageError(f"{said} is compressed by a way that is {wrong}; the explorer unpacks gzip or none")
    size = os.fstat(descriptor).st_size
    starts = (h.root, h.metadata, h.leaves, h.tiles)
    lengths = (h.root_length, h.metadata_length, h.leaves_length, h.tiles_length)
    if any(start + length > size for start, length in zip(starts, lengths, strict=True)):
        raise _truncated(said)
    if h.root < _HEADER.size or h.root + h.root_length > FIRST or h.min_zoom > h.max_zoom:
        raise _broken(said)
    try:
        for length, at, leaf in _entries(_unpacked(first[h.root : h.root + h.root_length], packing, 1 << 22)):
            if at + length > (h.leaves_length if leaf else h.tiles_length):
                raise _broken(said)
        packed = os.pread(descriptor, min(h.metadata_length, MOST_METADATA), h.metadata)
        if not isinstance(json.loads(_unpacked(packed, packing, MOST_METADATA) or b"{}"), dict):
            raise _broken(said)
    except (ValueError, IndexError, zlib.error, RecursionError):
        raise _broken(said) from None


def _kinds(h: _Header) -> tuple[str, str, str]:
    """Type of the tiles, compression of the directories, compression of the tiles, by name."""

    def name(names: tuple[str, ...], number: int) -> str:
        return names[number] if number < len(names) else "unknown"

    tile_packing = name(_COMPRESSIONS, h.tile_packing)
    kind = name(_TILES, h.tile_kind)
    # pictures are compressed in themselves, and some writers say nothing of it
    if kind in ("PNG", "JPEG", "WebP") and tile_packing == "unknown":
        tile_packing = "none"
    return kind, name(_COMPRESSIONS, h.packing), tile_packing


def _unpacked(data: bytes, packing: str, most: int) -> bytes:
    """Raises `ValueError` where it would be more than `most` bytes, `zlib.error` where it can't be unpacked."""
    if packing == "none" or not data:
        return data
    unpacker = zlib.decompressobj(31)  # zlib: 15 bits of window, and the head of gzip
    unpacked = unpacker.decompress(data, most)
    if not unpacker.eof:
        raise ValueError("more than expected, or cut off")
    return unpacked


def _entries(directory: bytes) -> Iterator[tuple[int, int, bool]]:
    """Length, offset and whether it is a leaf directory, of each entry. Raises `ValueError` where there is none."""
    numbers = _varints(directory)
    count = next(numbers, 0)
    if not 0 < count <= len(directory) // 4:
        raise ValueError("a directory that is empty, or says more entries than it has bytes for")
    columns = [[next(numbers, -1) for _ in range(count)] for _ in range(4)]  # ids, runs, lengths, offsets
    if columns[3][-1] < 0:
        raise ValueError("a directory that is cut off")
    at = before = 0
    for run, length, offset in zip(columns[1], columns[2], columns[3], strict=True):
        at = at + before if offset == 0 else offset - 1
        before = length
        yield length, at, run == 0


def _varints(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
        elif shift > 63:
            raise ValueError("a number that is too large")


def _stamp(descriptor: int) -> tuple[int, int, int]:
    found = os.fstat(descriptor)
    return found.st_size, found.st_mtime_ns, found.st_ino


def _truncated(said: str) -> UsageError:
    return UsageError(f"{said} is shorter than its header says; copy it again, a part is missing")


def _broken(said: str) -> UsageError:
    return UsageError(f"{said} is PMTiles, but its directory or metadata can't be read; make it anew")
