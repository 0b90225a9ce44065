"""Degrees into whole numbers of 1e-7 degrees."""

import numpy as np
import polars as pl
import pyarrow as pa

from shoal._arrays import Float64, Int32, UInt8, view
from shoal._numba import njit
from shoal.sources.tally import Reason

_NO_POSITION, _OUT_OF_RANGE = int(Reason.NO_POSITION), int(Reason.OUT_OF_RANGE)


def positions(lat: pa.Array, lon: pa.Array, code: UInt8) -> tuple[Int32, Int32, int]:
    """Latitude and longitude (int32[n], 1e-7 degrees, the nearest), and how many look swapped.

    lat, lon  numbers or text, degrees
    code      uint8[n]  rows with another code than 0 are left alone (and 0, 0); bad ones get theirs here

    Null, NaN, unreadable text and the point 0, 0 (what a receiver without a fix says) are no position.
    """
    out_lat, out_lon = np.zeros(len(lat), np.int32), np.zeros(len(lat), np.int32)
    swapped = _fix(floats(lat), floats(lon), code, out_lat, out_lon)
    return out_lat, out_lon, int(swapped)


def floats(array: pa.Array) -> Float64:
    """float64[n]: the numbers of `array`, also as text; NaN where there is none."""
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        text = pl.Series(array)
        numbers = text.cast(pl.Float64, strict=False)
        if numbers.null_count() > text.null_count():
            numbers = text.str.strip_chars().cast(pl.Float64, strict=False)
        array = numbers.to_arrow()
    elif kind != pa.float64():
        array = array.cast(pa.float64(), safe=False)
    values: Float64 = view(array.fill_null(np.nan) if array.null_count else array)
    return values


@njit
def _fix(lat: Float64, lon: Float64, code: UInt8, out_lat: Int32, out_lon: Int32) -> int:
    """Fill out_lat, out_lon and code; all of length n. Returns how many would be in range with lat and lon exchanged.

    Slow twin: `fix` in tests/sources/naive.py. One pass.
    """
    swapped = 0
    for i in range(lat.size):
        if code[i] != 0:
            continue
        a, b = lat[i], lon[i]
        if np.isnan(a) or np.isnan(b):
            code[i] = _NO_POSITION
        elif abs(a) > 90.0 or abs(b) > 180.0:
            code[i] = _OUT_OF_RANGE
            if abs(a) <= 180.0 and abs(b) <= 90.0:
                swapped += 1
        else:
            out_lat[i] = np.int32(np.rint(a * 1e7))
            out_lon[i] = np.int32(np.rint(b * 1e7))
            if out_lat[i] == 0 and out_lon[i] == 0:
                code[i] = _NO_POSITION
    return swapped
