"""An executor that dies, tasks that run twice: the integers stay the same, and nothing counts twice."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from shoal.engines import LocalEngine, SparkEngine
from shoal.engines import _spark_tasks as tasks
from tests.engines.spark_cluster import Cluster
from tests.engines.spark_misfits import SLOW, WAIT, slow
from tests.engines.test_local import ROWS, plan_of
from tests.engines.test_spark import Counted, counted

pytestmark = pytest.mark.xdist_group("spark")


@pytest.fixture
def attempts(tmp_path: Path) -> Path:
    """Where misfits write their attempts."""
    folder = tmp_path / "attempts"
    folder.mkdir()
    return folder


def expected(folder: Path) -> tuple[Counted, Callable[[Cluster], Counted]]:
    """What must come out, and a run on Spark of four files and four parts."""
    plan = plan_of(folder, {f"{i}.parquet": ROWS[i::4] for i in range(4)})
    return counted(plan, LocalEngine()), lambda cluster: counted(plan, SparkEngine(cluster.session, partitions=4))


@pytest.mark.parametrize("stage", SLOW)
def test_tasks_that_run_twice_count_once(
    tmp_path: Path, cluster: Cluster, attempts: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """Of either stage: the first attempt hangs with half of its rows given away; Spark starts another elsewhere."""
    wanted, run = expected(tmp_path)
    before = second_attempts(cluster)
    cluster.session.conf.set(_OPEN_COST, "1g")  # a task a file
    monkeypatch.setattr(tasks, stage, slow(SLOW[stage], attempts))
    try:
        with cluster.speculating():
            assert run(cluster) == wanted
    finally:
        cluster.session.conf.unset(_OPEN_COST)
    assert {file.name for file in attempts.iterdir()} >= {"1 0", "1 1"}, "it did not run twice"
    assert (attempts / "1 0").read_text() != (attempts / "1 1").read_text(), "it ran in one place"
    assert second_attempts(cluster) > before


_OPEN_COST = "spark.sql.files.openCostInBytes"


def second_attempts(cluster: Cluster) -> int:
    """Tasks so far that were started once more while they ran, by Spark's own account."""
    logs = [file for file in cluster.said.rglob("events_*") if file.is_file()]
    began = [line for file in logs for line in file.read_text().splitlines() if "SparkListenerTaskStart" in line]
    return sum(json.loads(line)["Task Info"]["Speculative"] for line in began)


def test_an_executor_that_is_killed_half_way(
    tmp_path: Path, cluster: Cluster, attempts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it go sealed records of the first shuffle, which are made anew, and sums that it had begun."""
    wanted, run = expected(tmp_path)
    monkeypatch.setattr(tasks, "AddUp", slow(SLOW["AddUp"], attempts))
    killed: list[int] = []

    def kill() -> None:
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            if (attempts / "1 0").exists() and (lines := (attempts / "1 0").read_text()).endswith("\n"):
                executor = int(lines)
                assert b"CoarseGrainedExecutorBackend" in Path(f"/proc/{executor}/cmdline").read_bytes()
                os.kill(executor, signal.SIGKILL)
                killed.append(executor)
                (attempts / "go").touch()
                return
            time.sleep(0.05)

    thread = Thread(target=kill)
    thread.start()
    found = run(cluster)
    thread.join()
    assert killed, "nothing was killed"
    assert found == wanted
    tried = [line for file in sorted(attempts.glob("1 *")) for line in file.read_text().split()]
    assert len(tried) > 1 and str(killed[0]) == tried[0], "it was not begun anew"
