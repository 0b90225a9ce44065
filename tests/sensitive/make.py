"""Small lists of invented places."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import shapely

from shoal._sensitive import SensitiveClass
from shoal.sensitive import Sensitive
from shoal.sensitive.area import Area
from shoal.sensitive.listing import About, Listing, write

TODAY = datetime.now(UTC).date()
ABOUT = About("1", TODAY, "invented", "CC0-1.0")


def listing(
    shapes: Sequence[shapely.Geometry], classes: Sequence[SensitiveClass] | None = None, about: About = ABOUT
) -> Listing:
    """A list of these places; all of one class unless said otherwise."""
    array = np.empty(len(shapes), dtype=np.object_)
    array[:] = shapes
    alike: Sequence[SensitiveClass] = ["medical" for _ in shapes]
    names = tuple(alike if classes is None else classes)
    return Listing(about, (None,) * len(shapes), names, array)


def write_list(file: Path, shapes: Sequence[shapely.Geometry], reviewed: date = TODAY) -> None:
    """The same as a file, reviewed on a day."""
    write(listing(shapes, about=About("1", reviewed, "invented", "CC0-1.0")), file)


def applied(shapes: Sequence[shapely.Geometry], isolated: Sequence[bool] = (), buffer: float = 533) -> Sensitive:
    """A list at work, that isolates these zones."""
    found = listing(shapes)
    area = Area.of(found, buffer)
    classes: tuple[SensitiveClass, ...] = ("medical",)
    return Sensitive(ABOUT, found.digest, len(found), classes, Fraction(buffer), area, np.array(isolated, dtype=bool))
