"""Tables by region, over all and by area: read back, verified, and caught where they lie."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import shapely

import shoal
from shoal.errors import UsageError
from shoal.release import Release
from shoal.release.exports import export
from shoal.release.show import as_json
from shoal.simulate import simulate
from tests.release.test_verify import amend, failed, first, retable, stat

WISHES = """
[statistics.visits]
[statistics.presence]
by = ["zone", "daypart"]
resolution = "auto"
target = 0.3
[statistics.residents]
resolution = "auto"
[statistics.flows]
max_km = 2
"""


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("city")
    simulate(folder / "in", devices=1500, days=7, seed=5, records_per_day=60)
    plan = folder / "in" / "plan.toml"
    plan.write_text(plan.read_text().split("[statistics.")[0].replace("epsilon = 1", "epsilon = 60", 1) + WISHES)
    silent: dict[str, Any] = {"progress": lambda *_: None, "tell": lambda _: None}
    return shoal.release(shoal.Plan.load(plan), state=folder / "state", out=folder / "out", **silent)


@pytest.fixture
def spoilt(release: Release, tmp_path: Path) -> Path:
    return Path(shutil.copytree(release.folder, tmp_path / release.id))


def area(frame: Any) -> float:
    """In square degrees, which is enough to compare."""
    return float(shapely.area(frame.geometry.to_numpy()).sum())


def test_every_statistic_has_its_sums_by_region_and_over_all(release: Release) -> None:
    assert release.statistics == ("visits", "presence", "residents", "flows")
    assert set(release.tables) >= {
        f"{name}{level}" for name in ("visits", "flows") for level in ("", ".region", ".all")
    }
    fine, regions, whole = (release[name].to_polars() for name in ("visits", "visits.region", "visits.all"))
    assert regions["zone"].n_unique() == len(release["visits.region"].zones) > 3
    by_day = fine.group_by("day", maintain_order=True).agg(pl.col("consistent").sum())["consistent"].to_list()
    assert by_day == whole["consistent"].to_list()
    assert (
        by_day == regions.group_by("day", maintain_order=True).agg(pl.col("consistent").sum())["consistent"].to_list()
    )


def test_a_region_looks_like_its_zones(release: Release) -> None:
    regions = release["visits.region"].to_geopandas()
    assert area(regions) == pytest.approx(7 * area(release.zones), rel=1e-6)
    assert len(release["visits.all"].zones) == 1
    assert as_json(release, "visits.region", 3)["rows"] == len(regions)


def test_areas_hold_every_zone_once(release: Release) -> None:
    table = release["presence"]
    areas = table.facts.areas
    assert areas is not None
    merged = [zone for area in areas for zone in area.zones]
    rows = set(table.to_polars()["zone"])
    assert len(merged) == len(set(merged)) and not set(merged) & rows
    assert set(merged) | (rows - {a.area for a in areas}) == set(release.places.ids)
    assert 1 < len(rows) < len(release.places)
    assert table.zones.ids == tuple(sorted(rows))


def test_areas_are_as_fine_as_the_target_allows(release: Release) -> None:
    frame = release["presence"].to_polars()
    mean = frame.group_by("zone").agg(
        half=((pl.col("upper") - pl.col("estimate")) ** 2).mean().sqrt(), estimate=pl.col("estimate").mean()
    )
    reached = mean.filter(pl.col("half") <= 0.3 * pl.col("estimate") * (1 + 1e-9))
    # the last area takes what is left, whether it reaches the target or not
    assert mean.height - reached.height <= 1


def test_areas_are_exported_with_their_shapes(release: Release, tmp_path: Path) -> None:
    import geopandas as gpd

    found = gpd.read_parquet(export(release, "residents", tmp_path / "a.parquet"))
    assert area(found) == pytest.approx(area(release.zones), rel=1e-6)


def test_what_needs_single_zones_refuses_areas(release: Release) -> None:
    census = dict.fromkeys(release.places.ids, 100.0)
    with pytest.raises(UsageError, match="residents were merged"):
        release["visits"].scaled(census)
    with pytest.raises(UsageError, match="is a sum over zones"):
        release["visits.region"].scaled(census)


def test_the_words_of_a_release_say_so(release: Release) -> None:
    text = (release.folder / "README.md").read_text()
    assert "zones that are too small were merged" in text and "sum over the zones of a region" in text


HARM: dict[str, tuple[str, Callable[[pl.DataFrame], pl.DataFrame], str]] = {
    "a region's total": ("visits.region", lambda t: t.with_columns(pl.col("consistent") + 1), "adding up"),
    "a zone's whole number": (
        "visits",
        lambda t: t.with_columns(consistent=pl.col("consistent") + pl.int_range(pl.len()).eq(5)),
        "adding up",
    ),
    "less error than noise": ("visits", lambda t: t.with_columns(pl.col("stderr") * 0.4), "numbers"),
    "a narrower interval": (
        "visits",
        lambda t: t.with_columns(
            lower=pl.col("estimate") - pl.col("stderr"), upper=pl.col("estimate") + pl.col("stderr")
        ),
        "numbers",
    ),
    "an interval beside its estimate": (
        "visits.region",
        lambda t: t.with_columns(lower=pl.col("lower") + 0.2 * pl.col("stderr")),
        "numbers",
    ),
    "a region that is none": (
        "visits.region",
        lambda t: t.with_columns(pl.col("zone").str.replace("^86", "85")),
        "complete",
    ),
    "an area turned into another": ("presence", lambda t: t.with_columns(pl.col("zone").reverse()), "complete"),
}


@pytest.mark.parametrize("harm", HARM)
def test_harm_to_a_table(spoilt: Path, harm: str) -> None:
    name, change, check = HARM[harm]
    assert failed(spoilt) == ""
    retable(spoilt, name, change)
    assert failed(spoilt) == check, first(spoilt)


def of_area(change: Callable[[list[dict[str, Any]]], None]) -> Callable[[dict[str, Any]], None]:
    return lambda m: change(stat(m, "presence")["areas"])


def leave_out(areas: list[dict[str, Any]]) -> None:
    areas[0]["zones"] = areas[0]["zones"][1:]


def put_twice(areas: list[dict[str, Any]]) -> None:
    areas[-1]["zones"] = [*areas[-1]["zones"], areas[0]["zones"][0]]


def invent(areas: list[dict[str, Any]]) -> None:
    areas[0]["zones"][0] = "88ffffffffffff"


def name_as_a_zone(areas: list[dict[str, Any]]) -> None:
    areas[0]["area"] = areas[0]["zones"][0]


LIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "a zone of an area left out": of_area(leave_out),
    "a zone in two areas": of_area(put_twice),
    "a zone that does not exist": of_area(invent),
    "an area called like a zone": of_area(name_as_a_zone),
    "a level without its statistic": lambda m: stat(m, "visits.region").update(keys=["zone"]),
    "another usual width": lambda m: stat(m, "visits").update(width=1.0),
}


@pytest.mark.parametrize("lie", LIES)
def test_lies_in_the_manifest(spoilt: Path, lie: str) -> None:
    amend(spoilt, LIES[lie])
    assert failed(spoilt) != "", lie


def test_levels_are_paid_for(spoilt: Path) -> None:
    """A level that is measured and not charged is what the whole budget check is for."""
    amend(spoilt, lambda m: stat(m, "visits.region").update(rho="1/1000000000"))
    assert failed(spoilt) == "budget"


def test_sums_know_their_parts(release: Release) -> None:
    sheet = release["flows.region"].sheet
    ones = np.ones(sheet.fine.cells)
    assert sheet.add_up(ones).sum() == sheet.fine.cells
    assert release["visits"].sheet.add_up(np.arange(len(release["visits"]), dtype=np.float64))[7] == 7
