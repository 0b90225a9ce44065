"""A release with statistics by named places: written, verified, spoilt, read, shown, exported, derived, drawn."""

import json
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import geopandas
import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from shoal.errors import DataError, UsageError
from shoal.release import _geoparquet, _store
from shoal.release.derived import derive
from shoal.release.exports import export
from shoal.release.manifest import Manifest
from shoal.release.overview import _panels, draw
from shoal.release.read import Release, open_release
from shoal.release.show import as_json, render
from shoal.release.verify import verify
from shoal.release.write import write
from tests.release import make
from tests.release.test_verify import Json, amend, failed, first, retable, stat

ONLY = {name: by for name, by in make.NAMED.items() if "place" in by}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("named")
    plan = make.plan_in(folder, statistics=make.NAMED)
    return open_release(make.release_in(folder / "releases", plan, places=make.named()))


@pytest.fixture
def spoilt(named: Release, tmp_path: Path) -> Path:
    return Path(shutil.copytree(named.folder, tmp_path / "copy"))


def shown(release: Release, statistic: str | None = None) -> str:
    page = StringIO()
    Console(file=page, width=200).print(render(release, statistic))
    return page.getvalue()


def test_places_stand_in_a_file_of_their_own(named: Release) -> None:
    frame = geopandas.read_parquet(named.folder / "places.parquet")
    assert list(frame.columns) == ["place", "name", "category", "geometry"] and frame.crs.to_epsg() == 4326
    assert frame["place"].to_list() == list(make.named().ids)
    assert json.loads(pq.read_schema(named.folder / "places.parquet").metadata[b"geo"])["primary_column"] == "geometry"
    found = named.named_places
    assert found is not None and found.equals(frame.astype(dict.fromkeys(("place", "name", "category"), "string")))
    assert found["category"].fillna("").to_list() == ["market", "market", "school", "school", ""]


def test_the_manifest_says_what_they_are(named: Release) -> None:
    facts = named.manifest.places
    assert facts is not None and facts.sha256 == make.named().digest
    assert (facts.count, facts.names, facts.categories) == (5, True, True)
    assert "places.parquet" in named.manifest.files


def test_releases_without_places_say_nothing_of_them(release: Release) -> None:
    """So that the manifests of older versions are still in canonical form."""
    assert release.manifest.places is None and release.named_places is None
    assert '"places"' not in (release.folder / "manifest.json").read_text()
    assert not (release.folder / "places.parquet").exists()
    assert Manifest.parse(release.manifest.to_bytes()) == release.manifest


def test_writing_other_places_than_the_manifest_names_is_refused(tmp_path: Path) -> None:
    plan = make.plan_in(tmp_path, statistics=make.NAMED)
    manifest, tables = make.parts(plan, make.squares(), tmp_path, places=make.named())
    for places in (None, make.named(4)):
        with pytest.raises(ValueError, match="other named places"):
            write(tmp_path / "r", manifest=manifest, tables=tables, zones=make.squares(), places=places)


def test_a_true_release_passes(named: Release) -> None:
    assert failed(named.folder) == ""


def lie_about(name: str, value: object) -> Callable[[Json], object]:
    return lambda m: m["places"].update({name: value})


LIES: dict[str, tuple[Callable[[Json], object], str, str]] = {
    "count": (lie_about("count", 6), "zones", "places.parquet holds 5 places, the manifest says 6"),
    "hash": (lie_about("sha256", "0" * 64), "zones", "the places are not those whose hash"),
    "names": (lie_about("names", False), "zones", "wrong about names or categories of places"),
    "categories": (lie_about("categories", False), "zones", "wrong about names or categories of places"),
    "no facts": (lambda m: m.pop("places"), "files", "says nothing of named places"),
    "null facts": (lambda m: m.update(places=None), "manifest", "canonical"),
    "not listed": (lambda m: m["files"].pop("places.parquet"), "files", "places.parquet is not listed"),
    "the plan has none": (lambda m: m["plan"].pop("places"), "plan", "places is not what the plan"),
    "the plan says zone": (
        lambda m: m["plan"]["statistics"]["visitors"].update(by=["zone"]),
        "plan",
        "statistics.visitors.place is not what the plan",
    ),
    "the plan leaves by open": (
        lambda m: m["plan"]["statistics"]["visitors"].update(by=None),
        "plan",
        "statistics.visitors.place is not what the plan",
    ),
    "keys by zone": (
        lambda m: stat(m, "visitors").update(keys=["zone"]),
        "plan",
        "statistics.visitors",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_lies_in_the_manifest(spoilt: Path, lie: str) -> None:
    change, check, reason = LIES[lie]
    amend(spoilt, change)
    found = first(spoilt)
    assert found.name == check and reason in found.reason


def rewrite(change: Callable[[make.Squares], make.Squares]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        data = _geoparquet.to_bytes(change(make.named()), _store.PLACE_COLUMNS)
        (folder / "places.parquet").write_bytes(data)
        amend(folder)

    return apply


def as_zones(folder: Path) -> None:
    (folder / "places.parquet").write_bytes(_geoparquet.to_bytes(make.named()))
    amend(folder)


def by_zone_ids(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("place").str.replace("p", "z0"))


HARM: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a place less": (rewrite(lambda _: make.named(4)), "zones", "holds 4 places, the manifest says 5"),
    "another category": (
        rewrite(lambda p: make.Squares(p.ids, p.names, ("park", *p.parents[1:]), p.shapes)),
        "zones",
        "not those whose hash",
    ),
    "columns of zones": (as_zones, "zones", "its columns must be place, name, category, geometry"),
    "gone": (lambda f: (f / "places.parquet").unlink(), "files", "places.parquet is missing"),
    "changed": (lambda f: (f / "places.parquet").write_bytes(b"x"), "files", "places.parquet was changed"),
    "ids of zones": (lambda f: retable(f, "visitors", by_zone_ids), "complete", "5 of 5 rows are missing"),
    "other order": (
        lambda f: retable(f, "dwell", lambda t: t.reverse()),
        "complete",
        "dwell: the rows are not in order",
    ),
    "two rows swapped": (
        lambda f: retable(f, "visits", lambda t: t.with_columns(place=pl.col("place").reverse())),
        "complete",
        "visits: the rows are not in order",
    ),
}


@pytest.mark.parametrize("harm", HARM)
def test_harm_to_places_and_their_tables(spoilt: Path, harm: str) -> None:
    apply, check, reason = HARM[harm]
    apply(spoilt)
    found = first(spoilt)
    assert found.name == check and reason in found.reason


def test_any_flipped_byte_of_the_places_is_found(spoilt: Path) -> None:
    file = spoilt / "places.parquet"
    data, dice = file.read_bytes(), Random(3)
    for _ in range(60):
        at = dice.randrange(len(data))
        file.write_bytes(data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :])
        assert failed(spoilt) == "files"
    for _ in range(60):  # a careful liar renews the hash of the file
        at = dice.randrange(len(data))
        file.write_bytes(data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :])
        amend(spoilt)
        assert all(o.reason.isprintable() for o in verify(spoilt))
    file.write_bytes(data)
    amend(spoilt)
    assert failed(spoilt) == ""


def test_a_table_by_place_has_the_places(named: Release) -> None:
    visits = named["visits"]
    assert visits.places == ("place",) and visits.zones.ids == make.named().ids
    assert visits.zones.parents == make.named().parents
    assert named["presence"].zones.ids == make.squares().ids
    frame = visits.to_geopandas()
    shapes = dict(zip(make.named().ids, make.named().shapes, strict=True))
    assert all(shape.equals(shapes[place]) for place, shape in zip(frame["place"], frame.geometry, strict=True))


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".geojson", ".arrow", ".xlsx"])
def test_export(named: Release, tmp_path: Path, ending: str) -> None:
    for name in ONLY:
        file = export(named, name, tmp_path / f"{name}{ending}")
        if ending == ".csv":
            assert pl.read_csv(file)["place"].to_list() == named[name].to_polars()["place"].to_list()
        elif ending in (".parquet", ".geojson"):
            frame = geopandas.read_parquet(file) if ending == ".parquet" else geopandas.read_file(file)
            assert len(frame) == len(named[name])
            assert frame.geometry.iloc[0].equals_exact(make.named().shapes[0], 1e-7) or ending == ".geojson"
            assert frame.geometry.iloc[0].area == pytest.approx(1e-6, rel=1e-3)


def test_show_names_places_and_their_categories(named: Release) -> None:
    page = shown(named, "visitors")
    assert "Market 0 <é> (p0), market" in page and "p1, market" in page and "Market 3 <é> (p3), school" in page
    assert "Market 4 <é> (p4) " in page, "without a category"
    assert "District" not in page
    assert "7 (polygons) and 5 named places" in shown(named)
    assert {row["place"] for row in as_json(named, "visitors")["top"]} == set(make.named().ids)


def test_show_is_as_before_without_places(release: Release) -> None:
    assert "named places" not in shown(release) and "District 1 <é> (z01)" in shown(release, "residents")


def test_the_readme_says_what_a_place_is(named: Release, release: Release) -> None:
    text = (named.folder / "README.md").read_text()
    assert "7 areas and 5 named places" in text and "`places.parquet` the named places" in text
    assert "- `place` is a named place of the plan." in text
    assert "Don't sum `visitors` over places or times: a device that stays in two places" in text
    other = (release.folder / "README.md").read_text()
    assert "named place" not in other and "`zones.parquet` holds the places." in other


class TestDerived:
    def test_shares_and_density(self, named: Release) -> None:
        shares = derive(named["visitors"], "shares")
        assert shares["value"].sum() == pytest.approx(1) and shares["place"].to_list() == list(make.named().ids)
        density = derive(named["visitors"], "density")
        km2 = 0.1107 * 0.1043  # of a thousandth of a degree by a thousandth, at 20.6 degrees north
        expected = named["visitors"].to_polars()["estimate"] / km2
        assert density["value"].to_numpy() == pytest.approx(expected.to_numpy(), rel=0.01)

    def test_the_median_of_dwell(self, named: Release) -> None:
        assert derive(named["dwell"], "quantile")["place"].to_list() == list(make.named().ids)

    def test_people_over_all_zones_only(self, named: Release, tmp_path: Path) -> None:
        census = tmp_path / "census.csv"
        census.write_text("zone,population\n" + "".join(f"{zone},100\n" for zone in make.squares().ids))
        found = derive(named["visitors"], "people", census=census)
        factor = 700 / named["residents"].to_polars()["estimate"].sum()
        expected = named["visitors"].to_polars()["estimate"] * factor
        assert found["value"].to_list() == pytest.approx(expected.to_list())
        with pytest.raises(UsageError, match="visitors is counted by named places, which have no parent"):
            derive(named["visitors"], "people", census=census, by_parent=True)
        assert derive(named["presence"], "people", census=census, by_parent=True).height == len(named["presence"])
        census.write_text("zone,population\np0,100\n")
        with pytest.raises(DataError, match="lacks 7 of 7 zones"):
            derive(named["visitors"], "people", census=census)

    def test_change_needs_the_same_places(self, tmp_path: Path) -> None:
        """And does not ask for the same zones, which play no part."""
        releases = {}
        for name, start, end, zones, places in [
            ("before", "2026-03-02", "2026-03-09", make.squares(6), make.named()),
            ("other", "2026-02-23", "2026-03-02", make.squares(), make.named(4)),
            ("now", "2026-03-09", "2026-03-16", make.squares(), make.named()),
        ]:
            plan = make.plan_in(tmp_path / name, statistics=make.NAMED, start=start, end=end)
            releases[name] = open_release(make.release_in(tmp_path / name / "r", plan, zones, places))
        found = releases["now"]["visitors"].change(releases["before"])
        assert found["baseline"].to_list() == releases["before"]["visitors"].to_polars()["estimate"].to_list()
        with pytest.raises(UsageError, match="has other named places than"):
            releases["now"]["visitors"].change(releases["other"])
        with pytest.raises(UsageError, match="has other zones than"):
            releases["now"]["presence"].change(releases["before"])


class TestOverview:
    def test_zones_first(self, named: Release) -> None:
        assert [panel.table.name for panel in _panels(named)] == ["presence", "residents"]

    @pytest.mark.parametrize("statistics", [ONLY, {"visitors": ("place",)}, {"presence": ("zone", "day"), **ONLY}])
    def test_places_are_drawn_at_their_own_values(self, tmp_path: Path, statistics: dict[str, tuple[str, ...]]) -> None:
        plan = make.plan_in(tmp_path, statistics=statistics)
        release = open_release(make.release_in(tmp_path / "r", plan, places=make.named()))
        panels: list[Any] = [panel for panel in _panels(release) if panel.table.name in ONLY]
        assert panels
        for panel in panels:
            assert panel.values.shape == (5,) and not np.isnan(panel.values).any()
        assert draw(release).startswith(b"\x89PNG")
