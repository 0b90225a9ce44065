"""One table of a release as a file for another tool, chosen by the file's ending."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.errors import UsageError
from shoal.release import sentences, words
from shoal.release._file import write_file
from shoal.release.read import Release, Table

if TYPE_CHECKING:
    import polars as pl

XLSX_ROWS = 1_048_575
"""Rows that an Excel sheet can hold below its header."""


def export(release: Release, statistic: str, to: str | Path) -> Path:
    """Write one table to the file `to`, replacing it, and give its path.

    .csv      text; hours as ISO 8601 with their offset
    .parquet  GeoParquet: each row with its zone's geometry, a pair of zones with the line between their centres
    .geojson  the same as GeoJSON (RFC 7946); times as text
    .arrow    Arrow IPC file, uncompressed
    .xlsx     a sheet of rows, a sheet of notes; hours as local time without an offset, which Excel does not know
    Raises `UsageError` for another ending, an unknown statistic or a file that can't be; `StateError` when the disk
    fails.
    """
    to, table = Path(to), release[statistic]

    def make(file: Path) -> None:
        _WRITERS[file.suffix](release, table, file)

    return write_file(release, to, tuple(_WRITERS), make)


def _csv(_: Release, table: Table, to: Path) -> None:
    frame = table.to_polars()
    data = frame.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%:z", float_precision=None)
    to.write_text(data, encoding="utf-8", newline="")


def _parquet(_: Release, table: Table, to: Path) -> None:
    table.to_geopandas().to_parquet(to, index=False, compression="zstd")


def _geojson(_: Release, table: Table, to: Path) -> None:
    import pyogrio

    frame = table.to_geopandas()
    if "hour" in frame:
        frame["hour"] = [hour.isoformat() for hour in frame["hour"]]
    for key in ("day", "week"):
        if key in frame:
            frame[key] = [f"{day:%Y-%m-%d}" for day in frame[key]]
    sink = io.BytesIO()  # not to the file itself: GDAL may keep a full disk to itself
    pyogrio.write_dataframe(frame, sink, driver="GeoJSON", layer=table.name, RFC7946="YES", WRITE_NAME="NO")
    to.write_bytes(sink.getvalue())


def _arrow(_: Release, table: Table, to: Path) -> None:
    import pyarrow as pa

    data = table.to_arrow()
    with pa.OSFile(os.fspath(to), "wb") as sink, pa.ipc.new_file(sink, data.schema) as writer:
        writer.write_table(data)


def _xlsx(release: Release, table: Table, to: Path) -> None:
    import xlsxwriter
    from xlsxwriter.exceptions import XlsxWriterException

    if len(table) > XLSX_ROWS:
        raise UsageError(
            f"{table.name} has {len(table):,} rows and an Excel sheet holds {XLSX_ROWS:,}; "
            "export it as .csv or .parquet"
        )
    # text stays text: a zone called "=1+1" is no formula
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(os.fspath(to), options)
    _rows(book, table)
    sheet = book.add_worksheet("About")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 110, book.add_format({"text_wrap": True}))
    for row, (name, text) in enumerate(_notes(release, table)):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, text)
    try:
        book.close()
    except XlsxWriterException as error:
        cause = error.args[0] if error.args else None
        raise cause if isinstance(cause, OSError) else OSError(None, "Excel's limits were reached") from None


def _rows(book: Any, table: Table) -> None:
    frame = _local(table.to_polars())
    sheet = book.add_worksheet(table.name[:31])
    sheet.freeze_panes(1, len(table.keys))
    bold = book.add_format({"bold": True, "bottom": 1})
    formats = {name: book.add_format({"num_format": "#,##0.0##"}) for name in frame.columns}
    formats["hour"] = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    formats["day"] = formats["week"] = book.add_format({"num_format": "yyyy-mm-dd"})
    for column, name in enumerate(frame.columns):
        sheet.set_column(column, column, 18 if name in table.keys else 12)
        sheet.write_string(0, column, name, bold)
    sheet.autofilter(0, 0, frame.height, frame.width - 1)
    for number, row in enumerate(frame.iter_rows(), start=1):
        for column, (name, value) in enumerate(zip(frame.columns, row, strict=True)):
            match value:
                case None:
                    pass
                case bool():
                    sheet.write_boolean(number, column, value)
                case float():
                    sheet.write_number(number, column, value, formats[name])
                case str():
                    sheet.write_string(number, column, value)
                case _:
                    sheet.write_datetime(number, column, value, formats[name])


def _local(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Hours as local clock time without a zone; the hour that a clock set back repeats stands there twice."""
    import polars as pl

    return frame.with_columns(pl.col("hour").dt.replace_time_zone(None)) if "hour" in frame.columns else frame


def _notes(release: Release, table: Table) -> list[tuple[str, str]]:
    m, s = release.manifest, table.facts
    p = m.privacy
    notes = [
        ("release", m.id),
        ("statistic", f"{s.statistic}: {s.value}"),
        ("noise", f"{words.interval(s)} with 95 % confidence: lower and upper"),
        *([("classes", f"{words.classes(s)}; in this order")] if s.classes else []),
        ("estimate", "unbiased, for sums and averages; may be negative"),
        ("consistent", "never negative, for showing single numbers"),
        (
            "privacy",
            f"epsilon {words.number(p.epsilon)}, delta {words.number(p.delta)} for one device over one {p.unit}",
        ),
        ("times", f"local time of {m.period.timezone}, written without an offset"),
    ]
    return [("warning", sentences.synthetic()), *notes] if m.synthetic else notes


_WRITERS: dict[str, Callable[[Release, Table, Path], None]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".geojson": _geojson,
    ".arrow": _arrow,
    ".xlsx": _xlsx,
}
