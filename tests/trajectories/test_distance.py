"""Distance: right on the whole globe, and the quick answers are the plain formula's."""

import math
import sys
from typing import cast

import numpy as np
import pytest

from shoal._arrays import Bool, Float64, Int32
from shoal._numba import njit
from shoal.trajectories import distance
from shoal.trajectories.distance import (
    RADIUS,
    Reach,
    cosine,
    is_beyond,
    is_near,
    is_surely_within,
    look_around,
    metres_between,
    reach,
    speed_square,
)
from tests.trajectories import naive
from tests.trajectories.cases import assert_caught, without_compiler

Pairs = tuple[Int32, Int32, Int32, Int32]

RADII = (0.01, 5.0, 10.0, 52.0, 200.0, 1_000.0, 30_000.0, 999_999.0, 5e6, 3e7)


@njit
def _all_near(lat1: Int32, lon1: Int32, lat2: Int32, lon2: Int32, within: Reach, quick: Bool, plain: Bool) -> None:
    for i in range(lat1.size):
        quick[i] = is_near(lat1[i], lon1[i], cosine(lat1[i]), lat2[i], lon2[i], within)
        plain[i] = metres_between(lat1[i], lon1[i], lat2[i], lon2[i]) < within.metres


@njit
def _all_beyond(lat1: Int32, lon1: Int32, lat2: Int32, lon2: Int32, metres: float, quick: Bool, plain: Bool) -> None:
    for i in range(lat1.size):
        quick[i] = is_beyond(lat1[i], lon1[i], lat2[i], lon2[i], metres)
        plain[i] = metres_between(lat1[i], lon1[i], lat2[i], lon2[i]) > metres


def near(pairs: Pairs, within: Reach) -> tuple[Bool, Bool]:
    quick, plain = np.empty((2, pairs[0].size), dtype=np.bool_)
    _all_near(*pairs, within, quick, plain)
    return quick, plain


def beyond(pairs: Pairs, metres: float) -> tuple[Bool, Bool]:
    quick, plain = np.empty((2, pairs[0].size), dtype=np.bool_)
    _all_beyond(*pairs, metres, quick, plain)
    return quick, plain


def pairs_about(metres: float, n: int, off: Float64, seed: int = 1) -> Pairs:
    """n pairs metres * (1 + off) apart, up to rounding: everywhere, near the poles, on them, and at the date line."""
    draw = np.random.default_rng(seed)
    kind = np.arange(n) % 4
    to_pole = 10 ** draw.uniform(-7, 0, n)
    lat = np.where(kind == 0, draw.uniform(-90, 90, n), draw.choice([-1.0, 1.0], n) * (90 - to_pole))
    lat = np.where(kind == 2, draw.uniform(-60, 60, n), lat)
    lat[(kind == 1) & (draw.random(n) < 0.05)] = 90.0
    lon = np.where(kind == 2, draw.choice([-180.0, 180.0], n) + draw.normal(0, 1e-3, n), draw.uniform(-180, 180, n))
    bearing, angle = draw.uniform(0, 2 * np.pi, n), np.minimum(metres * (1 + off) / RADIUS, np.pi)
    phi = np.radians(lat)
    sine = np.clip(np.sin(phi) * np.cos(angle) + np.cos(phi) * np.sin(angle) * np.cos(bearing), -1, 1)
    lat2 = np.degrees(np.arcsin(sine))
    east = np.arctan2(np.sin(bearing) * np.sin(angle) * np.cos(phi), np.cos(angle) - np.sin(phi) * sine)
    lon2 = lon + np.degrees(east)

    def units(degrees: Float64, wrap: bool) -> Int32:
        degrees = (degrees + 180) % 360 - 180 if wrap else degrees
        whole: Int32 = np.round(degrees * 1e7).astype(np.int32)
        return whole

    return units(lat, False), units(lon, True), units(lat2, False), units(lon2, True)


def hugging(n: int, seed: int = 2) -> Float64:
    """Relative distances from a border: none, and 1e-12 to 1e-1 to both sides."""
    draw = np.random.default_rng(seed)
    away: Float64 = draw.choice([-1.0, 0.0, 1.0], n) * 10 ** draw.uniform(-12, -1, n)
    return away


@pytest.mark.parametrize("metres", RADII)
def test_quick_answers_are_the_plain_formulas_at_the_border(metres: float) -> None:
    n = 250_000
    pairs = pairs_about(metres, n, hugging(n))
    for quick, plain in (near(pairs, reach(metres)), beyond(pairs, metres)):
        np.testing.assert_array_equal(quick, plain)
        if 1 < metres < 2e7:  # the border is really met from both sides
            assert 0.2 < plain.mean() < 0.8


@pytest.mark.parametrize("metres", [10.0, 200.0, 1_000_000.0])
def test_quick_answers_are_the_plain_formulas_anywhere(metres: float) -> None:
    draw = np.random.default_rng(5)
    n = 500_000
    lat1, lat2 = draw.integers(-900_000_000, 900_000_001, (2, n), dtype=np.int32)
    lon1, lon2 = draw.integers(-1_800_000_000, 1_800_000_001, (2, n), dtype=np.int32)
    lat2[::2] = np.clip(lat1[::2] + draw.integers(-30_000, 30_000, lat1[::2].size), -900_000_000, 900_000_000)
    lon2[::4] = np.clip(
        lon1[::4].astype(np.int64) + draw.integers(-30_000, 30_000, lon1[::4].size), -(2**31), 2**31 - 1
    )
    pairs = lat1, lon1, lat2, lon2
    for quick, plain in (near(pairs, reach(metres)), beyond(pairs, metres)):
        np.testing.assert_array_equal(quick, plain)


def test_most_pairs_need_no_trigonometry() -> None:
    within = reach(200.0)
    inside = pairs_about(200.0, 100_000, np.linspace(-1, -1e-3, 100_000))
    outside = pairs_about(200.0, 100_000, np.linspace(1e-3, 1e3, 100_000))
    mid = [np.abs(p[0]) < 800_000_000 for p in (inside, outside)]  # at the poles the bounds are loose
    assert near(inside, within._replace(metres=-1.0))[0][mid[0]].all()  # the plain formula would deny it
    assert not near(outside, within._replace(metres=math.inf))[0][mid[1]].any()  # it would affirm it


@pytest.mark.parametrize(
    ("kernel", "right", "wrong"),
    [
        ("is_near", "cos1 * (cos1 + x)", "cos1 * (cos1 - x)"),
        ("is_near", "max(0.0, cos1 - x)", "(cos1 + x)"),
        ("is_near", "(1 - yy / 12)", "1"),
        ("is_beyond", "(1 - _MARGIN)", "(1 + 1e-2)"),
        ("metres_between", "east * east", "east"),
    ],
)
def test_seeded_bug_is_caught(kernel: str, right: str, wrong: str) -> None:
    def broken() -> None:
        # assert_caught patches the module's function; the other kernels are taken without the compiler
        patched = getattr(distance, kernel)
        with without_compiler(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(distance, kernel, getattr(patched, "py_func", patched))
            _check_pairs()

    assert_caught(distance, kernel, right, wrong, broken)


def _check_pairs() -> None:
    for metres in (10.0, 200.0, 30_000.0, 1_000_000.0):
        n = 2_000
        for pairs in (pairs_about(metres, n, hugging(n)), pairs_about(metres, n, np.full(n, -0.5))):
            for lat1, lon1, lat2, lon2 in zip(*(p.tolist() for p in pairs), strict=True):
                d = naive.metres(lat1, lon1, lat2, lon2)
                if abs(d / metres - 1) > 1e-9:
                    quick = distance.is_near(lat1, lon1, distance.cosine(lat1), lat2, lon2, reach(metres))
                    assert quick == (d < metres)
                    assert distance.is_beyond(lat1, lon1, lat2, lon2, metres) == (d > metres)


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        ((0, 0), (0, 0), 0.0),
        ((0, 0), (1, 0), RADIUS * math.radians(1e-7)),
        ((0, 1_800_000_000), (0, -1_800_000_000), 0.0),
        ((0, 1_799_999_999), (0, -1_799_999_999), RADIUS * math.radians(2e-7)),
        ((600_000_000, 0), (600_000_000, 1), RADIUS * math.radians(0.5e-7)),
        ((900_000_000, 0), (900_000_000, 1_234_567_890), 0.0),
        ((900_000_000, 77), (-900_000_000, 0), RADIUS * math.pi),
        ((0, 0), (0, 1_800_000_000), RADIUS * math.pi),
        ((450_000_000, -900_000_000), (450_000_000, 900_000_000), RADIUS * math.pi / 2),
    ],
    ids=["same", "1 cm", "date line", "over it", "60 north", "at the pole", "poles", "antipodes", "over the pole"],
)
def test_known_distances(a: tuple[int, int], b: tuple[int, int], metres: float) -> None:
    assert metres_between(*a, *b) == pytest.approx(metres, rel=1e-9, abs=1e-6)
    assert metres_between(*b, *a) == pytest.approx(metres, rel=1e-9, abs=1e-6)
    with without_compiler():
        assert distance.metres_between(*(cast(int, np.int32(v)) for v in (*a, *b))) == pytest.approx(
            metres, rel=1e-9, abs=1e-6
        )


def test_equals_trackintels() -> None:
    from trackintel.geogr import point_haversine_dist

    draw = np.random.default_rng(9)
    for metres in (200.0, 5_000.0, 1e6):
        pairs = pairs_about(metres, 400, draw.normal(0, 0.1, 400))
        for lat1, lon1, lat2, lon2 in zip(*(p.tolist() for p in pairs), strict=True):
            theirs = point_haversine_dist(lon1 / 1e7, lat1 / 1e7, lon2 / 1e7, lat2 / 1e7, float_flag=True)
            # their arc cosine is off by up to 1e-16 / sin(d / R)
            assert metres_between(lat1, lon1, lat2, lon2) == pytest.approx(
                theirs, abs=RADIUS * 1e-14 / (metres / RADIUS)
            )


@njit
def _all_surely(
    lat1: Int32, lon1: Int32, lat2: Int32, lon2: Int32, within: Reach, speed: float, near: Bool, reached: Bool
) -> None:
    for i in range(lat1.size):
        wide, square = look_around(cosine(lat1[i]), within)
        near[i] = is_surely_within(lat1[i], lon1[i], lat2[i], lon2[i], wide, square)
        reached[i] = is_surely_within(lat1[i], lon1[i], lat2[i], lon2[i], 1.0, speed_square(speed) * (60.0 * 60.0))


def check_first_looks() -> None:
    """A first look that says yes is never wrong: for stays at each radius, for speeds over a minute."""
    for metres in RADII:
        for off in (hugging(40_000), np.random.default_rng(4).uniform(-1, 1, 40_000)):
            pairs = pairs_about(metres, off.size, off)
            near_, reached = np.empty((2, off.size), dtype=np.bool_)
            _all_surely(*pairs, reach(metres), metres / 60, near_, reached)
            assert not (near_ & ~near(pairs, reach(metres))[1]).any()
            assert not (reached & beyond(pairs, metres)[1]).any()


def test_a_first_look_is_never_wrong() -> None:
    check_first_looks()


def test_a_first_look_mostly_suffices() -> None:
    pairs = pairs_about(200.0, 10_000, np.random.default_rng(5).uniform(-1, -0.1, 10_000))
    usual = np.abs(pairs[0]) < 600_000_000  # not beside the poles, nor where the date line makes it look away
    usual &= np.abs(pairs[1]) < 1_790_000_000
    near_, reached = np.empty((2, 10_000), dtype=np.bool_)
    _all_surely(*pairs, reach(200.0), 200 / 60, near_, reached)
    assert near_[usual].mean() > 0.99


@pytest.mark.parametrize(
    ("kernel", "right", "wrong"),
    [
        ("look_around", "cos1 * (cos1 + math.sqrt(max(0.0, within.inside)))", "cos1 * cos1 * 0.999"),
        ("look_around", "within.inside / ", "1.0001 * within.inside / "),
        ("speed_square", "(1 - _MARGIN)", "1.0001"),
        ("is_surely_within", "wide * (y * y)", "0.5 * wide * (y * y)"),
    ],
)
def test_a_seeded_bug_in_the_first_look_is_caught(kernel: str, right: str, wrong: str) -> None:
    with without_compiler():
        here = sys.modules[__name__]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(here, "_all_surely", _naive_surely)
            assert_caught(distance, kernel, right, wrong, _check_few)


def _naive_surely(
    lat1: Int32, lon1: Int32, lat2: Int32, lon2: Int32, within: Reach, speed: float, near: Bool, reached: Bool
) -> None:
    """The same as `_all_surely`, by whatever the module holds now."""
    for i, (a, b, c, d) in enumerate(zip(*(x.tolist() for x in (lat1, lon1, lat2, lon2)), strict=True)):
        wide, square = distance.look_around(distance.cosine(a), within)
        near[i] = distance.is_surely_within(a, b, c, d, wide, square)
        reached[i] = distance.is_surely_within(a, b, c, d, 1.0, distance.speed_square(speed) * 3600.0)


def _check_few() -> None:
    for metres in (200.0, 30_000.0, 900_000.0):
        pairs = pairs_about(metres, 1_000, np.random.default_rng(6).uniform(0, 1e-4, 1_000))
        near_, reached = np.empty((2, 1_000), dtype=np.bool_)
        _all_surely(*pairs, reach(metres), metres / 60, near_, reached)
        assert not (near_ & ~near(pairs, reach(metres))[1]).any()
        assert not (reached & beyond(pairs, metres)[1]).any()
