"""Pairs measured top-down, published: read, verified, shown, evaluated; lies about the ends are found."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shoal.errors import DataError
from shoal.evaluate import evaluate
from shoal.keys import pair_places
from shoal.release import show
from shoal.release.exports import export
from shoal.release.manifest import Manifest
from shoal.release.overview import overview
from shoal.release.read import Release, open_release
from shoal.release.verify import verify
from tests.cli.shell import shoal
from tests.release import make, top_down
from tests.release.test_verify import Json, amend, failed, retable, stat

IDS = make.squares().ids
BUSY = tuple(IDS[zone] for zone in top_down.BUSY)


@pytest.fixture(scope="module", params=[None, "1.5"], ids=["all", "within 1.5 km"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return top_down.release_in(tmp_path_factory.mktemp("top-down"), request.param)


@pytest.fixture
def spoilt(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copy"))


@pytest.fixture(scope="module")
def release(made: Path) -> Release:
    return open_release(made)


def test_it_verifies_and_reads(made: Path, release: Release) -> None:
    assert all(outcome.passed for outcome in verify(made))
    assert release.statistics == ("flows",)
    assert release.tables == ("flows", "flows.origin", "flows.destination")
    flows, origin = release["flows"], release["flows.origin"]
    assert flows.facts.ends == (BUSY, BUSY)
    rows = flows.to_polars()
    assert rows["origin"].is_in(BUSY).all() and rows["destination"].is_in(BUSY).all()
    assert flows.sheet.frame().equals(rows.select(flows.keys))
    if flows.facts.max_km is None:
        assert rows.height == 9 * 5
    assert origin.keys == ("origin", "daypart") and origin.to_polars()["origin"].unique().sort().to_list() == list(IDS)
    assert origin.zones is release.places and origin.facts.is_end and not flows.facts.is_end


def test_what_is_not_there_is_not_written(release: Release) -> None:
    """Older manifests stay canonical: `ends` is only where pairs were selected."""
    tables = json.loads(release.manifest.to_bytes())
    assert "ends" in stat(tables, "flows") and "ends" not in stat(tables, "flows.origin")
    assert Manifest.parse(release.manifest.to_bytes()) == release.manifest


def without_an_end(m: Json) -> None:
    del m["statistics"][1]
    m["files"].pop("tables/flows.origin.parquet")


LIES: dict[str, tuple[str, Callable[[Json], object]]] = {
    "an end less": ("complete", lambda m: stat(m, "flows")["ends"][0].pop()),
    "an end more": ("complete", lambda m: stat(m, "flows")["ends"][1].insert(0, IDS[0])),
    "other ends, as many": ("complete", lambda m: stat(m, "flows").update(ends=[[*BUSY[:2], IDS[6]], list(BUSY)])),
    "ends not in order": ("complete", lambda m: stat(m, "flows")["ends"][0].reverse()),
    "unknown ends": ("complete", lambda m: stat(m, "flows").update(ends=[["x"], ["y"]])),
    "no ends": ("complete", lambda m: stat(m, "flows").pop("ends")),
    "all pairs": ("complete", lambda m: stat(m, "flows").update(pairs="all")),
    "an end of another name": ("files", lambda m: m["statistics"][1].update(statistic="flows.home")),
    "an end of other keys": ("tables", lambda m: m["statistics"][1].update(keys=["destination", "daypart"])),
}


@pytest.mark.parametrize("lie", LIES)
def test_lies_about_the_ends_are_found(spoilt: Path, lie: str) -> None:
    check, change = LIES[lie]
    amend(spoilt, change)
    assert failed(spoilt) in (check, "plan")


def test_ends_without_their_table_are_found(spoilt: Path) -> None:
    (spoilt / "tables/flows.origin.parquet").unlink()
    amend(spoilt, without_an_end)
    assert failed(spoilt) == "complete"


def test_ends_that_do_not_follow_from_the_published_totals_are_found(spoilt: Path) -> None:
    """The seeded fault of a publisher that looked at exact totals: a pair with a row, whose end does not stand out."""

    def lowered(frame: pl.DataFrame) -> pl.DataFrame:
        away = pl.when(pl.col("origin") == BUSY[0]).then(10_000.0).otherwise(0.0)
        return frame.with_columns(pl.col("estimate", "lower", "upper") - away)

    retable(spoilt, "flows.origin", lowered)
    assert failed(spoilt) == "complete"


def test_a_row_of_another_pair_is_found(spoilt: Path) -> None:
    retable(spoilt, "flows", lambda frame: frame.with_columns(origin=frame["origin"].replace({BUSY[0]: IDS[0]})))
    assert failed(spoilt) == "complete"


def test_evaluate_says_what_the_rows_hold_and_adds_the_truth_up(release: Release, tmp_path: Path) -> None:
    found = evaluate(release, top_down.truth_in(tmp_path / "truth"))
    pairs, origin, destination = found.lines
    near = release["flows"].facts.max_km is not None
    places = pair_places(release.places.centres, 1.5 if near else None)
    every = top_down.truth(7)[places[:, 0], places[:, 1]].sum()
    assert origin.true == pytest.approx(every) and destination.true == pytest.approx(every)
    assert pairs.true == 100 * release["flows"].facts.cells
    assert pairs.in_rows == pytest.approx(pairs.true / every)
    assert 0 < pairs.true / every < 1
    assert origin.in_rows is None
    for line in found.lines:  # noise alone
        assert line.coverage is not None and line.coverage > 0.75
        assert abs(line.published - line.true) < 6 * line.half_width / 1.96 * line.rows**0.5
    assert found.as_json()["statistics"][0]["in_rows"] == pairs.in_rows


def test_a_truth_that_lacks_an_end_is_refused(release: Release, tmp_path: Path) -> None:
    folder = top_down.truth_in(tmp_path / "truth")
    frame = pl.read_parquet(folder / "flows.parquet")
    frame.filter(pl.col("origin") != IDS[0]).write_parquet(folder / "flows.parquet")
    with pytest.raises(DataError, match="no row for 5 of the release's 35"):
        evaluate(release, folder)


def test_what_stands_out(made: Path, release: Release) -> None:
    rows = release["flows"].standing_out()
    assert rows.height == release["flows"].facts.cells  # 100 trips at a noise of 5
    assert rows["estimate"].to_list() == sorted(rows["estimate"], reverse=True)
    ends = release["flows.origin"].standing_out(0.05)
    assert set(BUSY) <= set(ends["origin"])
    assert ends.columns == release["flows.origin"].to_polars().columns
    printed = shoal("derive", str(made), "flows", "standing-out").out.splitlines()
    assert len(printed) == 1 + rows.height


@pytest.mark.parametrize("table", ["flows", "flows.origin"])
def test_it_is_shown_and_handed_on(release: Release, tmp_path: Path, table: str) -> None:
    assert show.as_json(release, table, 3)
    export(release, table, tmp_path / "a.csv")
    export(release, table, tmp_path / "a.parquet")
    assert (release[table].shares()["value"].drop_nulls().to_numpy() > -np.inf).all()
    assert release[table].to_geopandas().crs == "EPSG:4326"
    overview(release, tmp_path / "a.png")


def test_the_readme_says_what_accounts_for_the_other_pairs(made: Path) -> None:
    text = (made / "README.md").read_text()
    assert "Every other pair is accounted for in the totals of its two zones" in text
    assert "not given back" in text


def test_change_is_of_pairs_that_were_measured_before(release: Release, tmp_path: Path) -> None:
    limit = None if release["flows"].facts.max_km is None else "1.5"
    earlier = open_release(top_down.release_in(tmp_path, limit, ("2026-02-23", "2026-03-02")))
    found = release["flows"].change(earlier)
    assert found.height == release["flows"].facts.cells and found["baseline"].null_count() == 0
    fewer = earlier["flows"].to_polars().filter(pl.col("origin") != BUSY[0])
    (earlier.folder / "tables" / "flows.parquet").unlink()
    fewer.write_parquet(earlier.folder / "tables" / "flows.parquet")
    less = release["flows"].change(earlier)
    assert 0 < less.height < found.height and BUSY[0] not in less["origin"]
