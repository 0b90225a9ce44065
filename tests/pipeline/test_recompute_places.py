"""Visits, visitors and dwell by named places, from files to release: recomputed by plain Python; asked for again."""

import json
import re
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

import shoal
from shoal.design import Design
from shoal.engines import LocalEngine
from shoal.evaluate import evaluate
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.privacy.mechanism import ONE
from shoal.release.read import Release
from shoal.simulate import simulate
from shoal.sources import Tally, open_source
from shoal.statistics import Statistic
from shoal.trajectories import Stays
from tests.pipeline.recompute import Recomputed, Record, records_of
from tests.pipeline.test_recompute_catalogue import DAYS, Catalogue

BY = {"visits": ("place", "day"), "visitors": ("place",), "dwell": ("place", "class")}
Ring = list[tuple[float, float]]


class ByPlace:
    """Instead of the zone of a record its named place: a ray from west to east crosses the border an odd number of
    times. Of several the smallest id."""

    places: dict[str, Ring]

    def _zone(self, record: Record) -> str | None:
        lat, lon = round(record[1], 7), round(record[2], 7)
        near = [place for place, (x, y) in self.corners.items() if abs(y - lat) < 0.02 and abs(x - lon) < 0.02]  # 2 km
        return min((place for place in near if self._inside(self.places[place], lat, lon)), default=None)

    @cached_property
    def corners(self) -> dict[str, tuple[float, float]]:
        return {place: ring[0] for place, ring in self.places.items()}

    def _inside(self, ring: Ring, lat: float, lon: float) -> bool:
        crossed = False
        for (x1, y1), (x2, y2) in pairwise(ring):
            if (y1 > lat) != (y2 > lat) and lon < x1 + (lat - y1) * (x2 - x1) / (y2 - y1):
                crossed = not crossed
        return crossed


def places_of(city: Path) -> dict[str, Ring]:
    features = json.loads((city / "places.geojson").read_text())["features"]
    return {f["properties"]["id"]: [tuple(at) for at in f["geometry"]["coordinates"][0]] for f in features}


class PlacesByDay(ByPlace, Recomputed):
    """Its `visits`, of units of a day."""

    def __init__(self, city: Path) -> None:
        self.places = places_of(city)
        super().__init__(records_of(city), set(), 8, ZoneInfo("America/Mexico_City"), DAYS)


class PlacesOfWeek(ByPlace, Catalogue):
    """Its tables `visitors` and `dwell`."""

    def __init__(self, city: Path, unit_days: int) -> None:
        self.places = places_of(city)
        super().__init__(records_of(city), set(), unit_days)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city") / "city"
    simulate(folder, devices=200, days=7, seed=12, records_per_day=120)
    return folder


@pytest.fixture(scope="module")
def truth(city: Path) -> dict[str, Counter[tuple[object, ...]]]:
    """Sums by key, of units of a day: visits, visitors, dwell."""
    tables = PlacesOfWeek(city, unit_days=1).tables
    return {"visits": Counter(PlacesByDay(city).visits), "visitors": tables["visitors"], "dwell": tables["dwell"]}


def plan_for(city: Path, statistics: str, name: str = "by-place", epsilon: int = 1000, unit: str = "day") -> Plan:
    text = (city / "plan.toml").read_text()
    text = re.sub(r"epsilon = [\d.]+", f"epsilon = {epsilon}", text)
    text = re.sub(r'unit = "\w+"', f'unit = "{unit}"', text, count=1)
    text = re.sub(r"(?m)^# (?=\[places\]|file = \"places|id = \"id\"$|name = \"name\"$|category)", "", text)
    text = re.sub(r"(?m)^id = \"id\"\nname = \"name\"\n(?=# parent)", "", text)
    file = city / f"{name}.toml"
    file.write_text(text[: text.index("[statistics.")] + statistics)
    return Plan.load(file)


def wish(name: str, bound: float) -> str:
    return f"[statistics.{name}]\nby = {list(BY[name])}\nbound = {bound}\n"


def expected(truth: dict[str, Counter[tuple[object, ...]]], name: str, frame: pl.DataFrame) -> list[int]:
    """The recomputed sum of each row; every key that was met has a row."""
    rows = frame.select(BY[name]).rows()
    assert set(truth[name]) <= set(rows)
    return [truth[name][key] for key in rows]


def test_the_city_is_lively(truth: dict[str, Counter[tuple[object, ...]]]) -> None:
    """Else the comparisons below would compare nothing with nothing."""
    assert len(truth["visits"]) >= 60 and len(truth["visitors"]) >= 20 and len(truth["dwell"]) >= 40
    assert len({key[1] for key in truth["dwell"]}) >= 3


def sums_are_the_recomputed(city: Path, truth: dict[str, Counter[tuple[object, ...]]]) -> None:
    plan = plan_for(city, "".join(wish(name, 1000) for name in BY) + '[statistics.presence]\nby = ["zone", "hour"]\n')
    design = Design.of(plan)
    assert design.places is not None
    sums = LocalEngine().sums(design, open_source(plan, design.calendar, design.zones), Tally(), lambda *_: None)
    for statistic in design.statistics[:3]:
        frame = statistic.grid.frame(design.places.ids)
        found = open_sums(sums[statistic.name])
        assert found.tolist() == [v * ONE for v in expected(truth, statistic.name, frame)], statistic.name
        assert statistic.divisor == (7 if statistic.name == "visitors" else 1)


def test_the_engine_adds_up_the_very_same(city: Path, truth: dict[str, Counter[tuple[object, ...]]]) -> None:
    """Exact integers, before noise, with bounds that nothing reaches."""
    sums_are_the_recomputed(city, truth)


def test_a_stay_outside_every_place_counted_in_the_first_is_caught(
    city: Path, truth: dict[str, Counter[tuple[object, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seeded bug."""

    def where(_: Statistic, stays: Stays) -> np.ndarray:
        assert stays.place is not None
        return np.maximum(stays.place, 0).astype(np.int64)

    monkeypatch.setattr(Statistic, "where", where)
    with pytest.raises(AssertionError):
        sums_are_the_recomputed(city, truth)


def released(plan: Plan, folder: Path, tell: Callable[[str], None] = lambda _: None) -> Release:
    return shoal.release(plan, state=folder / "state", out=folder / "out", progress=lambda *_: None, tell=tell)


@pytest.mark.parametrize(("name", "bound"), [("visits", 3), ("visitors", 3), ("dwell", 3)])
def test_a_release_at_a_very_large_epsilon_says_the_truth(
    city: Path, truth: dict[str, Counter[tuple[object, ...]]], tmp_path: Path, name: str, bound: float
) -> None:
    release = released(plan_for(city, wish(name, bound)), tmp_path)
    frame = release[name].to_polars()
    divisor = 7 if name == "visitors" else 1
    exact = np.array(expected(truth, name, frame)) / divisor
    estimate, stderr = frame["estimate"].to_numpy(), frame["stderr"].to_numpy().max()
    assert 0 < stderr < 0.7 and exact.sum() > 10 * stderr
    assert np.abs(estimate - exact).max() <= 7.5 * stderr  # below 1e-6 for all rows together
    by_category = release[f"{name}.region"]
    assert set(by_category.zones.ids) >= {"market", "park", "school"}
    assert abs(by_category.to_polars()["estimate"].sum() - exact.sum()) <= 7.5 * stderr * len(exact) ** 0.5


class TestAskedAgain:
    """A release is known again by the places too, though the plan names a file and not what is in it."""

    def test_another_file_of_places_is_another_request(self, city: Path, tmp_path: Path) -> None:
        plan, told = plan_for(city, wish("visitors", 2), "again", epsilon=100), list[str]()
        first = released(plan, tmp_path)
        assert released(plan, tmp_path, told.append).id == first.id
        assert any("was released over these records before" in line for line in told)
        file = city / "places.geojson"
        whole = file.read_text()
        try:
            changed = json.loads(whole)
            changed["features"][0]["properties"]["category"] = "other"
            file.write_text(json.dumps(changed))
            told.clear()
            other = released(plan, tmp_path, told.append)
        finally:
            file.write_text(whole)
        assert other.id != first.id and not any("before" in line for line in told)
        one, two = first.manifest, other.manifest
        assert one.plan_sha256 == two.plan_sha256 and one.zones == two.zones
        assert one.places is not None and two.places is not None and one.places.sha256 != two.places.sha256

    def test_without_places_the_keys_are_as_before(self, city: Path) -> None:
        """A release that was paid for with an older version is found again."""
        from shoal.pipeline import _public_digests

        plan = Plan.load(city / "plan.toml")
        design = Design.of(plan)
        assert _public_digests(design) == (design.zones.digest,)
        assert "places" not in plan.public()


def test_evaluate_finds_the_truth_of_places(city: Path, tmp_path: Path) -> None:
    """Two-sided: the truth that the simulation wrote, and the same with every number shifted by far."""
    release = released(plan_for(city, "".join(wish(name, 3) for name in BY), unit="week"), tmp_path)
    found = {line.statistic: line for line in evaluate(release, city / "truth").lines}
    assert set(found) == {name + level for name in BY for level in ("", ".region", ".all")}
    for name in BY:
        rows = pl.read_parquet(city / "truth" / "places" / f"{name}.parquet")
        assert found[name].rows == rows.height and found[name].true == pytest.approx(rows["value"].sum())
        assert found[f"{name}.region"].true == pytest.approx(found[name].true)
        assert 0 < (found[name].ratio or 0) < 1, "phones miss stays, and invent few"
    off = tmp_path / "truth" / "places"
    off.mkdir(parents=True)
    for name in BY:
        table = pl.read_parquet(city / "truth" / "places" / f"{name}.parquet")
        table.with_columns(pl.col("value") + 1000).write_parquet(off / f"{name}.parquet")
    assert all(line.coverage == 0 for line in evaluate(release, tmp_path / "truth").lines)
