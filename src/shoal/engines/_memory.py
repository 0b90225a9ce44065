"""Memory that is used again instead of being handed back and asked for anew.

Every stage of a run makes arrays of some megabytes and lets them go. By default the C library gives such memory back to
the system at once, and the system clears each page before it hands it out again: on a virtual machine that took more
time than reading the records did. So for as long as an engine works, freed memory stays with the process.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of glibc's malloc.h
_LARGEST = 32 << 20  # the most that glibc takes for its threshold
_NEVER = (1 << 31) - 1


@contextmanager
def kept_memory() -> Iterator[None]:
    """Keep freed memory while the block runs; give it back at its end. Does nothing where the C library isn't glibc."""
    libc = _glibc()
    if libc is None:
        yield
        return
    pool = pa.default_memory_pool()
    libc.mallopt(_MMAP_THRESHOLD, _LARGEST)
    libc.mallopt(_TRIM_THRESHOLD, _NEVER)
    libc.mallopt(_TOP_PAD, _LARGEST)
    pa.set_memory_pool(pa.system_memory_pool())  # Arrow's own pool hands back as eagerly
    try:
        yield
    finally:
        pa.set_memory_pool(pool)
        libc.mallopt(_TRIM_THRESHOLD, 2 * _LARGEST)
        libc.mallopt(_TOP_PAD, 128 << 10)
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None
