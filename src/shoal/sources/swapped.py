"""Latitude taken for longitude: where both stay in range, every record would silently lie outside every zone."""

from collections.abc import Sequence

import numpy as np

from shoal._arrays import Int32
from shoal.errors import DataError
from shoal.plan import Plan
from shoal.sources._reader import Reader
from shoal.sources.positions import positions
from shoal.zones._base import Zones

_FILES = 20
_POLE = 900_000_000


def check_order(plan: Plan, readers: Sequence[Reader], zones: Zones) -> None:
    """Raise `DataError` where no record lies in a zone, but most would with latitude and longitude exchanged.

    Looks at the beginnings of the first files, and at no more of them than it takes to find one record in a zone.
    """
    columns = plan.source.columns
    if columns.lat is None or columns.lon is None:
        return
    seen = exchanged = 0
    for reader in readers[:_FILES]:
        rows = reader.first([columns.lat, columns.lon])
        code = np.zeros(len(rows[columns.lat]), np.uint8)
        lat, lon, _ = positions(rows[columns.lat], rows[columns.lon], code)
        lat, lon = lat[code == 0], lon[code == 0]
        if _inside(zones, lat, lon):
            return
        possible = np.abs(lon.astype(np.int64)) <= _POLE
        seen += lat.size
        exchanged += _inside(zones, lon[possible], lat[possible])
    if exchanged * 2 > seen:
        raise DataError(
            f"{readers[0].path}: the columns {columns.lat!r} and {columns.lon!r} look swapped, as only the other way "
            "round its records lie in the zones: exchange lat and lon in [source.columns]"
        )


def _inside(zones: Zones, lat: Int32, lon: Int32) -> int:
    return int((zones.locate(lat, lon) >= 0).sum()) if lat.size else 0
