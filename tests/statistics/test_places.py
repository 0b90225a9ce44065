"""Visits, visitors and dwell by named places: what is counted, what is refused, what the coarser levels are."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from shoal.design import Design
from shoal.errors import PlanError
from shoal.plan import Plan
from shoal.privacy.contributions import Contributions
from shoal.privacy.mechanism import ONE
from shoal.statistics import STATISTICS, Statistic
from shoal.trajectories import Stays, Trajectories, Trips
from shoal.zones import load_places
from tests.contracts.hostile import END, MIDNIGHT, PLAN_TEXT, START

PLACES = '[places]\nfile = "p.geojson"\ncategory = "kind"\n'
BY = {"visits": ["place", "day"], "visitors": ["place", "day"], "dwell": ["place", "class"]}
MINUTES = (0, 30, 60, 120, 240, 480)
KINDS: list[str | None] = ["market", "market", "school", None, "market", "school"]


def plan_of(folder: Path, statistics: str, places: str = PLACES, kinds: list[str | None] = KINDS) -> Plan:
    boxes = [shapely.box(16.2 + i / 100, 48.2, 16.205 + i / 100, 48.205) for i in range(len(kinds))]
    columns = {"id": [f"p{i}" for i in range(len(kinds))], "kind": kinds}
    geopandas.GeoDataFrame(columns, geometry=boxes, crs=4326).to_file(folder / "p.geojson")
    (folder / "plan.toml").write_text(f"{PLAN_TEXT}{places}{statistics}")
    return Plan.load(folder / "plan.toml")


def wish(name: str, by: list[str] | None = None, more: str = "") -> str:
    return f"[statistics.{name}]\nby = {by or BY[name]}\n{more}"


@pytest.fixture(scope="module")
def design(tmp_path_factory: pytest.TempPathFactory) -> Design:
    folder = tmp_path_factory.mktemp("places")
    return Design.of(plan_of(folder, "".join(map(wish, BY)) + "[statistics.presence]\n"))


def find(design: Design, name: str) -> Statistic:
    return next(s for s in design.statistics if s.name == name)


Stay = tuple[int, int, int, int]  # start, end, zone, place


def rows_of(people: list[list[Stay]]) -> Trajectories:
    first = np.cumsum([0, *map(len, people)]).astype(np.int64)
    table = np.array([stay for own in people for stay in own], dtype=np.int64).reshape(-1, 4)
    zone, place = (table[:, i].astype(np.int32) for i in (2, 3))
    stays = Stays(first, table[:, 0].copy(), table[:, 1].copy(), zone, None, None, place)
    none = np.zeros(first.size, dtype=np.int64)
    empty = np.zeros(0, dtype=np.int32)
    return Trajectories(stays=stays, trips=Trips(none, np.zeros(0, dtype=np.int64), empty, empty))


def counted(design: Design, name: str, people: list[list[Stay]]) -> Counter[tuple[object, ...]]:
    """What the statistic adds up to, by key."""
    statistic = find(design, name)
    found = statistic.contribution(rows_of(people))
    keys = statistic.grid.frame(design.zones_of(statistic).ids).rows()
    total: Counter[tuple[object, ...]] = Counter()
    for cell, weight in zip(found.cell.tolist(), found.weight.tolist(), strict=True):
        total[keys[cell]] += weight
    return total


def by_hand(name: str, people: list[list[Stay]]) -> Counter[tuple[object, ...]]:
    total: Counter[tuple[object, ...]] = Counter()
    for own in people:
        keys: list[tuple[object, ...]] = []
        for start, end, _, place in own:
            if place < 0:
                continue
            day = datetime.fromtimestamp(start, ZoneInfo("Europe/Vienna")).date()
            edges = [edge for edge in MINUTES if edge <= (end - start) / 60]
            upper = MINUTES[len(edges)] if len(edges) < len(MINUTES) else None
            label = f"{edges[-1]}+ min" if upper is None else f"{edges[-1]}-{upper} min"
            keys.append((f"p{place}", label) if name == "dwell" else (f"p{place}", day))
        total.update(dict.fromkeys(keys, ONE) if name == "visitors" else Counter(keys * ONE))
    return total


@st.composite
def stays(draw: st.DrawFn) -> list[Stay]:
    starts = sorted(draw(st.lists(st.integers(START, END - 1), max_size=8, unique=True)))
    ends = [*starts[1:], END]
    zones, places = st.integers(-1, 3), st.integers(-1, 5)
    return [(a, b, draw(zones), draw(places)) for a, b in zip(starts, ends[: len(starts)], strict=True)]


@pytest.mark.parametrize("name", BY)
@given(people=st.lists(stays(), max_size=4))
def test_places_are_counted_as_by_hand(design: Design, name: str, people: list[list[Stay]]) -> None:
    """Whatever the zones; a stay in no place is not counted."""
    assert counted(design, name, people) == by_hand(name, people)


def test_a_stay_in_no_place_that_counts_in_the_first_is_caught(design: Design, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded bug: -1 taken for place 0."""
    people = [[(START, START + 4000, 2, -1), (MIDNIGHT, MIDNIGHT + 4000, 2, 4)]]

    def check() -> None:
        assert counted(design, "visits", people) == by_hand("visits", people)

    check()
    monkeypatch.setattr(Statistic, "where", lambda _, stays: np.maximum(stays.place, 0).astype(np.int64))
    with pytest.raises(AssertionError):
        check()


def test_zones_instead_of_places_are_caught(design: Design, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded bug: a table by place that holds the numbers of zones."""
    people = [[(START, START + 4000, 2, 1)]]

    def check() -> None:
        assert counted(design, "dwell", people) == by_hand("dwell", people)

    check()
    monkeypatch.setattr(Statistic, "where", lambda _, stays: stays.zone.astype(np.int64))
    with pytest.raises(AssertionError):
        check()


def test_zones_are_found_without_the_places(design: Design) -> None:
    """A statistic by zones in the same plan counts a stay that lies in no place."""
    presence = find(design, "presence")
    assert presence.grid.columns == ("zone",) and design.zones_of(presence) is design.zones
    assert design.zones_of(find(design, "visits")) is design.places


def test_stays_without_places_are_refused(design: Design) -> None:
    rows = rows_of([[(START, START + 4000, 0, 0)]])
    with pytest.raises(TypeError, match="visits needs named places"):
        find(design, "visits").contribution(replace(rows, stays=replace(rows.stays, place=None)))


def test_regions_are_categories(design: Design) -> None:
    region, whole = find(design, "dwell").levels
    assert (region.name, region.ids) == ("region", ("(no category)", "market", "school"))
    assert region.of_place.tolist() == [1, 1, 2, 0, 1, 2]
    assert (whole.name, whole.ids) == ("all", ("all",))
    assert region.grid.keys == whole.grid.keys == ("place", "class")


def test_without_categories_there_is_only_all(tmp_path: Path) -> None:
    design = Design.of(plan_of(tmp_path, wish("visits"), places='[places]\nfile = "p.geojson"\n'))
    assert [level.name for level in design.statistics[0].levels] == ["all"]


def test_a_single_place_is_measured_alone(tmp_path: Path) -> None:
    design = Design.of(plan_of(tmp_path, wish("visits"), kinds=["market"]))
    assert design.statistics[0].levels == () and design.statistics[0].grid.cells == 2


def test_bounds_from_public_knowledge_are_smaller_than_by_zones(tmp_path: Path) -> None:
    """But a device with one stay is whole; what the plan says holds."""
    by_place = Design.of(plan_of(tmp_path, "".join(map(wish, BY))))
    by_zone = Design.of(plan_of(tmp_path, "".join(f"[statistics.{n}]\nby = {['zone', *BY[n][1:]]}\n" for n in BY), ""))
    for name in BY:
        place, zone = find(by_place, name), find(by_zone, name)
        assert 1 <= place.bound <= zone.bound and 1 < place.wide_bound <= zone.wide_bound / 2
    design = Design.of(plan_of(tmp_path, wish("visits", more="bound = 2.5\ntotal_bound = 7\n")))
    assert (float(design.statistics[0].bound), float(design.statistics[0].wide_bound)) == (2.5, 7.0)


@pytest.mark.parametrize("name", [name for name in STATISTICS if name not in BY])
def test_other_statistics_have_no_places(tmp_path: Path, name: str) -> None:
    by = [*STATISTICS[name].places, "place"]
    with pytest.raises(PlanError, match=rf"\[statistics\.{name}\] by: names place, but {name} is counted by"):
        Design.of(plan_of(tmp_path, wish(name, by)))


@pytest.mark.parametrize(
    ("by", "places", "says"),
    [
        (["place", "day"], "", r"line 27: \[statistics.visits\] by: names place, but the plan has no table \[places\]"),
        (["place", "zone"], PLACES, r"\[statistics.visits\] by: names zone and place, of which"),
        (["zone", "day"], PLACES, r"line 26: \[places\]: no statistic is counted by them; name `place` in the `by`"),
        (["place", "class"], PLACES, r"\[statistics.visits\] by: 'class' is no key of visits; usable beside place"),
        (["place", "place"], PLACES, r"\[statistics.visits\] by: names place, place; at most one time key, and no key"),
        (["place", "day", "hour"], PLACES, r"by: names place, day, hour; at most one time key"),
        (["places", "day"], PLACES, r"\[places\]: no statistic is counted by them"),
        (["day"], "", r"must name zone; visits is counted by zone"),
    ],
    ids=["no places", "both", "unused", "class", "twice", "two times", "misspelt", "neither"],
)
def test_what_a_plan_can_not_mean(tmp_path: Path, by: list[str], places: str, says: str) -> None:
    with pytest.raises(PlanError, match=says) as error:
        Design.of(plan_of(tmp_path, wish("visits", by), places))
    assert "\n" not in str(error.value)


def test_dwell_by_place_needs_its_class(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="must name class; dwell is counted by place, class"):
        Design.of(plan_of(tmp_path, wish("dwell", ["place", "day"])))


def test_trips_have_no_places(tmp_path: Path) -> None:
    text = PLAN_TEXT.replace('kind = "points"', 'kind = "trips"')
    text = text.replace(
        'time = "t"\nlat = "lat"\nlon = "lon"\n', 'start = "s"\nend = "e"\norigin = "o"\ndestination = "z"\n'
    )
    (tmp_path / "plan.toml").write_text(text + wish("visits"))
    with pytest.raises(PlanError, match="names place, but of a trip only the zones of its ends are kept"):
        Design.of(Plan.load(tmp_path / "plan.toml"))


def test_unused_places_are_not_even_read(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, wish("visits", ["zone"]))
    (tmp_path / "p.geojson").write_text("nonsense")
    with pytest.raises(PlanError, match="no statistic is counted by them"):
        Design.of(plan)


def test_the_design_has_the_places_of_the_file(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, wish("visitors"))
    places = load_places(plan)
    found = Design.of(plan).places
    assert places is not None and found is not None and found.digest == places.digest


def test_contributions_lie_on_the_grid_of_places(design: Design) -> None:
    found: Contributions = find(design, "visits").contribution(rows_of([[(START, END, -1, 5)], []]))
    assert found.cell.tolist() == [10] and find(design, "visits").grid.cells == 12
