"""Trajectories of a bucket of trips."""

import numpy as np

from shoal.buckets._types import TripBucket
from shoal.trajectories._types import Stays, Trajectories, Trips


def from_trips(bucket: TripBucket) -> Trajectories:
    """The bucket's trips as they are; stays are their arrivals: at the trip's end, in its destination.

    Arrivals are ascending in time within a row, also where trips of one row overlap. There are no spans and no homes.
    """
    row = np.repeat(np.arange(bucket.first.size - 1), np.diff(bucket.first))
    order = np.lexsort((bucket.destination, bucket.end, row))  # last key first
    arrival = bucket.end[order]
    return Trajectories(
        stays=Stays(bucket.first, arrival, arrival, bucket.destination[order]),
        trips=Trips(bucket.first, bucket.start, bucket.origin, bucket.destination),
    )
