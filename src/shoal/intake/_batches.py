"""What the intake hands to the buckets: the same records, under pseudonyms instead of identifiers."""

from collections import Counter
from dataclasses import dataclass, field

from shoal._arrays import Int32, Int64, UInt64


@dataclass(frozen=True, slots=True, repr=False)
class PseudonymousPoints:
    """n location records inside the plan's period.

    pseudonym  uint64[n]  keyed hash of the identifier; means nothing outside this run
    time       int64[n]   seconds since 1970 UTC
    lat, lon   int32[n]   1e-7 degrees
    dropped    records that were left out, by reason, in words
    """

    pseudonym: UInt64
    time: Int64
    lat: Int32
    lon: Int32
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, repr=False)
class PseudonymousTrips:
    """n trips whose start lies inside the plan's period.

    pseudonym            uint64[n]  as in `PseudonymousPoints`
    start, end           int64[n]   seconds since 1970 UTC, start <= end
    origin, destination  int32[n]   zone index, -1 outside every zone, and in a zone that a sensitive place isolates
    dropped              trips that were left out, by reason, in words
    """

    pseudonym: UInt64
    start: Int64
    end: Int64
    origin: Int32
    destination: Int32
    dropped: Counter[str] = field(default_factory=Counter)
