"""The one way kernels are compiled: without the interpreter lock, cached on disk, never with fast-math.

Fast-math may re-order sums, and a re-ordered sum changes what one device can move.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def njit(kernel: Kernel) -> Kernel:
    """Compile `kernel` on first call; its Python body stays at `.py_func` for tests."""
    return cast(Kernel, numba.njit(nogil=True, cache=True)(kernel))
