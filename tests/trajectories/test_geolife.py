"""Shoal's stays are trackintel's: on two years of dense GPS, and on a day with a diary."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shoal._arrays import Int32, Int64
from shoal.trajectories.cleaning import clean
from shoal.trajectories.stays import NO_GAP_RULE, stays_of

pytestmark = pytest.mark.real_data

Found = list[tuple[str, int, int]]
"""User, start and end in seconds since 1970."""


def read(file: Path, names: dict[str, str]) -> pd.DataFrame:
    """user_id, tracked_at, latitude, longitude; the coordinates rounded to Shoal's 1e-7 degrees for both."""
    table = pd.read_csv(file, dtype={"uid": str}).rename(columns=names)
    table["user_id"] = table.get("user_id", "1")
    table["tracked_at"] = pd.to_datetime(table["tracked_at"], utc=True)
    table[["latitude", "longitude"]] = table[["latitude", "longitude"]].round(7)
    return table[["user_id", "tracked_at", "latitude", "longitude"]]


def trackintels(table: pd.DataFrame, metres: float, minutes: float) -> Found:
    """What trackintel itself finds, without a gap rule."""
    import geopandas as gpd
    import trackintel as ti

    frame = gpd.GeoDataFrame(
        table[["user_id", "tracked_at"]],
        geometry=gpd.points_from_xy(table["longitude"], table["latitude"]),
        crs="EPSG:4326",
    )
    fixes = ti.io.read_positionfixes_gpd(frame, geom_col="geometry", tz="UTC")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, stays = fixes.generate_staypoints(
            method="sliding", dist_threshold=metres, time_threshold=minutes, gap_threshold=1e9
        )
    columns = zip(stays["user_id"], stays["started_at"], stays["finished_at"], strict=True)
    return sorted((str(user), int(a.timestamp()), int(b.timestamp())) for user, a, b in columns)


def arrays(table: pd.DataFrame) -> tuple[list[str], Int64, Int64, Int32, Int32]:
    """Users, and first, time, lat, lon as a bucket has them."""
    table = table.sort_values(["user_id", "tracked_at"], kind="stable")
    counts = table.groupby("user_id").size()
    time = (table["tracked_at"] - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(seconds=1)
    first = np.concatenate([[0], np.cumsum(counts.to_numpy())]).astype(np.int64)
    lat, lon = (np.round(table[c].to_numpy() * 1e7).astype(np.int32) for c in ("latitude", "longitude"))
    return [str(user) for user in counts.index], first, time.to_numpy().astype(np.int64), lat, lon


def shoals(table: pd.DataFrame, metres: float, minutes: float) -> Found:
    users, first, time, lat, lon = arrays(table)
    found = stays_of(first, time, lat, lon, metres, round(minutes * 60), NO_GAP_RULE)
    user = np.repeat(np.arange(len(users)), np.diff(found.first))
    return sorted(
        (users[u], s, e) for u, s, e in zip(user.tolist(), time[found.head].tolist(), found.end.tolist(), strict=True)
    )


@pytest.fixture(scope="module")
def geolife(real_data: Path) -> pd.DataFrame:
    names = {"lat": "latitude", "lng": "longitude", "datetime": "tracked_at", "uid": "user_id"}
    return read(real_data / "geolife" / "sample.csv.gz", names)


@pytest.fixture(scope="module")
def diary(real_data: Path) -> pd.DataFrame:
    return read(real_data / "labelled" / "staga_example.csv", {"ts": "tracked_at"})


def test_all_413_stays_of_geolife_are_trackintels(geolife: pd.DataFrame) -> None:
    theirs = trackintels(geolife, 200, 20)
    ours = shoals(geolife, 200, 20)
    assert len(theirs) == 413
    assert ours == theirs


@pytest.mark.parametrize(("metres", "minutes"), [(199, 20), (201, 20), (200, 21)])
def test_another_rule_gives_other_stays(geolife: pd.DataFrame, metres: float, minutes: float) -> None:
    assert shoals(geolife, metres, minutes) != shoals(geolife, 200, 20)


@pytest.mark.parametrize(("metres", "minutes"), [(200, 20), (100, 5), (52, 2), (15, 0.5)])
def test_the_diarys_stays_are_trackintels(diary: pd.DataFrame, metres: float, minutes: float) -> None:
    assert shoals(diary, metres, minutes) == trackintels(diary, metres, minutes)


def test_the_diary_has_stays_at_all(diary: pd.DataFrame) -> None:
    assert len(shoals(diary, 52, 2)) > 5


def test_speed_filter_drops_what_scikit_mobilitys_does(geolife: pd.DataFrame) -> None:
    """Its documentation of `preprocessing.filtering.filter` gives 54 records on this sample at 500 km/h."""
    _, first, time, lat, lon = arrays(geolife)
    assert time.size - clean(first, time, lat, lon, 500 / 3.6).time.size == 54
