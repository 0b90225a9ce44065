"""A release in which rows are suppressed."""

import polars as pl
import pytest

from shoal.release.manifest import Manifest
from shoal.release.read import Release
from shoal.release.statistic_facts import ESTIMATES
from tests.release import make

BY = {"presence": ("zone", "hour"), "flows": ("origin", "destination", "day"), "dwell": ("zone", "class", "weekday")}


@pytest.fixture(scope="session")
def withheld(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Of the zone z03, and of pairs with it, there are no numbers. Read only; by no list, so it would not verify."""
    folder, zones = tmp_path_factory.mktemp("withheld"), make.squares()
    plan = make.plan_in(folder, statistics=BY, end="2026-03-16")
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
