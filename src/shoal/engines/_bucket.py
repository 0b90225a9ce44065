"""The one kernel that every engine maps over the buckets: from records to bounded sums."""

from collections.abc import Mapping

import numpy as np

from shoal._arrays import Int64
from shoal.buckets import PointBucket, TripBucket
from shoal.design import Design
from shoal.privacy import bounding
from shoal.trajectories import from_points, from_trips


def empty_totals(design: Design) -> dict[str, Int64]:
    """Totals of nothing: statistic -> int64[cells]."""
    return {s.name: np.zeros(s.grid.cells, dtype=np.int64) for s in design.statistics}


def add_bucket(design: Design, bucket: PointBucket | TripBucket, totals: Mapping[str, Int64]) -> None:
    """Add every row's contribution, held to its bound, into `totals` in place. Pure but for that; no row is kept."""
    if isinstance(bucket, PointBucket):
        plan = design.plan
        rows = from_points(bucket, design.zones, design.calendar, plan.cleaning, plan.movement)
    else:
        rows = from_trips(bucket)
    for statistic in design.statistics:
        mechanism = design.allocation.mechanisms[statistic.name]
        bounding.add(bounding.bound(statistic.contribution(rows), mechanism), totals[statistic.name])
