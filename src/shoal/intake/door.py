"""The door of the house: behind it no identifier exists, and no record from a sensitive place."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from shoal._arrays import Bool, Float64, Int32, Int64, UInt64
from shoal._numba import njit
from shoal.intake._batches import PseudonymousPoints, PseudonymousTrips
from shoal.intake.barred import Barred
from shoal.intake.pseudonym import Pseudonymizer
from shoal.sensitive import Sensitive
from shoal.sources._batches import PointBatch, TripBatch

INACCURATE = "less accurate than max_accuracy"
NEAR = "in a sensitive place or near one"
ENDS = "ends of trips in a zone at a sensitive place"


class Intake:
    """Lets records in under pseudonyms, without those that the plan does not believe and those from sensitive places.

    Devices that opted out are left out first of all, before they have a pseudonym; nothing counts them, so that nobody
    can tell from a run whether somebody is on the list. Sensitive places are left out after that, where the accuracy is
    looked at; what is left out for the operator's private list is not counted either. Both are done in `admit_points`
    and `admit_trips` alike, so that no later room can see what was refused.

    What is left out follows from one record and from lists that are made without looking at any.

    pseudonymizer  makes the pseudonyms; one for the whole run, or a device's records fall apart
    max_accuracy   metres; a record that says it is less accurate is dropped
    barred         whom it does not let in, and from where it lets in nothing; default: nobody, nowhere
    sensitive      the plan's list of sensitive places, if any
    """

    __slots__ = ("_denied", "_max_accuracy", "_opt_outs", "_pseudonymizer", "_sensitive")

    def __init__(
        self,
        pseudonymizer: Pseudonymizer,
        max_accuracy: Fraction,
        barred: Barred | None = None,
        sensitive: Sensitive | None = None,
    ) -> None:
        self._pseudonymizer = pseudonymizer
        self._opt_outs = barred.opt_outs if barred is not None and barred.opt_outs else None
        self._denied = barred.places if barred is not None and barred.places else None
        self._max_accuracy = float(max_accuracy)
        self._sensitive = sensitive

    def admit_points(self, batch: PointBatch) -> PseudonymousPoints:
        """The batch under pseudonyms; `dropped` says what was left out, and why. Safe to call from threads.

        An accuracy of NaN or below zero says nothing (phones write -1 for `unknown`), so the record is kept.
        """
        if (stay := self._stay(batch.device)) is not None:
            accuracy = None if batch.accuracy is None else batch.accuracy[stay]
            device = batch.device.filter(pa.array(stay))
            batch = PointBatch(device, batch.time[stay], batch.lat[stay], batch.lon[stay], accuracy)
        pseudonym = self._pseudonymizer(batch.device)
        keep = np.ones(pseudonym.size, dtype=np.bool_)
        dropped: Counter[str] = Counter()
        if batch.accuracy is not None:
            limit = batch.accuracy.dtype.type(self._max_accuracy)  # as coarse as the column: an equal is not above it
            dropped[INACCURATE] = int(_leave_inaccurate(batch.accuracy, limit, keep))
        dropped[NEAR] = self._leave_near([(batch.lat, batch.lon)], keep)
        kept = int(np.count_nonzero(keep))
        if kept == keep.size:
            return PseudonymousPoints(pseudonym, batch.time, batch.lat, batch.lon)
        time, lat, lon = (np.empty(kept, dtype=column.dtype) for column in (batch.time, batch.lat, batch.lon))
        own = np.empty(kept, dtype=np.uint64)
        _keep(keep, pseudonym, batch.time, batch.lat, batch.lon, own, time, lat, lon)
        return PseudonymousPoints(own, time, lat, lon, +dropped)

    def admit_trips(self, batch: TripBatch) -> PseudonymousTrips:
        """The batch under pseudonyms; `dropped` says what was left out, and why. Safe to call from threads.

        A trip that begins or ends in a sensitive place or near one is left out as a whole. An end in a zone that such a
        place isolates lies outside every zone from here on; of trips that name zones nothing else is known.
        """
        if (stay := self._stay(batch.device)) is not None:
            device, ends = batch.device.filter(pa.array(stay)), batch.ends
            if ends is not None:
                ends = (ends[0][stay], ends[1][stay], ends[2][stay], ends[3][stay])
            start, end = batch.start[stay], batch.end[stay]
            batch = TripBatch(device, start, end, batch.origin[stay], batch.destination[stay], ends)
        pseudonym = self._pseudonymizer(batch.device)
        start, end, origin, destination = batch.start, batch.end, batch.origin, batch.destination
        dropped: Counter[str] = Counter()
        if batch.ends is not None:
            keep = np.ones(pseudonym.size, dtype=np.bool_)
            dropped[NEAR] = self._leave_near([batch.ends[:2], batch.ends[2:]], keep)
            if not keep.all():
                pseudonym, start, end = pseudonym[keep], start[keep], end[keep]
                origin, destination = origin[keep], destination[keep]
        return self._without_isolated(PseudonymousTrips(pseudonym, start, end, origin, destination, +dropped))

    def admit_again(self, batch: PseudonymousPoints | PseudonymousTrips) -> PseudonymousPoints | PseudonymousTrips:
        """Records that were let in before and kept, without those near places that are on the lists by now."""
        if isinstance(batch, PseudonymousTrips):
            return self._without_isolated(batch)
        keep = np.ones(batch.pseudonym.size, dtype=np.bool_)
        dropped = Counter({NEAR: self._leave_near([(batch.lat, batch.lon)], keep)})
        if keep.all():
            return batch
        return PseudonymousPoints(batch.pseudonym[keep], batch.time[keep], batch.lat[keep], batch.lon[keep], +dropped)

    def _without_isolated(self, batch: PseudonymousTrips) -> PseudonymousTrips:
        """An end in a zone that a sensitive place isolates lies outside every zone from here on."""
        if self._sensitive is None or not self._sensitive.isolated.any():
            return batch
        silent = np.append(self._sensitive.isolated, False)  # the last is that of -1
        found = int(silent[batch.origin].sum()) + int(silent[batch.destination].sum())
        origin, destination = (np.where(silent[at], np.int32(-1), at) for at in (batch.origin, batch.destination))
        dropped = +(batch.dropped + Counter({ENDS: found}))
        return PseudonymousTrips(batch.pseudonym, batch.start, batch.end, origin, destination, dropped)

    def _leave_near(self, ends: Sequence[tuple[Int32, Int32]], keep: Bool) -> int:
        """Take out of `keep`, bool[n], what lies in or near a sensitive place; how many that is by the public list.

        The private list comes last, so that the count does not depend on it.
        """
        told = 0
        if self._sensitive is not None:
            for lat, lon in ends:
                told += int(_leave(self._sensitive.area.covers(lat, lon), keep))
        if self._denied is not None:
            for lat, lon in ends:
                _leave(self._denied.covers(lat, lon), keep)
        return told

    def _stay(self, device: pa.Array) -> Bool | None:
        """Which records are of devices that did not opt out, bool[n]; None: all."""
        if self._opt_outs is None:
            return None
        out = self._opt_outs.among(device)
        return ~out if out.any() else None


@njit
def _leave_inaccurate(accuracy: Float64, limit: Any, keep: Bool) -> int:
    """Take the records out of `keep`, bool[n], that say they are less accurate; how many those are."""
    dropped = 0
    for row in range(accuracy.size):
        above = accuracy[row] > limit  # NaN is above nothing
        keep[row] = not above
        dropped += int(above)
    return dropped


@njit
def _leave(out: Bool, keep: Bool) -> int:
    """Take the records of `out` out of `keep`, bool[n] both; how many were still in it."""
    dropped = 0
    for row in range(out.size):
        dropped += int(out[row] & keep[row])
        keep[row] &= not out[row]
    return dropped


@njit
def _keep(
    keep: Bool,
    pseudonym: UInt64,
    time: Int64,
    lat: Int32,
    lon: Int32,
    to_pseudonym: UInt64,
    to_time: Int64,
    to_lat: Int32,
    to_lon: Int32,
) -> None:
    """Copy the records that stay, in their order.

    Rule    every record is written, and the place moves on only behind one that stays: no branch to guess wrong.
    """
    row = place = 0
    while place < to_time.size:
        to_pseudonym[place] = pseudonym[row]
        to_time[place] = time[row]
        to_lat[place] = lat[row]
        to_lon[place] = lon[row]
        place += int(keep[row])
        row += 1
