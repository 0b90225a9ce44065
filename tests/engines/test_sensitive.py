"""Records from sensitive places are gone before anything else looks at them, with both engines, and where no more than
a zone's name is known, the zone is silent."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Geod

from shoal.design import Design
from shoal.engines import LocalEngine, SparkEngine, local
from shoal.intake import Barred, Intake, OptOuts
from shoal.intake.deny import DenyList, hash_surroundings
from shoal.intake.door import ENDS, NEAR
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.sources import Tally
from tests.engines.spark_cluster import Cluster
from tests.engines.test_local import EVERY, ROWS, silent
from tests.engines.test_spark import trips_plan
from tests.pipeline import source
from tests.pipeline.source import Record
from tests.sensitive.make import write_list

spark = pytest.mark.xdist_group("spark")
Counted = tuple[dict[str, list[int]], dict[str, str]]

CLINIC, SCHOOL = (-103.391, 20.632), (-103.364, 20.655)
HOUSE = 20.645, -103.375
PLACES = [shapely.Point(CLINIC), shapely.box(SCHOOL[0], SCHOOL[1], SCHOOL[0] + 0.004, SCHOOL[1] + 0.004)]
KEY = bytes(range(16))
# A device whose first record lies in the clinic, and the second, a second later, too far for any speed: whoever cleans
# before leaving out believes the first and loses both.
JUMP = [
    Record("00000003", source.FIRST_DAY + 36_001, CLINIC[1], CLINIC[0]),
    *(Record("00000003", source.FIRST_DAY + 36_002 + 300 * i, 20.615, -103.355) for i in range(20)),
]
EVERYTHING = [*ROWS, *JUMP]


def counted(plan: Plan, engine: Any = None, lists: Barred | None = None) -> Counted:
    """The exact sums, and what the operator is told."""
    design, tally, engine = Design.of(plan), Tally(), engine or LocalEngine(workers=2)
    more = () if lists is None else (lists,)
    sums = engine.sums(design, engine.open(design), tally, silent, *more)
    return {name: open_sums(sealed).tolist() for name, sealed in sums.items()}, dict(tally.summary())


def plan_of(folder: Path, rows: Sequence[Record], *, listed: bool, squares: bool = True) -> Plan:
    """A plan over these records, with or without the list; zones are four large squares, or hexagons."""
    text = source.plan_text(start=EVERY[0], end=EVERY[1])
    (folder / "records").mkdir(parents=True)
    if squares:
        import geopandas

        x, y = np.meshgrid([-103.41, -103.38], [20.61, 20.64])
        boxes = [shapely.box(a, b, a + 0.03, b + 0.03) for a, b in zip(x.ravel(), y.ravel(), strict=True)]
        frame = geopandas.GeoDataFrame({"id": list("abcd")}, geometry=boxes, crs=4326)
        frame.to_file(folder / "zones.geojson")
        head, _, tail = text.partition("[zones]")
        text = f'{head}[zones]\nkind = "polygons"\nfile = "zones.geojson"\n[period]{tail.partition("[period]")[2]}'
    if listed:
        write_list(folder / "list.geojson", PLACES)
        text = text.replace("[period]", '[sensitive]\nfile = "list.geojson"\n[period]')
    (folder / "plan.toml").write_text(text)
    half = len(rows) // 2
    source.write(folder / "records" / "1.parquet", rows[:half])
    source.write(folder / "records" / "2.csv", rows[half:])
    return Plan.load(folder / "plan.toml")


def far_from_places(row: Record) -> bool:
    """What a person would do by hand."""
    metres = Geod(ellps="WGS84").inv(row.lon, row.lat, *CLINIC)[2]
    return metres > 533.3 and not PLACES[1].intersects(shapely.Point(row.lon, row.lat))


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    """The sums over records of which somebody left out those near the places, without a list."""
    left = [row for row in EVERYTHING if far_from_places(row)]
    assert 0.5 < len(left) / len(EVERYTHING) < 0.97
    return counted(plan_of(tmp_path_factory.mktemp("hand") / "x", left, listed=False))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return plan_of(tmp_path_factory.mktemp("listed") / "x", EVERYTHING, listed=True)


def test_as_if_somebody_had_left_them_out(plan: Plan, by_hand: Counted) -> None:
    sums, told = counted(plan)
    assert sums == by_hand[0] and told[NEAR].startswith("about ") and NEAR not in by_hand[1]
    assert not Design.of(plan).sensitive.isolated.any()  # type: ignore[union-attr]


def test_an_engine_that_ignores_the_list_is_found_out(
    plan: Plan, by_hand: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "Intake", lambda pseudonymizer, accuracy, *_: Intake(pseudonymizer, accuracy))
    assert counted(plan)[0] != by_hand[0]


def test_leaving_out_after_the_cleaning_is_found_out(
    plan: Plan, by_hand: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    area = Design.of(plan).sensitive.area  # type: ignore[union-attr]
    following = import_module("shoal.trajectories.from_points")
    clean = following.clean

    def late(*arguments: Any) -> Any:
        kept = clean(*arguments)
        stay = ~area.covers(kept.lat, kept.lon)
        first = np.concatenate([[0], np.cumsum(stay)])[kept.first].astype(np.int64)
        return type(kept)(first, kept.time[stay], kept.lat[stay], kept.lon[stay])

    monkeypatch.setattr(local, "Intake", lambda pseudonymizer, accuracy, *_: Intake(pseudonymizer, accuracy))
    monkeypatch.setattr(following, "clean", late)
    assert counted(plan)[0] != by_hand[0]


@pytest.fixture(scope="module")
def secret() -> Barred:
    return Barred(OptOuts(KEY, np.zeros(0, np.uint64)), DenyList(KEY, hash_surroundings(KEY, *HOUSE)))


@spark
def test_both_engines_leave_out_the_same(plan: Plan, by_hand: Counted, secret: Barred, cluster: Cluster) -> None:
    """By the public and the private list at once."""
    sums, told = counted(plan, None, secret)
    assert sums != by_hand[0]
    assert counted(plan, SparkEngine(cluster.session, partitions=4), secret) == (sums, told)


def test_a_private_list_is_as_if_somebody_had_left_them_out(tmp_path: Path, secret: Barred) -> None:
    plan = plan_of(tmp_path / "x", EVERYTHING, listed=False)
    usual, told = counted(plan)
    sums = counted(plan, None, secret)
    assert sums[0] != usual and sums[1] == told  # nothing that is told shows it
    denied = secret.places
    assert denied is not None
    degrees = np.array([(row.lat, row.lon) for row in EVERYTHING])
    covered = denied.covers(*np.rint(degrees.T * 1e7).astype(np.int32))
    left = [row for row, near in zip(EVERYTHING, covered, strict=True) if not near]
    assert counted(plan_of(tmp_path / "y", left, listed=False))[0] == sums[0]


def silent_cells(design: Design) -> dict[str, list[bool]]:
    """For each measure by single zones or pairs, which cells lie in or touch an isolated zone."""
    found = {}
    for m in design.measures:
        if m.level is None:
            hushed = design.suppressed(m)
            assert hushed is not None
            found[m.name] = np.repeat(hushed, m.grid.cells // len(hushed)).tolist()
    return found


@spark
@pytest.mark.parametrize("make", ["points", "ids", "places"])
def test_an_isolated_zone_receives_nothing(tmp_path: Path, cluster: Cluster, make: str) -> None:
    """Of points, of trips by position, and of trips that name zones."""
    build: Callable[[Path], Plan] = (
        (lambda folder: plan_of(folder, ROWS, listed=False, squares=False))
        if make == "points"
        else (lambda folder: trips_plan(folder, make))
    )
    plan = build(tmp_path / "x")
    usual, _ = counted(plan)
    write_list(plan.folder / "list.geojson", PLACES)
    plan.file.write_text(plan.file.read_text().replace("[period]", '[sensitive]\nfile = "list.geojson"\n[period]'))
    plan = Plan.load(plan.file)
    design = Design.of(plan)
    assert design.sensitive is not None and 1 <= design.sensitive.isolated.sum() <= 4
    sums, told = counted(plan)
    if make != "points":  # these are compared above
        assert counted(plan, SparkEngine(cluster.session, partitions=2)) == (sums, told)
    for name, hushed in silent_cells(design).items():
        before = [n for n, hush in zip(usual[name], hushed, strict=True) if hush]
        after = [n for n, hush in zip(sums[name], hushed, strict=True) if hush]
        assert sum(before) > 0 and sum(after) == 0, name
        assert sum(sums[name]) > 0, name
    assert (ENDS in told) == (make != "points") and (NEAR in told) == (make != "ids")
