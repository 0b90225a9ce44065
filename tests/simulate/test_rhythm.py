"""The city lives: full by day and empty by night in the centre, week and weekend differ, visitors come and go."""

from pathlib import Path

import h3
import numpy as np
import polars as pl

from shoal.simulate import city, frame, people
from shoal.simulate.geography import LAKE
from tests.simulate.conftest import DEVICES, SEED

Tables = dict[str, pl.DataFrame]


def centre(zone: str) -> bool:
    lat, lon = h3.cell_to_latlng(zone)
    return float(np.hypot((lat - frame.LATITUDE) * 111.2, (lon - frame.LONGITUDE) * 104.0)) < 1.5


def by_hour(truth: Tables, only: pl.Expr) -> dict[int, float]:
    weekday = pl.col("hour").dt.weekday() <= 5
    rows = truth["presence"].filter(weekday, only).group_by(pl.col("hour").dt.hour().alias("h")).agg(pl.sum("value"))
    return dict(rows.select("h", pl.col("value") / 5).iter_rows())


def test_the_centre_is_busy_at_noon_and_homes_at_night(truth: Tables) -> None:
    zones = truth["residents"]["zone"]
    middle = by_hour(truth, pl.col("zone").is_in([zone for zone in zones if centre(zone)]))
    assert middle[12] > 1.4 * middle[3]
    edge = by_hour(truth, pl.col("zone").is_in([zone for zone in zones if not centre(zone)]))
    assert edge[12] < edge[3]


def test_nights_are_spent_where_people_live(truth: Tables) -> None:
    night = truth["presence"].filter(pl.col("hour").dt.hour() == 3).group_by("zone").agg(pl.mean("value"))
    both = night.join(truth["residents"], on="zone")
    assert np.corrcoef(both["value"], both["value_right"])[0, 1] > 0.9


def test_sundays_are_quieter(truth: Tables) -> None:
    visits = truth["visits"].group_by("day").agg(pl.sum("value")).sort("day")["value"].to_list()
    assert visits[6] < visits[5] < min(visits[1:5])


def test_commuters_come_in_from_outside(truth: Tables) -> None:
    hour = by_hour(truth, pl.lit(True))
    assert hour[11] > 1.05 * hour[3]


def test_the_lake_is_empty(truth: Tables) -> None:
    east, north = np.array([LAKE[0]]), np.array([LAKE[1]])
    wet = h3.latlng_to_cell(frame.latitude(east, north)[0], frame.longitude(east, north)[0], 8)
    assert truth["residents"].filter(pl.col("zone") == wet)["value"].item() == 0
    assert truth["presence"].filter(pl.col("zone") == wet)["value"].sum() < 24
    assert (truth["residents"]["value"] == 0).sum() > 10


def test_visitors_come_and_go(records: pl.DataFrame) -> None:
    from shoal.simulate import geography
    from shoal.simulate.dice import opaque
    from shoal.simulate.population import market

    who, _ = people.meet(city.build(market(geography.districts())), np.uint64(SEED), 0, DEVICES)
    visitors = np.flatnonzero(who["kind"] == people.VISITOR)
    assert 0.04 * DEVICES < visitors.size < 0.08 * DEVICES
    names = [opaque(np.uint64(SEED), int(i)) for i in visitors]
    theirs, others = (
        records.filter(pl.col("device").is_in(names) == visiting)
        .group_by("device")
        .agg(pl.col("local").dt.date().n_unique())["local"]
        for visiting in (True, False)
    )
    assert theirs.mean() < 3.5 < 5.0 < others.mean()  # type: ignore[operator]


def test_records_show_the_same_city_as_the_truth(records: pl.DataFrame, truth: Tables) -> None:
    zone = [h3.latlng_to_cell(lat, lon, 8) for lat, lon in records.sample(30_000, seed=1)["lat", "lon"].iter_rows()]
    seen = pl.DataFrame({"zone": zone}).group_by("zone").len()
    both = truth["presence"].group_by("zone").agg(pl.sum("value")).join(seen, on="zone", how="left").fill_null(0)
    assert np.corrcoef(both["value"].sqrt(), both["len"].sqrt())[0, 1] > 0.85


def test_people_like_places_they_can_reach(week: Path) -> None:
    from shoal.simulate import geography
    from shoal.simulate.population import market

    who, _ = people.meet(city.build(market(geography.districts())), np.uint64(1), 0, 4_000)
    way = np.hypot(who["base_x"] - who["home_x"], who["base_y"] - who["home_y"])[who["begins"] > 0]
    assert way.min() >= 400
    assert 2_000 < np.median(way) < 7_000
