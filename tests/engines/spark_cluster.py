"""A cluster of Spark for the tests: executors in processes of their own, everything that it writes in one folder."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shoal
from tests.conftest import ROOT, missing

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PYTHONPATH = f"{ROOT}:{Path(shoal.__file__).parents[1]}"  # tasks of the tests, and this very Shoal
LIMIT = 300  # seconds
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # for a Java that starts often and lives shortly
LOG = """
status = error
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
appender.file.type = File
appender.file.name = file
appender.file.fileName = {file}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c: %m%n%ex
logger.python.name = org.apache.spark.api.python
logger.python.level = debug
logger.sql.name = org.apache.spark.sql.execution
logger.sql.level = debug
"""


@dataclass(frozen=True)
class Cluster:
    """A session and its folders: `local` shuffle files and spills, `work` the executors' logs, `said` the driver's log
    and the event log."""

    session: "SparkSession"
    local: Path
    work: Path
    said: Path

    @property
    def written(self) -> tuple[Path, ...]:
        return self.local, self.work, self.said


def need_spark() -> None:
    """Skip where Spark can't run, with the reason."""
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        missing("no Java on the PATH; install openjdk-17-jre-headless")


def environment(folder: Path) -> dict[str, str]:
    """What processes of Spark need to run here, whatever this machine calls itself."""
    return {
        "JAVA_TOOL_OPTIONS": QUICK,
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": PYTHONPATH,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "127.0.0.1",
        "SPARK_WORKER_DIR": str(folder / "work"),
        "SPARK_LOCAL_DIRS": str(folder / "local"),
    }


def start(folder: Path, master: str = "local-cluster[2,1,1024]", **more: str) -> Iterator[Cluster]:
    """A session with an event log; nothing that it writes is compressed or cleaned up."""
    need_spark()
    from pyspark.sql import SparkSession

    for name in ("local", "work", "said", "warehouse"):
        (folder / name).mkdir(parents=True)
    (folder / "log4j2.properties").write_text(LOG.format(file=folder / "said" / "driver.log"))
    kept = dict(os.environ)
    os.environ.update(environment(folder))
    settings: dict[str, Any] = {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
        "spark.executorEnv.PYTHONPATH": PYTHONPATH,
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.showConsoleProgress": "false",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": f"file:{folder / 'said'}",
        "spark.cleaner.referenceTracking": "false",
        **{f"spark.{part}.compress": "false" for part in ("shuffle", "shuffle.spill", "broadcast", "rdd")},
        **more,
    }
    builder: Any = SparkSession.builder.master(master).appName("tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("INFO")
        try:
            yield Cluster(session, folder / "local", folder / "work", folder / "said")
        finally:
            session.stop()
    finally:
        os.environ.clear()
        os.environ.update(kept)


def finished(module: str, words: Sequence[str | Path], folder: Path) -> "subprocess.CompletedProcess[str]":
    """A run of a module of the tests, which writes to `folder`; nothing is left of it after the time limit."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPARK")}
    with subprocess.Popen(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=kept | environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=LIMIT)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess([module], process.returncode, out, err)
