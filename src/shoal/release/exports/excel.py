""".xlsx: a sheet of rows, a sheet of notes; hours as local time without an offset, which Excel does not know."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.errors import UsageError
from shoal.release.exports._format import of_table
from shoal.release.exports._notes import notes
from shoal.release.read import Release, Table

if TYPE_CHECKING:
    import polars as pl

XLSX_ROWS = 1_048_575
"""Rows that an Excel sheet can hold below its header."""


def _write(release: Release, table: Table, to: Path) -> None:
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
    for row, (name, text) in enumerate(notes(release, table, _times(release)).items()):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, text)
    try:
        book.close()
    except XlsxWriterException as error:
        cause = error.args[0] if error.args else None
        raise cause if isinstance(cause, OSError) else OSError(None, "Excel's limits were reached") from None


def _times(release: Release) -> str:
    return f"local time of {release.manifest.period.timezone}, written without an offset"


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


XLSX = of_table(".xlsx", _write)
