"""locations.csv and flows.csv, read by the rules of Flowmap Blue: its columns, numbers and ways to write a time."""

import io
import zipfile
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from shoal.errors import UsageError
from shoal.release.exports import export
from shoal.release.read import Release, open_release
from tests.release import make


def parts(file: Path) -> dict[str, pd.DataFrame]:
    with zipfile.ZipFile(file) as folder:
        return {n: pd.read_csv(io.BytesIO(folder.read(n))) for n in folder.namelist() if n.endswith(".csv")}


def test_locations_and_flows(more: Release, tmp_path: Path) -> None:
    file = export(more, "catchment", tmp_path / "t.flowmap.zip")
    found, table = parts(file), more["catchment"].to_polars()
    assert list(found) == ["locations.csv", "flows.csv"]
    places = found["locations.csv"]
    assert list(places.columns) == ["id", "name", "lat", "lon"] and places["id"].tolist() == list(more.places.ids)
    assert places["name"][0] == "District 0 <é>" and places["name"][2] == "z02"
    assert places[["lat", "lon"]].to_numpy() == pytest.approx(more.places.centres)
    flows = found["flows.csv"]
    assert list(flows.columns) == ["origin", "dest", "count", "lower", "upper"]
    assert flows["count"].tolist() == table["consistent"].to_list() and (flows["count"] >= 0).all()
    assert flows["origin"].tolist() == table["home"].to_list() and set(flows["dest"]) <= set(places["id"])
    with zipfile.ZipFile(file) as folder:
        assert "one device over one week" in folder.read("README.txt").decode()


def test_suppressed_pairs_are_listed_and_not_zero(withheld: Release, tmp_path: Path) -> None:
    found = parts(export(withheld, "flows", tmp_path / "t.flowmap.zip"))
    flows, gone = found["flows.csv"], found["suppressed.csv"]
    assert flows["count"].notna().all() and not (flows[["origin", "dest"]] == "z03").any(axis=None)
    assert (gone[["origin", "dest"]] == "z03").any(axis=1).all()
    assert len(flows) + len(gone) == len(withheld["flows"])
    assert list(gone.columns) == ["origin", "dest", "time"]
    assert datetime.strptime(flows["time"][1], "%Y-%m-%d").day == 3


def test_hours_in_its_way(tmp_path: Path) -> None:
    plan = make.plan_in(tmp_path, statistics={"flows": ("origin", "destination", "hour")}, end="2026-03-03", unit="day")
    release = open_release(make.release_in(tmp_path / "r", plan, make.squares(2)))
    flows = parts(export(release, "flows", tmp_path / "t.flowmap.zip"))["flows.csv"]
    assert flows["time"][:2].tolist() == ["2026-03-02 00:00", "2026-03-02 01:00"]


def test_what_is_no_flow_map(release: Release, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"visits has no pairs of zones"):
        export(release, "visits", tmp_path / "t.flowmap.zip")
    with pytest.raises(UsageError, match=r"flows is by daypart, which a flow map can't show"):
        export(release, "flows", tmp_path / "t.flowmap.zip")
    assert list(tmp_path.iterdir()) == []
