"""Truth: every zone and time, plausible totals, the definitions, and never a device."""

import math
from datetime import date
from pathlib import Path

import h3
import numpy as np
import polars as pl
import pytest

from shoal.classes import DURATIONS, LENGTHS
from shoal.keys import DAYPARTS
from shoal.simulate import cells, frame, geography, people, simulate, travel, write
from shoal.simulate import truth as truths
from shoal.simulate.arrays import table
from shoal.statistics import STATISTICS
from tests.simulate.conftest import DAYS, DEVICES

Tables = dict[str, pl.DataFrame]
KEYS = {
    "presence": ["zone", "hour"],
    "visits": ["zone", "day"],
    "visitors": ["zone"],
    "dwell": ["zone", "class"],
    "flows": ["origin", "destination", "daypart"],
    "residents": ["zone"],
    "catchment": ["home", "zone"],
    "distance": ["home", "class"],
    "gyration": ["home", "class"],
    "stay_home": ["home", "day"],
}


@pytest.mark.parametrize("name", KEYS)
def test_keys_and_value_and_no_device(week: Path, truth: Tables, name: str) -> None:
    assert truth[name].columns == [*KEYS[name], "value"]
    assert truth[name].schema["value"] == pl.Float64
    assert (truth[name]["value"] >= 0).all()


def test_types_of_keys(truth: Tables) -> None:
    assert truth["presence"].schema["hour"] == pl.Datetime("us", frame.TIMEZONE)
    for name, keys in KEYS.items():
        for key in keys:
            kind = truth[name].schema[key]
            assert key == "hour" or kind == (pl.Date if key == "day" else pl.String)
    assert list(truth["dwell"]["class"].unique(maintain_order=True)) == list(DURATIONS.labels)
    for name in ("distance", "gyration"):
        assert list(truth[name]["class"].unique(maintain_order=True)) == list(LENGTHS.labels)
    assert list(truth["flows"]["daypart"].unique(maintain_order=True)) == list(DAYPARTS)


def test_every_statistic_has_a_truth_with_its_usual_keys(truth: Tables) -> None:
    assert set(truth) == set(STATISTICS)
    assert {name: sorted(statistic.default_by) for name, statistic in STATISTICS.items()} == {
        name: sorted(keys) for name, keys in KEYS.items()
    }


def test_every_zone_and_time_has_a_row(truth: Tables) -> None:
    outline = [(lat, lon) for lon, lat in write.degrees(geography.area())]
    zones = set(h3.polygon_to_cells(h3.LatLngPoly(outline), 8))
    assert 250 < len(zones) < 350
    of = {"hour": 24 * DAYS, "day": DAYS, "daypart": 5, "class": 7}
    for name, keys in KEYS.items():
        size = math.prod(6 if (name, key) == ("dwell", "class") else of.get(key, len(zones)) for key in keys)
        assert truth[name].select(keys).unique().height == truth[name].height == size
        assert set(truth[name][keys[0]]) == zones
    assert str(truth["presence"]["hour"].min()) == "2026-03-02 00:00:00-06:00"


def test_totals_are_plausible(truth: Tables) -> None:
    together = truth["presence"].group_by("hour").agg(pl.sum("value"))["value"]
    assert 0.6 * DEVICES < together.min() <= together.max() <= DEVICES  # type: ignore[operator]
    assert 0.7 * DEVICES < truth["residents"]["value"].sum() < 0.9 * DEVICES
    visits, flows = float(truth["visits"]["value"].sum()), float(truth["flows"]["value"].sum())
    assert 1.2 * DEVICES * DAYS < visits < 4 * DEVICES * DAYS
    assert 0.6 * visits < flows < visits


def test_statistics_agree_where_they_count_the_same(truth: Tables) -> None:
    def by(name: str, key: str) -> dict[str, float]:
        return dict(truth[name].group_by(key).agg(pl.sum("value")).iter_rows())

    residents = by("residents", "zone")
    assert by("dwell", "zone") == by("visits", "zone")
    assert by("gyration", "home") == residents  # everyone stays somewhere
    assert by("distance", "home") == {zone: DAYS * number for zone, number in residents.items()}
    same = truth["catchment"].filter(pl.col("home") == pl.col("zone"))
    assert dict(same.select("home", "value").iter_rows()) == residents
    for name, less, more in (("catchment", by("catchment", "zone"), by("visitors", "zone")),
                             ("visitors", by("visitors", "zone"), by("visits", "zone"))):  # fmt: skip
        assert all(less[zone] <= more[zone] for zone in more), name
        assert sum(less.values()) < sum(more.values()), name
    still = float(truth["distance"].filter(pl.col("class") == LENGTHS.labels[0])["value"].sum())
    assert float(truth["stay_home"]["value"].sum()) <= still


def test_plausible_days_of_residents(truth: Tables) -> None:
    residents = float(truth["residents"]["value"].sum())
    home = dict(truth["stay_home"].group_by("day").agg(pl.sum("value") / residents).iter_rows())
    assert all(0.08 < share < 0.5 for share in home.values())
    assert home[max(home)] > home[min(home)]  # Sunday and Monday
    wide = dict(truth["gyration"].group_by("class").agg(pl.sum("value") / residents).iter_rows())
    assert wide["0-1 km"] > 0.1
    assert wide["50+ km"] < 0.02


@pytest.mark.parametrize(("days", "start", "units"), [(14, date(2026, 3, 2), 2), (3, date(2026, 3, 2), 3)])
def test_what_is_counted_once_a_unit_is_a_mean(tmp_path: Path, days: int, start: date, units: int) -> None:
    simulate(tmp_path / "city", devices=60, days=days, seed=1, records_per_day=1, start=start)
    read = {name: pl.read_parquet(tmp_path / "city" / "truth" / f"{name}.parquet") for name in KEYS}
    for name in ("visitors", "catchment", "gyration"):
        times = read[name]["value"] * units
        assert (times - times.round()).abs().max() < 1e-9  # type: ignore[operator]
    assert read["gyration"]["value"].sum() == pytest.approx(read["residents"]["value"].sum())
    assert read["distance"]["value"].sum() == days * read["residents"]["value"].sum()


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
    return truths.observe(made, who, town, 1, 1)


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
    assert got.flows[home, there].tolist() == [1, 0, 0, 0, 0]  # at half past one
    assert got.flows.sum() == 1
    assert got.residents[home] == got.residents.sum() == 1
    assert (got.visitors == got.visits[:, 0]).all()
    assert (got.catchment[home] == got.visitors).all()
    assert got.catchment.sum() == 2
    assert got.dwell[home, DURATIONS.labels.index("60-120 min")] == got.dwell[there, -1] == 1
    assert got.distance[home, LENGTHS.labels.index("2-5 km")] == got.distance.sum() == 1
    assert got.gyration[home, LENGTHS.labels.index("0-1 km")] == got.gyration.sum() == 1  # 742 m: sqrt(.065 * .935) * 3
    assert got.stay_home.sum() == 0


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
    for name in ("residents", "catchment", "distance", "gyration", "stay_home"):
        assert getattr(got, name).sum() == 0
    assert got.visitors.sum() == got.dwell.sum() == 1
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
