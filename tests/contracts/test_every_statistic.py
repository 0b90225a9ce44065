"""What every statistic must pass: a new file in shoal.statistics is found and held to this by itself."""

from datetime import date
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings

from shoal import statistics
from shoal._arrays import Int64
from shoal.buckets import PointBucket
from shoal.design import Design
from shoal.engines._bucket import add_bucket, empty_totals
from shoal.plan import Plan
from shoal.privacy.bounding import UnboundedError, bound
from shoal.privacy.contributions import Contributions
from shoal.privacy.mechanism import Mechanism
from shoal.statistics import STATISTICS, Statistic, _pairs
from shoal.trajectories import Trajectories, from_points
from tests.contracts.hostile import CITY, END, PLAN_TEXT, START, UNITS, bucket_of, people

ROOT = Path(__file__).parents[2]
FOLDER = Path(statistics.__file__).parent
every = pytest.mark.parametrize("name", list(STATISTICS))
BY_PLACE = [name for name, statistic in STATISTICS.items() if statistic.by_place]
of_places = pytest.mark.parametrize("name", BY_PLACE)
hostile = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.fixture(scope="module")
def design(tmp_path_factory: pytest.TempPathFactory) -> Design:
    """A plan that asks for every statistic over a small city, with bounds that hostile devices will break."""
    folder = tmp_path_factory.mktemp("plan")
    bounds = {name: "1" if name in ("residents", "gyration") else "2.5" for name in STATISTICS}
    wishes = "".join(f"[statistics.{name}]\nbound = {bound}\n" for name, bound in bounds.items())
    (folder / "plan.toml").write_text(PLAN_TEXT + wishes)
    return Design.of(Plan.load(folder / "plan.toml"))


@pytest.fixture(scope="module")
def top_down(tmp_path_factory: pytest.TempPathFactory) -> Design:
    """Pairs measured top-down."""
    folder = tmp_path_factory.mktemp("plan")
    wishes = "[statistics.flows]\nbound = 2.5\n[statistics.catchment]\nbound = 2.5\n"
    (folder / "plan.toml").write_text(PLAN_TEXT + wishes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pairs, "LARGE", 0)
        return Design.of(Plan.load(folder / "plan.toml"))


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Design:
    """The same city with named places where hostile devices go; by them what can be counted by them."""
    folder = tmp_path_factory.mktemp("named")
    lat, lon = (degrees / 1e7 for degrees in CITY)
    boxes = [
        shapely.box(lon - 0.002, lat - 0.002, lon + 0.002, lat + 0.002),
        shapely.box(lon - 0.05, lat - 0.05, lon + 0.001, lat + 0.001),  # overlaps the first
        shapely.box(lon - 0.16, lat - 0.09, lon + 0.16, lat - 0.05),
        shapely.box(lon - 0.16, lat + 0.05, lon + 0.16, lat + 0.09),
        shapely.box(-1, 89, 1, 90),
        shapely.box(179, -1, 180, 1),
    ]
    columns = {"id": [f"p{i}" for i in range(len(boxes))], "kind": ["a", "a", "b", "b", "c", "c"]}
    geopandas.GeoDataFrame(columns, geometry=boxes, crs=4326).to_file(folder / "p.geojson")
    classes = {name: ["place", "class"] if STATISTICS[name].classes else ["place", "day"] for name in BY_PLACE}
    wishes = "".join(f"[statistics.{name}]\nby = {by}\nbound = 1.5\ntotal_bound = 2\n" for name, by in classes.items())
    text = f'{PLAN_TEXT}[places]\nfile = "p.geojson"\ncategory = "kind"\n{wishes}[statistics.residents]\n'
    (folder / "plan.toml").write_text(text)
    return Design.of(Plan.load(folder / "plan.toml"))


def rows_of(design: Design, bucket: PointBucket) -> Trajectories:
    plan = design.plan
    return from_points(bucket, design.zones, design.calendar, plan.cleaning, plan.movement, design.places)


def find(design: Design, name: str) -> Statistic:
    return next(s for s in design.statistics if s.name == name)


def totals(design: Design, bucket: PointBucket) -> dict[str, Int64]:
    sums = empty_totals(design)
    add_bucket(design, bucket, sums)
    return sums


def test_every_file_is_registered() -> None:
    assert {file.stem for file in FOLDER.glob("[!_]*.py")} == set(STATISTICS)


@every
def test_proof_speaks_of_this_code(name: str) -> None:
    digest = sha256((FOLDER / f"{name}.py").read_bytes()).hexdigest()
    text = (ROOT / f"docs/proofs/{name}.md").read_text()
    assert digest in text, "read the proof against the code, then run docs/proofs/renew.py"


@every
@given(devices=people())
@hostile
def test_contributions_lie_on_the_public_grid(design: Design, name: str, devices: list[np.ndarray]) -> None:
    lie_on_the_grid(design, name, devices)


@of_places
@given(devices=people())
@hostile
def test_contributions_by_place_lie_on_the_public_grid(named: Design, name: str, devices: list[np.ndarray]) -> None:
    lie_on_the_grid(named, name, devices)


def lie_on_the_grid(design: Design, name: str, devices: list[np.ndarray]) -> None:
    statistic = find(design, name)
    vector = statistic.contribution(rows_of(design, bucket_of(devices)))
    assert vector.cell.dtype == vector.weight.dtype == np.int64
    assert ((vector.cell >= 0) & (vector.cell < statistic.grid.cells) & (vector.weight > 0)).all()


@given(devices=people())
@hostile
def test_one_device_in_one_unit_moves_no_sum_by_more_than_its_bound(design: Design, devices: list[np.ndarray]) -> None:
    """The guarantee, in whole numbers, from records to sums: neighbours differ in all records of one device-unit."""
    move_no_sum_too_far(design, devices)


@given(devices=people())
@settings(hostile, max_examples=25)
def test_also_of_pairs_that_are_measured_top_down(top_down: Design, devices: list[np.ndarray]) -> None:
    assert [m.name for m in top_down.measures] == [
        "flows", "flows.origin", "flows.destination", "catchment", "catchment.home", "catchment.zone"
    ]  # fmt: skip
    move_no_sum_too_far(top_down, devices)


def test_the_ends_of_one_device_are_held_by_themselves(top_down: Design) -> None:
    """The seeded bug: ends added up from bounded pairs. One that goes from one zone to many has a longer total."""
    rows = Contributions(np.array([0, 30]), np.arange(30), np.full(30, 1024))  # all from the first zone
    level = find(top_down, "flows").levels[0]
    mechanism = Mechanism("gaussian", 2560, 10_000)
    pairs = bound(rows, mechanism)
    added = find(top_down, "flows").at_level(Contributions(pairs.first, pairs.cell, pairs.weight), level)
    assert (added.weight**2).sum() > mechanism.norm**2
    held = bound(find(top_down, "flows").at_level(rows, level), mechanism)
    assert 0 < (held.weight**2).sum() <= mechanism.norm**2


@given(devices=people())
@hostile
def test_by_place_one_device_in_one_unit_moves_no_sum_by_more_than_its_bound(
    named: Design, devices: list[np.ndarray]
) -> None:
    move_no_sum_too_far(named, devices)


def move_no_sum_too_far(design: Design, devices: list[np.ndarray]) -> None:
    everyone = totals(design, bucket_of(devices))
    for gone in range(len(devices)):
        for unit in range(UNITS):
            others = totals(design, bucket_of(devices, without=(gone, unit)))
            for name, mechanism in design.allocation.mechanisms.items():
                where = everyone[name] != others[name]
                pairs = zip(everyone[name][where].tolist(), others[name][where].tolist(), strict=True)
                moved = [a - b for a, b in pairs]  # Python's integers can't overflow
                assert all(m >= 0 for m in moved)
                if mechanism.kind == "laplace":
                    assert sum(moved) <= mechanism.norm
                else:
                    assert sum(m * m for m in moved) <= mechanism.norm**2


@every
@given(devices=people())
@hostile
def test_each_row_is_computed_alone(design: Design, name: str, devices: list[np.ndarray]) -> None:
    """A row's contribution is the same whoever else is in the bucket, and in whatever order."""
    are_computed_alone(design, name, devices)


@of_places
@given(devices=people())
@hostile
def test_by_place_each_row_is_computed_alone(named: Design, name: str, devices: list[np.ndarray]) -> None:
    are_computed_alone(named, name, devices)


def are_computed_alone(design: Design, name: str, devices: list[np.ndarray]) -> None:
    statistic = find(design, name)

    def vectors(bucket: PointBucket) -> list[tuple[list[int], list[int]]]:
        c = statistic.contribution(rows_of(design, bucket))
        cuts = list(zip(c.first[:-1].tolist(), c.first[1:].tolist(), strict=True))
        return sorted((c.cell[a:b].tolist(), c.weight[a:b].tolist()) for a, b in cuts)

    together = vectors(bucket_of(devices))
    alone = sorted(vector for device in devices for vector in vectors(bucket_of([device])))
    assert together == alone == vectors(bucket_of(devices[::-1]))


def random_device(generator: np.random.Generator, reach: int = 200_000) -> np.ndarray:
    times = np.sort(generator.integers(START, END, 400))
    lat = CITY[0] + generator.integers(-reach, reach, 400)
    return np.column_stack([times, lat, CITY[1] + generator.integers(-reach, reach, 400)])


def test_hostile_devices_do_reach_places_and_bounds(named: Design) -> None:
    """Else the tests by place would compare nothing with nothing."""
    generator = np.random.default_rng(7)
    bucket = bucket_of([random_device(generator, reach=40_000) for _ in range(30)])
    vector = find(named, "visits").contribution(rows_of(named, bucket))
    long = [sum(w * w for w in vector.weight[a:b].tolist()) for a, b in pairwise(vector.first.tolist())]
    assert max(long) > named.allocation.mechanisms["visits"].norm ** 2
    assert {"visits.region", "visitors.all", "dwell.region"} < set(named.allocation.mechanisms)


def test_a_statistic_that_looks_at_others_is_caught(design: Design) -> None:
    """The seeded bug: a device counts double where another was before."""
    visits = find(design, "visits")
    generator = np.random.default_rng(6)
    devices = [random_device(generator) for _ in range(5)]
    rows = rows_of(design, bucket_of(devices))
    honest = visits.contribution(rows)
    crowd = np.bincount(honest.cell, minlength=visits.grid.cells)
    looking = Contributions(honest.first, honest.cell, honest.weight * crowd[honest.cell])
    alone = visits.contribution(rows_of(design, bucket_of(devices[:1])))
    assert looking.weight[: alone.weight.size].tolist() != alone.weight.tolist()


def test_a_statistic_that_does_not_add_up_its_cells_is_refused(design: Design) -> None:
    """The seeded bug: entries of one cell side by side, each within the bound."""
    mechanism = design.allocation.mechanisms["visits"]
    twice = Contributions(np.array([0, 2]), np.array([7, 7]), np.array([mechanism.norm, mechanism.norm]))
    with pytest.raises(UnboundedError):
        bound(twice, mechanism)


def test_bound_from_the_plan_is_the_bound_of_the_noise(design: Design) -> None:
    assert find(design, "visits").bound == Fraction(5, 2)
    assert design.allocation.mechanisms["visits"].norm == 2560
    assert design.plan.period.start == date(2026, 3, 2)
