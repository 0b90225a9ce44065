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


def test_places_are_two_tables_away(week: Path, tmp_path: Path) -> None:
    """Without the signs of comments before its lines, the plan counts visitors by named places."""
    from shoal.design import Design
    from shoal.errors import PlanError
    from shoal.plan import Plan

    for name in ("places.geojson", "area.geojson"):
        (tmp_path / name).write_bytes((week / name).read_bytes())
    lines = (week / "plan.toml").read_text().splitlines()
    _uncomment(lines, "# [places]")
    (tmp_path / "half.toml").write_text("\n".join(lines))
    with pytest.raises(PlanError, match=r"\[places\]: no statistic is counted by them; name `place`"):
        Design.of(Plan.load(tmp_path / "half.toml"))
    _uncomment(lines, "# [statistics.visitors]")
    (tmp_path / "plan.toml").write_text("\n".join(lines))
    design = Design.of(Plan.load(tmp_path / "plan.toml"))
    assert design.statistics[-1].grid.keys == ("place",)
    assert design.places is not None and len(design.places) > 30
    assert "Market 3" in design.places.names and {"market", "station", "hospital"} < set(design.places.parents)
    assert Design.of(Plan.load(week / "plan.toml")).places is None


def _uncomment(lines: list[str], first: str) -> None:
    begin = next(n for n, line in enumerate(lines) if line.startswith(first))
    end = next((n for n in range(begin, len(lines)) if not lines[n]), len(lines))
    lines[begin:end] = [line.removeprefix("# ") for line in lines[begin:end]]


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
