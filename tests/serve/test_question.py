"""Filters and pages: every answer is what a slow filter of the published table gives."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import h3
import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from shoal.release.derived import standing_out
from shoal.release.read import Release
from shoal.serve.answers import Answer
from shoal.serve.cube import Cube
from shoal.serve.encode import encode
from shoal.serve.problems import Problem
from shoal.serve.question import TableQuestion, ask, box_of

ZONE = "America/Mexico_City"
Cubes = dict[str, tuple[Cube, pl.DataFrame]]


def rows(cube: Cube, said: dict[str, Any] | None = None, most: int = 10**9) -> pl.DataFrame:
    found = pl.from_arrow(ask(cube, TableQuestion.model_validate(said or {}), ZONE, most).table)
    assert isinstance(found, pl.DataFrame)
    return found


def by_time(frame: pl.DataFrame, cube: Cube) -> pl.DataFrame:
    """The slow twin of the order: by time, else as it was."""
    if cube.time is None:
        return frame
    order = {value: at for at, value in enumerate(frame[cube.time].unique(maintain_order=True))}
    key = pl.Series([order[value] for value in frame[cube.time]])
    return frame.with_columns(key=key).sort("key", maintain_order=True).drop("key")


def same(found: pl.DataFrame, frame: pl.DataFrame) -> None:
    assert found.columns == frame.columns
    assert found.rows() == frame.rows()


NAMES = ("presence", "visits", "flows", "residents", "visitors", "dwell", "catchment", "distance", "stay_home")


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_table_is_the_published_one_by_time(cubes: Cubes, name: str) -> None:
    cube, frame = cubes[name]
    same(rows(cube), by_time(frame, cube))


def test_what_stands_out_is_asked_for_by_name(cubes: Cubes, release: Release, classed: Release) -> None:
    """Those rows of which `shoal derive standing-out` says so, each at its place; who does not ask is not told."""
    shares = []
    for name in NAMES:
        cube, frame = cubes[name]
        said = rows(cube, {"columns": "standing_out"})["standing_out"]
        found = standing_out((release if name in release.tables else classed)[name])
        keys = [column for column in cube.all_columns if column in frame.columns and frame[column].dtype != pl.Float64]
        same(by_time(frame, cube).filter(said).sort(keys), found.sort(keys))
        assert "standing_out" not in rows(cube).columns
        shares.append(said.sum() / said.len())
    assert any(0 < share < 1 for share in shares)  # and a rule that takes all or none would be seen


@pytest.mark.parametrize("name", NAMES)
def test_pages_put_together_are_the_whole(cubes: Cubes, name: str) -> None:
    cube, frame = cubes[name]
    parts, offset, turns = [], 0, 0
    size = max(1, frame.height // 5)
    while True:
        page = ask(cube, TableQuestion(limit=size, offset=offset), ZONE, 10**9)
        assert page.total == frame.height
        parts.append(pl.from_arrow(page.table))
        turns += 1
        if page.next is None:
            break
        offset = page.next
    assert turns >= min(5, frame.height)
    same(pl.concat(parts), by_time(frame, cube))  # type: ignore[type-var, arg-type]


def test_a_page_is_never_longer_than_the_most_and_one_past_the_end_is_empty(cubes: Cubes) -> None:
    cube, frame = cubes["presence"]
    assert rows(cube, most=10).height == 10
    assert rows(cube, {"limit": 7}, most=10).height == 7
    empty = ask(cube, TableQuestion(offset=frame.height), ZONE, 10)
    assert (empty.table.num_rows, empty.next, empty.total) == (0, None, frame.height)


def test_an_hour_in_local_time_and_with_an_offset(cubes: Cubes) -> None:
    cube, frame = cubes["presence"]
    wanted = frame.filter(pl.col("hour").dt.strftime("%Y-%m-%dT%H") == "2026-03-04T08")
    assert wanted.height == 7
    for text in ("2026-03-04T08:00", "2026-03-04T08:00-06:00", "2026-03-04T14:00Z", "2026-03-04T15:00 01:00"):
        same(rows(cube, {"time": [text]}), wanted)


def test_a_span_of_hours_ends_before_its_end(cubes: Cubes) -> None:
    cube, frame = cubes["presence"]
    found = rows(cube, {"from": "2026-03-03", "to": "2026-03-03T02:00"})
    wanted = frame.filter(pl.col("hour").dt.strftime("%Y-%m-%dT%H").is_in(["2026-03-03T00", "2026-03-03T01"]))
    same(found, by_time(wanted, cube))
    assert rows(cube, {"from": "2026-03-09"}).height == 0


def test_keys_times_and_classes_together(cubes: Cubes) -> None:
    cube, frame = cubes["flows"]
    found = rows(cube, {"origin": ["z01", "z05"], "destination": ["z02"], "time": ["morning"]})
    wanted = frame.filter(
        pl.col("origin").is_in(["z01", "z05"]), pl.col("destination") == "z02", pl.col("daypart") == "morning"
    )
    assert wanted.height == 2
    same(found, wanted)
    cube, frame = cubes["dwell"]
    label = cube.labels[2]
    same(rows(cube, {"class": [label], "zone": ["z03"]}),
         by_time(frame.filter(pl.col("class") == label, pl.col("zone") == "z03"), cube))  # fmt: skip


def test_a_box_finds_the_places_that_meet_it(cubes: Cubes) -> None:
    cube, frame = cubes["residents"]
    # z00 is the square from -103.4, 20.6 a hundredth of a degree wide; z01 to its right
    assert rows(cube, {"bbox": "-103.395,20.601,-103.394,20.602"})["zone"].to_list() == ["z00"]
    assert rows(cube, {"bbox": "-103.395,20.601,-103.385,20.602"})["zone"].to_list() == ["z00", "z01"]
    assert rows(cube, {"bbox": "10,20,11,21"}).height == 0
    assert rows(cube, {"bbox": "170,-10,-100,30"}).height == frame.height, "across the date line"
    assert rows(cube, {"bbox": "-100,-10,170,30"}).height == 0
    pairs, table = cubes["flows"]
    found = rows(pairs, {"bbox": "-103.395,20.601,-103.394,20.602"})
    assert found.height == table.filter((pl.col("origin") == "z00") | (pl.col("destination") == "z00")).height


def test_columns_in_the_order_of_the_table_and_half_as_wide(cubes: Cubes) -> None:
    cube, frame = cubes["presence"]
    found = ask(cube, TableQuestion(columns="upper, zone", floats="32"), ZONE, 10**9).table
    assert found.column_names == ["zone", "upper"]
    assert str(found.schema.field("upper").type) == "float"
    wide = by_time(frame, cube)["upper"].to_numpy()
    assert np.allclose(found["upper"].to_numpy(), wide, rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_half_and_the_estimate_say_both_ends_of_the_interval(cubes: Cubes, name: str) -> None:
    cube, frame = cubes[name]
    said = rows(cube, {"columns": "half,estimate"})
    published = by_time(frame, cube)
    assert said.columns == ["estimate", "half"]
    assert np.allclose(said["estimate"] - said["half"], published["lower"], rtol=0, atol=1e-9)
    assert np.allclose(said["estimate"] + said["half"], published["upper"], rtol=0, atol=1e-9)


def test_cells_as_integers_are_the_same_cells(cubes: Cubes) -> None:
    cube, _ = cubes["flows"]
    cells = tuple(f"88498c94{at:02x}fffff" for at in range(len(cube.ids)))
    hexagons = replace(cube, ids=cells)
    asked = {"time": ["morning"], "columns": "origin,destination", "cells": "64"}
    found = rows(hexagons, asked)
    assert set(found.dtypes) == {pl.UInt64}
    as_text = rows(hexagons, asked | {"cells": "text"})
    assert [tuple(f"{end:x}" for end in row) for row in found.rows()] == as_text.rows()
    assert found.height == as_text.height > 10
    some = rows(hexagons, asked | {"origin": [cells[2]]})
    assert {f"{cell:x}" for cell in some["origin"]} == {cells[2]}


@pytest.mark.parametrize("encoding", ["zstd", "gzip"])
def test_the_first_view_of_a_hundred_thousand_hexagons_takes_half_a_megabyte(cubes: Cubes, encoding: str) -> None:
    """Cells once, and an hour of numbers as noisy as they come; not as text and with both ends of the interval."""
    cells = tuple(sorted(h3.grid_disk(h3.latlng_to_cell(20.67, -103.35, 9), 182)))
    dice = np.random.default_rng(1)
    estimate = np.round(dice.normal(0, 40, (1, len(cells))) * 1024) / 1024
    numbers = {
        "estimate": estimate,
        "stderr": np.full_like(estimate, 40.0),
        "lower": estimate - 78.398,
        "upper": estimate + 78.398,
        "consistent": dice.poisson(1.0, estimate.shape).astype(np.float64),
    }
    cube = replace(
        cubes["presence"][0],
        ids=cells,
        places=np.arange(len(cells), dtype=np.int32)[:, None],
        times=pa.array([datetime(2026, 3, 2, 8, tzinfo=UTC)]),
        numbers=numbers,
        suppressed=np.zeros(estimate.shape, dtype=np.bool_),
    )

    def size(*questions: TableQuestion) -> int:
        pages = (encode(ask(cube, one, ZONE, 10**6), "arrow", {}) for one in questions)
        return sum(len(Answer.of(page, "x").packed(encoding).body) for page in pages)

    keys = TableQuestion(columns="zone", cells="64")
    hour = TableQuestion(columns="estimate,half,consistent,suppressed", floats="32")
    assert size(keys, hour) < 500_000
    as_before = TableQuestion(columns="lower,upper,consistent,suppressed", floats="32")
    assert size(TableQuestion(columns="zone"), as_before) > 900_000


def test_a_missing_number_is_null_and_suppressed_is_kept(cubes: Cubes) -> None:
    cube, _ = cubes["residents"]
    numbers = {name: block.copy() for name, block in cube.numbers.items()}
    suppressed = cube.suppressed.copy()
    numbers["estimate"][0, 3], suppressed[0, 3] = np.nan, True
    found = rows(replace(cube, numbers=numbers, suppressed=suppressed))
    assert found["estimate"].null_count() == 1
    without = replace(cube, numbers=numbers, suppressed=suppressed)
    assert rows(without, {"columns": "half"})["half"].null_count() == 1
    assert found["suppressed"].to_list() == [False, False, False, True, False, False, False]


@pytest.mark.parametrize(
    ("name", "said", "words"),
    [
        ("flows", {"zone": ["z01"]}, "not counted by zone; its keys are origin, destination"),
        ("presence", {"zone": ["z77"]}, "knows no zone 'z77'"),
        ("presence", {"time": ["2026-03-02T08:30"]}, "it has those from 2026-03-02T00:00:00-06:00"),
        ("presence", {"time": ["yesterday"]}, "is no time"),
        ("visits", {"time": ["2026-03-02T08:00"]}, "is no date"),
        ("visitors", {"time": ["Funday"]}, "it has Monday"),
        ("visitors", {"from": "2026-03-02"}, "mean nothing for a table by weekday"),
        ("residents", {"time": ["2026-03-02"]}, "has no times"),
        ("residents", {"class": ["1-2 km"]}, "has no classes"),
        ("distance", {"class": ["1-2 miles"]}, "has no class '1-2 miles'; it has"),
        ("presence", {"columns": "zone,secret"}, "has no column 'secret'"),
        ("presence", {"cells": "64"}, "are no H3 cells"),
        ("presence", {"bbox": "1,2,3"}, "is no box"),
        ("presence", {"bbox": "nan,0,1,1"}, "is no box"),
        ("presence", {"bbox": "0,10,1,5"}, "is no box"),
    ],
)
def test_what_can_not_be_meant_is_refused_in_one_sentence(cubes: Cubes, name: str, said: Any, words: str) -> None:
    with pytest.raises(Problem) as refused:
        rows(cubes[name][0], said)
    assert refused.value.status == 422
    assert words in refused.value.detail
    assert "\n" not in refused.value.detail


def test_huge_filters_are_refused() -> None:
    from pydantic import ValidationError

    TableQuestion(zone=["z"] * 500)
    with pytest.raises(ValidationError):
        TableQuestion(zone=["z"] * 501)
    with pytest.raises(ValidationError):
        TableQuestion(zone=["z" * 201])
    with pytest.raises(ValidationError):
        TableQuestion(limit=10**9)


def test_no_box_is_no_box() -> None:
    assert box_of(None) is None
    assert box_of("-180,-90,180,90") == (-180, -90, 180, 90)
