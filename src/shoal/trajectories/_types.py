"""What is known of each row (one device over one unit): where it was, stayed, went, and lives."""

from dataclasses import dataclass

from shoal._arrays import Int32, Int64


@dataclass(frozen=True, slots=True, repr=False)
class Spans:
    """Half-open spans [start, end) in one zone, ascending in time within a row; those of one row never overlap.

    first       int64[d+1]  span where each row begins
    start, end  int64[s]    seconds since 1970 UTC, inside the row's unit; start < end
    zone        int32[s]    zone index, -1 outside every zone
    """

    first: Int64
    start: Int64
    end: Int64
    zone: Int32


@dataclass(frozen=True, slots=True, repr=False)
class Stays:
    """Stays, ascending in time within a row (for a source of trips: arrivals, start == end).

    first       int64[d+1]
    start, end  int64[s]   seconds since 1970 UTC
    zone        int32[s]   zone index, -1 outside every zone
    lat, lon    int32[s]   1e-7 degrees, of the record that each stay begins with; None for a source of trips
    place       int32[s]   index of the named place that holds it, -1 where none does; None: the plan has no places
    """

    first: Int64
    start: Int64
    end: Int64
    zone: Int32
    lat: Int32 | None = None
    lon: Int32 | None = None
    place: Int32 | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Trips:
    """Trips, ascending in time within a row.

    first                int64[d+1]
    start                int64[t]   seconds since 1970 UTC
    origin, destination  int32[t]   zone index, -1 outside every zone
    stay                 int64[t]   the stay that each trip leaves, for the next one; None for a source of trips
    """

    first: Int64
    start: Int64
    origin: Int32
    destination: Int32
    stay: Int64 | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Trajectories:
    """d rows. `spans` and `home` are None for a source of trips, which has no presence and no homes.

    home  int32[d]  zone index, -1 where there is none
    """

    stays: Stays
    trips: Trips
    spans: Spans | None = None
    home: Int32 | None = None
