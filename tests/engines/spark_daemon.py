"""What forks the workers of Python on the tests' executors: PySpark's own, with the tasks' libraries loaded before.

A worker takes three seconds to load them, and each executor, each task that fails or is cut short, and each kind of
session wants new workers. A third of it is PySpark itself, which Spark puts first on the path as an archive of source.

The driver asks for it, by a variable of its tasks. The client of Spark Connect does not: its workers fork from another
process, which is PySpark's as it is. So what is loaded before hides nothing.
"""

import gc
import os
import sys
from importlib import import_module

ASKED = "SHOAL_TEST_LOADED"
LIBRARIES = "pyspark.worker", "shoal.engines._spark_digest", "tests.engines.spark_misfits"


def one_kernel() -> None:
    """Numba gets ready at the first kernel of a process, for half a second."""
    import pyarrow as pa

    from shoal.intake import Pseudonymizer

    Pseudonymizer(bytes(16))(pa.array(["a"]))


if __name__ == "__main__":
    if ASKED in os.environ:
        sys.path[:] = [entry for entry in sys.path if not entry.endswith(".zip")]
        for name in LIBRARIES:
            import_module(name)
        one_kernel()
        gc.freeze()
    from pyspark import daemon

    daemon.manager()
