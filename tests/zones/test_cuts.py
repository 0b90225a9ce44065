import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal._arrays import Float64, Int32
from shoal.zones import _cuts
from shoal.zones._cuts import NODE, UNSURE, Borders, cut, lead, settle, trim

SIZE = 1000.0
BOX = np.array([[0.0, 0.0, SIZE, SIZE]])


def one_tile(ends: Float64, margin: float, drop: int = 0, room: int = 1 << 16) -> tuple[Int32, Borders, Int32, int]:
    """Nodes, borders, the tile's code and the number of leaves of one tile; the first `drop` borders are forgotten."""
    borders = Borders.of(ends, np.full((len(ends), 2), margin))
    nodes = np.empty((room, 3), dtype=np.int32)
    member = np.arange(drop, len(ends), dtype=np.int32)
    used, root, points, _ = cut(borders, BOX, np.array([0, member.size]), member, nodes, 0)
    return nodes[:used], borders, root, len(points)


def parted(ends: Float64, margin: float, leaf: Int32, xy: Float64) -> int:
    """How many points have a border between them and another one of their leaf, or within its margin."""
    lines = shapely.union_all(shapely.linestrings(ends.reshape(-1, 2, 2)))
    wrong = 0
    for number in range(leaf.max(initial=-1) + 1):
        inside = xy[leaf == number]
        ties = shapely.linestrings(np.stack([np.broadcast_to(inside[:1], inside.shape), inside], axis=1))
        wrong += int((shapely.distance(ties, lines) <= margin).sum())
    return wrong


def leaves(ends: Float64, margin: float, xy: Float64, drop: int = 0) -> Int32:
    nodes, borders, root, _ = one_tile(ends, margin, drop)
    where = xy.astype(np.int64)
    return lead(np.repeat(root, len(xy)), where[:, 0].copy(), where[:, 1].copy(), nodes, borders.lines)


def some(seed: int, count: int) -> tuple[Float64, Float64]:
    """Borders that cross, touch, repeat or end in the tile, and points on whole units."""
    rng = np.random.default_rng(seed)
    ends = rng.uniform(-300, SIZE + 300, (count, 4))
    ends[rng.random(count) < 0.2, 2] = 500.0
    for k in range(1, count):
        if rng.random() < 0.3:
            ends[k, :2] = ends[k - 1, 2:]  # a line that bends
        if rng.random() < 0.2:
            ends[k] = ends[k - 1, [2, 3, 0, 1]]  # drawn twice, to and fro
    return ends, rng.integers(0, int(SIZE) + 1, (200, 2)).astype(np.float64)


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 12), st.sampled_from([0.0, 0.3, 20.0]))
def test_no_border_runs_between_points_of_one_leaf(seed: int, count: int, margin: float) -> None:
    ends, xy = some(seed, count)
    assert parted(ends, margin, leaves(ends, margin, xy), xy) == 0


def test_a_forgotten_border_or_margin_would_be_noticed() -> None:
    forgotten = late = 0
    for seed in range(30):
        ends, xy = some(seed, 6)
        forgotten += parted(ends, 0.0, leaves(ends, 0.0, xy, drop=1), xy)
        late += parted(ends, 20.0, leaves(ends, 0.0, xy), xy)
    assert forgotten > 100 and late > 100


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_hardly_a_point_is_left_unsure(count: int) -> None:
    ends, xy = some(count, count)
    found = leaves(ends, 0.0, xy)
    assert np.mean(found == UNSURE) < 0.01


def test_a_border_drawn_thrice_makes_one_node() -> None:
    line = np.array([[-10.0, 300.0, 1010.0, 700.0]])
    nodes, _, root, leaves = one_tile(np.vstack([line, line[:, [2, 3, 0, 1]], line + 1e-4]), 0.0)
    assert len(nodes) == 1 and root.tolist() == [NODE] and leaves == 2


def test_borders_beside_the_tile_leave_it_whole() -> None:
    nodes, _, root, leaves = one_tile(np.array([[-10.0, -5.0, 1010.0, -5.0], [-30.0, 15.0, 15.0, -30.0]]), 0.0)
    assert len(nodes) == 0 and root.tolist() == [0] and leaves == 1


def test_a_border_of_no_length_is_a_border() -> None:
    nodes, borders, root, _ = one_tile(np.array([[500.0, 500.0, 500.0, 500.0]]), 0.0)
    middle = np.array([500])
    assert lead(root, middle, middle, nodes, borders.lines).tolist() == [UNSURE]


def test_what_does_not_fit_is_unsure() -> None:
    ends, xy = some(5, 40)
    full = leaves(ends, 0.0, xy)
    for room in (0, 1, 7):
        nodes, borders, root, _ = one_tile(ends, 0.0, room=room)
        where = xy.astype(np.int64)
        found = lead(np.repeat(root, len(xy)), where[:, 0].copy(), where[:, 1].copy(), nodes, borders.lines)
        assert len(nodes) == room and np.mean(found == UNSURE) > np.mean(full == UNSURE)
        assert parted(ends, 0.0, found, xy) == 0


def test_many_borders_in_a_tile_are_not_deep() -> None:
    """Ten thousand little squares: a tree, not a list."""
    x, y = (part.ravel() * 10.0 + 2.3 for part in np.mgrid[:100, :100])
    corners = np.stack([x, y, x + 5, y, x + 5, y + 5, x, y + 5, x, y], axis=1)
    ends = np.concatenate([corners[:, k : k + 4] for k in (0, 2, 4, 6)])
    nodes, _, root, _ = one_tile(ends, 0.0)
    deepest, level = 0, [int(root[0])]
    while level:
        deepest += 1
        level = [int(code) for node in level for code in nodes[NODE - node, 1:] if code <= NODE]
    assert deepest < _cuts._DEEPEST // 2 and len(nodes) < len(ends)


def test_zones_take_the_place_of_leaves_and_lines_are_kept_once() -> None:
    nodes, borders, root, count = one_tile(np.array([[5.0, 2000.0, 9.0, 3000.0], [0.0, 500.0, 1000.0, 501.0]]), 0.0)
    assert count == 2
    settle(nodes[:, 1:], np.array([7, -1], dtype=np.int32))
    settle(root, np.array([7, -1], dtype=np.int32))
    cuts = trim(borders, nodes)
    assert cuts.nodes.tolist() in ([[0, 7, -1]], [[0, -1, 7]]) and root.tolist() == [NODE]
    assert cuts.lines.tolist() == borders.lines[1:].tolist() and cuts.bytes == 12 + 32
