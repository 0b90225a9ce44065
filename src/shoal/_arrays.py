"""Names for the arrays that rooms hand on; every one is one-dimensional and C-contiguous unless said otherwise."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
UInt8 = NDArray[np.uint8]
UInt64 = NDArray[np.uint64]
Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

DEGREE = 10_000_000
"""Coordinates are whole numbers of 1e-7 degrees (1.1 cm): exact, compact, the same on every engine."""


def view(array: Any) -> NDArray[Any]:
    """The numbers of an Arrow array without nulls, not copied. Its own `to_numpy` loads pandas: 0.3 seconds."""
    return np.from_dlpack(array)
