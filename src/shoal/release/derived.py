"""Numbers that follow from a published table: shares, quantiles, density, scaling to the population. Free, as only
published numbers are looked at; each carries an interval for the noise of all numbers it was made of."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from shoal._arrays import Bool, Float64
from shoal.errors import DataError, UsageError
from shoal.estimate.gravity import Pairs
from shoal.estimate.quantiles import quantile
from shoal.estimate.ratio import Interval, ratio
from shoal.estimate.standout import pairs_standing_out, stand_out
from shoal.keys import CLASS
from shoal.release._file import write_file
from shoal.release._published import PublishedRelease, PublishedTable
from shoal.release.change import change
from shoal.zones.regions import regions_of

if TYPE_CHECKING:
    import polars as pl


Derived = Literal["shares", "quantile", "density", "people", "change", "standing-out"]
_EARTH = "WGS84"


class _Cube(NamedTuple):
    """A table as arrays of places x classes x times, all rows in cell order."""

    frame: "pl.DataFrame"
    estimate: Float64
    variance: Float64
    consistent: Float64


def shares(table: PublishedTable) -> "pl.DataFrame":
    """Each class as a share of its place and time; in a table without classes each place as a share of its time.

    Of pairs that were measured top-down: of all pairs that have a row.

    Columns: the keys, `value`, `lower`, `upper` (95 %), between 0 and 1 but for the noise. Value null: nothing was
    counted; an end infinite: the noise leaves it open.
    """
    cube = _cube(table)
    axis = 1 if table.facts.classes else 0
    total = np.broadcast_to(cube.estimate.sum(axis=axis, keepdims=True), cube.estimate.shape)
    spread = np.broadcast_to(cube.variance.sum(axis=axis, keepdims=True), cube.estimate.shape)
    own = cube.variance.ravel()
    found = ratio(
        cube.estimate.ravel(),
        total.ravel(),
        own,
        own,
        spread.ravel(),
        _deviations(table),
    )
    return _with(cube.frame.select(table.keys), found)


def quantiles(table: PublishedTable, share: float = 0.5) -> "pl.DataFrame":
    """The quantile of the quantity that a table counts by class, for each place and time; 0.5 is the median.

    Columns: the keys but `class`, `value`, `lower`, `upper` (95 %), in the unit of the classes; infinite: in the last
    class, which has no end. Within a class people are taken as evenly spread. Raises `UsageError` for a table without
    classes.
    """
    if not 0 < share < 1:
        raise UsageError(f"a quantile lies between 0 and 1, got {share:g}; the median is 0.5")
    classes = table.facts.classes
    if not classes:
        raise UsageError(f"{table.name} has no classes, so it has no quantiles; dwell, distance and gyration have")
    cube = _cube(table)
    places, k, times = cube.estimate.shape
    found = quantile(
        cube.estimate.transpose(0, 2, 1).reshape(-1, k),
        cube.consistent.transpose(0, 2, 1).reshape(-1, k),
        cube.variance.mean(axis=1).ravel(),
        [c.least for c in classes],
        share,
        _deviations(table),
    )
    first = np.arange(places * k * times).reshape(cube.estimate.shape)[:, 0, :].ravel()
    return _with(cube.frame[first].select(key for key in table.keys if key != CLASS), found)


def density(table: PublishedTable) -> "pl.DataFrame":
    """Each number over the area of its zone or named place: the keys, `value`, `lower`, `upper` (95 %), per km2.

    Geodesic areas on the WGS 84 ellipsoid. Raises `UsageError` for pairs of zones, and for places without an extent.
    """
    if len(table.places) != 1:
        raise UsageError(f"{table.name} counts pairs of zones, which have no area; density is for single zones")
    from pyproj import Geod

    zones = table.zones
    geod = Geod(ellps=_EARTH)
    areas = np.array([abs(geod.geometry_area_perimeter(shape)[0]) / 1e6 for shape in zones.shapes])
    if not (areas > 0).all():
        raise UsageError("the zones are points, which have no area; density is for H3 cells and polygons")
    frame = _shown(table)
    own = areas[zones.index_of(frame[table.places[0]].to_list())]
    values = (frame[name].to_numpy() / own for name in ("estimate", "lower", "upper"))
    return _with(frame.select(table.keys), Interval(*values))


def scaled(table: PublishedTable, census: Mapping[str, float], *, by_parent: bool = False) -> "pl.DataFrame":
    """Numbers of people instead of devices: each number times (population / devices that live there) of its stratum.

    census     people by zone, of every zone
    by_parent  strata are the zones' parents; else all zones are one, the only way for named places

    Columns: the keys, `value`, `lower`, `upper` (95 %) and `panel`, the devices that live in the stratum, by which its
    population is divided. Only tables by `home` say how the people of a stratum live; of the others it is taken that
    who comes carries phones as those do who live there. Raises `UsageError` and `DataError`.
    """
    release = table.release
    if table.facts.level is not None:
        raise UsageError(f"{table.name} is a sum over zones; scale {table.facts.base} and add up its people")
    if by_parent and table.facts.of_named_places:
        raise UsageError(
            f"{table.name} is counted by named places, which have no parent among the zones' parents; scale it without "
            "strata, over all zones together"
        )
    own = release["residents"]
    if merged := [t.name for t in (table, own) if t.facts.areas is not None]:
        raise UsageError(
            f"zones of {merged[0]} were merged, so a census by zone doesn't fit; release it by single zones"
        )
    zones = release.places
    if lacking := [zone for zone in zones.ids if zone not in census]:
        without = f"{len(lacking):,} of {len(zones):,} zones, first {lacking[0]}"
        raise DataError(f"the census lacks {without}; give the population of every zone")
    people = np.array([census[zone] for zone in zones.ids], dtype=np.float64)
    if not (np.isfinite(people) & (people >= 0)).all():
        raise DataError("the census has a number of people that is negative or none at all; mend it")
    parents = [parent or "" for parent in zones.parents] if by_parent else [""] * len(zones)
    names = sorted(set(parents))
    stratum = np.array([names.index(parent) for parent in parents])
    homes = _shown(own)
    at = stratum[zones.index_of(homes[own.places[0]].to_list())]
    panel = np.bincount(at, homes["estimate"].to_numpy(), len(names))
    variance = np.bincount(at, homes["stderr"].to_numpy() ** 2, len(names))
    population = np.bincount(stratum, people, len(names))
    frame = _shown(table)
    row = np.zeros_like(stratum, shape=frame.height)  # named places: all of them have the one stratum that there is
    if not table.facts.of_named_places:
        row = stratum[zones.index_of(frame[table.places[0]].to_list())]
    noise = frame["stderr"].to_numpy() ** 2
    found = ratio(
        frame["estimate"].to_numpy(),
        panel[row],
        noise,
        noise if own.name == table.name else 0.0,  # a number of residents is part of its own panel
        variance[row],
        max(_deviations(table), _deviations(own)),
    )
    each = population[row]
    with np.errstate(invalid="ignore"):  # where nobody lives, nobody is: not 0 times infinity
        people_of = Interval(*(np.where(each > 0, values * each, 0.0) for values in found))
    return _with(frame.select(table.keys), people_of).with_columns(panel=panel[row])


def standing_out(table: PublishedTable, share: float = 0.01) -> "pl.DataFrame":
    """The rows that noise does not explain, the largest first; of them at most `share` are really 0, on average.

    Columns: those of the table. Suppressed rows are left out. See `estimate.standout`. Of pairs of zones those are
    believed first of which all others say that they are large (`estimate.gravity`).
    """
    import polars as pl

    if not 0 < share < 1:
        raise UsageError(f"the share of rows that may be noise lies between 0 and 1, got {share:g}; 0.01 is usual")
    rows = _shown(table)
    found = pl.Series(no_noise(table, rows, share))
    return rows.filter(found).sort("estimate", descending=True, maintain_order=True)


def no_noise(table: PublishedTable, rows: "pl.DataFrame", share: float = 0.01) -> Bool:
    """Which rows stand out: bool[n].

    rows  those of the whole table that are not suppressed, in its order: its keys, estimate, stderr
    """
    laplace = table.facts.mechanism == "laplace"
    if len(table.places) == 2 and rows.height:
        pairs, times = _pairs_of(table, rows)
        estimate, stderr = (rows[name].to_numpy().reshape(-1, times) for name in ("estimate", "stderr"))
        return pairs_standing_out(pairs, estimate, stderr, share, laplace=laplace).ravel()
    return stand_out(rows["estimate"].to_numpy(), rows["stderr"].to_numpy(), share, laplace=laplace)


def _pairs_of(table: PublishedTable, rows: "pl.DataFrame") -> tuple[Pairs, int]:
    """Which pairs of zones the rows of a whole table are about, and how many rows each pair has."""
    times = rows.height // rows.select(table.places).n_unique()
    zones, kind = table.zones, table.release.manifest.zones.kind
    first, second = (zones.index_of(rows[column].gather_every(times).to_list()) for column in table.places)
    regions = regions_of(kind, zones.ids, zones.parents) if table.facts.level is None else None
    if regions is None:
        return Pairs(first, second), times
    between = regions.of_zone[first].astype(np.int64) * len(regions.ids) + regions.of_zone[second]
    return Pairs(first, second, np.unique(between, return_inverse=True)[1].astype(np.int32)), times


def derive(
    table: PublishedTable,
    what: Derived,
    *,
    share: float | None = None,
    census: Path | None = None,
    by_parent: bool = False,
    earlier: Sequence[PublishedRelease] = (),
) -> "pl.DataFrame":
    """One of the functions above, or `change`, by its name."""
    match what:
        case "shares":
            return shares(table)
        case "quantile":
            return quantiles(table, 0.5 if share is None else share)
        case "standing-out":
            return standing_out(table, 0.01 if share is None else share)
        case "density":
            return density(table)
        case "people":
            if census is None:
                raise UsageError("people are scaled from devices by a census; give it: --census FILE")
            return scaled(table, read_census(census), by_parent=by_parent)
        case "change":
            return change(table, earlier)


def write(release: PublishedRelease, frame: "pl.DataFrame", to: Path) -> None:
    """Write derived numbers as .csv or .parquet; see `write_file`."""
    times = "%Y-%m-%dT%H:%M:%S%:z"

    def make(file: Path) -> None:
        if file.suffix == ".parquet":
            frame.write_parquet(file)
        else:
            file.write_text(frame.write_csv(datetime_format=times), encoding="utf-8", newline="")

    write_file(release, to, (".csv", ".parquet"), make)


def as_rows(frame: "pl.DataFrame") -> list[dict[str, object]]:
    """Derived numbers as JSON knows them: what is infinite is null."""
    import polars as pl

    numbers = pl.col(pl.Float64)
    return frame.with_columns(pl.when(numbers.is_finite()).then(numbers)).to_dicts()


def read_census(file: Path) -> dict[str, float]:
    """People by zone from a CSV file with the columns `zone` and `population`. Raises `DataError`."""
    import polars as pl

    try:
        frame = pl.read_csv(file, schema_overrides={"zone": pl.String, "population": pl.Float64})
    except (OSError, pl.exceptions.PolarsError):
        raise DataError(f"{file}: can't be read as CSV with the columns zone and population") from None
    if not {"zone", "population"} <= set(frame.columns):
        raise DataError(f"{file}: needs the columns zone and population")
    if frame["zone"].is_duplicated().any():
        raise DataError(f"{file}: a zone stands there twice; add its people up")
    return dict(zip(frame["zone"].to_list(), frame["population"].fill_null(float("nan")).to_list(), strict=True))


def _cube(table: PublishedTable) -> _Cube:
    frame = _shown(table)  # a suppressed place has no rows at all: what is left is whole
    classes = max(1, len(table.facts.classes))
    places = frame.select(table.places).n_unique() if frame.height else 0
    shape = (places, classes, frame.height // max(1, places * classes))
    estimate, stderr, consistent = (
        frame[name].to_numpy().reshape(shape) for name in ("estimate", "stderr", "consistent")
    )
    return _Cube(frame, estimate, stderr**2, consistent)


def _shown(table: PublishedTable) -> "pl.DataFrame":
    """The rows that have numbers: of suppressed ones nothing can be derived."""
    frame = table.to_polars()
    return frame.filter(~frame["suppressed"])


def _deviations(table: PublishedTable) -> float:
    """Standard deviations in half a 95 % interval of one number; sums of several numbers need no more."""
    return table.facts.half_width / table.facts.stderr


def _with(keys: "pl.DataFrame", found: Interval) -> "pl.DataFrame":
    import polars as pl

    columns = {
        "value": pl.Series(found.value).fill_nan(None),
        "lower": pl.Series(found.lower),
        "upper": pl.Series(found.upper),
    }
    return keys.with_columns(**columns)
