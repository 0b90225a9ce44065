"""Travel: along the streets, at a steady pace, round the lake."""

import numpy as np
import pytest

from shoal.simulate import dice, geography, travel


@pytest.fixture
def stops() -> travel.Stops:
    """From (0, 0) at 1000 s to (300, -100) at 1400 s, first along x."""
    made = travel.room(1, 1)
    travel.begin(made, 0, 0.0, 0.0, 0)
    made.row[0, 0].depart = 1_000
    made.row[0, 1] = (1_400, travel.NEVER, 300.0, -100.0, 0)
    made.used[0] = 2
    return made


@pytest.mark.parametrize(
    ("time", "bend", "where"),
    [
        (500, 0, (0.0, 0.0)),
        (1_000, 0, (0.0, 0.0)),
        (1_150, 0, (150.0, 0.0)),
        (1_350, 0, (300.0, -50.0)),
        (1_350, 1, (250.0, -100.0)),
        (1_050, 1, (0.0, -50.0)),
        (1_400, 1, (300.0, -100.0)),
    ],
)
def test_place_on_the_way(stops: travel.Stops, time: int, bend: int, where: tuple[float, float]) -> None:
    stops.row[0, 1].bend = bend
    assert travel.place(stops, 0, 0, time) == pytest.approx(where)


def test_stop_at(stops: travel.Stops) -> None:
    assert [travel.stop_at(stops, 0, time) for time in (-5, 0, 1_399, 1_400, 10**6)] == [0, 0, 0, 1, 1]


def test_going_nowhere_is_no_stop(stops: travel.Stops) -> None:
    roll = dice.stream(np.uint64(1), 0, dice.DAYS)
    assert travel.go(stops, 0, 300.0, -100.0, 2_000.0, 0, roll) == 2_000.0
    assert stops.used[0] == 2


def test_far_takes_longer_and_a_car_is_quicker() -> None:
    def mean(distance: float, car: bool) -> float:
        roll = dice.stream(np.uint64(1), 0, dice.DAYS)
        return float(np.mean([travel.duration(distance, car, 1.0, roll) for _ in range(300)]))

    assert mean(500, True) < mean(1_000, False)  # both on foot
    assert mean(2_000, True) < mean(8_000, True) < mean(8_000, False)
    assert 2_000 / mean(2_000, False) < 8_000 / mean(8_000, True) < 20  # metres a second


def test_ways_go_round_the_lake() -> None:
    east, north, half_x, half_y = geography.LAKE
    roll = dice.stream(np.uint64(1), 0, dice.DAYS)
    start, end = (east - half_x - 500, north), (east, north + half_y + 500)  # first along x would be through the water
    assert {travel.way_round(*start, *end, roll) for _ in range(50)} == {1}
    assert {travel.way_round(0.0, 0.0, 1_000.0, 1_000.0, roll) for _ in range(50)} == {0, 1}
