"""What forks the workers of Python on the tests' executors: PySpark's own, with the tasks' libraries loaded before.

A worker takes three seconds to load them, and each executor, each task that fails or is cut short, and each kind of
session wants new workers. Where the driver asks for it (`PLAIN` among the variables of its tasks) it is PySpark's own
as it is, as everywhere but here.
"""

import gc
import os
from importlib import import_module

from pyspark import daemon

PLAIN = "SHOAL_TEST_PLAIN"
LIBRARIES = "pyspark.worker", "shoal.engines._spark_digest", "tests.engines.spark_misfits"

if __name__ == "__main__":
    if PLAIN not in os.environ:
        for name in LIBRARIES:
            import_module(name)
        gc.freeze()
    daemon.manager()
