"""What every statistic must pass: a new file in shoal.statistics is found and held to this by itself."""

from datetime import date
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from shoal import statistics
from shoal.buckets import PointBucket
from shoal.design import Design
from shoal.engines._bucket import add_bucket, empty_totals
from shoal.plan import Plan
from shoal.privacy.bounding import UnboundedError, bound
from shoal.privacy.contributions import Contributions
from shoal.statistics import STATISTICS, Statistic, _pairs
from shoal.trajectories import Trajectories, from_points
from tests.contracts.hostile import PLAN_TEXT, UNITS, bucket_of, people

ROOT = Path(__file__).parents[2]
FOLDER = Path(statistics.__file__).parent
every = pytest.mark.parametrize("name", list(STATISTICS))
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


def rows_of(design: Design, bucket: PointBucket) -> Trajectories:
    return from_points(bucket, design.zones, design.calendar, design.plan.cleaning, design.plan.movement)


def find(design: Design, name: str) -> Statistic:
    return next(s for s in design.statistics if s.name == name)


def totals(design: Design, bucket: PointBucket) -> dict[str, list[int]]:
    sums = empty_totals(design)
    add_bucket(design, bucket, sums)
    return {name: [int(v) for v in array] for name, array in sums.items()}  # Python integers can't overflow


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
    statistic = find(design, name)
    vector = statistic.contribution(rows_of(design, bucket_of(devices)))
    assert vector.cell.dtype == vector.weight.dtype == np.int64
    assert ((vector.cell >= 0) & (vector.cell < statistic.grid.cells) & (vector.weight > 0)).all()


@given(devices=people())
@hostile
def test_one_device_in_one_unit_moves_no_sum_by_more_than_its_bound(design: Design, devices: list[np.ndarray]) -> None:
    """The guarantee, in whole numbers, from records to sums: neighbours differ in all records of one device-unit."""
    held_to_its_bound(design, devices)


@given(devices=people())
@settings(hostile, max_examples=25)
def test_also_of_pairs_that_are_measured_top_down(top_down: Design, devices: list[np.ndarray]) -> None:
    assert [m.name for m in top_down.measures] == [
        "flows", "flows.origin", "flows.destination", "catchment", "catchment.home", "catchment.zone"
    ]  # fmt: skip
    held_to_its_bound(top_down, devices)


def test_the_ends_of_one_device_are_held_by_themselves(top_down: Design) -> None:
    """The seeded bug: ends added up from bounded pairs. One that goes from one zone to many has a longer total."""
    rows = Contributions(np.array([0, 30]), np.arange(30), np.full(30, 1024))  # all from the first zone
    level = find(top_down, "flows").levels[0]
    mechanism = top_down.allocation.mechanisms["flows.origin"]
    pairs = bound(rows, top_down.allocation.mechanisms["flows"])
    added = find(top_down, "flows").at_level(Contributions(pairs.first, pairs.cell, pairs.weight), level)
    assert (added.weight**2).sum() > mechanism.norm**2
    held = bound(find(top_down, "flows").at_level(rows, level), mechanism)
    assert 0 < (held.weight**2).sum() <= mechanism.norm**2


def held_to_its_bound(design: Design, devices: list[np.ndarray]) -> None:
    everyone = totals(design, bucket_of(devices))
    for gone in range(len(devices)):
        for unit in range(UNITS):
            others = totals(design, bucket_of(devices, without=(gone, unit)))
            for name, mechanism in design.allocation.mechanisms.items():
                moved = [a - b for a, b in zip(everyone[name], others[name], strict=True)]
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
    statistic = find(design, name)

    def vectors(bucket: PointBucket) -> list[tuple[list[int], list[int]]]:
        c = statistic.contribution(rows_of(design, bucket))
        cuts = list(zip(c.first[:-1].tolist(), c.first[1:].tolist(), strict=True))
        return sorted((c.cell[a:b].tolist(), c.weight[a:b].tolist()) for a, b in cuts)

    together = vectors(bucket_of(devices))
    alone = sorted(vector for device in devices for vector in vectors(bucket_of([device])))
    assert together == alone == vectors(bucket_of(devices[::-1]))


@every
def test_most_cells_is_true(design: Design, name: str) -> None:
    """A statistic that claims a row touches few cells is held to it, over many random rows."""
    statistic = find(design, name)
    if statistic.most_cells is None:
        return
    generator = np.random.default_rng(5)
    devices = [random_device(generator) for _ in range(200)]
    vector = statistic.contribution(rows_of(design, bucket_of(devices)))
    assert np.diff(vector.first).max() <= statistic.most_cells


def random_device(generator: np.random.Generator) -> np.ndarray:
    from tests.contracts.hostile import CITY, END, START

    times = np.sort(generator.integers(START, END, 400))
    lat = CITY[0] + generator.integers(-200_000, 200_000, 400)
    return np.column_stack([times, lat, CITY[1] + generator.integers(-200_000, 200_000, 400)])


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
