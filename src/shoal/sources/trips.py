"""Rows of trips into batches of usable trips, their ends as zones."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shoal._arrays import Int32, Int64, UInt8
from shoal.sources._batches import TripBatch
from shoal.sources._reader import Rows
from shoal.sources.identifiers import identifiers, is_text
from shoal.sources.points import merge, only, outside
from shoal.sources.positions import positions
from shoal.sources.tally import Reason, Tally
from shoal.sources.times import Clock, nulls
from shoal.zones._base import Zones


def trips(rows: Rows, clock: Clock, zones: Zones, start: int, end: int, tally: Tally) -> TripBatch:
    """Convert n rows (columns by our names) and keep the usable ones; the others are counted in `tally`.

    start, end  the period, seconds since 1970 UTC, end exclusive: a trip is in it by its start

    A trip whose zone id is unknown is kept with zone -1, and counted.
    """
    device, code = identifiers(rows["device"])
    departure, fault = clock.seconds(rows["start"])
    merge(code, fault)
    outside(departure, start, end, code)
    arrival, fault = clock.seconds(rows["end"])
    merge(code, fault)
    _mend_order(rows["end"], clock, departure, arrival, code)
    if "origin" in rows:
        origin, destination = _by_id(rows["origin"], zones, code), _by_id(rows["destination"], zones, code)
        swapped, ends = 0, None
        tally.add(Reason.UNKNOWN_ZONE, int(((code == 0) & ((origin < 0) | (destination < 0))).sum()))
    else:
        places = [positions(rows[f"{at}_lat"], rows[f"{at}_lon"], code) for at in ("start", "end")]
        swapped = sum(place[2] for place in places)
        origin, destination = (_by_position(lat, lon, zones, code) for lat, lon, _ in places)
        ends = (*places[0][:2], *places[1][:2])
    tally.saw(len(device), code, swapped)
    if not code.any():
        return TripBatch(device, departure, arrival, origin, destination, ends)
    keep = code == 0
    if ends is not None:
        ends = (ends[0][keep], ends[1][keep], ends[2][keep], ends[3][keep])
    return TripBatch(only(device, keep), departure[keep], arrival[keep], origin[keep], destination[keep], ends)


def _mend_order(ends: pa.Array, clock: Clock, departure: Int64, arrival: Int64, code: UInt8) -> None:
    """A trip during which the clock was set back ends at the later of two instants; other early ends are faults."""
    early = np.flatnonzero((code == 0) & (arrival < departure))
    if not early.size:
        return
    arrival[early] = clock.seconds(ends.take(pa.array(early)), fold=1)[0]
    code[early[arrival[early] < departure[early]]] = Reason.ENDS_BEFORE_START


def _by_id(ids: pa.Array, zones: Zones, code: UInt8) -> Int32:
    """Zone index of each id, -1 where unknown; null and empty ids are rows without a position."""
    if pa.types.is_floating(ids.type):
        ids = _whole(ids)
    merge(code, nulls(ids, Reason.NO_POSITION))
    packed = ids.dictionary_encode()
    names = [str(value) for value in packed.dictionary.to_pylist()]
    index = np.append(zones.index_of(names), np.int32(-1))
    place = packed.indices.fill_null(len(names)).to_numpy()
    if is_text(ids.type) and "" in names:
        merge(code, np.where(place == names.index(""), np.uint8(Reason.NO_POSITION), np.uint8(0)))
    found: Int32 = index[place].astype(np.int32, copy=False)
    return found


def _whole(ids: pa.Array) -> pa.Array:
    """Ids that became fractions because some are missing (34.0) as whole numbers again; NaN as null."""
    ids = ids.cast(pa.float64())
    whole = pc.equal(pc.floor(ids), ids)  # false for NaN, and no id has a fraction
    known = pc.and_(whole, pc.less(pc.abs(ids), 2.0**53))
    plain = pc.if_else(known, ids, -1.0).cast(pa.int64(), safe=False)
    text = pc.if_else(known, plain.cast(pa.large_string()), "?")
    return pc.if_else(pc.is_nan(ids), pa.scalar(None, pa.large_string()), text)


def _by_position(lat: Int32, lon: Int32, zones: Zones, code: UInt8) -> Int32:
    """Zone index of each usable row's position, -1 outside every zone."""
    found = np.full(lat.size, -1, np.int32)
    good = code == 0
    found[good] = zones.locate(lat[good], lon[good])
    return found
