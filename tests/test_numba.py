"""Compiled kernels are kept safely: no variant under another's name, none of older code."""

import fcntl
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numba
import pytest
from numba.core.caching import FunctionCache

from shoal._code import kernel_digest
from shoal._numba import KernelCache

MODULE = textwrap.dedent(
    """
    from shoal._numba import njit

    @njit
    def inner(values, out):
        for i in range(values.size):
            out[i] = values[i] + values[i]

    @njit
    def outer(values, out):
        inner(values, out)
        return out.sum()
    """
)
RUN = textwrap.dedent(
    """
    import sys
    import numpy as np
    import kernels
    for kind in sys.argv[1].split():
        values = np.arange(1, 100).astype(kind)
        assert kernels.outer(values, np.zeros_like(values)) == 9900, kind
    """
)
KINDS = ["int64", "int32", "float64", "float32", "uint8 uint16", "uint16 uint32", "int16", "uint64"]


def start(folder: Path, kinds: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")}
    return subprocess.Popen([sys.executable, "-c", RUN, kinds], env=environment, stderr=subprocess.PIPE)


def test_processes_that_compile_at_once_do_not_mix_up_their_code(tmp_path: Path) -> None:
    (tmp_path / "kernels.py").write_text(MODULE)
    together = [start(tmp_path, kinds) for kinds in KINDS]
    assert [child.wait() for child in together] == [0] * len(KINDS)
    index = list((tmp_path / "cache").rglob("*.nbi"))
    assert len(index) == 2
    after = start(tmp_path, " ".join(KINDS[:4]))  # with what they left, every variant is the right one
    assert after.wait() == 0, after.stderr and after.stderr.read()


def test_the_folder_is_locked_while_a_variant_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = []

    def look(self: KernelCache, *_: object) -> None:
        with (Path(self.cache_path) / "kernels.lock").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(True)

    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(FunctionCache, "save_overload", look)
    monkeypatch.setattr(FunctionCache, "load_overload", look)
    cache = KernelCache(test_the_folder_is_locked_while_a_variant_is_kept)
    cache.save_overload(None, None)
    cache.load_overload(None, None)
    assert held == [True, True]


NAMES = textwrap.dedent(
    """
    import sys
    import numba
    import numpy as np
    from numba.core.itanium_mangler import mangle
    from shoal import _numba
    from shoal.buckets.partition import POINT, TRIP
    kinds = {"points": POINT, "trips": TRIP}
    met = {name: numba.typeof(np.empty(1, kinds[name])) for name in sys.argv[1:]}
    print(*(mangle("kernel", (met[name],), uid=1) for name in sorted(met)))
    """
)


def test_records_have_the_same_name_in_every_process() -> None:
    """Else code that two processes kept can be taken for one another by a third: seen as crashes and wrong rows."""
    names = [
        subprocess.run([sys.executable, "-c", NAMES, *order], capture_output=True, text=True, check=True).stdout.split()
        for order in (["points", "trips"], ["trips", "points"])
    ]
    assert names[0] == names[1]
    assert names[0][0] != names[0][1]


def test_other_code_is_another_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FunctionCache, "_index_key", lambda *_: ("variant",))
    assert KernelCache.__new__(KernelCache)._index_key(None, None) == ("variant", kernel_digest())


def test_where_nothing_can_be_kept_kernels_run_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "kernels.py").write_text(MODULE)
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert start(tmp_path, "int64").wait() == 0


BLAS = textwrap.dedent(
    """
    import sys
    import numpy as np
    import kernels
    assert kernels.outer(np.arange(1, 100), np.zeros(99, np.int64)) == 9900
    assert "scipy.linalg" not in sys.modules
    import numba
    from numba.np import arraymath, linalg
    assert linalg.ensure_blas.__name__ == arraymath.ensure_blas.__name__ == "ensure_blas"
    assert arraymath._HAVE_BLAS
    a, b = np.array([[2.0, 1.0], [0.0, 4.0]]), np.array([[1.0, 3.0], [5.0, 7.0]])
    assert np.array_equal(numba.njit(lambda a, b: np.dot(a, b))(a, b), a @ b)
    assert "scipy.linalg" in sys.modules
    """
)


def test_linear_algebra_is_loaded_by_those_who_use_it(tmp_path: Path) -> None:
    """Loading a kept kernel needs none; another package's kernels work as ever in the same process."""
    (tmp_path / "kernels.py").write_text(MODULE)
    assert start(tmp_path, "int64").wait() == 0
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", BLAS], env=environment, check=True)
