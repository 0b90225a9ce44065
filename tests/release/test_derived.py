"""Shares, quantiles, density and people: what follows from published tables of a simulated city."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import shoal
from shoal.errors import DataError, UsageError
from shoal.release import Release
from shoal.release.derived import density, quantiles, read_census, scaled, shares
from shoal.simulate import simulate

WISHES = """
[statistics.residents]
[statistics.dwell]
[statistics.gyration]
[statistics.visits]
[statistics.flows]
max_km = 1
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    simulate(folder / "in", devices=3000, days=7, seed=3, records_per_day=100)
    plan = folder / "in" / "plan.toml"
    text = plan.read_text().split("[statistics.")[0].replace("epsilon = 1", "epsilon = 900", 1)
    plan.write_text(text + WISHES)
    return folder


@pytest.fixture(scope="module")
def release(city: Path) -> Release:
    return shoal.release(
        shoal.Plan.load(city / "in" / "plan.toml"),
        state=city / "state",
        out=city / "out",
        progress=lambda *_: None,
        tell=lambda _: None,
    )


def test_shares_of_classes_add_up_and_are_the_quotients(release: Release) -> None:
    table = release["dwell"].to_polars()
    found = shares(release["dwell"])
    assert found.columns == ["zone", "class", "value", "lower", "upper"]
    joined = table.join(found.rename({"lower": "low", "upper": "high"}), on=["zone", "class"])
    total = joined.with_columns(total=pl.col("estimate").sum().over("zone")).filter(pl.col("total") > 50)
    assert total.height > 60
    assert np.allclose(total["value"], total["estimate"] / total["total"])
    assert np.allclose(total.group_by("zone").agg(pl.col("value").sum())["value"], 1)
    assert (total["low"] < total["value"]).all() and (total["value"] < total["high"]).all()
    narrow = (total["high"] - total["low"]).to_numpy()
    noise = (total["stderr"] / total["total"]).to_numpy()
    assert (narrow >= 2 * noise * 0.9).all(), "at least the noise of the number itself"


def test_without_classes_each_place_is_a_share_of_its_time(release: Release) -> None:
    found = shares(release["visits"])
    assert np.allclose(found.group_by("day").agg(pl.col("value").sum())["value"], 1)


def test_medians_lie_in_their_class(release: Release) -> None:
    """With little noise the median's class is the one in which half of all are reached."""
    found = quantiles(release["gyration"])
    assert found.columns == ["home", "value", "lower", "upper"]
    table = release["gyration"].to_polars()
    counted = 0
    for home, value, low, high in found.iter_rows():
        counts = table.filter(pl.col("home") == home)["consistent"].to_numpy()
        if counts.sum() < 5 or not np.isfinite(high):
            continue
        reached = np.searchsorted(np.cumsum(counts), counts.sum() / 2)
        edges = [c.least for c in release["gyration"].facts.classes]
        assert edges[reached] - 1e-9 <= value <= edges[reached + 1] + 1e-9
        assert low <= value <= high
        counted += 1
    assert counted >= 5
    low, high = (quantiles(release["gyration"], share)["value"] for share in (0.2, 0.8))
    assert (low.drop_nulls() <= high.drop_nulls()).all()


def test_density_is_over_the_zones_area(release: Release) -> None:
    import h3

    found = density(release["residents"])
    table = release["residents"].to_polars()
    areas = np.array([h3.cell_area(zone, "km^2") for zone in table["zone"]])
    assert np.allclose(found["value"] * areas, table["estimate"], rtol=0.01, atol=1e-9)  # a sphere there, WGS 84 here
    assert np.allclose((found["upper"] - found["lower"]) * areas, table["upper"] - table["lower"], rtol=0.01)


def test_people_of_a_city_are_its_census(city: Path, release: Release) -> None:
    census = dict.fromkeys(release.places.ids, 100.0)
    found = scaled(release["residents"], census)
    assert found.columns == ["zone", "value", "lower", "upper", "panel"]
    panel = release["residents"].to_polars()["estimate"].sum()
    assert found["panel"].unique().to_list() == pytest.approx([panel])
    assert found["value"].sum() == pytest.approx(100 * len(census))
    assert (found["lower"] < found["value"]).all() and (found["value"] < found["upper"]).all()
    strata = scaled(release["residents"], census, by_parent=True)
    parent_of = dict(zip(release.places.ids, release.places.parents, strict=True))
    living = dict.fromkeys(release.places.parents, 0.0)
    for zone, estimate in release["residents"].to_polars().select("zone", "estimate").iter_rows():
        living[parent_of[zone]] += estimate
    assert len(living) > 3
    assert strata["panel"].to_list() == pytest.approx([living[parent_of[zone]] for zone in strata["zone"]])
    visits = scaled(release["visits"], census)
    factor = 100 * len(census) / panel
    assert np.allclose(visits["value"], release["visits"].to_polars()["estimate"] * factor)


def test_a_census_file(tmp_path: Path) -> None:
    file = tmp_path / "census.csv"
    file.write_text("zone,population\n0123,5\na,7.5\n")
    assert read_census(file) == {"0123": 5.0, "a": 7.5}
    for text in ("zone,people\na,1\n", "zone,population\na,1\na,2\n", "zone,population\na,many\n"):
        file.write_text(text)
        with pytest.raises(DataError, match=r"census\.csv"):
            read_census(file)
    with pytest.raises(DataError, match="can't be read"):
        read_census(tmp_path / "none.csv")


def test_what_can_not_be_derived_is_one_sentence(release: Release) -> None:
    with pytest.raises(UsageError, match="no classes"):
        quantiles(release["visits"])
    with pytest.raises(UsageError, match="between 0 and 1"):
        quantiles(release["dwell"], 1.0)
    with pytest.raises(UsageError, match="pairs of zones"):
        density(release["flows"])
    with pytest.raises(DataError, match="lacks"):
        scaled(release["visits"], {})
    with pytest.raises(DataError, match="negative"):
        scaled(release["visits"], dict.fromkeys(release.places.ids, -1.0))


def test_classes_keep_their_order_in_pandas(release: Release) -> None:
    frame = release["dwell"].to_pandas()
    assert frame["class"].cat.ordered
    assert frame["class"].iloc[:6].sort_values().tolist() == [c.label for c in release["dwell"].facts.classes]
    assert sorted(frame["class"].iloc[:6].astype(str)) != frame["class"].iloc[:6].tolist(), "not that of the alphabet"
