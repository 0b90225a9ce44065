"""Buckets: all records of a set of devices together, split into rows: one device over one unit of privacy."""

from shoal.buckets._types import PointBucket, TripBucket
from shoal.buckets.partition import POINT, TRIP, Records
from shoal.buckets.seal import Sealer
from shoal.buckets.store import Buckets

__all__ = ["POINT", "TRIP", "Buckets", "PointBucket", "Records", "Sealer", "TripBucket"]
