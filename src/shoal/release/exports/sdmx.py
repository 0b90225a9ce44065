""".sdmx.csv (SDMX-CSV 2.0) and .sdmx.xml (SDMX-ML 3.0), as statistical offices exchange data; the structure beside it.

No magic numbers: a row that is suppressed has no observation, OBS_STATUS Q and CONF_STATUS N; one whose interval holds
zero has OBS_STATUS U, low reliability; all others A. Written by pysdmx, the extra `sdmx`.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.errors import UsageError
from shoal.release._grid import split_keys
from shoal.release.exports import _sdmx_structure as parts
from shoal.release.exports._format import Format, of_table
from shoal.release.exports._notes import guarantee
from shoal.release.read import Release, Table

if TYPE_CHECKING:
    import polars as pl


def _format(ending: str, name: str) -> Format:
    def write(release: Release, table: Table, to: Path) -> None:
        _require_pysdmx()
        to.write_text(_text([_dataset(release, table)], name, release), encoding="utf-8", newline="")

    def beside(release: Release, table: Table, file: str) -> Mapping[str, bytes]:
        found = parts.artefacts(parts.structure(release, table))
        return {f"{file[: -len(ending)]}.sdmx-structure.xml": _text(found, "STRUCTURE_SDMX_ML_3_0", release).encode()}

    return of_table(ending, write, beside)


SDMX_CSV = _format(".sdmx.csv", "DATA_SDMX_CSV_2_0_0")
SDMX_XML = _format(".sdmx.xml", "DATA_SDMX_ML_3_0")


def _require_pysdmx() -> None:
    try:
        import_module("lxml")
        import_module("pysdmx.io")
    except ImportError:
        raise UsageError(
            "SDMX needs pysdmx, which is not installed here; install it: pip install 'shoal[sdmx]'"
        ) from None


def _text(objects: list[Any], name: str, release: Release) -> str:
    """What pysdmx writes in the format that it calls `name`."""
    from pysdmx.io import write_sdmx
    from pysdmx.io.format import Format as Known

    options = {"header": _header(release)} if "ML" in name else {}
    return str(write_sdmx(objects, Known[name], **options))


def _header(release: Release) -> Any:
    from datetime import datetime

    from pysdmx.model import Organisation
    from pysdmx.model.message import Header

    m = release.manifest
    sender = Organisation(id=parts.AGENCY, name=m.basis.controller)
    return Header(id=f"SHOAL_{m.id}", test=m.synthetic, prepared=datetime.fromisoformat(m.created), sender=sender)


def _dataset(release: Release, table: Table) -> Any:
    """The table as pysdmx holds one."""
    from pysdmx.io.pd import PandasDataset

    definition = parts.structure(release, table)
    about = {
        "UNIT_MEASURE": definition.components["UNIT_MEASURE"].local_codes.items[0].id,
        "PRIVACY": guarantee(release)["privacy"],
    }
    return PandasDataset(structure=definition.to_schema(), attributes=about, data=_rows(release, table).to_pandas())


def _rows(release: Release, table: Table) -> "pl.DataFrame":
    """A column for each component."""
    import polars as pl

    from shoal.keys import CLASS

    gone, unclear = pl.col("suppressed"), (pl.col("lower") <= 0) & (pl.col("upper") >= 0)
    status = pl.when(gone).then(pl.lit(parts.SUPPRESSED)).when(unclear).then(pl.lit(parts.UNCERTAIN))
    codes = {c.label: parts.code(c.label) for c in table.facts.classes}
    keys = {
        parts.dimension(key): pl.col(key).replace_strict(codes) if key == CLASS else pl.col(key)
        for key in parts.dimensions(table)
    }
    return table.to_polars().select(
        **keys,
        **{parts.TIME: _time_period(release, table)},
        OBS_VALUE="estimate",
        OBS_STATUS=status.otherwise(pl.lit(parts.NORMAL)),
        CONF_STATUS=pl.when(gone).then(pl.lit(parts.WITHHELD)).otherwise(pl.lit(parts.FREE)),
        **{name: pl.col(column) for name, (column, _) in parts.NUMBERS.items()},
    )


def _time_period(release: Release, table: Table) -> "pl.Expr":
    """Hours as a start and a length, days as dates, weeks by ISO 8601; all else is over the whole period."""
    import polars as pl

    _, time = split_keys(table.keys)
    match time:
        case "hour":
            return pl.col(time).dt.strftime("%Y-%m-%dT%H:%M:%S%:z/PT1H")
        case "day":
            return pl.col(time).dt.strftime("%Y-%m-%d")
        case "week":
            return pl.col(time).dt.strftime("%G-W%V")
        case _:
            period = release.manifest.period
            return pl.lit(f"{period.start}/P{(period.end - period.start).days}D")
