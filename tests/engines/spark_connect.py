"""A run by Spark Connect in a process of its own, as one process can't have a session of each kind.

python -m tests.engines.spark_connect ADDRESS PLAN...      the exact sums of each plan, a digest, and more, as JSON
"""

import gc
import json
import sys
from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import SparkSession

from shoal.design import Design
from shoal.engines import SparkEngine
from shoal.engines._spark_keys import Keys
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.sources import Tally

KEYS = Keys(bytes(range(20, 36)), bytes(range(40, 72)), bytes(range(80, 112)))
"""Known, so that they can be looked for."""


def main() -> None:
    Keys.random = classmethod(lambda _: KEYS)  # type: ignore[method-assign,assignment]
    session = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
    found = []
    for file in sys.argv[2:]:
        plan = Plan.load(file)
        design, tally = Design.of(plan), Tally()
        phases: dict[str, float] = {}
        engine = SparkEngine(session, partitions=4)
        opened = engine.open(design)
        sums = engine.sums(design, opened, tally, lambda phase, done, *_, own=phases: own.update({phase: done}))
        totals = {name: open_sums(sealed).tolist() for name, sealed in sums.items()}
        found.append([totals, tally.summary(), opened.fingerprint(bytes(32)), phases])
    aside = [row.number for row in session.range(8).mapInArrow(set_aside, "number long").collect()]
    print(json.dumps([type(session).__module__, found, aside]))
    session.stop()


def set_aside(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """How many objects this worker no longer looks at when it collects garbage."""
    for _ in batches:
        yield pa.RecordBatch.from_pydict({"number": [gc.get_freeze_count()]})


if __name__ == "__main__":
    main()
