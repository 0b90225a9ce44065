"""Residents: devices by the zone they live in."""

from typing import ClassVar

import numpy as np

from shoal.privacy.contributions import Contributions
from shoal.statistics._one_cell import OneCell
from shoal.trajectories import Trajectories


class Residents(OneCell):
    """Devices whose home lies in the zone; over a period of several units, the mean of the units.

    Keys          zone. The plan names them: zeros are measured too.
    Contribution  1 at the row's home, or nothing.
    Bound         1 by definition: one cell, one contribution. A larger bound would only add noise.
    Proof         docs/proofs/residents.md.  Definition: docs/definitions.md, "Home".
    """

    name: ClassVar[str] = "residents"
    places: ClassVar[tuple[str, ...]] = ("zone",)
    times: ClassVar[tuple[str, ...]] = ()
    default_by: ClassVar[tuple[str, ...]] = ("zone",)
    of_trips: ClassVar[bool] = False
    meaning: ClassVar[str] = "devices whose home is in the zone (mean over the units of the period)"

    def contribution(self, rows: Trajectories) -> Contributions:
        home = self.homes(rows)
        first = np.arange(home.size + 1, dtype=np.int64)
        return self.count(first, home.astype(np.int64))
