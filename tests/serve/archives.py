"""Small PMTiles archives, written by hand after the specifications of PMTiles 3 and Mapbox Vector Tile 2.1."""

import gzip
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

Tile = tuple[int, int, int]
"""Zoom, column, row."""
Ring = Sequence[tuple[int, int]]
"""Corners in the tile, 0 to 4096, from its upper left."""
WORLD = (-180.0, -85.0, 180.0, 85.0)
NONE, GZIP, BROTLI = 1, 2, 3
MVT, PNG, MLT = 1, 2, 6
POINT, LINE, POLYGON = 1, 2, 3


def archive(
    tiles: Mapping[Tile, bytes],
    metadata: Mapping[str, Any] | None = None,
    *,
    kind: int = MVT,
    packing: int = GZIP,
    tile_packing: int = GZIP,
    bounds: tuple[float, float, float, float] = WORLD,
    version: int = 3,
) -> bytes:
    """Header, root directory, metadata, tiles: what `pmtiles` would write of so few of them."""
    pack = _packed if packing == GZIP else bytes
    chosen = sorted((number(tile), _packed(body) if tile_packing == GZIP else body) for tile, body in tiles.items())
    ids = [one for one, _ in chosen]
    lengths = [len(body) for _, body in chosen]
    steps = [one - before for one, before in zip(ids, [0, *ids], strict=False)]
    follows = [1, *[0] * (len(ids) - 1)]  # 0: right after the one before
    columns = [len(ids), *steps, *[1] * len(ids), *lengths, *follows]
    root = pack(b"".join(varint(one) for one in columns))
    said = pack(json.dumps(metadata or {}).encode())
    data = b"".join(body for _, body in chosen)
    starts = [127, 127 + len(root), 127 + len(root) + len(said)]
    west, south, east, north = (round(degrees * 1e7) for degrees in bounds)
    zooms = [zoom for zoom, _, _ in tiles]
    header = struct.pack(
        "<7sB11QBBBBBB4iB2i", b"PMTiles", version,
        starts[0], len(root), starts[1], len(said), starts[2], 0, starts[2], len(data), len(ids), len(ids), len(ids),
        1, packing, tile_packing, kind, min(zooms), max(zooms), west, south, east, north, min(zooms), 0, 0,
    )  # fmt: skip
    return header + root + said + data


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def number(tile: Tile) -> int:
    """Where a tile stands among all of them: zoom by zoom, along a Hilbert curve."""
    zoom, x, y = tile
    found = ((1 << 2 * zoom) - 1) // 3
    side = 1 << zoom
    while side > 1:
        side >>= 1
        right, low = int(x & side > 0), int(y & side > 0)
        found += side * side * ((3 * right) ^ low)
        x, y = x & (side - 1), y & (side - 1)
        if not low:
            if right:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
    return found


def vector_tile(layers: Mapping[str, Sequence[tuple[int, Ring, Mapping[str, str]]]]) -> bytes:
    """Layers by name, each of features: kind of geometry, its corners, properties."""
    return b"".join(_field(3, _layer(name, features)) for name, features in layers.items())


def _layer(name: str, features: Sequence[tuple[int, Ring, Mapping[str, str]]]) -> bytes:
    keys = sorted({key for _, _, properties in features for key in properties})
    values = sorted({value for _, _, properties in features for value in properties.values()})
    parts = [_field(15, 2), _field(1, name.encode())]
    for kind, corners, properties in features:
        tags = b"".join(varint(keys.index(k)) + varint(values.index(v)) for k, v in properties.items())
        parts.append(_field(2, _field(2, tags) + _field(3, kind) + _field(4, _drawn(kind, corners))))
    parts += [_field(3, key.encode()) for key in keys]
    parts += [_field(4, _field(1, value.encode())) for value in values]
    return b"".join([*parts, _field(5, 4096)])


def _drawn(kind: int, corners: Ring) -> bytes:
    """Move to the first corner, lines to the others; an area is closed."""
    commands = []
    at = (0, 0)
    for where, (x, y) in enumerate(corners):
        if where < 2:
            commands.append(1 | 1 << 3 if where == 0 else 2 | (len(corners) - 1) << 3)
        commands += [_zigzag(x - at[0]), _zigzag(y - at[1])]
        at = (x, y)
    return b"".join(varint(one) for one in [*commands, *([15] if kind == POLYGON else [])])


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _field(tag: int, value: int | bytes) -> bytes:
    """Of a protocol buffer."""
    if isinstance(value, int):
        return varint(tag << 3) + varint(value)
    return varint(tag << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
