"""The one way kernels are compiled: without the interpreter lock, kept on disk, never with fast-math.

Fast-math may re-order sums, and a re-ordered sum changes what one device can move.
"""

import fcntl
import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import types
from numba.core.caching import FunctionCache

from shoal._code import kernel_digest

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def njit(kernel: Kernel) -> Kernel:
    """Compile `kernel` on first call; its Python body stays at `.py_func` for tests."""
    compiled = numba.njit(nogil=True)(kernel)
    with suppress(RuntimeError):  # nowhere to keep it: it is compiled anew in each process
        compiled._cache = KernelCache(kernel)
    return cast(Kernel, compiled)


class KernelCache(FunctionCache):  # type: ignore[misc]  # numba has no types
    """Numba's cache on disk, made safe in three ways. Wrong machine code here means wrong sums.

    Numba numbers the compiled variants of a kernel without a lock: two processes that compile different variants at
    once can leave one's code under the other's name. So every access holds a lock of the folder.

    Numba looks at the kernel's own file only: a kernel that has taken in another one's code would stay as it was when
    the other changes. So variants are kept under the digest of all of Shoal's kernels.

    Numba names the code of a kernel of records after the order in which a process has met their types: code of two
    processes for two types can have one name, and a third process that loads both runs one of them for both. So types
    of records have names of their own (`_name_of_record`).
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        load_without_blas()
        with self._locked() as locked:
            return super().load_overload(sig, target_context) if locked else None

    def save_overload(self, sig: Any, data: Any) -> None:
        with self._locked() as locked:
            if locked:
                super().save_overload(sig, data)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return (*super()._index_key(sig, codegen), kernel_digest())

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        """Hold the folder's lock; False where there can't be one, and the cache is not used."""
        try:
            self._impl.locator.ensure_cache_path()
            file = (Path(self.cache_path) / "kernels.lock").open("w")
        except OSError:
            yield False
            return
        with file:  # closing it gives the lock back, as does a kill
            fcntl.flock(file, fcntl.LOCK_EX)
            yield True


def load_without_blas() -> None:
    """Load what Numba loads before its first kernel, but not SciPy's linear algebra, for a fifth of a second less.

    Numba imports it only to see whether it is there, and asks again in each function that needs it. No kernel of ours
    does, and SciPy is one of our requirements, so the answer is known. Numba is left as it would be otherwise: another
    package's kernels that multiply matrices find and check the library when they are compiled.
    """
    if "numba.np.arraymath" in sys.modules:
        return
    try:
        from numba.np import linalg

        check = linalg.ensure_blas
        linalg.ensure_blas = lambda: None
    except (ImportError, AttributeError):  # another Numba, which may do without
        return
    try:
        from numba.np import arraymath
    finally:
        linalg.ensure_blas = check
    arraymath.ensure_blas = check


def _name_of_record(record: Any) -> tuple[str, tuple[()]]:
    """Part of the machine-code name that stands for a type of records: the same in every process."""
    return f"Record_{hashlib.sha256(record.name.encode()).hexdigest()[:24]}", ()


types.Record.mangling_args = property(_name_of_record)
