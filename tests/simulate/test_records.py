"""Records: their columns, where and when they may lie, who sends how many, and how wrong they are."""

import numpy as np
import polars as pl
import pytest

from shoal.simulate import frame
from tests.simulate.conftest import DAYS, DEVICES


def test_columns(records: pl.DataFrame) -> None:
    assert records.drop("local").schema == {
        "device": pl.Int64,
        "time": pl.Datetime("ms", "UTC"),
        "lat": pl.Float64,
        "lon": pl.Float64,
        "accuracy": pl.Float32,
    }
    assert sum(records.null_count().row(0)) == 0


def test_times_lie_in_the_period(records: pl.DataFrame) -> None:
    assert str(records["local"].min()) >= "2026-03-02 00:00"
    assert str(records["local"].max()) < "2026-03-09 00:00"
    assert records["local"].dt.date().n_unique() == DAYS


def test_positions_lie_around_the_city_to_a_millionth(records: pl.DataFrame) -> None:
    assert records["lat"].is_between(frame.LATITUDE - 1.0, frame.LATITUDE + 1.0).all()
    assert records["lon"].is_between(frame.LONGITUDE - 1.0, frame.LONGITUDE + 1.0).all()
    for column in ("lat", "lon"):
        micro = records[column].to_numpy() * 1e6
        assert np.abs(micro - np.round(micro)).max() < 1e-4


def test_every_device_has_its_own_opaque_name(records: pl.DataFrame) -> None:
    name = records["device"].unique()
    assert 0.96 * DEVICES < len(name) <= DEVICES
    assert name.min() >= 0  # type: ignore[operator]
    assert 0.45 < (name > 2**62).mean() < 0.55  # type: ignore[operator]


def test_about_a_hundred_a_day_most_far_fewer_a_few_far_more(records: pl.DataFrame) -> None:
    a_day = np.sort(records.group_by("device").len()["len"].to_numpy() / DAYS)
    assert 80 < a_day.sum() / DEVICES < 120
    assert np.median(a_day) < 0.5 * a_day.mean()
    assert a_day[-len(a_day) // 100 :].sum() > 0.1 * a_day.sum()  # one in a hundred sends more than a tenth
    assert a_day.max() > 1_500


def test_most_of_the_time_is_silence(records: pl.DataFrame) -> None:
    gap = records.sort("device", "time").select(pl.col("time").diff().over("device").dt.total_seconds())["time"]
    assert gap.median() < 60  # type: ignore[operator]
    assert float(gap.filter(gap > 7_200).sum()) > 0.4 * DEVICES * DAYS * 86_400


def test_phones_sleep_at_night(records: pl.DataFrame) -> None:
    hour = records["local"].dt.hour()
    asleep, awake = float((hour < 5).sum()) / 5, float(((hour > 9) & (hour < 21)).sum()) / 11
    assert 0 < asleep < 0.5 * awake


def test_some_records_come_twice_and_late(records: pl.DataFrame) -> None:
    again = 1 - records.unique().height / records.height
    assert 0.0005 < again < 0.02
    assert not records["time"].is_sorted()


def test_devices_are_mixed_within_a_file(records: pl.DataFrame) -> None:
    assert records[:1000]["device"].n_unique() > 50


def test_accuracy_holds_in_two_thirds_of_cases(records: pl.DataFrame) -> None:
    """At night most are at home: the spread around a device's median position is its error."""
    night = records.filter(pl.col("local").dt.hour().is_between(2, 4)).with_columns(n=pl.len().over("device"))
    metres = 111_195.0
    off = night.filter(pl.col("n") >= 60).select(
        "accuracy",
        error=(
            ((pl.col("lat") - pl.col("lat").median().over("device")) * metres) ** 2
            + ((pl.col("lon") - pl.col("lon").median().over("device")) * metres * 0.9356) ** 2
        ).sqrt(),
    )
    assert off.height > 1_000
    assert 0.58 < (off["error"] <= off["accuracy"]).mean() < 0.76  # type: ignore[operator]


@pytest.mark.parametrize(("least", "most", "share"), [(1.0, 40.0, 0.93), (100.0, 1e4, 0.01)])
def test_errors_are_small_and_rarely_large(records: pl.DataFrame, least: float, most: float, share: float) -> None:
    inside = records["accuracy"].is_between(least, most).mean()
    assert share < inside < share + 0.06  # type: ignore[operator]
