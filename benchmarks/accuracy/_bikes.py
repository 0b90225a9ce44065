"""Guadalajara's bike share: arrivals by station and ISO week of one month. The only case that is not invented."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.accuracy._case import Case, Float64, Int64, table_of
from shoal.plan import next_unit

DATA = Path("../shared/data/mibici")
MONTH = date(2015, 10, 1)
LEAVES = 16  # districts of about 20 stations


def visits(folder: Path = DATA, month: date = MONTH) -> Case:
    """Arrivals at each station of the operator's list in `month`, by ISO week, whole or not; unit: the month."""
    stations = pl.read_csv(folder / "stations.csv", encoding="latin-1").sort("id")
    ids = stations["id"].to_numpy()
    trips = pl.read_csv(folder / f"trips_{month:%Y_%m}.csv", try_parse_dates=True)
    end = next_unit(month, "month")
    trips = trips.filter(
        pl.col("Fin_del_viaje").is_between(month, end, closed="left"), pl.col("Destino_Id").is_in(ids.tolist())
    )
    first = month - timedelta(days=month.weekday())
    week = (trips["Fin_del_viaje"].dt.date() - first).dt.total_days().to_numpy() // 7
    weeks = ((end - first).days + 6) // 7
    station = np.searchsorted(ids, trips["Destino_Id"].to_numpy())
    rider = np.unique(trips["Usuario_Id"].to_numpy(), return_inverse=True)[1]
    region = districts(stations.select("latitude", "longitude").to_numpy(), LEAVES)
    return table_of(
        "bikes", f"bike share in Guadalajara, {month:%B %Y}: arrivals by station and week, unit month", "visits",
        rider.astype(np.int64), (station * weeks + week).astype(np.int64), ids.size, weeks, region,
    )  # fmt: skip


def districts(where: Float64, leaves: int) -> Int64:
    """The district of each point, int64[n], from 0: cut in halves, the wider side first, until there are `leaves`.

    where  float64[n, 2]  latitude, longitude
    """
    district = np.zeros(where.shape[0], dtype=np.int64)
    if leaves > 1:
        side = int(np.ptp(where, axis=0).argmax())
        upper = np.argsort(np.argsort(where[:, side], kind="stable")) >= where.shape[0] // 2
        district[~upper] = districts(where[~upper], leaves // 2)
        district[upper] = districts(where[upper], leaves // 2) + leaves // 2
    return district
