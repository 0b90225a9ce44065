"""The plan: what the interface page asks for, and its unit of privacy."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

from shoal.simulate.plan_text import plan_text


def plan(start: date, days: int) -> dict[str, dict[str, object]]:
    return tomllib.loads(plan_text(start=start, days=days, seed=1, devices=10, records_per_day=100.0, resolution=8))


def test_plan_of_the_week(week: Path) -> None:
    got = tomllib.loads((week / "plan.toml").read_text())
    columns = {"device": "device", "time": "time", "lat": "lat", "lon": "lon", "accuracy": "accuracy"}
    assert got["source"].items() >= {"kind": "points", "synthetic": True, "columns": columns}.items()
    assert got["source"]["files"] == ["records/*.parquet"]
    assert set(got["source"]["basis"]) == {"controller", "legal_basis", "purpose"}
    assert got["zones"] == {"kind": "h3", "resolution": 8, "area": "area.geojson"}
    assert got["period"] == {"start": date(2026, 3, 2), "end": date(2026, 3, 9), "unit": "week"}
    assert got["privacy"] == {"epsilon": 1.0, "delta": 1e-8}
    shares = {name: each["share"] for name, each in got["statistics"].items()}
    assert shares == {"presence": 4, "visits": 2, "flows": 4, "residents": 1}
    assert got["statistics"]["flows"]["max_km"] == 12


def test_it_is_a_plan(week: Path) -> None:
    from shoal.plan import Plan

    assert Plan.load(week / "plan.toml").period.unit == "week"


def test_places_are_one_table_away(week: Path, tmp_path: Path) -> None:
    """Without the signs of comments before its lines, the table is part of a plan that can be used."""
    from shoal.plan import Plan
    from shoal.zones import load_places

    lines = (week / "plan.toml").read_text().splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("# [places]"))
    end = lines.index("", begin)
    lines[begin:end] = [line.removeprefix("# ") for line in lines[begin:end]]
    (tmp_path / "plan.toml").write_text("\n".join(lines))
    for name in ("places.geojson", "area.geojson"):
        (tmp_path / name).write_bytes((week / name).read_bytes())
    places = load_places(Plan.load(tmp_path / "plan.toml"))
    assert places is not None and len(places) > 30
    assert "Market 3" in places.names and {"market", "station", "hospital"} < set(places.parents)
    assert load_places(Plan.load(week / "plan.toml")) is None


@pytest.mark.parametrize(
    ("start", "days", "unit"),
    [
        (date(2026, 3, 2), 7, "week"),
        (date(2026, 3, 2), 14, "week"),
        (date(2026, 3, 2), 6, "day"),
        (date(2026, 3, 3), 7, "day"),
    ],
)
def test_unit_is_the_week_only_for_whole_weeks(start: date, days: int, unit: str) -> None:
    assert plan(start, days)["period"]["unit"] == unit
