"""The whole over time: the published table of everything where there is one, else a sum with the interval of a sum."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from shoal.serve.cube import Cube
from shoal.serve.totals import ADDED, ENDS, MEASURED, source_of, totals

Cubes = dict[str, tuple[Cube, pl.DataFrame]]


class Tables(dict[str, Any]):
    """As much of a release as says which tables there are."""

    @classmethod
    def of(cls, *names: str, pairs: str | None = None) -> "Tables":
        def table(name: str) -> Any:
            level = name.partition(".")[2] or None
            return SimpleNamespace(facts=SimpleNamespace(level=level, pairs=pairs), places=("origin", "destination"))

        return cls({name: table(name) for name in names})


@pytest.mark.parametrize(
    ("release", "asked", "found"),
    [
        (Tables.of("a", "a.region", "a.all"), "a", ("a.all", MEASURED)),
        (Tables.of("a", "a.region"), "a", ("a", ADDED)),
        (Tables.of("a", "a.region", "a.all"), "a.region", ("a.region", ADDED)),
        (Tables.of("f", "f.origin", "f.destination", pairs="selected"), "f", ("f.origin", ENDS)),
        (Tables.of("f", pairs="all"), "f", ("f", ADDED)),
    ],
)
def test_what_was_measured_goes_before_what_is_added_up(release: Any, asked: str, found: tuple[str, str]) -> None:
    assert source_of(release, asked) == found


def only(cube: Cube, rows: "slice | np.ndarray[Any, Any]") -> Cube:
    """A cube of some of its rows."""
    return replace(
        cube,
        places=cube.places[rows],
        numbers={name: block[:, rows] for name, block in cube.numbers.items()},
        suppressed=cube.suppressed[:, rows],
    )


def test_a_table_of_one_place_is_given_as_it_was_published(cubes: Cubes) -> None:
    cube, frame = cubes["presence"]
    found = totals(only(cube, slice(2, 3)), laplace=False)
    wanted = frame.filter(pl.col("zone") == "z02")
    for name in ("estimate", "lower", "upper", "consistent"):
        assert found[name].to_pylist() == wanted[name].to_list()
    assert found["stderr"].to_pylist() == pytest.approx(wanted["stderr"].to_list())
    assert found["hour"].to_pylist() == wanted["hour"].to_list()


def test_suppressed_places_are_not_in_a_sum(cubes: Cubes) -> None:
    cube, frame = cubes["visits"]
    suppressed, numbers = cube.suppressed.copy(), {name: block.copy() for name, block in cube.numbers.items()}
    suppressed[:, 4] = True
    for block in numbers.values():
        block[:, 4] = np.nan
    found = totals(replace(cube, suppressed=suppressed, numbers=numbers), laplace=False)
    rest = frame.filter(pl.col("zone") != "z04").group_by("day", maintain_order=True).agg(pl.col("estimate").sum())
    assert found["estimate"].to_pylist() == pytest.approx(rest["estimate"].to_list())
    whole = frame.group_by("day", maintain_order=True).agg(pl.col("estimate").sum())["estimate"].to_list()
    assert found["estimate"].to_pylist() != pytest.approx(whole)


def test_classes_have_a_sum_each(cubes: Cubes) -> None:
    cube, frame = cubes["dwell"]
    found = pl.from_arrow(totals(cube, laplace=True))
    assert isinstance(found, pl.DataFrame)
    wanted = frame.group_by("class", "daypart", maintain_order=True).agg(pl.col("estimate").sum())
    both = found.join(wanted, on=["class", "daypart"], how="inner", suffix="_wanted")
    assert both.height == found.height == wanted.height
    assert both["estimate"].to_list() == pytest.approx(both["estimate_wanted"].to_list())
    width = ((found["upper"] - found["lower"]) / found["stderr"] / 2).to_list()
    assert width == pytest.approx([2.118] * len(width), abs=0.01), "of Laplace noise, which is wider than normal"
