"""Unicity: counted as a naive count does, moved by one device no more than is paid for, charged, and nothing kept."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal._arrays import UInt64
from shoal.calendar import Calendar
from shoal.engines.unicity import Draws, keys, seal
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.privacy.mechanism import ONE
from shoal.unicity import interval, mechanism_of
from tests.cli.shell import refused
from tests.cli.shell import shoal as command
from tests.pipeline import source, traces
from tests.pipeline.house import House
from tests.pipeline.source import FIRST_DAY, Record

HOURS, UNITS, ZONES = 12, 2, 3
HOUR_UNIT = np.repeat(np.arange(UNITS, dtype=np.int32), HOURS // UNITS)
DRAWS = Draws(np.array([[[0, 3], [1, 2], [4, 5]], [[6, 9], [7, 11], [6, 10]]]))
Seen = dict[int, int]
"""Of a row: hour -> zone."""

rows_of_a_unit = st.integers(0, UNITS - 1).flatmap(
    lambda unit: st.dictionaries(
        st.integers(unit * HOURS // UNITS, (unit + 1) * HOURS // UNITS - 1), st.integers(0, ZONES - 1), max_size=6
    )
)
crowds = st.lists(rows_of_a_unit, max_size=8)


def found(rows: Sequence[Seen], draws: Draws = DRAWS) -> UInt64:
    cells = [sorted(zone * HOURS + hour for hour, zone in row.items()) for row in rows]
    first = np.cumsum([0, *map(len, cells)])
    cell = np.array([c for row in cells for c in row], dtype=np.int64)
    return keys(first, cell, np.ones_like(cell), HOURS, HOUR_UNIT, draws)


def counted(rows: Sequence[Seen]) -> tuple[int, int]:
    alone, seen = open_sums(seal(found(rows))).tolist()
    return alone // ONE, seen // ONE


def naive(rows: Sequence[Seen]) -> tuple[int, int]:
    """The definition, with tuples."""
    own: list[tuple[object, ...]] = []
    for row in rows:
        for unit in {int(HOUR_UNIT[hour]) for hour in row}:
            for number, hours in enumerate(DRAWS.hours[unit].tolist()):
                if all(hour in row for hour in hours):
                    own.append((unit, number, *(row[hour] for hour in hours)))
    often = Counter(own)
    return sum(number == 1 for number in often.values()), len(own)


@given(rows=crowds)
@settings(max_examples=200)
def test_counts_what_the_definition_says(rows: list[Seen]) -> None:
    assert counted(rows) == naive(rows)


@given(rows=crowds, more=rows_of_a_unit)
@settings(max_examples=300)
def test_one_row_moves_it_by_no_more_than_is_paid_for(rows: list[Seen], more: Seen) -> None:
    """Whoever else is there: also where the row was somebody's only double."""
    apart = np.array(counted([*rows, more])) - np.array(counted(rows))
    assert (np.abs(apart) <= DRAWS.number).all()
    assert (apart * ONE @ (apart * ONE)) <= mechanism_of(DRAWS.number, Fraction(1)).norm ** 2


def test_the_bound_is_reached() -> None:
    row = dict.fromkeys(range(6), 1)
    assert counted([row]) == (3, 3) and counted([]) == (0, 0) and counted([row, row]) == (0, 6)


def test_the_usual_count_would_not_be_bounded() -> None:
    """The seeded fault: a trace that contains the points takes everybody's uniqueness, so one row moves all."""

    def contained(rows: Sequence[set[tuple[int, int]]]) -> int:
        points = [sorted(row)[:2] for row in rows]
        return sum(sum(set(own) <= row for row in rows) == 1 for own in points)

    crowd = [{(hour, 1), (hour + 1, 2)} for hour in range(10)]
    everywhere = {(hour, zone) for hour in range(12) for zone in range(3)}
    assert contained(crowd) == 10 and contained([*crowd, everywhere]) <= 1


def test_of_two_zones_in_an_hour_the_longer_counts() -> None:
    cell = np.array([0, 3, 1 * HOURS + 0, 2 * HOURS + 3], dtype=np.int64)
    by = {times: keys(np.array([0, 4]), cell, np.array(times), HOURS, HOUR_UNIT, DRAWS)[0]
          for times in ((9, 9, 1, 1), (1, 9, 9, 1), (9, 9, 9, 9))}  # fmt: skip
    assert by[9, 9, 1, 1] == by[9, 9, 9, 9] != by[1, 9, 9, 1]
    assert by[1, 9, 9, 1] == found([{0: 1, 3: 0}])[0]


def test_hours_are_drawn_anew_and_from_their_unit(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(source.plan_text())
    calendar = Calendar.from_plan(Plan.load(tmp_path / "plan.toml"))
    one, other = (Draws.of(calendar, 50, 4).hours for _ in range(2))
    assert one.shape == (2, 50, 4) and not np.array_equal(one, other)  # alike less than once in 10**200 times
    assert all((calendar.hour_unit[one[unit]] == unit).all() for unit in range(2))
    assert (np.diff(one, axis=2) > 0).all()


@pytest.mark.parametrize("rho", [Fraction(1, 10**6), Fraction(3, 7), Fraction(5)])
@pytest.mark.parametrize("draws", [1, 20, 1000])
def test_noise_costs_no_more_than_it_may_and_hardly_less(draws: int, rho: Fraction) -> None:
    found = mechanism_of(draws, rho)
    assert found.norm**2 >= 2 * (draws * ONE) ** 2 > (found.norm - 1) ** 2
    assert found.rho <= rho < found.rho * (1 + Fraction(1, 100))


def test_the_interval_holds_what_both_numbers_may_be() -> None:
    assert interval(90.0, 100.0, 0.0) == (0.9, 0.9, 0.9)
    share, lower, upper = interval(90.0, 100.0, 10.0)
    assert share == 0.9 and lower == 80 / 110 and upper == 1.0
    assert interval(-3.0, 100.0, 1.0)[0] == 0 and interval(5.0, 3.0, 4.0) == (None, 0.0, 1.0)


def town(twins: bool) -> list[Record]:
    """40 devices, each its own way through the day, or two and two the same."""
    rng = np.random.default_rng(3)
    rows = []
    for pair in range(20):
        ways = [rng.uniform((20.615, -103.405), (20.665, -103.355), (48, 2)) for _ in range(2)]
        for number in range(2):
            way = ways[0 if twins else number]
            for step in range(48 * 6):
                time = FIRST_DAY + 1 + step * 600
                rows.append(Record(f"{10_000_000 + 2 * pair + number}", time, *map(float, way[step // 6].round(7))))
    return rows


@pytest.mark.parametrize(("twins", "least", "most"), [(False, 0.9, 1.0), (True, 0.0, 0.1)])
def test_from_records_to_a_rate(tmp_path: Path, twins: bool, least: float, most: float) -> None:
    """At a budget that leaves hardly any noise: for a source that is marked as invented."""
    rows = town(twins)
    house = House.build(tmp_path / "house", rows)
    for empty in ("1-plover.csv", "2-osprey.ndjson"):
        (house.input / "records" / empty).unlink()
    plan = house.plan(epsilon="900")
    text = plan.read_text().replace('time_unit = "s"', 'time_unit = "s"\nsynthetic = true')
    plan.write_text(f"{text}[cleaning]\nmax_speed = 9000\n")  # they jump
    answer = command("unicity", plan, "--epsilon", "900", "--state", house.state, "--json")
    assert answer.status == 0, answer.err
    assert least <= answer.json["lower"] <= answer.json["share"] <= answer.json["upper"] <= most
    assert answer.json["upper"] - answer.json["lower"] < 0.1
    secret = traces.of_records(rows)
    assert secret.within(answer.out + answer.err) == set()
    assert [line for line in secret.under(*house.written) if "exact count" not in line] == []


def test_it_is_charged_each_time_until_the_account_refuses(tmp_path: Path) -> None:
    house = House.build(tmp_path / "house", source.records(devices=12))
    plan, state = house.plan(), ("--state", house.state)
    for _ in range(2):
        assert command("unicity", plan, "--epsilon", "4", *state).status == 0
    first, second = house.charges()
    assert first.rho.keys() == {"unicity"} and first.rho == second.rho and first.release is second.release is None
    assert any("charge" in line and "unicity" in line for line in command("log", *state, "--json").out.splitlines())
    refused(command("unicity", plan, "--epsilon", "9", *state), 3, "left")
    assert len(house.charges()) == 2
    refused(command("unicity", plan, "--epsilon", "0", *state), 2, "--epsilon")
    refused(command("unicity", plan, "--epsilon", "much", *state), 2, "--epsilon much")
    refused(command("unicity", plan, "--points", "40", *state), 2, "--points")
