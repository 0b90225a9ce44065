"""The one kernel that every engine maps over the buckets: from records to bounded contributions."""

from collections.abc import Iterator, Mapping

import numpy as np

from shoal._arrays import Int64
from shoal.buckets import PointBucket, TripBucket
from shoal.design import Design
from shoal.privacy import bounding
from shoal.privacy.bounding import Bounded
from shoal.trajectories import from_points, from_trips


def bounded(design: Design, bucket: PointBucket | TripBucket) -> Iterator[tuple[str, Bounded]]:
    """Every row's contribution, held to its bound: (name, contributions) for each measure of `design`, in its order.

    Pure, and safe to call from threads. The next pair is computed when it is asked for.
    """
    if isinstance(bucket, PointBucket):
        plan = design.plan
        known = (design.zones, design.calendar, plan.cleaning, plan.movement, design.places)
        rows = from_points(bucket, *known, isolated=design.isolated)
    else:
        rows = from_trips(bucket)
    for statistic in design.statistics:
        whole = statistic.contribution(rows)
        for measure in design.measures_of(statistic):
            yield measure.name, bounding.bound(statistic.at_level(whole, measure.level), measure.mechanism)


def empty_totals(design: Design) -> dict[str, Int64]:
    """Totals of nothing: measure -> int64[cells]."""
    return {m.name: np.zeros(m.grid.cells, dtype=np.int64) for m in design.measures}


def add_bucket(design: Design, bucket: PointBucket | TripBucket, totals: Mapping[str, Int64]) -> None:
    """Add every row's contribution, held to its bound, into `totals` in place. Pure but for that; no row is kept."""
    for name, rows in bounded(design, bucket):
        bounding.add(rows, totals[name])
