"""How the whole goes up and down over time: of the published table of everything, or of what it is made of."""

from typing import TYPE_CHECKING, Any

import numpy as np

from shoal.keys import CLASS
from shoal.privacy.mechanism import LAPLACE_95, NORMAL_95

if TYPE_CHECKING:
    from shoal.release.read import Release
    from shoal.serve.cube import Cube

MEASURED = "measured: the published total over all places, with a noise of its own"
ENDS = "added up: the published totals of one end of the pairs, of all zones; their noises are independent"
ADDED = "added up: all published places that are not suppressed; their noises are taken as independent"


def source_of(release: "Release", statistic: str) -> tuple[str, str]:
    """The table that the totals of a statistic come from, and how, in words."""
    if statistic not in release or (base := release[statistic].facts).level is not None:
        return statistic, ADDED
    if f"{statistic}.all" in release:
        return f"{statistic}.all", MEASURED
    if base.pairs == "selected":
        for end in release[statistic].places:
            if f"{statistic}.{end}" in release:
                return f"{statistic}.{end}", ENDS
    return statistic, ADDED


def totals(cube: "Cube", *, laplace: bool) -> Any:
    """A pyarrow table: class, the time key, estimate, stderr, lower, upper, consistent; a row for each class and time.

    laplace  is the noise of a single number Laplace? Of a sum of many it is nearly normal; the wider interval is given
             where it is not
    """
    import pyarrow as pa

    kinds = max(1, len(cube.labels))
    shape = (cube.bins, -1, kinds)
    alone = cube.rows == kinds
    shown = ~cube.suppressed.reshape(shape)
    found = {}
    for name in ("estimate", "consistent"):
        block = np.where(shown, cube.numbers[name].reshape(shape), 0.0)
        found[name] = np.nansum(block, axis=1)
    variance = np.where(shown, cube.numbers["stderr"].reshape(shape) ** 2, 0.0)
    found["stderr"] = np.sqrt(np.nansum(variance, axis=1))
    if alone:  # the published interval itself
        found |= {name: cube.numbers[name].reshape(cube.bins, kinds) for name in ("lower", "upper")}
    else:
        wide = NORMAL_95 if not laplace else LAPLACE_95 / 2**0.5
        found |= {
            "lower": found["estimate"] - wide * found["stderr"],
            "upper": found["estimate"] + wide * found["stderr"],
        }
    columns: dict[str, Any] = {}
    if cube.labels:
        columns[CLASS] = pa.array(list(cube.labels) * cube.bins, pa.string())
    if cube.time is not None:
        columns[cube.time] = cube.times.take(pa.array(np.repeat(np.arange(cube.bins), kinds)))
    for name in ("estimate", "stderr", "lower", "upper", "consistent"):
        columns[name] = pa.array(np.ascontiguousarray(found[name]).ravel(), pa.float64(), from_pandas=True)
    return pa.table(columns)
