"""Tiles that borders run through, cut along those borders until no part has a border in it.

A tile becomes a small tree. Each node cuts along the straight line through one border; the strip beside the line is
UNSURE, each side is another node, or a leaf: one zone. The proof: let the strip be as wide as the border's margin.
(1) A border that lies inside the strip of a node reaches neither of its sides; any other border is handed on to each
side that it reaches, with its own margin. (2) So no border reaches a leaf. (3) A leaf is what half-planes leave of a
rectangle, which is convex, hence in one piece: the zone can't change in it, and one exact look-up at any of its points
tells which it is. It does not matter how long a border is, whether it ends in the tile, how often it is drawn, or where
the line goes on beyond it: too many lines make more leaves, never wrong ones. Whatever does not fit is UNSURE.

Rounding. Lengths here are units (1e-7 degrees) from the grid's corner, at most 3.6e9, in doubles: a sum of three
products of a unit vector and such lengths is good to 1e-5. A strip is SLACK wider than the margin on each side, and a
border counts as inside of it only if TOLERANCE is left, so errors up to TOLERANCE / 2 change no answer.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from shoal._arrays import Float64, Int32, Int64
from shoal._numba import njit

OUTSIDE: Final = -1
UNSURE: Final = -2
NODE: Final = -3
"""A code is a zone index, OUTSIDE, UNSURE, or NODE - n for node n."""

SLACK: Final = 0.01
TOLERANCE: Final = 0.001
_DEEPEST: Final = 64
_CORNERS: Final = _DEEPEST + 8
_CANDIDATES: Final = 4


@dataclass(frozen=True, slots=True, repr=False)
class Cuts:
    """nodes  int32[n, 3]    line, code of the side where it is positive, code of the other side
    lines  float64[m, 4]  x, y, c, w: the line is x*east + y*north + c = 0 in units from the grid's corner, (x, y) is
                          a unit vector, w is half the width of the strip
    """

    nodes: Int32
    lines: Float64

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        return self.nodes.nbytes + self.lines.nbytes


NO_CUTS: Final = Cuts(np.empty((0, 3), dtype=np.int32), np.empty((0, 4)))


@dataclass(frozen=True, slots=True, repr=False)
class Borders:
    """Borders in units from the grid's corner.

    ends    float64[m, 4]  from east, north to east, north
    margin  float64[m, 2]  how far (east, north) a border may run beside its line
    lines   float64[m, 4]  the line through each, as in `Cuts`, whose strip holds the border wherever its margin lets
                           it run
    """

    ends: Float64
    margin: Float64
    lines: Float64

    @classmethod
    def of(cls, ends: Float64, margin: Float64) -> Self:
        """With the lines through them."""
        along, up = ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]
        length = np.hypot(along, up)
        point = length == 0  # any line through it does
        length[point] = 1.0
        x, y = np.where(point, 1.0, up / length), np.where(point, 0.0, -along / length)
        wide = np.abs(x) * margin[:, 0] + np.abs(y) * margin[:, 1] + SLACK
        return cls(ends, margin, np.column_stack([x, y, -(x * ends[:, 0] + y * ends[:, 1]), wide]))


def cut(
    borders: Borders, boxes: Float64, first: Int64, member: Int32, nodes: Int32, used: int
) -> tuple[int, Int32, Int64, Int64]:
    """Cut t tiles: write nodes from number `used` on, and return how many are then used.

    boxes   float64[t, 4]  west, south, east, north: all points of a tile, borders included
    first   int64[t+1]     where the borders of each tile begin in member
    member  int32[]        borders that may touch the tile, all of them
    nodes   int32[n, 3]    as in `Cuts`; what does not fit in is UNSURE

    Returns also each tile's code, int32[t], and for each leaf a point, int64[l, 2] (east, north), rounded, and its
    tile, int64[l]. In the codes, zones are numbers of leaves: `settle` puts zones in their place.
    """
    room = 64 + 6 * int(np.diff(first).max(initial=0))
    leaves = min(len(nodes) - used, 4 * int(first[-1] - first[0])) + len(boxes)
    points = np.empty((leaves, 2), dtype=np.int64)
    home = np.empty(leaves, dtype=np.int64)
    root = np.empty(len(boxes), dtype=np.int32)
    used, leaves = _plant(
        borders.ends,
        borders.margin,
        borders.lines,
        boxes,
        first,
        member,
        room,
        nodes,
        used,
        points,
        home,
        root,
    )
    return used, root, points[:leaves], home[:leaves]


def settle(codes: Int32, zones: Int32) -> None:
    """Put the zone of each leaf, int32[l] (OUTSIDE and UNSURE too), in place of its number."""
    leaf = codes >= 0
    codes[leaf] = zones[codes[leaf]]


def trim(borders: Borders, nodes: Int32) -> Cuts:
    """The nodes, with those lines that occur in them."""
    kept = np.zeros(len(borders.lines), dtype=np.bool_)
    kept[nodes[:, 0]] = True
    number = np.cumsum(kept, dtype=np.int32) - 1
    return Cuts(np.column_stack([number[nodes[:, 0]], nodes[:, 1:]]).astype(np.int32), borders.lines[kept])


@njit
def lead(code: Int32, east: Int64, north: Int64, nodes: Int32, lines: Float64) -> Int32:
    """The code of the leaf that each point, int64[n], is led to from a code, int32[n]."""
    found = np.empty(code.size, dtype=np.int32)
    for i in range(code.size):
        found[i] = descend(int(code[i]), float(east[i]), float(north[i]), nodes, lines)
    return found


@njit
def descend(code: int, east: float, north: float, nodes: Int32, lines: Float64) -> int:
    """The code of the leaf that holds a point, or UNSURE."""
    while code <= NODE:
        node = np.uint64(NODE - code)
        line = np.uint64(nodes[node, 0])
        side = lines[line, 0] * east + lines[line, 1] * north + lines[line, 2]
        if side > lines[line, 3]:
            code = int(nodes[node, 1])
        elif side < -lines[line, 3]:
            code = int(nodes[node, 2])
        else:
            code = UNSURE
    return code


@njit
def _plant(
    ends: Float64,
    margin: Float64,
    lines: Float64,
    boxes: Float64,
    first: Int64,
    member: Int32,
    room: int,
    nodes: Int32,
    used: int,
    points: Int64,
    home: Int64,
    root: Int32,
) -> tuple[int, int]:
    """Fill nodes, points, home and root, see `cut`; how many nodes are used and how many leaves there are.

    Parts wait on a stack: `begin` says where the borders of each one begin in border and share (they end where those
    of the next one begin), `corners` how many corners `shape` holds of it, `node` and `side` what it hangs on.
    """
    border = np.empty(room, dtype=np.int32)
    share = np.empty((room, 2))
    kept = np.empty(room, dtype=np.int32)
    kept_share = np.empty((room, 2))
    shape = np.empty((_DEEPEST + 2, _CORNERS, 2))
    begin = np.zeros(_DEEPEST + 2, dtype=np.int64)
    corners, node, side, depth = begin.copy(), begin.copy(), begin.copy(), begin.copy()
    leaves = 0
    for tile in range(boxes.shape[0]):
        end = _of_tile(ends, margin, boxes, tile, first, member, border, share)
        corners[0] = _box(boxes, tile, shape)
        node[0] = -1
        depth[0] = 0
        top = 1
        while top > 0:
            top -= 1
            start = begin[top]
            hangs, which, deep = node[top], side[top], depth[top]
            code = UNSURE
            if corners[top] > 0 and end == start:
                if leaves < points.shape[0]:
                    _middle(shape, top, corners[top], points, leaves)
                    home[leaves] = tile
                    code = leaves
                    leaves += 1
            elif corners[top] > 0 and used < nodes.shape[0] and deep < _DEEPEST:
                line = _choose(border, share, start, end, ends, margin, lines, used)
                count = end - start
                _put_aside(border, share, start, count, kept, kept_share)
                sides = _copy(shape, top, corners[top])
                for way in range(2):
                    sign = 1.0 - 2.0 * way
                    begin[top] = start
                    node[top], side[top], depth[top] = used, 1 + way, deep + 1
                    corners[top] = _half(shape, sides, lines, line, sign, top)
                    start = _beside_all(kept, kept_share, count, ends, margin, lines, line, sign, border, share, start)
                    top += 1
                if start < 0:  # no room for the borders of both sides
                    top -= 2
                else:
                    nodes[used, 0] = line
                    code = NODE - used
                    used += 1
                    end = start
            if code > NODE:
                end = begin[top]
            if hangs < 0:
                root[tile] = code
            else:
                nodes[hangs, which] = code
    return used, leaves


@njit
def _of_tile(
    ends: Float64,
    margin: Float64,
    boxes: Float64,
    tile: int,
    first: Int64,
    member: Int32,
    border: Int32,
    share: Float64,
) -> int:
    """Write the borders that may touch a tile, and which part of each, as shares from 0 to 1; how many there are."""
    end = 0
    for j in range(first[tile], first[tile + 1]):
        i = member[j - first[0]]
        low, high = 0.0, 1.0
        for axis in range(2):
            a, b = ends[i, axis], ends[i, axis + 2]
            least = boxes[tile, axis] - margin[i, axis] - SLACK
            most = boxes[tile, axis + 2] + margin[i, axis] + SLACK
            if max(a, b) < least or min(a, b) > most:
                low = 2.0
            elif a != b:
                s, t = (least - a) / (b - a), (most - a) / (b - a)
                low, high = max(low, min(s, t)), min(high, max(s, t))
        if low <= high:
            border[end] = i
            share[end, 0], share[end, 1] = low, high
            end += 1
    return end


@njit
def _box(boxes: Float64, tile: int, shape: Float64) -> int:
    """Write the corners of a tile as the first shape."""
    for k in range(4):
        shape[0, k, 0] = boxes[tile, 0 if k in (0, 3) else 2]
        shape[0, k, 1] = boxes[tile, 1 if k < 2 else 3]
    return 4


@njit
def _put_aside(border: Int32, share: Float64, start: int, count: int, kept: Int32, kept_share: Float64) -> None:
    """Copy `count` borders and their parts, so that those beside a strip can be written over them."""
    for k in range(count):
        kept[k] = border[start + k]
        kept_share[k, 0], kept_share[k, 1] = share[start + k, 0], share[start + k, 1]


@njit
def _copy(shape: Float64, at: int, corners: int) -> int:
    """Copy a shape to the last place, where `_half` looks for it."""
    for k in range(corners):
        shape[-1, k, 0], shape[-1, k, 1] = shape[at, k, 0], shape[at, k, 1]
    return corners


@njit
def _middle(shape: Float64, at: int, corners: int, points: Int64, leaf: int) -> None:
    """Write the whole units next to the mean of a shape's corners: inside of it, if it is not tiny."""
    for axis in range(2):
        mean = 0.0
        for k in range(corners):
            mean += shape[at, k, axis] / corners
        points[leaf, axis] = int(np.rint(mean))


@njit
def _choose(
    border: Int32, share: Float64, start: int, end: int, ends: Float64, margin: Float64, lines: Float64, salt: int
) -> int:
    """The border, of a few tried, along whose line a cut leaves the fewest to the fuller side."""
    count = end - start
    best = int(border[start])
    fewest = count + 1
    for k in range(min(count, _CANDIDATES) if count > 1 else 0):
        # Here and there in no order, as files hold borders row by row: multiples of the golden ratio.
        place = k if count <= _CANDIDATES else int(count * ((0.6180339887 * (_CANDIDATES * salt + k)) % 1.0))
        line = border[start + place]
        left = 0
        right = 0
        for j in range(start, end):
            for way in range(2):
                low, high = _beside(ends, margin, border[j], share[j, 0], share[j, 1], lines, line, 1.0 - 2.0 * way)
                if low <= high:
                    left += 1 - way
                    right += way
        if max(left, right) < fewest:
            fewest = max(left, right)
            best = int(line)
    return best


@njit
def _beside_all(
    kept: Int32,
    kept_share: Float64,
    count: int,
    ends: Float64,
    margin: Float64,
    lines: Float64,
    line: int,
    sign: float,
    border: Int32,
    share: Float64,
    end: int,
) -> int:
    """Write those of `count` borders that reach one side of a strip, and their parts, from `end` on.

    Returns where they end, or -1 if there is no room, or if `end` is -1.
    """
    if end < 0 or end + count > border.size:
        return -1
    for k in range(count):
        low, high = _beside(ends, margin, kept[k], kept_share[k, 0], kept_share[k, 1], lines, line, sign)
        if low <= high:
            border[end] = kept[k]
            share[end, 0], share[end, 1] = low, high
            end += 1
    return end


@njit
def _beside(
    ends: Float64, margin: Float64, i: int, low: float, high: float, lines: Float64, line: int, sign: float
) -> tuple[float, float]:
    """Which part of border i reaches the positive (sign 1) or other side (-1) of a strip, as shares; (1, 0): none."""
    x, y, c = sign * lines[line, 0], sign * lines[line, 1], sign * lines[line, 2]
    along, up = ends[i, 2] - ends[i, 0], ends[i, 3] - ends[i, 1]
    a = x * (ends[i, 0] + low * along) + y * (ends[i, 1] + low * up) + c
    b = x * (ends[i, 0] + high * along) + y * (ends[i, 1] + high * up) + c
    limit = lines[line, 3] - TOLERANCE - abs(x) * margin[i, 0] - abs(y) * margin[i, 1]
    if max(a, b) <= limit:
        return 1.0, 0.0
    limit -= TOLERANCE
    cross = low
    if a != b:
        cross = low + (limit - a) / (b - a) * (high - low)
    return (cross if a < limit else low), (cross if b < limit else high)


@njit
def _half(shape: Float64, corners: int, lines: Float64, line: int, sign: float, into: int) -> int:
    """Write what the strip of a line leaves of the last shape on one side as shape `into`; how many corners it has."""
    last = shape.shape[0] - 1
    x, y, c, w = sign * lines[line, 0], sign * lines[line, 1], sign * lines[line, 2], lines[line, 3]
    made = 0
    for k in range(corners):
        if made > shape.shape[1] - 2:
            return 0  # rounding has made it a shape of many corners: give it up
        n = k + 1 if k + 1 < corners else 0
        ax, ay, bx, by = shape[last, k, 0], shape[last, k, 1], shape[last, n, 0], shape[last, n, 1]
        s = x * ax + y * ay + c - w
        t = x * bx + y * by + c - w
        if s >= 0:
            shape[into, made, 0], shape[into, made, 1] = ax, ay
            made += 1
        if (s >= 0) != (t >= 0):
            shape[into, made, 0] = ax + s / (s - t) * (bx - ax)
            shape[into, made, 1] = ay + s / (s - t) * (by - ay)
            made += 1
    return made
