"""Gyration: how wide people's days are around their centre, by where they live."""

from typing import ClassVar

import numpy as np

from shoal.classes import LENGTHS, Classes
from shoal.privacy.contributions import Contributions
from shoal.statistics._one_cell import OneCell
from shoal.trajectories import Trajectories
from shoal.trajectories.gyration import gyration_of


class Gyration(OneCell):
    """Devices by the zone of their home and their radius of gyration over the unit.

    Keys          home x class. Zones are the plan's, classes Shoal's: public.
    Contribution  1 in the cell of the row's home and radius, or nothing.
    Bound         1 by definition: one cell, one contribution. A larger bound would only add noise.
    Proof         docs/proofs/gyration.md.  Definition: docs/definitions.md, "Radius of gyration".
    """

    name: ClassVar[str] = "gyration"
    places: ClassVar[tuple[str, ...]] = ("home",)
    times: ClassVar[tuple[str, ...]] = ()
    default_by: ClassVar[tuple[str, ...]] = ("home", "class")
    classes: ClassVar[Classes | None] = LENGTHS
    of_trips: ClassVar[bool] = False
    meaning: ClassVar[str] = "devices that live in the zone and have such a radius of gyration (mean over the units)"

    def contribution(self, rows: Trajectories) -> Contributions:
        home = self.homes(rows)
        radius = gyration_of(rows.stays)
        class_ = np.where(radius < 0, -1, LENGTHS.of(np.maximum(radius, 0)))
        cell = self.grid.cell(home.astype(np.int64), class_, 0)
        first = np.arange(home.size + 1, dtype=np.int64)
        return self.count(first, cell)
