"""Six statistics more, from files to release: recomputed by plain Python that shares no code with Shoal."""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import sqrt
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

import shoal
from shoal.design import Design
from shoal.engines import LocalEngine
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.privacy.mechanism import ONE
from shoal.simulate import simulate
from shoal.sources import Tally, open_source
from tests.pipeline.recompute import GAP, SPEED, Recomputed, Record, metres, records_of

ZONE_INFO = ZoneInfo("America/Mexico_City")
DAYS = [date(2026, 3, 2) + timedelta(days=i) for i in range(7)]
KEYS = {
    "visitors": ("zone",),
    "dwell": ("zone", "class"),
    "catchment": ("home", "zone"),
    "distance": ("home", "class"),
    "gyration": ("home", "class"),
    "stay_home": ("home", "day"),
}
MEANS = ("visitors", "catchment", "gyration")
"""Published as means over the units."""


MINUTES = (0, 30, 60, 120, 240, 480)
KILOMETRES = (0, 1, 2, 5, 10, 20, 50)


def label(value: float, edges: Sequence[int], unit: str) -> str:
    number = bisect_right(edges, value) - 1
    return f"{edges[number]}+ {unit}" if number == len(edges) - 1 else f"{edges[number]}-{edges[number + 1]} {unit}"


def length(value: float) -> str:
    return label(value / 1000, KILOMETRES, "km")


class Catalogue(Recomputed):
    """The six by units of `unit_days`: tables of key -> sum over rows. For days of 24 hours."""

    def __init__(self, records: str, zones: set[str], unit_days: int) -> None:
        self.zones, self.resolution, self.tz, self.unit_days = zones, 8, ZONE_INFO, unit_days
        self.tables: dict[str, Counter[tuple[object, ...]]] = {name: Counter() for name in KEYS}
        start, end = self._instant(DAYS[0]), self._instant(DAYS[-1] + timedelta(days=1))
        frame = pl.read_parquet(records).filter(pl.col("accuracy") <= 200)
        frame = frame.with_columns(pl.col("time").dt.epoch("s").alias("second"))
        frame = frame.filter((pl.col("second") >= start) & (pl.col("second") < end))
        unit = unit_days * 86_400
        for _, own in frame.group_by(["device"]):
            rows: defaultdict[int, list[Record]] = defaultdict(list)
            for record in own.select("second", "lat", "lon").iter_rows():
                rows[(record[0] - start) // unit].append(record)
            for number, found in rows.items():  # one device over one unit is a row of its own
                self._row(sorted(found), start + number * unit, start + (number + 1) * unit)

    def _day(self, instant: int) -> date:
        return datetime.fromtimestamp(instant, self.tz).date()

    def _row(self, found: list[Record], unit_start: int, unit_end: int) -> None:
        kept: list[Record] = []
        for r in found:  # of records of one second the first counts; none is faster than can be
            if not kept or (r[0] > kept[-1][0] and metres(kept[-1], r) <= SPEED * (r[0] - kept[-1][0])):
                kept.append(r)
        zones = [self._zone(r) for r in kept]
        spans = self._spans([r[0] for r in kept], unit_start, unit_end)
        stays = self._stays(kept, spans, zones)
        nights: Counter[str] = Counter()
        seen: set[date] = set()
        for _, _, begin, finish, zone in stays:
            for a, b in self._hours(begin, finish):
                seen.add(self._day(a))
                if zone is not None and not 7 <= datetime.fromtimestamp(a, self.tz).hour < 22:
                    nights[zone] += b - a
            if zone is not None:
                self.tables["dwell"][zone, label((finish - begin) / 60, MINUTES, "min")] += 1
        visited = {zone for *_, zone in stays if zone is not None}
        self.tables["visitors"].update((zone,) for zone in visited)
        home, time = min(nights.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        if time < 3 * 3600:
            return
        self.tables["catchment"].update((home, zone) for zone in visited)
        ways: defaultdict[date, int] = defaultdict(int)
        for (_, last, _, leaves, _), (head, *_) in pairwise(stays):
            if max(b[0] - a[0] for a, b in zip(kept[last:head], kept[last + 1 : head + 1], strict=True)) <= GAP:
                before = next(stay[0] for stay in stays if stay[1] == last)
                ways[self._day(leaves)] += int(metres(kept[before], kept[head]))
        self.tables["stay_home"].update((home, day) for day in seen - set(ways))
        self.tables["distance"].update((home, length(ways.get(day, 0))) for day in seen | set(ways))
        seconds = [finish - begin for _, _, begin, finish, _ in stays]

        def mean(values: list[float]) -> float:
            return sum(v * s for v, s in zip(values, seconds, strict=True)) / sum(seconds)

        at = [kept[head] for head, *_ in stays]
        centre = (0, mean([r[1] for r in at]), mean([r[2] for r in at]))
        radius = sqrt(mean([metres(r, centre) ** 2 for r in at]))
        self.tables["gyration"][home, length(radius)] += 1


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city") / "city"
    simulate(folder, devices=120, days=7, seed=11, records_per_day=100)
    return folder


@pytest.fixture(scope="module", params=[1, 7], ids=["units of a day", "units of a week"])
def truth(city: Path, request: pytest.FixtureRequest) -> Catalogue:
    zones = set(Design.of(Plan.load(city / "plan.toml")).zones.ids)
    return Catalogue(records_of(city), zones, request.param)


def plan_for(city: Path, unit_days: int, statistics: str) -> Plan:
    text = (city / "plan.toml").read_text()
    text = re.sub(r"epsilon = [\d.]+", "epsilon = 1000", text)
    text = re.sub(r'unit = "\w+"', f'unit = "{"week" if unit_days == 7 else "day"}"', text, count=1)
    file = city / f"plan-{abs(hash((unit_days, statistics)))}.toml"
    file.write_text(text[: text.index("[statistics.")] + statistics)
    plan = Plan.load(file)
    assert len(plan.period.unit_starts()) == 7 // unit_days
    return plan


def wish(name: str, bound: float) -> str:
    return f"[statistics.{name}]\nby = {list(KEYS[name])}\nbound = {bound}\n"


def expected(truth: Catalogue, name: str, frame: pl.DataFrame) -> list[int]:
    """The recomputed sum of each row; every key that was met has a row."""
    rows = frame.select(KEYS[name]).rows()
    assert set(truth.tables[name]) <= set(rows)
    return [truth.tables[name][key] for key in rows]


def test_the_city_is_lively(truth: Catalogue) -> None:
    """Else the comparisons below would compare nothing with nothing."""
    least = {"visitors": 100, "dwell": 200, "catchment": 100, "distance": 50, "gyration": 40, "stay_home": 25}
    for name, keys in least.items():
        assert len(truth.tables[name]) >= keys, name
    for name, classes in {"dwell": 4, "distance": 3, "gyration": 3}.items():
        assert len({key[1] for key in truth.tables[name]}) >= classes, name


def test_the_engine_adds_up_the_very_same(city: Path, truth: Catalogue) -> None:
    """Exact integers, before noise, with bounds that nothing reaches."""
    plan = plan_for(city, truth.unit_days, "".join(wish(name, 1 if name == "gyration" else 1000) for name in KEYS))
    design = Design.of(plan)
    sums = LocalEngine().sums(design, open_source(plan, design.calendar, design.zones), Tally(), lambda *_: None)
    for statistic in design.statistics:
        frame = statistic.grid.frame(design.zones.ids)
        found = open_sums(sums[statistic.name])
        assert found.tolist() == [v * ONE for v in expected(truth, statistic.name, frame)], statistic.name
        assert statistic.divisor == (7 // truth.unit_days if statistic.name in MEANS else 1)


BOUNDS = {"visitors": 6, "dwell": 20, "catchment": 6, "distance": 7, "gyration": 1, "stay_home": 2.7}
"""Above what the people of this city reach, and low enough for little noise."""


@pytest.mark.parametrize("name", KEYS)
def test_a_release_at_a_very_large_epsilon_says_the_truth(
    city: Path, truth: Catalogue, tmp_path: Path, name: str
) -> None:
    plan = plan_for(city, truth.unit_days, wish(name, BOUNDS[name]))
    release = shoal.release(plan, state=tmp_path / "state", out=tmp_path / "out", progress=lambda *_: None)
    frame = release[name].to_polars()
    divisor = 7 // truth.unit_days if name in MEANS else 1
    exact = np.array(expected(truth, name, frame)) / divisor
    estimate, stderr = frame["estimate"].to_numpy(), frame["stderr"][0]
    assert 0 < stderr < 0.75 and exact.sum() > 10 * stderr
    assert np.abs(estimate - exact).max() <= 7.5 * stderr  # below 1e-6 for all rows together
    there = exact > 0  # a systematic loss too small for single rows would show here
    assert abs((exact[there] - estimate[there]).sum()) <= 7.5 * stderr * there.sum() ** 0.5
