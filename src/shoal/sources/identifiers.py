"""Identifiers of devices: whole numbers, text, or UUIDs in 16 bytes."""

from typing import Literal

import numpy as np
import pyarrow as pa

from shoal._arrays import UInt8
from shoal.sources.tally import Reason
from shoal.sources.times import nulls

Kind = Literal["plain", "binary", "unknown"]
"""plain: text or whole numbers, which are one kind because a number counts as its decimal text."""


def kind_of(column: pa.DataType) -> Kind | None:
    """The kind of identifier that a column of this type holds, None if it can't hold any."""
    if pa.types.is_null(column):
        return "unknown"
    if is_text(column) or pa.types.is_integer(column) or (pa.types.is_decimal(column) and column.scale == 0):
        return "plain"
    return "binary" if pa.types.is_fixed_size_binary(column) and column.byte_width == 16 else None


def is_text(column: pa.DataType) -> bool:
    return bool(pa.types.is_string(column) or pa.types.is_large_string(column) or pa.types.is_string_view(column))


def identifiers(array: pa.Array) -> tuple[pa.Array, UInt8]:
    """The array as int64, uint64, large_string or fixed_size_binary(16), and a code for each row that has no device."""
    kind = array.type
    if is_text(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        array = array.cast(pa.large_string())
    elif pa.types.is_integer(kind) and kind != pa.uint64():
        array = array.cast(pa.int64())
    code = nulls(array, Reason.NO_DEVICE)
    if pa.types.is_large_string(array.type) and len(array):
        offsets = np.frombuffer(array.buffers()[1], np.int64, len(array) + 1, array.offset * 8)
        code[np.diff(offsets) == 0] = Reason.NO_DEVICE
    return array, code
