"""Trajectories of a bucket of location records."""

import math

import numpy as np

from shoal._arrays import Bool, Int32
from shoal.buckets._types import PointBucket
from shoal.calendar import Calendar
from shoal.plan import Cleaning, Movement
from shoal.trajectories._types import Stays, Trajectories
from shoal.trajectories.cleaning import Records, clean
from shoal.trajectories.home import homes_of
from shoal.trajectories.spans import spans_of
from shoal.trajectories.stays import stays_of, zones_of
from shoal.trajectories.trips import trips_of
from shoal.zones._base import Zones


def from_points(
    bucket: PointBucket,
    zones: Zones,
    calendar: Calendar,
    cleaning: Cleaning,
    movement: Movement,
    places: Zones | None = None,
    isolated: Bool | None = None,
) -> Trajectories:
    """Spans, stays, trips and home of each of the bucket's d rows; of the stays also which of `places` holds them.

    isolated  bool[z]: zones that receive nothing; what lies in them lies outside every zone

    A place is found by the very rule of the zone: docs/definitions.md, "Place".

    Times are whole seconds. A silence is too long above `max_gap_minutes`, so that is rounded down; a stay is long
    enough from `stay_minutes` on, so that is rounded up: neither rounding changes which records qualify.

    Safe to call from threads; nothing is kept, and the bucket's arrays are not changed.
    """
    max_gap = math.floor(movement.max_gap_minutes * 60)
    minimum = math.ceil(movement.stay_minutes * 60)
    kept = clean(bucket.first, bucket.time, bucket.lat, bucket.lon, float(cleaning.max_speed))
    zone = _located(zones, kept)
    if isolated is not None:
        zone = np.where(np.append(isolated, False)[zone], np.int32(-1), zone)  # the last is that of -1
    spans = spans_of(kept.first, bucket.unit, kept.time, zone, calendar.unit_start, max_gap)
    found = stays_of(kept.first, kept.time, kept.lat, kept.lon, float(movement.stay_radius), minimum, max_gap)
    head = found.head
    zone_of_stay = zones_of(found, kept.time, spans, len(zones))
    place = None
    if places is not None:
        near = spans_of(kept.first, bucket.unit, kept.time, _located(places, kept), calendar.unit_start, max_gap)
        place = zones_of(found, kept.time, near, len(places))
    stays = Stays(found.first, kept.time[head], found.end, zone_of_stay, kept.lat[head], kept.lon[head], place)
    return Trajectories(
        stays=stays,
        trips=trips_of(found, stays.zone, kept.time, max_gap),
        spans=spans,
        home=homes_of(stays, bucket.unit, calendar, len(zones)),
    )


def _located(zones: Zones, records: Records) -> Int32:
    """Zone, or place, of each of the n records, int32[n]."""
    zone = zones.locate(records.lat, records.lon)
    if zone.size and not -1 <= zone.min() <= zone.max() < len(zones):
        # kernels index by zone and check nothing
        raise RuntimeError("zones.locate gave a zone that does not exist: a bug of Shoal's, please report it")
    return zone
