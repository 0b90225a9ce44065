"""Truth: every zone and time, plausible totals, the definitions, and never a device."""

from pathlib import Path

import h3
import numpy as np
import polars as pl
import pytest

from shoal.simulate import cells, frame, geography, people, travel, write
from shoal.simulate import truth as truths
from shoal.simulate.arrays import table
from tests.simulate.conftest import DAYS, DEVICES

Tables = dict[str, pl.DataFrame]
KEYS = {
    "presence": ["zone", "hour"],
    "visits": ["zone", "day"],
    "flows": ["origin", "destination"],
    "residents": ["zone"],
}


@pytest.mark.parametrize("name", KEYS)
def test_keys_and_value_and_no_device(week: Path, truth: Tables, name: str) -> None:
    assert truth[name].columns == [*KEYS[name], "value"]
    assert truth[name].schema["value"] == pl.Float64
    assert (truth[name]["value"] >= 0).all()


def test_types_of_keys(truth: Tables) -> None:
    assert truth["presence"].schema["hour"] == pl.Datetime("us", frame.TIMEZONE)
    assert truth["visits"].schema["day"] == pl.Date
    assert truth["flows"].schema["origin"] == truth["flows"].schema["destination"] == pl.String


def test_every_zone_and_time_has_a_row(truth: Tables) -> None:
    outline = [(lat, lon) for lon, lat in write.degrees(geography.area())]
    zones = set(h3.polygon_to_cells(h3.LatLngPoly(outline), 8))
    assert 250 < len(zones) < 350
    sizes = {"presence": 24 * DAYS * len(zones), "visits": DAYS * len(zones), "flows": len(zones) ** 2}
    for name, keys in KEYS.items():
        assert truth[name].select(keys).unique().height == truth[name].height == sizes.get(name, len(zones))
        assert set(truth[name][keys[0]]) == zones
    assert str(truth["presence"]["hour"].min()) == "2026-03-02 00:00:00-06:00"


def test_totals_are_plausible(truth: Tables) -> None:
    together = truth["presence"].group_by("hour").agg(pl.sum("value"))["value"]
    assert 0.6 * DEVICES < together.min() <= together.max() <= DEVICES  # type: ignore[operator]
    assert 0.7 * DEVICES < truth["residents"]["value"].sum() < 0.9 * DEVICES
    visits, flows = float(truth["visits"]["value"].sum()), float(truth["flows"]["value"].sum())
    assert 1.2 * DEVICES * DAYS < visits < 4 * DEVICES * DAYS
    assert 0.6 * visits < flows < visits


def test_flows_are_nearer_than_chance(truth: Tables) -> None:
    point = {zone: h3.cell_to_latlng(zone) for zone in truth["residents"]["zone"]}
    rows = truth["flows"].filter(pl.col("value") > 0)
    far = np.array([h3.great_circle_distance(point[o], point[d]) for o, d in rows["origin", "destination"].iter_rows()])
    assert 1.0 < np.average(far, weights=rows["value"]) < 6.0


# A hand-made day, to the second. ---------------------------------------------------------------------------------


@pytest.fixture
def town() -> cells.Cells:
    return cells.cover(tuple(write.degrees(geography.area())))


def day_of(stops: list[tuple[int, int, float, float]], town: cells.Cells, kind: int = people.FREE) -> truths.Truth:
    """The truth about one device with these stops (arrive, depart, x, y), who lives at the first."""
    made, who = travel.room(1, 1), table(1, people.PERSON)
    made.used[0] = len(stops)
    for k, (arrive, depart, x, y) in enumerate(stops):
        made.row[0, k] = (arrive, depart, x, y, 0)
    who[0].kind = kind
    who[0].home_x, who[0].home_y = stops[0][2:]
    return truths.observe(made, who, town, 1)


def zone_of(town: cells.Cells, x: float, y: float) -> int:
    return int(cells.locate(town.id, np.array([x]), np.array([y]))[0])


def test_a_day_of_two_places(town: cells.Cells) -> None:
    got = day_of([(0, 5_400, 0.0, 0.0), (7_200, travel.NEVER, 3_000.0, 0.0)], town)
    home, there = zone_of(town, 0.0, 0.0), zone_of(town, 3_000.0, 0.0)
    assert home != there
    assert got.presence[home, 0] == 3_600
    assert 1_800 <= got.presence[home, 1] < 3_600  # half an hour at home, then on the way
    assert got.presence[:, 1].sum() == 3_600
    assert (got.presence[there, 2:] == 3_600).all()
    assert got.visits[home, 0] == got.visits[there, 0] == got.visits.sum() / 2 == 1
    assert got.flows[home, there] == got.flows.sum() == 1
    assert got.residents[home] == got.residents.sum() == 1


def test_a_stop_of_less_than_twenty_minutes_is_on_the_way(town: cells.Cells) -> None:
    ends = [(0, 5_400, 0.0, 0.0), (9_000, travel.NEVER, 4_000.0, 0.0)]
    short = day_of([ends[0], (6_000, 6_000 + 1_199, 2_000.0, 0.0), ends[1]], town)
    full = day_of([ends[0], (6_000, 6_000 + 1_200, 2_000.0, 0.0), ends[1]], town)
    assert (short.visits.sum(), short.flows.sum()) == (2, 1)
    assert (full.visits.sum(), full.flows.sum()) == (3, 2)


def test_outside_is_no_zone_and_breaks_a_flow(town: cells.Cells) -> None:
    got = day_of([(0, 3_600, 0.0, 0.0), (7_200, 14_400, 30_000.0, 0.0), (18_000, travel.NEVER, 0.0, 0.0)], town)
    assert (got.visits.sum(), got.flows.sum()) == (2, 0)
    assert got.presence[:, 3].sum() == 0


def test_visitors_are_no_residents_and_leave_for_good(town: cells.Cells) -> None:
    got = day_of([(36_000, 43_200, 0.0, 0.0)], town, people.VISITOR)
    assert got.residents.sum() == 0
    assert got.presence.sum() == 7_200


def test_what_lies_after_the_period_does_not_count(town: cells.Cells) -> None:
    got = day_of([(0, 86_000, 0.0, 0.0), (87_000, travel.NEVER, 3_000.0, 0.0)], town)
    assert got.visits.sum() == 1
    assert got.flows.sum() == 0
    assert got.presence.sum() == 86_400


def test_pixels_agree_with_cells(town: cells.Cells) -> None:
    x, y = np.random.default_rng(0).uniform(-12_000, 12_000, (2, 3_000))
    exact = cells.locate(town.id, x, y)
    quick = np.array([cells.pixel(town, a, b) for a, b in zip(x, y, strict=True)])
    assert (exact == quick).mean() > 0.97
