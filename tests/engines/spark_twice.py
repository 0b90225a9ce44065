"""A run with speculation, on two workers of a standalone cluster at two addresses of this machine.

Spark starts no second attempt on the host of the first, and the executors of `local-cluster` share theirs.

    python -m tests.engines.spark_twice PLAN FOLDER

Says the exact sums by stage that ran twice, as JSON. Attempts are noted in FOLDER, in a folder of the stage's name.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shoal.design import Design
from shoal.engines import SparkEngine
from shoal.engines import _spark_tasks as tasks
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.sources import Tally
from tests.engines import spark_cluster, spark_misfits

SLOW = {"SealRecords": spark_misfits.SlowSeal, "AddUp": spark_misfits.SlowAdd}


def slow(misfit: Any, attempts: Path) -> Callable[..., Any]:
    """A maker of such tasks, of which the first attempt at partition 1 is slow."""

    def make(*arguments: Any, **more: Any) -> Any:
        task = misfit(*arguments, **more)
        task.folder, task.partition = attempts, 1
        return task

    return make


@contextmanager
def standalone(folder: Path) -> Iterator[str]:
    """A master and two workers of one core each; gives the master's address."""
    import pyspark

    home = Path(pyspark.__file__).parent
    own = os.environ | {
        "SPARK_HOME": str(home),
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_WORKER_DIR": str(folder / "work"),
    }
    processes: list[subprocess.Popen[bytes]] = []

    def run(name: str, *words: str) -> Path:
        log = folder / f"{name}.log"
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{words[0]}", *words[1:]]
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log.open("wb"), env=own))
        return log

    try:
        log = run("master", "master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        master = awaited(log, r"Starting Spark master at (spark://\S+)")
        for host in ("127.0.0.2", "127.0.0.3"):
            words = ("--host", host, "--webui-port", "0", "--cores", "1", "--memory", "1024M", master)
            awaited(run(host, "worker.Worker", *words), r"(Successfully registered)")
        yield master
    finally:
        for process in processes[::-1]:
            process.terminate()
        for process in processes:
            process.wait(20)


def awaited(log: Path, pattern: str) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if found := re.search(pattern, log.read_text() if log.exists() else ""):
            return found[1]
        time.sleep(0.1)
    raise TimeoutError(f"{log.name} says no {pattern}")


def main() -> None:
    plan, folder = Plan.load(sys.argv[1]), Path(sys.argv[2])
    settings = {
        "spark.speculation": "true",
        "spark.speculation.interval": "50ms",
        "spark.speculation.quantile": "0.5",
        "spark.speculation.multiplier": "1",
        "spark.speculation.minTaskRuntime": "1s",
        "spark.speculation.efficiency.enabled": "false",
        "spark.sql.files.openCostInBytes": "1g",  # a task a file
    }
    (folder / "spark").mkdir()
    with standalone(folder / "spark") as master:
        for cluster in spark_cluster.start(folder / "spark" / "run", master, **settings):
            design, engine = Design.of(plan), SparkEngine(cluster.session, partitions=4)
            found = {}
            for stage, misfit in SLOW.items():
                (folder / stage).mkdir()
                usual = getattr(tasks, stage)
                setattr(tasks, stage, slow(misfit, folder / stage))
                sums = engine.sums(design, engine.open(design), Tally(), lambda *_: None)
                found[stage] = {name: open_sums(sealed).tolist() for name, sealed in sums.items()}
                setattr(tasks, stage, usual)
            print(json.dumps(found))


if __name__ == "__main__":
    main()
