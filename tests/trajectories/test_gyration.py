"""Radius of gyration: by time, on the whole globe."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.plan import Cleaning, Movement
from shoal.trajectories import Stays, from_points
from shoal.trajectories import gyration as gyration_module
from tests.trajectories import cases, naive
from tests.trajectories.cases import Mode, Row, Stripes, assert_caught, both, bucket_of
from tests.trajectories.naive_days import HALF_TURN, Stay, corpus_of, gyration, made, rows_of
from tests.trajectories.test_days import CALENDARS, VIENNA, stays_in

CENTIMETRES = 0.02
"""The kernel's centre lies on a coordinate of whole 1e-7 degrees (1.1 cm): so much may a radius be off."""


def assert_equal(found: list[int], many: list[list[Stay]]) -> None:
    assert len(found) == len(many)
    for radius, row in zip(found, many, strict=True):
        expected = gyration(row)
        if expected is None:
            assert radius == -1
        else:
            assert math.floor(max(0.0, expected - CENTIMETRES)) <= radius <= math.floor(expected + CENTIMETRES)


def told(many: list[list[Stay]]) -> list[int]:
    found = gyration_module.gyration_of(made(many).stays)
    assert found.dtype.name == "int64"
    return [int(radius) for radius in found]


def check() -> None:
    for when in CALENDARS.values():
        many = corpus_of(when)
        assert_equal(told(many), many)
    other_side = [[stay(60, 0, 0)], [stay(60, 0, HALF_TURN - 9_000), stay(60, 0, -HALF_TURN)]]
    assert_equal(told(other_side), other_side)


@both
@settings(max_examples=150)
@given(many=rows_of(VIENNA))
def test_equals_its_twin(mode: Mode, many: list[list[Stay]]) -> None:
    with mode():
        assert_equal(told(many), many)


@both
@settings(max_examples=40)
@given(many=cases.rows, minutes=st.sampled_from([1, 20]))
def test_from_records(mode: Mode, many: list[Row], minutes: int) -> None:
    with mode():
        rows = from_points(
            bucket_of(many), Stripes(), cases.CALENDAR, Cleaning(), Movement(stay_minutes=Fraction(minutes))
        )
        assert_equal([int(r) for r in gyration_module.gyration_of(rows.stays)], stays_in(rows))


def test_the_corpus_has_everything() -> None:
    radii = [gyration(row) for when in CALENDARS.values() for row in corpus_of(when)]
    assert sum(r is None for r in radii) > 20 and sum(r is not None and r > 1000 for r in radii) > 100
    assert sum(r is not None and r < 1 for r in radii) > 20


def stay(seconds: int, lat: int, lon: int) -> Stay:
    return Stay(VIENNA.start, VIENNA.start + seconds, lat, lon)


KM = 89_932.2  # 1e-7 degrees of latitude


@pytest.mark.parametrize(
    ("row", "radius"),
    [
        ([], -1),
        ([stay(0, 0, 0)], -1),
        ([stay(0, 0, 0), stay(0, 1000, 0)], -1),
        ([stay(1, 482_000_000, 163_700_000)], 0),
        ([stay(9, 0, 0), stay(0, 800_000_000, 0)], 0),  # no time, no weight
        ([stay(60, 0, 0), stay(60, round(20.02 * KM), 0)], 10_010),  # each 10.01 km from the middle
        ([stay(1, 0, 0), stay(3, round(4.002 * KM), 0)], 1_732),  # roots of 1/4 (3 km)^2 + 3/4 (1 km)^2
        ([stay(60, 0, 1_800_000_000 - round(KM)), stay(60, 0, -1_800_000_000 + round(KM))], 999),
        ([stay(60, 0, 1_800_000_000), stay(60, 0, -1_800_000_000)], 0),  # one place with two names
        ([stay(60, 900_000_000, 0), stay(60, 900_000_000, 1_234_567_890)], 0),  # the pole, with two names
    ],
)
@both
def test_known_radii(mode: Mode, row: list[Stay], radius: int) -> None:
    with mode():
        assert abs(told([row])[0] - radius) <= (1 if radius > 0 else 0)


def test_more_than_half_a_turn_either_way() -> None:
    """Centres beyond the date line, from both sides of it: 1 degree of the equator is 111.19 km."""
    west = [stay(60, 0, -1_799_000_000), stay(60, 0, 1_799_000_000)]
    assert told([west, west[::-1]]) == [11_119] * 2
    assert naive.metres(0, -1_799_000_000, 0, 1_799_000_000) == pytest.approx(22_239, abs=1)


def test_rows_do_not_touch() -> None:
    many = corpus_of(VIENNA)
    assert told(many) == [told([row])[0] for row in many]
    assert told([]) == []


def test_a_source_of_trips_has_no_radius() -> None:
    stays = made([[stay(9, 0, 0)]]).stays
    with pytest.raises(TypeError, match="positions of stays"):
        gyration_module.gyration_of(Stays(stays.first, stays.start, stays.end, stays.zone))


@pytest.mark.parametrize(
    ("kernel", "right", "wrong"),
    [
        ("fill_gyration", "weight = end[stay] - start[stay]", "weight = 1"),
        ("fill_gyration", "(end[stay] - start[stay]) * off", "off"),
        ("fill_gyration", "* off * off", "* off"),
        ("fill_gyration", "float(_short_way(int(lon[stay]) - int(lon[origin])))",
         "float(int(lon[stay]) - int(lon[origin]))"),
        ("fill_gyration", "_short_way(int(lon[origin]) + round(east / total))", "int(lon[origin])"),
        ("fill_gyration", "round(north / total)", "round(north / total) + 900"),
        ("fill_gyration", "origin = first[row]", "origin = 0"),
        ("fill_gyration", "radius[row] = -1", "radius[row] = 0"),
        ("fill_gyration", "math.sqrt(square / total)", "math.sqrt(square / total) + 1"),
    ],
)  # fmt: skip
def test_seeded_bug_is_caught(kernel: str, right: str, wrong: str) -> None:
    assert_caught(gyration_module, kernel, right, wrong, check)
