"""The bike share recomputed from its CSV files: plain Python and whole numbers, sharing no code with Shoal.

Written from docs/definitions.md and the plans of examples/guadalajara. A cell of `visits` is (station, local day of the
arrival) or (station,), one of `flows` is (origin, destination).
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from datetime import date, datetime
from fractions import Fraction
from math import asin, cos, isqrt, radians, sin, sqrt
from pathlib import Path

ONE = 1024  # weights are whole numbers of 1/1024, rounded down
Cell = tuple[Hashable, ...]
Key = Callable[["Trip"], Cell | None]
Trip = tuple[str, datetime, datetime, str, str]
"""rider, start, end, origin, destination."""


class Riders:
    """The trips of one month, by rider, and the stations, but for those that are left out of the list."""

    def __init__(self, folder: Path, month: date, without: tuple[str, ...] = ()) -> None:
        with (folder / "stations.csv").open(encoding="latin-1", newline="") as lines:
            self.stations = {
                row["id"]: (float(row["latitude"]), float(row["longitude"]))
                for row in csv.DictReader(lines)
                if row["id"] not in without
            }
        self.month = (month.year, month.month)
        self.trips: list[Trip] = []
        with (folder / f"trips_{month:%Y_%m}.csv").open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                start = datetime.fromisoformat(row["Inicio_del_viaje"])
                end = datetime.fromisoformat(row["Fin_del_viaje"])
                if self._in_month(start) and end >= start:
                    self.trips.append((row["Usuario_Id"], start, end, row["Origen_Id"], row["Destino_Id"]))

    def _in_month(self, time: datetime) -> bool:
        return (time.year, time.month) == self.month

    @property
    def unknown(self) -> int:
        """Trips that begin or end at a station that the list of stations lacks."""
        return sum(
            origin not in self.stations or destination not in self.stations for *_, origin, destination in self.trips
        )

    def by_day(self, trip: Trip) -> Cell | None:
        _, _, end, _, destination = trip
        return (destination, end.date()) if self._in_month(end) and destination in self.stations else None

    def by_station(self, trip: Trip) -> Cell | None:
        _, _, end, _, destination = trip
        return (destination,) if self._in_month(end) and destination in self.stations else None

    def by_pair(self, max_km: float | None = None) -> Key:
        def key(trip: Trip) -> Cell | None:
            *_, origin, destination = trip
            if origin not in self.stations or destination not in self.stations:
                return None
            far = max_km is not None and self.kilometres(origin, destination) > max_km
            return None if far else (origin, destination)

        return key

    def kilometres(self, origin: str, destination: str) -> float:
        lat1, lon1, lat2, lon2 = (radians(v) for v in (*self.stations[origin], *self.stations[destination]))
        h = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
        return 2 * 6371.0088 * asin(min(1.0, sqrt(h)))

    def sums(self, key: Key, bound: Fraction | None = None) -> "Sums":
        """Each cell's sum in 1/1024, after each rider's whole vector is scaled down to the L2 norm `bound`."""
        vectors: defaultdict[str, Counter[Cell]] = defaultdict(Counter)
        for trip in self.trips:
            cell = key(trip)
            if cell is not None:
                vectors[trip[0]][cell] += 1
        sums: Counter[Cell] = Counter()
        for vector in vectors.values():
            square = sum((n * ONE) ** 2 for n in vector.values())
            norm = None if bound is None else int(bound * ONE)
            for cell, n in vector.items():
                weight = n * ONE
                if norm is not None and square > norm**2:
                    weight = isqrt(weight**2 * norm**2 // square)  # the floor of weight * norm / sqrt(square)
                sums[cell] += weight
        trips = sum(n for vector in vectors.values() for n in vector.values())
        return Sums(sums, trips, max((sum(v.values()) for v in vectors.values()), default=0))


class Sums:
    """What riders add up to: `of` each cell in 1/1024, `trips` that count at all, the `most` trips of one rider."""

    def __init__(self, of: Counter[Cell], trips: int, most: int) -> None:
        self.of, self.trips, self.most = of, trips, most

    @property
    def kept(self) -> float:
        """Share of the trips that bounding keeps."""
        return sum(self.of.values()) / ONE / self.trips
