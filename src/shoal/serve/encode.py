"""A page of rows as bytes, in the format that the asker prefers."""

import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

from shoal.serve.problems import Problem
from shoal.serve.question import MOST_ROWS, MOST_ROWS_AS_TEXT, Format, Page

if TYPE_CHECKING:
    import polars as pl

MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv; charset=utf-8",
}
"""By format; the first is what those get who don't say."""
FORMATS: tuple[Format, ...] = get_args(Format)


F = TypeVar("F", bound=str)


def choose(accept: str | None, wanted: F | None, offered: Mapping[F, str]) -> F:
    """Name of the format to answer in. Raises `Problem` (406) where none of those that are accepted is offered.

    accept   the Accept header
    wanted   the parameter `format`, which goes before it
    offered  media types by name; the first is given where anything would do
    """
    if wanted is not None:
        return wanted
    if not accept or not accept.strip():
        return next(iter(offered))
    best = 0.0
    found: F | None = None
    ranges = [_range(part) for part in accept.split(",")[:64]]
    for name, media_type in offered.items():
        kind = media_type.partition(";")[0]
        fits = [(_exactness(pattern, kind), quality) for pattern, quality in ranges if _exactness(pattern, kind)]
        quality = max(fits)[1] if fits else 0.0
        if quality > best:
            best, found = quality, name
    if found is None:
        kinds = ", ".join(kind.partition(";")[0] for kind in offered.values())
        raise Problem(406, f"nothing that the Accept header asks for is to be had here; ask for one of {kinds}")
    return found


def most_rows(format_: Format) -> int:
    """How many rows a page of a format may have."""
    return MOST_ROWS if format_ in ("arrow", "parquet") else MOST_ROWS_AS_TEXT


def encode(page: Page, format_: Format, about: dict[str, Any]) -> bytes:
    """A page as bytes; the same page gives the same bytes.

    about  members of the JSON object that go before the rows
    """
    match format_:
        case "arrow":
            return arrow(page.table)
        case "parquet":
            return _parquet(page.table)
        case "csv":
            text = _text(page.table).write_csv()
            return text.encode()
        case "json":
            head = about | {"rows_total": page.total, "offset": page.offset, "next_offset": page.next}
            rows = _text(page.table).write_json()
            return json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "rows": ' + rows.encode() + b"}"


def arrow(table: Any) -> bytes:
    """Arrow IPC stream, uncompressed: browsers unpack none."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return cast("bytes", sink.getvalue().to_pybytes())


def _parquet(table: Any) -> bytes:
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _text(table: Any) -> "pl.DataFrame":
    """Hours as ISO 8601 text with their offset, as `shoal export` writes them."""
    import polars as pl

    frame = cast("pl.DataFrame", pl.from_arrow(table))
    if "hour" not in frame.columns:
        return frame
    return frame.with_columns(pl.col("hour").dt.strftime("%Y-%m-%dT%H:%M:%S%:z"))


def _range(part: str) -> tuple[str, float]:
    pattern, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                quality = 0.0
    return pattern, quality


def _exactness(pattern: str, kind: str) -> int:
    """How exactly a range of media types names one: 0 not at all, 3 by its name."""
    if pattern == kind:
        return 3
    if pattern.endswith("/*") and kind.startswith(pattern[:-1]):
        return 2
    return int(pattern == "*/*")
