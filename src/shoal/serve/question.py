"""What is asked of a table: the parameters of the address, and the rows that they mean."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from shoal._arrays import Int64
from shoal.serve.cube import HALF, STANDING_OUT, SUPPRESSED, Cube, places_in, rows_of
from shoal.serve.problems import Problem
from shoal.serve.times import bins_of

MOST_VALUES = 500
"""Values that one filter may name."""
MOST_ROWS = 2_000_000
"""Rows of one page of Arrow or Parquet."""
MOST_ROWS_AS_TEXT = 200_000
"""Rows of one page of CSV or JSON."""
FEW_ROWS = 512
"""Parts with fewer rows than this are put together: each has a head of its own."""

_Id = Annotated[str, Field(max_length=200)]
_Ids = Annotated[list[_Id], Field(max_length=MOST_VALUES)]
Format = Literal["arrow", "parquet", "csv", "json"]


class Versioned(BaseModel):
    """What every question about a release may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Annotated[
        str | None,
        Field(pattern="^[0-9a-f]{8,64}$", description="Version of the release, as listed: the answer never changes."),
    ] = None


class Formatted(Versioned):
    """A question that tables answer."""

    format: Annotated[Format | None, Field(description="Goes before the Accept header.")] = None


class TableQuestion(Formatted):
    """The parameters of a table's rows."""

    zone: Annotated[_Ids, Field(description="Only these zones; may be repeated.")] = []
    place: Annotated[_Ids, Field(description="Only these named places.")] = []
    home: Annotated[_Ids, Field(description="Only devices that live in these zones.")] = []
    origin: Annotated[_Ids, Field(description="Only from these zones.")] = []
    destination: Annotated[_Ids, Field(description="Only to these zones.")] = []
    class_: Annotated[_Ids, Field(alias="class", description="Only these classes.")] = []
    time: Annotated[
        _Ids,
        Field(description="Only these hours (2026-03-02T08:00, local or with an offset), days, weeks, parts of day."),
    ] = []
    from_: Annotated[_Id | None, Field(alias="from", description="From this hour or day on.")] = None
    to: Annotated[_Id | None, Field(description="Before this hour or day.")] = None
    bbox: Annotated[
        _Id | None, Field(description="west,south,east,north in degrees; of pairs, either end meets it.")
    ] = None
    columns: Annotated[
        _Id | None,
        Field(
            description="Only these columns, separated by commas, in the order of the table; beside those that it has, "
            "half: of the interval, which goes from estimate - half to estimate + half; and standing_out: does noise "
            "not explain the number?"
        ),
    ] = None
    cells: Annotated[
        Literal["text", "64"] | None,
        Field(description="64: places that are H3 cells as integers of 64 bits, in Arrow and Parquet."),
    ] = None
    floats: Annotated[Literal["32", "64"] | None, Field(description="Bits of a number in Arrow and Parquet.")] = None
    limit: Annotated[int | None, Field(ge=1, le=MOST_ROWS, description="Rows of a page.")] = None
    offset: Annotated[int, Field(ge=0, le=2**53, description="Rows to leave out before it.")] = 0


@dataclass(frozen=True, eq=False)
class Page:
    """Rows that answer a question: ascending by time, then as in the release.

    table   pyarrow table
    offset  rows before it
    total   rows of all pages
    """

    table: Any
    offset: int
    total: int

    @property
    def next(self) -> int | None:
        """Offset of the next page; None where this is the last."""
        end = self.offset + int(self.table.num_rows)
        return end if end < self.total else None


def ask(cube: Cube, question: TableQuestion, timezone: str, most: int) -> Page:
    """The rows that a question means, at most `most` of them. Raises `Problem` (422)."""
    import pyarrow as pa

    columns = _columns(cube, question)
    bins = bins_of(cube, timezone, question.time, question.from_, question.to)
    rows = _rows(cube, question)
    at_each = cube.rows if rows is None else len(rows)
    times = np.arange(cube.bins) if bins is None else bins
    total = at_each * len(times)
    limit = min(question.limit or most, most)
    keys = {**cube.keys, **(_cells(cube) if question.cells == "64" else {})}
    schema = _schema(cube, keys, columns, single=question.floats == "32")
    parts = list(_parts(cube, keys, schema, times, rows, at_each, question.offset, limit))
    table = pa.Table.from_batches(parts, schema)
    if len(parts) > 1 and table.num_rows < FEW_ROWS * len(parts):
        table = table.combine_chunks()
    return Page(table, question.offset, total)


def box_of(text: str | None) -> tuple[float, float, float, float] | None:
    """west, south, east, north of the parameter `bbox`. Raises `Problem` (422)."""
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        west = south = east = north = float("nan")
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise Problem(
            422, f"bbox {text[:60]!r} is no box; write west,south,east,north in degrees, as in -103.4,20.6,-103.3,20.7"
        )
    return west, south, east, north


def _parts(
    cube: Cube,
    keys: Mapping[str, Any],
    schema: Any,
    times: Int64,
    rows: Int64 | None,
    at_each: int,
    offset: int,
    limit: int,
) -> Iterator[Any]:
    """A record batch for each time that the page reaches."""
    import pyarrow as pa

    if at_each == 0:
        return
    first = offset // at_each
    left = limit
    for time in times[first:] if first < len(times) else ():
        start = max(0, offset - first * at_each)
        stop = min(at_each, start + left)
        if stop > start:
            chosen = slice(start, stop) if rows is None else rows[start:stop]
            arrays = [_array(cube, keys, field, int(time), chosen, stop - start) for field in schema]
            yield pa.record_batch(arrays, schema=schema)
        left -= stop - start
        if left <= 0:
            return
        offset = (first + 1) * at_each
        first += 1


def _array(cube: Cube, keys: Mapping[str, Any], field: Any, time: int, chosen: "slice | Int64", length: int) -> Any:
    import pyarrow as pa

    name = field.name
    if name == cube.time:
        return pa.repeat(cube.times[time], length)
    if name in keys:
        column = keys[name]
        return column.slice(chosen.start, length) if isinstance(chosen, slice) else column.take(pa.array(chosen))
    if name in (SUPPRESSED, STANDING_OUT):
        return pa.array((cube.suppressed if name == SUPPRESSED else cube.standing_out)[time][chosen])
    numbers = cube.block(name, time)[chosen].astype(field.type.to_pandas_dtype(), copy=False)
    return pa.array(numbers, from_pandas=name in cube.gaps)


def _schema(cube: Cube, keys: Mapping[str, Any], columns: Sequence[str], *, single: bool) -> Any:
    import pyarrow as pa

    number = pa.float32() if single else pa.float64()

    def kind(name: str) -> Any:
        if name == cube.time:
            return cube.times.type
        if name in keys:
            return keys[name].type
        return pa.bool_() if name in (SUPPRESSED, STANDING_OUT) else number

    return pa.schema([pa.field(name, kind(name)) for name in columns])


def _columns(cube: Cube, question: TableQuestion) -> tuple[str, ...]:
    if question.columns is None:
        return cube.all_columns
    wanted = [name.strip() for name in question.columns.split(",")]
    known = (*cube.all_columns, HALF, STANDING_OUT)
    for name in wanted:
        if name not in known:
            raise Problem(422, f"{cube.name} has no column {name[:60]!r}; it has {', '.join(known)}")
    return tuple(name for name in known if name in wanted)


def _cells(cube: Cube) -> Mapping[str, Any]:
    if cube.cells is None:
        raise Problem(422, f"the places of {cube.name} are no H3 cells; leave cells=64 out")
    return cube.cells


def _rows(cube: Cube, question: TableQuestion) -> Int64 | None:
    """Indexes of the rows at each time that the filters leave; None for all."""
    chosen = np.ones(cube.rows, dtype=np.bool_)
    for key in ("zone", "place", "home", "origin", "destination"):
        wanted: list[str] = getattr(question, key)
        if wanted:
            if key not in cube.columns:
                raise Problem(422, f"{cube.name} is not counted by {key}; its keys are {', '.join(cube.keys)}")
            at = np.zeros(len(cube.ids), dtype=np.bool_)
            for place in wanted:
                if place not in cube.index:
                    raise Problem(422, f"{cube.name} knows no {key} {place[:60]!r}; /zones of the release lists them")
                at[cube.index[place]] = True
            chosen &= at[cube.places[:, cube.columns.index(key)]]
    if question.class_:
        if cube.classes is None:
            raise Problem(422, f"{cube.name} has no classes; its keys are {', '.join(cube.keys)}")
        if wrong := [label for label in question.class_ if label not in cube.labels]:
            raise Problem(422, f"{cube.name} has no class {wrong[0][:60]!r}; it has {', '.join(cube.labels)}")
        chosen &= np.isin(cube.classes, [cube.labels.index(label) for label in question.class_])
    box = box_of(question.bbox)
    if box is not None:
        chosen &= places_in(cube, box)
    return rows_of(chosen)
