"""What a source hands to the intake: batches of usable records, still under their identifiers."""

from dataclasses import dataclass

import pyarrow as pa

from shoal._arrays import Float64, Int32, Int64


@dataclass(frozen=True, slots=True, repr=False)
class PointBatch:
    """n location records inside the plan's period.

    device    Arrow array[n] without nulls: int64, uint64, large_string (never empty text) or fixed_size_binary(16)
    time      int64[n]    seconds since 1970 UTC, fractions dropped
    lat, lon  int32[n]    1e-7 degrees
    accuracy  float64[n]  metres, NaN where the record does not say; None where the plan names no such column
    """

    device: pa.Array
    time: Int64
    lat: Int32
    lon: Int32
    accuracy: Float64 | None = None


@dataclass(frozen=True, slots=True, repr=False)
class TripBatch:
    """n trips whose start lies inside the plan's period.

    device               as in `PointBatch`
    start, end           int64[n]  seconds since 1970 UTC, start <= end
    origin, destination  int32[n]  zone index, -1 outside every zone
    ends                 int32[n] each: start's latitude and longitude, end's latitude and longitude, 1e-7 degrees; None
                         where the source names zones
    """

    device: pa.Array
    start: Int64
    end: Int64
    origin: Int32
    destination: Int32
    ends: tuple[Int32, Int32, Int32, Int32] | None = None
