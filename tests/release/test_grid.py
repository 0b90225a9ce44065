"""The grid of a table, rebuilt from its facts: what contradicts itself makes none."""

from typing import Any

import pytest

from shoal.release._grid import calendar_of, grid_of, split_keys
from shoal.release.read import Release
from shoal.release.statistic_facts import ClassFacts, StatisticFacts
from tests.release import make


@pytest.mark.parametrize("name", list(make.MORE))
def test_the_grid_is_that_of_the_table(more: Release, name: str) -> None:
    grid = grid_of(more[name].facts, more.places, calendar_of(more.manifest))
    assert grid.keys == more[name].keys and grid.columns == more[name].places
    assert grid.frame(more.places.ids).equals(more[name].to_polars().select(grid.keys))


KM = ClassFacts(label="0+ km", least=0, below=None, unit="km")


@pytest.mark.parametrize(
    ("name", "wrong", "reason"),
    [
        ("dwell", {"classes": ()}, "keys and classes"),
        ("dwell", {"keys": ("zone", "daypart")}, "keys and classes"),
        ("stay_home", {"classes": (KM,)}, "keys and classes"),
        ("stay_home", {"keys": ("home", "class", "day")}, "keys and classes"),
        ("dwell", {"classes": (KM,)}, "210 cells, its zones and period make 35"),
        ("distance", {"keys": ("home", "zone", "class")}, "keys, pairs and max_km"),
        ("distance", {"pairs": "all"}, "keys, pairs and max_km"),
        ("catchment", {"pairs": None, "max_km": None}, "keys, pairs and max_km"),
        ("catchment", {"pairs": "all"}, "keys, pairs and max_km"),
        ("catchment", {"cells": 2**62}, "4,611,686,018,427,387,904 cells, its zones"),
    ],
)
def test_facts_that_contradict_each_other_are_refused(
    more: Release, name: str, wrong: dict[str, Any], reason: str
) -> None:
    facts: StatisticFacts = more[name].facts.model_copy(update=wrong)
    with pytest.raises(ValueError, match=reason):
        grid_of(facts, more.places, calendar_of(more.manifest))


def test_a_class_is_neither_place_nor_time() -> None:
    assert split_keys(("home", "class", "day")) == (("home",), "day")
    assert split_keys(("zone", "class")) == (("zone",), None)
    assert split_keys(("home", "zone")) == (("home", "zone"), None)
