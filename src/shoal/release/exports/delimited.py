""".csv: text, hours as ISO 8601 with their offset; beside it what the columns mean, as CSV on the Web (W3C, 2015)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.release.exports._format import of_table
from shoal.release.exports._notes import notes
from shoal.release.read import Release, Table

if TYPE_CHECKING:
    import polars as pl

COLUMNS: Mapping[str, tuple[str, str]] = {
    "estimate": ("double", "measured value with noise, unbiased; may be negative"),
    "stderr": ("double", "standard deviation of what may be wrong with the estimate"),
    "lower": ("double", "lower end of the 95 % interval"),
    "upper": ("double", "upper end of the 95 % interval"),
    "consistent": ("double", "best single number to show: never negative, adds up"),
    "suppressed": ("boolean", "a row without numbers, of which nothing may be said; not zero"),
}
_KEYS = {"hour": "dateTime", "day": "date", "week": "date"}


def csv_text(frame: "pl.DataFrame") -> str:
    """A table as text: floats as they are, no number where a row is suppressed."""
    return frame.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%:z", float_precision=None)


def described(release: Release, table: Table, name: str, columns: Mapping[str, tuple[str, str]]) -> Mapping[str, bytes]:
    """The metadata of the text file `name`, where CSV on the Web looks for it.

    columns   datatype (of XML Schema) and meaning of each column, in order
    """
    m = release.manifest
    about = notes(release, table, f"local time of {m.period.timezone}, with its offset")
    tree: dict[str, Any] = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": name,
        "dc:title": f"{table.name} of {release.id}",
        "dc:description": "; ".join(f"{key}: {text}" for key, text in about.items()),
        "dc:publisher": m.basis.controller,
        "tableSchema": {
            "columns": [
                {"name": column, "titles": column, "datatype": kind, "dc:description": text}
                for column, (kind, text) in columns.items()
            ],
            "primaryKey": list(table.keys),
        },
    }
    if m.publication is not None:
        tree["dc:license"] = m.publication.licence
    return {f"{name}-metadata.json": (json.dumps(tree, indent=2, ensure_ascii=False) + "\n").encode()}


def _write(_: Release, table: Table, to: Path) -> None:
    to.write_text(csv_text(table.to_polars()), encoding="utf-8", newline="")


def _beside(release: Release, table: Table, name: str) -> Mapping[str, bytes]:
    keys = {key: (_KEYS.get(key, "string"), "key") for key in table.keys}
    return described(release, table, name, {**keys, **COLUMNS})


CSV = of_table(".csv", _write, _beside)
