"""The door of the house: behind it no identifier exists."""

from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from shoal._arrays import Bool, Float64, Int32, Int64, UInt64
from shoal._numba import njit
from shoal.intake._batches import PseudonymousPoints, PseudonymousTrips
from shoal.intake.barred import Barred
from shoal.intake.pseudonym import Pseudonymizer
from shoal.sources._batches import PointBatch, TripBatch


class Intake:
    """Lets records in under pseudonyms, without those that the plan does not believe.

    Devices that opted out are left out first of all, before they have a pseudonym; nothing counts them, so that nobody
    can tell from a run whether somebody is on the list. Sensitive places are to be left out after that, where the
    accuracy is looked at. Both belong into `admit_points` and `admit_trips` alike, so that no later room can see what
    was refused.

    pseudonymizer  makes the pseudonyms; one for the whole run, or a device's records fall apart
    max_accuracy   metres; a record that says it is less accurate is dropped
    barred         whom it does not let in; default: nobody
    """

    __slots__ = ("_max_accuracy", "_opt_outs", "_pseudonymizer")

    def __init__(self, pseudonymizer: Pseudonymizer, max_accuracy: Fraction, barred: Barred | None = None) -> None:
        self._pseudonymizer = pseudonymizer
        self._opt_outs = barred.opt_outs if barred is not None and barred.opt_outs else None
        self._max_accuracy = float(max_accuracy)

    def admit_points(self, batch: PointBatch) -> PseudonymousPoints:
        """The batch under pseudonyms; `dropped` says how many records were too inaccurate. Safe to call from threads.

        An accuracy of NaN or below zero says nothing (phones write -1 for `unknown`), so the record is kept.
        """
        if (stay := self._stay(batch.device)) is not None:
            accuracy = None if batch.accuracy is None else batch.accuracy[stay]
            device = batch.device.filter(pa.array(stay))
            batch = PointBatch(device, batch.time[stay], batch.lat[stay], batch.lon[stay], accuracy)
        pseudonym = self._pseudonymizer(batch.device)
        accuracy = batch.accuracy
        if accuracy is not None:
            limit = accuracy.dtype.type(self._max_accuracy)  # as coarse as the column, so that an equal is not above it
            kept = int(_count_kept(accuracy, limit))
            if kept < accuracy.size:
                time, lat, lon = (np.empty(kept, dtype=column.dtype) for column in (batch.time, batch.lat, batch.lon))
                own = np.empty(kept, dtype=np.uint64)
                _keep(accuracy, limit, pseudonym, batch.time, batch.lat, batch.lon, own, time, lat, lon)
                return PseudonymousPoints(own, time, lat, lon, dropped=accuracy.size - kept)
        return PseudonymousPoints(pseudonym, batch.time, batch.lat, batch.lon)

    def admit_trips(self, batch: TripBatch) -> PseudonymousTrips:
        """The batch under pseudonyms. Safe to call from threads."""
        if (stay := self._stay(batch.device)) is not None:
            device = batch.device.filter(pa.array(stay))
            start, end = batch.start[stay], batch.end[stay]
            batch = TripBatch(device, start, end, batch.origin[stay], batch.destination[stay])
        pseudonym = self._pseudonymizer(batch.device)
        return PseudonymousTrips(pseudonym, batch.start, batch.end, batch.origin, batch.destination)

    def _stay(self, device: pa.Array) -> Bool | None:
        """Which records are of devices that did not opt out, bool[n]; None: all."""
        if self._opt_outs is None:
            return None
        out = self._opt_outs.among(device)
        return ~out if out.any() else None


@njit
def _count_kept(accuracy: Float64, limit: Any) -> int:
    """How many records are accurate enough, or don't say."""
    kept = 0
    for row in range(accuracy.size):
        kept += int(not accuracy[row] > limit)  # NaN is above nothing
    return kept


@njit
def _keep(
    accuracy: Float64,
    limit: Any,
    pseudonym: UInt64,
    time: Int64,
    lat: Int32,
    lon: Int32,
    to_pseudonym: UInt64,
    to_time: Int64,
    to_lat: Int32,
    to_lon: Int32,
) -> None:
    """Copy the records that `_count_kept` counted, in their order.

    Rule    every record is written, and the place moves on only behind one that stays: no branch to guess wrong.
    """
    row = place = 0
    while place < to_time.size:
        to_pseudonym[place] = pseudonym[row]
        to_time[place] = time[row]
        to_lat[place] = lat[row]
        to_lon[place] = lon[row]
        place += int(not accuracy[row] > limit)
        row += 1
