"""The example in examples/guadalajara does what its README says, on the trips of real riders.

The truth is recomputed by `riders`; how wide an interval is never enters it.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import polars as pl
import pytest

import shoal
from shoal.design import Design
from shoal.engines import LocalEngine
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.release import Release
from shoal.sources import Tally, open_source
from tests.conftest import ROOT
from tests.examples.riders import ONE, Riders, Sums

pytestmark = pytest.mark.real_data

NOVEMBER, JULY = date(2015, 11, 1), date(2015, 7, 1)
README = ROOT / "examples" / "guadalajara" / "README.md"
IN_JULY = {"trips_2015_11": "trips_2015_07", "2015-11-01": "2015-07-01", "2015-12-01": "2015-08-01"}
VISITS, FLOWS, MONTH = Fraction(5), Fraction(8), Fraction(10)  # bounds of the plans
GAP = "51"  # a busy station
NEAR = 1.5  # kilometres: pairs of stations in the twenty releases; all 97,344 would take a minute
RELEASES = 20


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Path:
    """A copy of the example's folder, with the data where its README puts them."""
    folder = tmp_path_factory.mktemp("example") / "guadalajara"
    shutil.copytree(
        ROOT / "examples" / "guadalajara", folder, ignore=shutil.ignore_patterns("data", ".shoal", "releases")
    )
    (folder / "data").symlink_to(real_data / "mibici", target_is_directory=True)
    return folder


@pytest.fixture(scope="module")
def riders(real_data: Path) -> Riders:
    return Riders(real_data / "mibici", NOVEMBER)


@pytest.fixture(scope="module")
def truth(riders: Riders) -> dict[str, Sums]:
    """The bounded truth of plan.toml, of whole-month.toml, and of the near pairs."""
    return {
        "visits": riders.sums(riders.by_day, VISITS),
        "flows": riders.sums(riders.by_pair(), FLOWS),
        "near flows": riders.sums(riders.by_pair(NEAR), FLOWS),
        "month": riders.sums(riders.by_station, MONTH),
    }


@pytest.fixture(scope="module")
def whole(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The plan once, as it stands."""
    return release(Plan.load(example / "plan.toml"), tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def twenty(example: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Release]:
    """The plan with near pairs only, twenty times: each has accounts of its own, so each draws its own noise."""
    plan = changed(example, {"bound = 8.0": f"max_km = {NEAR}\nbound = 8.0"})
    return [release(plan, tmp_path_factory.mktemp("near")) for _ in range(RELEASES)]


def release(plan: Plan, folder: Path, said: list[str] | None = None) -> Release:
    tell = (said if said is not None else []).append
    return shoal.release(plan, state=folder / "state", out=folder / "out", progress=lambda *_: None, tell=tell)


def changed(example: Path, new: Mapping[str, str]) -> Plan:
    """plan.toml with some of its text replaced, which must stand there once."""
    text = (example / "plan.toml").read_text(encoding="utf-8")
    for old, instead in new.items():
        assert text.count(old) == 1, old
        text = text.replace(old, instead)
    with NamedTemporaryFile("w", encoding="utf-8", dir=example, suffix=".toml", delete=False) as file:
        file.write(text)
    return Plan.load(file.name)


def true_values(frame: pl.DataFrame, keys: tuple[str, ...], sums: Sums) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([sums.of.get(key, 0) for key in frame.select(keys).iter_rows()]) / ONE


def off(found: Release, name: str, sums: Sums) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """By how much each estimate is off the truth, in half widths of its interval."""
    frame = found[name].to_polars()
    width = (frame["upper"] - frame["lower"]).to_numpy() / 2
    middle = (frame["upper"] + frame["lower"]).to_numpy() / 2
    return np.asarray((middle - true_values(frame, found[name].keys, sums)) / width)


def covers(share: float) -> bool:
    return 0.93 <= share <= 0.97


def test_the_plan_as_it_stands_covers_the_bounded_truth(whole: Release, truth: dict[str, Sums]) -> None:
    assert {name: len(whole[name]) for name in whole} == {"visits": 312 * 30, "flows": 312**2}
    for name in whole:
        assert covers((abs(off(whole, name, truth[name])) <= 1).mean()), name


@pytest.mark.parametrize(("name", "cells"), [("visits", "visits"), ("flows", "near flows")], ids=["visits", "flows"])
def test_twenty_releases_cover_the_bounded_truth(
    twenty: list[Release], truth: dict[str, Sums], name: str, cells: str
) -> None:
    """Over 150,000 intervals: their share is within 0.0006 of what it is on average, so chance can't fail this."""
    errors = np.concatenate([off(found, name, truth[cells]) for found in twenty])
    assert errors.size > 100_000
    share = float((abs(errors) <= 1).mean())
    print(f"{name}: {share:.2%} of {errors.size:,} intervals hold the bounded truth")
    assert covers(share)
    # the same test fails for intervals that are a fifth too narrow or too wide
    assert not covers((abs(errors) <= 0.8).mean())
    assert not covers((abs(errors) <= 1.2).mean())
    # and each release has its own noise
    first, second = (off(found, name, truth[cells]) for found in twenty[:2])
    assert abs(np.corrcoef(first, second)[0, 1]) < 7 / first.size**0.5


def test_estimates_are_right_on_average_for_the_bounded_truth_alone(
    twenty: list[Release], truth: dict[str, Sums], riders: Riders
) -> None:
    """A loss too small for an interval shows in the mean; that also tells bounded from unbounded visits."""
    for name, cells in {"visits": "visits", "flows": "near flows"}.items():
        errors = np.concatenate([off(found, name, truth[cells]) for found in twenty])
        assert abs(errors.mean()) < 6 / 1.96 / errors.size**0.5, name
    everything = riders.sums(riders.by_day)
    errors = np.concatenate([off(found, "visits", everything) for found in twenty])
    assert errors.mean() < -6 / 1.96 / errors.size**0.5


def engine_sums(plan: Plan) -> Iterator[tuple[str, pl.DataFrame, list[int]]]:
    """Exact sums by cell, before noise."""
    design = Design.of(plan)
    sums = LocalEngine().sums(design, open_source(plan, design.calendar, design.zones), Tally(), lambda *_: None)
    for statistic in design.statistics:
        yield statistic.name, statistic.grid.frame(design.zones.ids), open_sums(sums[statistic.name]).tolist()


@pytest.mark.parametrize(
    ("month", "without"), [(NOVEMBER, ()), (JULY, (GAP,))], ids=["all stations", "one is not in the list"]
)
def test_without_bounds_the_engine_counts_what_stands_in_the_files(
    example: Path, real_data: Path, month: date, without: tuple[str, ...]
) -> None:
    """To the trip. A station that is not in the list has no row, and the other ends of its trips count."""
    riders = Riders(real_data / "mibici", month, without)
    free = {'kind = "trips"': 'kind = "trips"\nsynthetic = true', "epsilon = 1.0": "epsilon = 1000"}
    free |= {"bound = 5.0": "bound = 100000", "bound = 8.0": "bound = 100000"}
    if without:
        free |= IN_JULY | gap(example)
    for name, frame, found in engine_sums(changed(example, free)):
        sums = riders.sums(riders.by_day if name == "visits" else riders.by_pair())
        assert found == [sums.of.get(key, 0) for key in frame.iter_rows()], name
        assert sums.most < 100_000
        assert sum(found) == sums.trips * ONE > 30_000 * ONE


def gap(example: Path) -> dict[str, str]:
    """A list of stations without one that is in the trips: what to change in the plan. MiBici's own lists have such."""
    lines = (example / "data" / "stations.csv").read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(f"{GAP},".encode())]
    assert len(kept) == len(lines) - 1
    (example / "gap.csv").write_bytes(b"".join(kept))
    return {"data/stations.csv": "gap.csv"}


def test_with_bounds_the_engine_differs_by_rounding_only(example: Path, truth: dict[str, Sums]) -> None:
    for name, frame, found in engine_sums(Plan.load(example / "plan.toml")):
        expected = np.array([truth[name].of.get(key, 0) for key in frame.iter_rows()])
        short = expected - np.array(found)  # the engine may round a weight down a step further, never up
        assert short.min() >= 0
        assert short.max() <= 3
        assert (short > 0).mean() < 0.01


def test_a_station_that_the_list_lacks_is_a_rounded_count(example: Path, real_data: Path, tmp_path: Path) -> None:
    said: list[str] = []
    july = release(changed(example, IN_JULY | gap(example)), tmp_path, said)
    assert len(july["visits"]) == 311 * 31
    counts = [line for line in said if line.endswith(" unknown zone")]
    assert len(counts) == 1, said
    found = re.fullmatch(r" *about ([\d,]+) unknown zone", counts[0])
    assert found, counts
    told, unknown = int(found[1].replace(",", "")), Riders(real_data / "mibici", JULY, (GAP,)).unknown
    assert told == pytest.approx(unknown, rel=0.05)
    assert len(str(told).rstrip("0")) <= 2, "two significant digits, so that no single trip can show"


def test_the_readme_says_how_much_bounding_loses(truth: dict[str, Sums]) -> None:
    """Reported apart from the noise, which the intervals are about."""
    said = dict(re.findall(r"^\| `(\S+)` \|.*\| (\d+) % \|$", README.read_text(encoding="utf-8"), re.MULTILINE))
    for name, row in {
        "visits": "plan.toml:visits",
        "flows": "plan.toml:flows",
        "month": "whole-month.toml:visits",
    }.items():
        print(f"{row}: bounding keeps {truth[name].kept:.1%} of the trips")
        assert 100 * truth[name].kept == pytest.approx(int(said[row]), abs=1), row
        assert 0.5 < truth[name].kept < 0.9


@pytest.mark.parametrize("name", ["plan.toml", "whole-month.toml"])
def test_the_readme_shows_what_check_says(example: Path, name: str) -> None:
    shown = re.search(
        rf"^\$ shoal check {name}\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert shown, name
    said = str(shoal.check(Plan.load(example / name)))
    assert [line.rstrip() for line in shown[1].strip().splitlines()] == [line.rstrip() for line in said.splitlines()]


def test_the_whole_month_is_the_more_precise(example: Path, truth: dict[str, Sums], tmp_path: Path) -> None:
    """As the README says: station-months stand out of their noise, station-days and flows do not."""
    month = release(Plan.load(example / "whole-month.toml"), tmp_path)
    assert covers_few(abs(off(month, "visits", truth["month"])))
    values = true_values(month["visits"].to_polars(), ("zone",), truth["month"])
    assert (values > 2 * month["visits"].facts.half_width).sum() > 50


def covers_few(errors: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """312 intervals: at least 87 % of them hold, but for one time in ten million."""
    return bool((errors <= 1).mean() >= 0.87)
