"""The people who really live in the districts, with or without the app, and how many of them have it."""

import numpy as np
import pyarrow as pa

from shoal.simulate import geography
from shoal.simulate.arrays import Float64
from shoal.simulate.city import blocks

RESIDENTS = 1_450_000
"""Of the study area; more only where devices would otherwise outnumber a quarter of them."""


def resident_table(districts: geography.Districts, devices: int) -> pa.Table:
    """The population table: district `id`, `name`, and `residents`, all people who live there."""
    x, y = blocks()
    within = geography.within_area(x, y)
    weight = np.bincount(districts.of(x, y)[within], geography.homes(x, y)[within], len(districts.id))
    residents = np.rint(weight / weight.sum() * max(RESIDENTS, 4 * devices)).astype(np.int64)
    return pa.table({"id": districts.id, "name": districts.name, "residents": residents})


def market(districts: geography.Districts) -> Float64:
    """`float64[blocks]`: how common the app is among a block's residents, against others: from 0.55 to 1.6 by district.

    The centre and the west have more of it than the edges, and neighbours differ: what makes scaling up a real task.
    """
    x, y = blocks()
    number = np.arange(len(districts.id))
    wealth = 1.1 - 0.25 * districts.x / geography.RADIUS - 0.25 * np.hypot(districts.x, districts.y) / geography.RADIUS
    share = np.clip(wealth * (1.0 + 0.25 * np.sin(2.4 * number)), 0.55, 1.6)
    return np.asarray(np.where(geography.within_area(x, y), share[districts.of(x, y)], 0.8), np.float64)
