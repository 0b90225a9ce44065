"""One small release, made once and copied for tests that spoil it."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from shoal.release.manifest import Manifest
from shoal.release.read import Release, open_release
from shoal.release.statistic_facts import ESTIMATES
from tests.release import make

WITHHELD = {
    "presence": ("zone", "hour"),
    "flows": ("origin", "destination", "day"),
    "dwell": ("zone", "class", "weekday"),
}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a release of four statistics over 7 squares and a week. Read only."""
    folder = tmp_path_factory.mktemp("release")
    return make.release_in(folder / "releases", make.plan_in(folder))


@pytest.fixture
def spoilt(made: Path, tmp_path: Path) -> Path:
    """A copy of it to do harm to."""
    return Path(shutil.copytree(made, tmp_path / "copy"))


@pytest.fixture(scope="session")
def release(made: Path) -> Release:
    return open_release(made)


@pytest.fixture(scope="session")
def more(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release of the statistics by home, by class, and by home and zone. Read only."""
    folder = tmp_path_factory.mktemp("more")
    plan = make.plan_in(folder, statistics=make.MORE, extra="max_km = 1.2\n")
    return open_release(make.release_in(folder / "releases", plan))


@pytest.fixture
def spoilt_more(more: Release, tmp_path: Path) -> Path:
    """A copy of it to do harm to."""
    return Path(shutil.copytree(more.folder, tmp_path / "copy"))


@pytest.fixture(scope="session")
def withheld(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Of the zone z03, and of pairs with it, there are no numbers. Read only; by no list, so it would not verify."""
    folder, zones = tmp_path_factory.mktemp("withheld"), make.squares()
    plan = make.plan_in(folder, statistics=WITHHELD, end="2026-03-16")
    manifest, tables = make.parts(plan, zones, folder)
    facts = []
    for name, table in tables.items():
        places = [key for key in ("zone", "origin", "destination") if key in table.columns]
        gone = pl.any_horizontal(pl.col(place) == "z03" for place in places)
        numbers = [pl.when(~gone).then(pl.col(each)).alias(each) for each in ESTIMATES]
        tables[name] = table.with_columns(*numbers, suppressed=gone)
        facts.append(manifest.find(name).model_copy(update={"suppression": "rows of a zone"}))
    manifest = manifest.model_copy(update={"statistics": tuple(facts)})
    made = make.written(folder / "r", manifest=manifest, tables=tables, zones=zones)
    return Release(made, Manifest.parse((made / "manifest.json").read_bytes()))
