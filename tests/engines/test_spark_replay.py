"""A run with Spark, replayed: neighbours are treated alike, and no process of Spark's could have drawn noise."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shoal.engines import SparkEngine
from tests.engines.spark_cluster import Cluster
from tests.pipeline.test_replay import CASES, FIRST, HOPPER

pytestmark = pytest.mark.xdist_group("spark")


def test_a_neighbour_is_treated_alike(tmp_path: Path, cluster: Cluster) -> None:
    """All ten statistics, against what the local engine recorded."""
    case = CASES["all ten"]
    whole = case.run(tmp_path / "local")
    other = case.run(tmp_path / "spark", (HOPPER, FIRST), engine=SparkEngine(cluster.session), played=whole)
    assert whole.same_as(other) in ([], ["phases"])  # its steps may have other names
    moved = whole.moved(other)
    assert 0.6 < moved["presence"] <= max(moved.values()) <= 1
    # the processes that did the work, which Spark keeps: they have loaded nothing to draw noise with
    found = processes(cluster)
    done, loaded = (set[str]().union(*own) for own in zip(*found, strict=True))
    assert done >= {"SealRecords", "AddUp", "MergeSums"}, "they are those that worked"
    assert not [name for name in loaded if re.match(r"opendp(\.|$)|shoal\.ledger|shoal\.privacy\.(noise|_mint)", name)]


def processes(cluster: Cluster) -> list[tuple[set[str], set[str]]]:
    """Of the Python processes of Spark: the kinds of tasks that each has done, and what it has loaded."""

    def own(batches: Iterator[Any]) -> Iterator[Any]:
        import sys

        import pyarrow

        from shoal.engines import _spark_tasks

        for _ in batches:
            done = [kind.__name__ for kind in _spark_tasks._settled]
            names = [name for name in sys.modules if name.startswith(("opendp", "shoal"))]
            yield pyarrow.RecordBatch.from_pydict({"done": [done], "names": [names]})

    rows = cluster.session.range(8).mapInArrow(own, "done array<string>, names array<string>").collect()
    return [(set(row.done), set(row.names)) for row in rows]
