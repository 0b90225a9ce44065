"""Names for the array types of the simulation."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from shoal._arrays import Bool, Float64, Int64, UInt64

__all__ = ["Bool", "Float32", "Float64", "Int16", "Int64", "Row", "Table", "UInt64", "table"]

Int16 = npt.NDArray[np.int16]
Float32 = npt.NDArray[np.float32]
Table = npt.NDArray[np.void]
"""A structured array: one row a thing, its columns by name."""
Row: TypeAlias = Any
"""One row of a `Table`."""


def table(shape: int | tuple[int, ...], columns: "np.dtype[np.void]") -> Table:
    """A table of zeros whose rows have their columns as attributes, compiled or not."""
    return np.zeros(shape, columns).view(np.recarray)
