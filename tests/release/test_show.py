"""A release in the terminal and as JSON."""

import io
import json
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from shoal.errors import UsageError
from shoal.release.manifest import Manifest
from shoal.release.read import Release, open_release
from shoal.release.show import as_json, render
from tests.release import make


def shown(release: Release, statistic: str | None = None, top: int = 20) -> str:
    console = Console(file=io.StringIO(), width=150, color_system=None)
    console.print(render(release, statistic, top))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_summary(release: Release) -> None:
    text = shown(release)
    for part in ("2026-03-02-ride-app", "one device over one week", "epsilon 1,", "1,176", "origin × destination"):
        assert part in text
    assert "SYNTHETIC" not in text


def test_the_largest_rows_first(release: Release) -> None:
    text = shown(release, "visits", 3)
    largest = release["visits"].to_polars().sort("consistent", descending=True).row(0, named=True)
    lines = [line for line in text.splitlines() if "2026-03-0" in line]
    assert len(lines) == 3 and f"{largest['consistent']:,.0f}" in lines[0]
    assert f"{largest['lower']:,.0f} to {largest['upper']:,.0f}" in lines[0]
    assert "±" in lines[0] and "3 of 49 rows" in text and "District" in text


def test_rows_by_home_and_class(more: Release) -> None:
    text = shown(more, "distance", 7)
    lines = [line for line in text.splitlines() if " km " in line]
    assert len(lines) == 7 and "home" in text and "District" in text and "7 of 49 rows" in text
    assert "home × class" in shown(more)


def test_where_noise_is_more_than_the_total_the_largest_estimates_come_first(tmp_path: Path) -> None:
    zones = make.squares()
    manifest, tables = make.parts(make.plan_in(tmp_path, statistics={"catchment": ("home", "zone")}), zones, tmp_path)
    tables["catchment"] = tables["catchment"].with_columns(consistent=pl.lit(0.0))
    folder = make.written(tmp_path / "r", manifest=manifest, tables=tables, zones=zones)
    shown_ = [row["estimate"] for row in as_json(open_release(folder), "catchment", 5)["top"]]
    assert shown_ == tables["catchment"]["estimate"].sort(descending=True).to_list()[:5]


def test_json_says_the_same(release: Release) -> None:
    whole = json.loads(json.dumps(as_json(release)))
    assert [s["statistic"] for s in whole["statistics"]] == list(make.BY)
    part = json.loads(json.dumps(as_json(release, "presence", 2)))
    assert len(part["top"]) == 2 and part["rows"] == 1176
    values = release["presence"].to_polars()["consistent"].sort(descending=True).to_list()
    assert [row["consistent"] for row in part["top"]] == values[:2]
    assert part["top"][0]["hour"].endswith("-06:00")


def test_suppressed_rows_are_not_shown(tmp_path: Path) -> None:
    zones = make.squares()
    manifest, tables = make.parts(make.plan_in(tmp_path, statistics={"visits": ("zone",)}), zones, tmp_path)
    facts = manifest.statistics[0].model_copy(update={"suppression": "rows of small zones"})
    top = tables["visits"].sort("consistent")["zone"][-1]
    tables["visits"] = tables["visits"].with_columns(suppressed=pl.col("zone") == top)
    manifest = manifest.model_copy(update={"statistics": (facts,)})
    folder = make.written(tmp_path / "r", manifest=manifest, tables=tables, zones=zones)
    release = Release(folder, Manifest.parse((folder / "manifest.json").read_bytes()))  # no rule of ours: unverified
    rows = as_json(release, "visits", 10)["top"]
    assert len(rows) == 6 and top not in {row["zone"] for row in rows}
    assert "rows of small zones" in (folder / "README.md").read_text()


def test_control_characters_stay_out_of_the_terminal(tmp_path: Path) -> None:
    zones = make.squares(2)
    odd = make.Squares(zones.ids, ("\x1b[31mred", "[bold]x"), zones.parents, zones.shapes)
    folder = make.release_in(
        tmp_path / "r", make.plan_in(tmp_path, statistics={"visits": ("zone",)}, synthetic=True), odd
    )
    text = shown(open_release(folder), "visits")
    assert "\x1b" not in text and "[bold]x" in text and "SYNTHETIC" in text


def test_wrong_uses(release: Release) -> None:
    with pytest.raises(UsageError, match=r"--top must be at least 1, got 0"):
        render(release, "visits", 0)
    with pytest.raises(UsageError, match=r"the nearest is 'flows'"):
        as_json(release, "flow")
