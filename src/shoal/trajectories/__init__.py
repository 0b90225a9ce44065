"""From the records of a bucket to where each row (one device over one unit) was, stayed, went and lives.

Pure functions on sorted arrays; every kernel treats each row as if there were no other.
"""

from shoal.trajectories._types import Spans, Stays, Trajectories, Trips
from shoal.trajectories.from_points import from_points
from shoal.trajectories.from_trips import from_trips

__all__ = ["Spans", "Stays", "Trajectories", "Trips", "from_points", "from_trips"]
