"""The sensitive places of the city: a handful, invented, where no named place is; so few that the town stays visible.

A circle of 533 m around a point is larger than a hexagon of the city's plan: each point silences one or two of them.
"""

from typing import Final

import numpy as np
import shapely

from shoal._sensitive import SensitiveClass
from shoal.sensitive.listing import About, Listing
from shoal.simulate import frame
from shoal.simulate.write import Town, degrees

POINTS: Final[tuple[tuple[SensitiveClass, float, float], ...]] = (  # class, x, y in the city's frame, metres
    ("reproductive-health", 1_000.0, 1_500.0),
    ("religion", -1_000.0, 2_500.0),
    ("shelter", -2_000.0, -3_500.0),
)
GROUNDS: Final[tuple[tuple[SensitiveClass, float, float, float, float], ...]] = (  # class, centre, half axes
    ("children", 3_000.0, 3_000.0, 60.0, 45.0),
    ("medical", -500.0, -2_500.0, 120.0, 90.0),
    ("military", 3_500.0, -500.0, 200.0, 150.0),
)


def listing(town: Town) -> Listing:
    """The list, reviewed on the first simulated day: the same for every seed."""
    shapes: list[shapely.Geometry] = [
        shapely.Point(round(float(frame.longitude(x, y)), 6), round(float(frame.latitude(x, y)), 6))
        for _, x, y in POINTS
    ]
    shapes += [
        shapely.Polygon(degrees(shapely.box(x - half_x, y - half_y, x + half_x, y + half_y)))
        for _, x, y, half_x, half_y in GROUNDS
    ]
    array = np.empty(len(shapes), dtype=np.object_)
    array[:] = shapes
    about = About("simulated", town.start, "invented by shoal simulate", "CC0-1.0")
    classes = (*(name for name, *_ in POINTS), *(name for name, *_ in GROUNDS))
    return Listing(about, tuple(f"s{number}" for number in range(1, len(shapes) + 1)), classes, array)
