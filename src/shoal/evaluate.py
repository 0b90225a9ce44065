"""How far a release is off the truth: `shoal evaluate`. Only for simulated sources, where the truth is nobody's."""

from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.errors import DataError, RefusedError, UsageError
from shoal.release import Release
from shoal.release.read import Table

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Group

    from shoal._arrays import Float64

SIZES = (("20 to 100", 20.0, 100.0), ("100 to 500", 100.0, 500.0), ("over 500", 500.0, float("inf")))
"""Classes of true size, lower end inclusive. Below 20 a relative error says nothing."""

ADD_UP = ("presence", "visits", "dwell", "flows", "distance", "stay_home")
"""Statistics whose numbers add up over time; the others count a device once in a time, however long."""
_PER_UNIT = b"shoal.unit"  # in the metadata of a table: the unit over which `shoal simulate` has taken a mean

MEANING = (
    "The truth is what people really did. A release measures what their devices reported; its intervals are about "
    "that, with noise and correction in them. So fewer than 95 % of them may hold the truth, and the published total "
    "may lie below the true one: that is what phones did not see, not a fault of the noise."
)


@dataclass(frozen=True)
class Line:
    """One statistic against its truth, over all rows that are published and not suppressed.

    mean_absolute_error    of `estimate`, in published units
    median_relative_error  by class of true size, as a share of the truth; None where no row is in the class
    coverage               share of the rows whose interval from `lower` to `upper` holds the truth
    half_width             of those intervals: what noise alone does
    published, true        totals over the rows compared
    """

    statistic: str
    rows: int
    mean_absolute_error: float | None
    median_relative_error: dict[str, float | None]
    coverage: float | None
    half_width: float
    published: float
    true: float
    in_rows: float | None = None
    """Share of the whole truth that lies in these rows, where only some pairs have one."""

    @property
    def ratio(self) -> float | None:
        """Total published over total true."""
        return self.published / self.true if self.true > 0 else None


@dataclass(frozen=True)
class Evaluation:
    """A whole release against the truth. Print it with `render`, or read `lines`."""

    release: str
    lines: tuple[Line, ...]

    def as_json(self) -> dict[str, Any]:
        lines = [asdict(line) | {"published_over_true": line.ratio} for line in self.lines]
        return {"release": self.release, "synthetic": True, "statistics": lines, "meaning": MEANING}

    def render(self) -> "Group":
        """For a terminal."""
        from rich import box
        from rich.console import Group
        from rich.table import Table as Grid
        from rich.text import Text

        grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
        grid.add_column("statistic", style="bold")
        for head in ("rows", "mean error", "noise, 95 %", "intervals with truth", "published / true"):
            grid.add_column(head, justify="right")
        for name, _, _ in SIZES:
            grid.add_column(f"median error, {name}", justify="right")
        for line in self.lines:
            grid.add_row(
                line.statistic,
                f"{line.rows:,}",
                "–" if line.mean_absolute_error is None else f"{line.mean_absolute_error:,.1f}",
                f"±{line.half_width:,.1f}",
                _percent(line.coverage),
                _percent(line.ratio),
                *(_percent(line.median_relative_error[name]) for name, _, _ in SIZES),
            )
        chosen = "".join(
            f"{line.statistic} was measured top-down: its rows hold {_percent(line.in_rows)} of the true total.\n"
            for line in self.lines
            if line.in_rows is not None
        )
        return Group(Text(f"{self.release} against the truth. SYNTHETIC: no real devices."), Text(), grid,
                     Text(chosen, end=""), Text(MEANING, style="dim"))  # fmt: skip


def evaluate(release: Release, truth: str | Path) -> Evaluation:
    """Compare `release` with the tables <statistic>.parquet in the folder `truth`: its key columns, and `value`.

    Of a statistic by named places the truth lies in places/<statistic>.parquet.

    Sums by region and over all are compared with the same truth, added up.

    For a release without a time key, the truth of a statistic of `ADD_UP` may have one: then it is added up. For one by
    week the truth may be by day or hour.

    Raises `RefusedError` for a release of real records, before anything of `truth` is opened; `UsageError` where
    there is no such folder; `DataError` for a table that is missing or speaks of other places or times.
    """
    import polars as pl

    truth = Path(truth)
    if not release.manifest.synthetic:
        raise RefusedError(
            f"{release.id}: evaluate is for releases of a source marked synthetic; exact truth about real people is "
            "not for comparing, test the plan on a simulated source instead"
        )
    if not truth.is_dir():
        raise UsageError(f"{truth}: no such folder; give the folder of the truth, as `shoal simulate` writes it")
    lines: list[Line] = []
    for name in release:
        if release[name].facts.pairs == "selected":
            lines += _of_selected(release, name, truth / f"{name}.parquet")
            continue
        folder = truth / "places" if release[name].facts.of_named_places else truth
        fine = _joined(release[name], folder / f"{name}.parquet")
        known = _without_silent(release[name], fine["value"].to_numpy())
        for table in (release[other] for other in release.tables if release[other].facts.base == name):
            value = pl.Series("value", table.sheet.add_up(known))
            lines.append(_line(table, table.to_polars().with_columns(value)))
    return Evaluation(release.id, tuple(lines))


def _without_silent(table: Table, value: "Float64") -> "Float64":
    """The truth of each cell of the finest grid, 0 where nothing is published: totals are without it as well."""
    import numpy as np

    from shoal.release._silent import fine_silent

    release, sheet = table.release, table.sheet
    silent = fine_silent(table.facts, release.manifest, sheet, release.zones_of(table.facts))
    return np.where(np.repeat(silent, value.size // max(1, silent.size)), 0.0, value)


def _of_selected(release: Release, name: str, file: Path) -> list[Line]:
    """Pairs that were measured top-down against the truth of these pairs; their ends against that of all candidates."""
    import polars as pl

    from shoal.keys import pair_places

    table = release[name]
    keys, (first, second), zones = list(table.keys), table.places, release.places
    published = _plain(table.to_polars(), keys)
    truth = _truth(table, file, published)
    silent = release.manifest.sensitive.isolated if release.manifest.sensitive is not None else ()
    truth = truth.filter(~pl.col(first).is_in(silent) & ~pl.col(second).is_in(silent))
    if table.facts.max_km is not None:
        ids = pl.Series(zones.ids, dtype=pl.String)
        near = pair_places(zones.centres, float(Fraction(table.facts.max_km))).astype("uint32")
        pairs = pl.DataFrame({first: ids.gather(near[:, 0]), second: ids.gather(near[:, 1])})
        truth = truth.join(pairs, on=[first, second], how="semi")
    total = float(truth["value"].sum())
    line = _line(table, _matched(published, truth, keys, file))
    lines = [replace(line, in_rows=line.true / total if total > 0 else None)]
    for end in (release[f"{name}.{place}"] for place in (first, second)):
        sums = truth.group_by(list(end.keys)).agg(pl.col("value").sum())
        shown = end.to_polars().filter(~pl.col("suppressed"))
        rows = _matched(_plain(shown, list(end.keys)), sums, list(end.keys), file)
        lines.append(_line(end, rows))
    return lines


def _line(table: Table, rows: "pl.DataFrame") -> Line:
    import polars as pl

    rows = rows.filter(~pl.col("suppressed"))
    error = (rows["estimate"] - rows["value"]).abs()
    relative: dict[str, float | None] = {}
    for name, least, below in SIZES:
        of_size = (rows["value"] >= least) & (rows["value"] < below)
        relative[name] = _number((error.filter(of_size) / rows["value"].filter(of_size)).median())
    return Line(
        statistic=table.name,
        rows=rows.height,
        mean_absolute_error=_number(error.mean()),
        median_relative_error=relative,
        coverage=_number(rows["value"].is_between(rows["lower"], rows["upper"]).mean()),
        half_width=table.facts.usual_width,
        published=float(rows["estimate"].sum()),
        true=float(rows["value"].sum()),
    )


def _joined(table: Table, file: Path) -> "pl.DataFrame":
    """The keys of a statistic by single zones (or pairs), in the order of cells, with the truth of each as `value`."""
    keys = list(table.keys)
    published = _plain(table.sheet.fine.frame(table.release.zones_of(table.facts).ids), keys)
    truth = _truth(table, file, published)
    joined = _matched(published, truth, keys, file)
    if truth.height > published.height and table.facts.pairs != "within":
        raise DataError(
            f"{file}: {truth.height - published.height:,} of its rows are not in the release; give the truth of the "
            "same places and period"
        )
    return joined


def _truth(table: Table, file: Path, published: "pl.DataFrame") -> "pl.DataFrame":
    """The truth by the keys of the table, in the types of what is published."""
    keys = list(table.keys)
    truth = _plain(_read(file, table), keys)
    if any(truth.schema[key] != published.schema[key] for key in keys):
        raise DataError(f"{file}: its columns {', '.join(keys)} must be of the same types as those of the release")
    columns = [column for column in truth.columns if column != "value"]
    if truth.select(columns).is_duplicated().any():
        raise DataError(f"{file}: a row of the truth stands there twice; it needs one for each {' and '.join(columns)}")
    if len(columns) > len(keys):
        truth = _added_up(truth, keys, file)
    return truth


def _matched(published: "pl.DataFrame", truth: "pl.DataFrame", keys: list[str], file: Path) -> "pl.DataFrame":
    """The keys of every published row with its truth."""
    joined = published.join(truth, on=keys, how="left", maintain_order="left")
    if lacking := joined["value"].null_count():
        raise DataError(
            f"{file}: it has no row for {lacking:,} of the release's {joined.height:,}; give the truth of the same "
            "places and period, zeros included"
        )
    return joined


def _added_up(truth: "pl.DataFrame", keys: list[str], file: Path) -> "pl.DataFrame":
    """The truth over all its times."""
    import polars as pl

    whole = truth.group_by(keys).agg(pl.col("value").sum(), pl.len().alias("times"))
    if whole["times"].n_unique() > 1:
        raise DataError(f"{file}: it lacks times for some of its rows; give every time for each, zeros included")
    return whole.drop("times")


def _read(file: Path, table: Table) -> "pl.DataFrame":
    """The truth of `table` with its key columns, `value`, and perhaps one time key more."""
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    from shoal.keys import TIME_NAMES

    if not file.is_file():
        raise DataError(f"{file}: there is no such file; the truth needs one table for each statistic of the release")
    try:
        with file.open("rb") as source:
            rows = pq.ParquetFile(source).read()
            frame = pl.from_arrow(rows)  # Polars may panic on malformed bytes
    except (pa.ArrowException, OSError):
        raise DataError(f"{file}: this is no Parquet file that can be read; simulate the truth again") from None
    assert isinstance(frame, pl.DataFrame)  # noqa: S101  # from_arrow gives a Series only for an array
    keys, unit = table.keys, table.release.manifest.period.unit
    counted = (rows.schema.metadata or {}).get(_PER_UNIT, unit.encode()).decode(errors="replace")
    if counted != unit:
        raise DataError(
            f"{file}: it counts a device once a {counted}, the release once a {unit}; compare with a release of a plan "
            f'whose unit is "{counted}"'
        )
    if "week" in keys and "week" not in frame.columns and table.name in ADD_UP:
        frame = _by_week(frame, table.release.manifest.period.timezone, file)
    more = set(frame.columns) - {*keys, "value"}
    if more and table.name in ADD_UP and not set(TIME_NAMES) & set(keys) and more in [{name} for name in TIME_NAMES]:
        more = set()
    if more or not {*keys, "value"} <= set(frame.columns):
        raise DataError(
            f"{file}: its columns must be the keys of the release and the value ({', '.join(keys)}, value); simulate "
            "the truth for the keys that the plan names in `by`"
        )
    value = frame["value"]
    if not value.dtype.is_numeric() or value.null_count() or not value.cast(pl.Float64).is_finite().all():
        raise DataError(f"{file}: column 'value' must hold a finite number in every row; simulate the truth again")
    return frame.with_columns(pl.col("value").cast(pl.Float64))


def _by_week(frame: "pl.DataFrame", timezone: str, file: Path) -> "pl.DataFrame":
    """A truth by day or hour added up by ISO week; any other as it is."""
    import polars as pl

    if "day" in frame.columns:
        time, day = "day", pl.col("day")
    elif "hour" in frame.columns and isinstance(frame.schema["hour"], pl.Datetime):
        time, day = "hour", pl.col("hour").dt.convert_time_zone(timezone).dt.date()
    else:
        return frame
    others = [column for column in frame.columns if column not in (time, "value")]
    if frame.schema[time] not in (pl.Date, pl.Datetime) or frame.select(*others, time).is_duplicated().any():
        raise DataError(
            f"{file}: it needs one row for each {' and '.join([*others, time])}, which is a date or an hour"
        )
    return frame.group_by(*others, day.dt.truncate("1w").alias("week"), maintain_order=True).agg(pl.col("value").sum())


def _plain(frame: "pl.DataFrame", keys: list[str]) -> "pl.DataFrame":
    """Keys in comparable types: instants in UTC microseconds, text as strings."""
    import polars as pl

    def comparable(key: str) -> "pl.Expr":
        kind = frame.schema[key]
        if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
            return pl.col(key).dt.convert_time_zone("UTC").dt.cast_time_unit("us")
        return pl.col(key).cast(pl.String) if isinstance(kind, (pl.Categorical, pl.Enum)) else pl.col(key)

    return frame.with_columns(*(comparable(key) for key in keys))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:,.1f} %"
