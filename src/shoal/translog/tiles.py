"""Where hashes and entries lie: tiles and entry bundles of C2SP tlog-tiles, their paths and their bytes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from shoal.errors import UsageError, VerificationError
from shoal.translog.merkle import WIDTH

SPAN = 256
"""Hashes of a full tile, entries of a full bundle."""

HEIGHT = 8
"""Levels of the tree that a tile stands for: 2**HEIGHT == SPAN."""

LARGEST_ENTRY = 65_535
"""Bytes: the length of an entry is written as uint16."""

ENTRIES = "entries"


@dataclass(frozen=True, slots=True)
class Tile:
    """Tile number `index` at `level` (0 to 63), or a bundle of entries (`level` is "entries"); `width` 1 to 256."""

    level: int | str
    index: int
    width: int = SPAN

    def __post_init__(self) -> None:
        if not (self.level == ENTRIES or (isinstance(self.level, int) and 0 <= self.level <= 63)):
            raise ValueError("the level of a tile is 0 to 63, or 'entries'")
        if self.index < 0 or not 1 <= self.width <= SPAN:
            raise ValueError("a tile has an index from 0 and a width of 1 to 256")

    @property
    def path(self) -> str:
        """Below the prefix of the log: `tile/0/x001/x234/067.p/12`."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
        return f"tile/{self.level}/{name}" + ("" if self.width == SPAN else f".p/{self.width}")

    @property
    def full(self) -> "Tile":
        """The same tile once it is full."""
        return Tile(self.level, self.index)

    @property
    def partials(self) -> str:
        """The folder of all partial versions of this tile."""
        return f"{self.full.path}.p"


_PATH = re.compile(r"tile/(0|[1-9][0-9]?|entries)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def parse_path(path: str) -> Tile:
    """The tile of a path, which has to be written as the specification wants it. Raises `UsageError`."""
    found = _PATH.fullmatch(path)
    if found:
        level, name, width = found.groups()
        index = int(name.replace("x", "").replace("/", ""))
        if (level == ENTRIES or int(level) <= 63) and (width is None or int(width) < SPAN):
            tile = Tile(level if level == ENTRIES else int(level), index, int(width or SPAN))
            if tile.path == path:
                return tile
    raise UsageError(f"{path!r} is not the path of a tile; one is tile/0/x001/234 or tile/entries/000.p/12")


def width_at(level: int, index: int, size: int) -> int:
    """How many hashes tile `index` at `level` has in a tree of `size` entries: 0 to 256."""
    return max(0, min(SPAN, (size >> (HEIGHT * level)) - index * SPAN))


def levels(size: int) -> range:
    """The levels of tiles that a tree of `size` entries has."""
    return range(-(-size.bit_length() // HEIGHT))


def split(tile: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [tile[at : at + WIDTH] for at in range(0, len(tile), WIDTH)]


def pack(entries: Sequence[bytes]) -> bytes:
    """Entries as the bytes of a bundle. Raises `UsageError` for one that is too long."""
    parts = []
    for entry in entries:
        if len(entry) > LARGEST_ENTRY:
            raise UsageError(f"an entry has {len(entry)} bytes, and a log takes at most {LARGEST_ENTRY}")
        parts += [len(entry).to_bytes(2), entry]
    return b"".join(parts)


def unpack(bundle: bytes, width: int) -> list[bytes]:
    """The `width` entries of a bundle. Raises `VerificationError` where it holds more, fewer, or half an entry."""
    ends = [0]
    while ends[-1] < len(bundle):
        length = bundle[ends[-1] : ends[-1] + 2]
        ends.append(ends[-1] + 2 + int.from_bytes(length))
    if len(ends) != width + 1 or ends[-1] != len(bundle):
        raise VerificationError(f"a bundle does not hold exactly {width} entries")
    return [bundle[start + 2 : end] for start, end in pairwise(ends)]
