"""Change against a baseline: each number against the median of earlier releases at the same place and kind of time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shoal.errors import UsageError
from shoal.estimate.baseline import change as change_of
from shoal.release._published import PublishedRelease, PublishedTable

if TYPE_CHECKING:
    import polars as pl


def change(table: PublishedTable, earlier: Sequence[PublishedRelease]) -> "pl.DataFrame":
    """How much more or less each number is than usual, as a share: 0.1 is ten percent more.

    earlier  releases of the same statistic over the same zones

    Usual is the median of all earlier numbers of the same place and class, and of the same weekday and hour (where the
    table is by hour), weekday (by day), number of days (by week), or else the same time key. Columns: the keys,
    `value`, `lower`, `upper` (95 %, for the noise of both sides), `baseline`, and `numbers`, how many the baseline is
    the median of. Infinite: the baseline is lost in its noise; value null: it is not above 0. Of pairs that were
    measured top-down only those that an earlier release measured too. Raises `UsageError` for releases that can't be
    compared, and where a number has no baseline.
    """
    import polars as pl

    if not earlier:
        raise UsageError("a baseline needs an earlier release; name one or more")
    for other in earlier:
        _refuse_unlike(table, other)
    kinds = _kind(table)
    of = [*(key for key in table.keys if key not in ("hour", "day", "week")), *kinds]
    others = [other[table.name] for other in earlier]
    before = pl.concat([_shown(other).with_columns(**_kind(other)) for other in others])
    usual = (
        before.group_by(of).agg(
            baseline=pl.col("estimate").median(), numbers=pl.len().cast(pl.Int64), worst=pl.col("stderr").max()
        )
        if of
        else None
    )
    frame = _shown(table).with_columns(**kinds)
    joined = frame.join(usual, on=of, how="left", maintain_order="left") if usual is not None else frame
    if table.facts.pairs == "selected":
        joined = joined.filter(pl.col("baseline").is_not_null())
    if lacking := joined["baseline"].null_count():
        raise UsageError(
            f"{lacking:,} of {frame.height:,} numbers have no earlier one of the same kind of time; add releases"
        )
    found = change_of(
        joined["estimate"].to_numpy(),
        joined["stderr"].to_numpy() ** 2,
        joined["baseline"].to_numpy(),
        joined["numbers"].to_numpy(),
        joined["worst"].to_numpy() ** 2,
        max(t.facts.half_width / t.facts.stderr for t in (table, *(other[table.name] for other in earlier))),
    )
    return joined.select(*table.keys).with_columns(
        value=pl.Series(found.value).fill_nan(None),
        lower=pl.Series(found.lower),
        upper=pl.Series(found.upper),
        baseline=joined["baseline"],
        numbers=joined["numbers"],
    )


def _shown(table: PublishedTable) -> "pl.DataFrame":
    """The rows that have numbers."""
    frame = table.to_polars()
    return frame.filter(~frame["suppressed"])


def _kind(table: PublishedTable) -> "dict[str, pl.Expr]":
    """What makes two hours, days or weeks alike."""
    import polars as pl

    if "week" in table.keys:  # those at the period's ends may lack days
        period = table.release.manifest.period
        first = pl.max_horizontal(pl.col("week"), pl.lit(period.start))
        after = pl.min_horizontal(pl.col("week") + pl.duration(days=7), pl.lit(period.end))
        return {"_days": (after - first).dt.total_days()}
    if "hour" in table.keys:
        return {"_weekday": pl.col("hour").dt.weekday(), "_hour": pl.col("hour").dt.hour()}
    return {"_weekday": pl.col("day").dt.weekday()} if "day" in table.keys else {}


def _refuse_unlike(table: PublishedTable, other: PublishedRelease) -> None:
    own, m, o = table.release, table.release.manifest, other.manifest
    if own.id == other.id or o.period.start >= m.period.start:
        raise UsageError(f"{other.id} is no earlier release than {own.id}; a baseline lies before")
    if table.facts.of_named_places:
        if o.places != m.places:
            raise UsageError(f"{other.id} has other named places than {own.id}; numbers of the same can be compared")
    elif o.zones.sha256 != m.zones.sha256:
        raise UsageError(f"{other.id} has other zones than {own.id}; numbers of the same places can be compared")
    if o.source.name != m.source.name or o.period.timezone != m.period.timezone:
        raise UsageError(f"{other.id} has another source or time zone than {own.id}; compare releases of one source")
    theirs = other[table.name].facts
    if theirs.areas != table.facts.areas:
        raise UsageError(f"{table.name} of {other.id} has other areas, as its zones were merged; release it by zones")
    if theirs.keys != table.facts.keys or theirs.value != table.facts.value or o.period.unit != m.period.unit:
        raise UsageError(
            f"{table.name} of {other.id} means something else: other keys or another unit; release it alike"
        )
    if (
        set(theirs.keys).isdisjoint({"hour", "day", "week"})
        and o.period.end - o.period.start != m.period.end - m.period.start
    ):
        raise UsageError(f"{other.id} is over another number of days than {own.id}, so its sums can't be compared")
