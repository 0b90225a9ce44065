"""The tables of the truth: the keys of a release, and `value`."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import h3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from shoal.classes import DURATIONS, LENGTHS
from shoal.keys import CLASS, DAYPARTS
from shoal.simulate import frame
from shoal.simulate.arrays import Float64, Int64
from shoal.simulate.plan_text import DAYS_OF, unit_of
from shoal.simulate.truth import Truth
from shoal.simulate.truth_places import PlaceTruth
from shoal.simulate.venues import Venues
from shoal.simulate.write import Town

HOUR = 3_600
PER_UNIT = "shoal.unit"
"""In a table's metadata, the unit over which its numbers are a mean; `shoal.evaluate` refuses a release in others."""


def write(folder: Path, town: Town, total: Truth) -> None:
    """`truth/*.parquet`: every zone and time, zeros included, for the keys that each statistic has by default."""
    zone = pa.array([h3.int_to_str(int(cell)) for cell in town.cells.id])
    start = town.midnight + HOUR * np.arange(24 * town.days)
    hour = pa.array(start * 1_000_000).cast(pa.timestamp("us", frame.TIMEZONE))
    day, part = _days(town), pa.array(list(DAYPARTS))
    durations, lengths = pa.array(DURATIONS.labels), pa.array(LENGTHS.labels)
    table = partial(_table, folder / "truth", town)
    table("presence", {"zone": zone, "hour": hour}, total.presence / HOUR)
    table("visits", {"zone": zone, "day": day}, total.visits)
    table("visitors", {"zone": zone}, total.visitors, mean=True)
    table("dwell", {"zone": zone, CLASS: durations}, total.dwell)
    table("flows", {"origin": zone, "destination": zone, "daypart": part}, total.flows)
    table("residents", {"zone": zone}, total.residents)
    table("catchment", {"home": zone, "zone": zone}, total.catchment, mean=True)
    table("distance", {"home": zone, CLASS: lengths}, total.distance)
    table("gyration", {"home": zone, CLASS: lengths}, total.gyration, mean=True)
    table("stay_home", {"home": zone, "day": day}, total.stay_home)


def write_places(folder: Path, town: Town, venues: Venues, total: PlaceTruth) -> None:
    """`truth/places/*.parquet`: every place and time, zeros included."""
    place = pa.array(venues.id)
    table = partial(_table, folder / "truth" / "places", town)
    table("visits", {"place": place, "day": _days(town)}, total.visits)
    table("visitors", {"place": place}, total.visitors, mean=True)
    table("dwell", {"place": place, CLASS: pa.array(DURATIONS.labels)}, total.dwell)


def _days(town: Town) -> pa.Array:
    return pa.array([town.start + timedelta(days=n) for n in range(town.days)], pa.date32())


def _table(
    folder: Path, town: Town, name: str, keys: dict[str, pa.Array], value: Float64 | Int64, *, mean: bool = False
) -> None:
    """Every combination of the keys, in the order of the axes of `value`; a mean over the units of privacy or a sum."""
    folder.mkdir(parents=True, exist_ok=True)
    unit = unit_of(town.start, town.days)
    index = np.unravel_index(np.arange(value.size), value.shape)
    columns = {key: each.take(pa.array(at)) for (key, each), at in zip(keys.items(), index, strict=True)}
    rows = pa.table({**columns, "value": value.ravel() / (town.days // DAYS_OF[unit] if mean else 1)})
    if mean:
        rows = rows.replace_schema_metadata({PER_UNIT: unit})
    pq.write_table(rows, folder / f"{name}.parquet", compression="zstd")
