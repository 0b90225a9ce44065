"""A cluster of Spark for the tests: executors in processes of their own, everything that it writes in one folder.

Spark starts no second attempt of a task on the host of the first. So there are two workers at two addresses of this
machine; those of `local-cluster` share theirs. Master and workers live in the driver's Java, as there.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shoal
from tests.conftest import ROOT, missing
from tests.engines import spark_daemon

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PYTHONPATH = f"{ROOT}:{Path(shoal.__file__).parents[1]}"  # tasks of the tests, and this very Shoal
LIMIT = 300  # seconds
HOSTS = "127.0.0.2", "127.0.0.3"  # of a worker each, with one core
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

    @contextmanager
    def speculating(self) -> Iterator[None]:
        """Meanwhile a task that takes longer than a second and the half of its stage is started once more."""
        settings = self.session.sparkContext._jsc.sc().conf()
        settings.set(_QUANTILE, "0.5")
        try:
            yield
        finally:
            settings.set(_QUANTILE, "1")

    def connected(self) -> str:
        """The address at which it answers to Spark Connect, from now on."""
        jvm: Any = self.session._jvm
        context = self.session.sparkContext._jsc.sc()
        service = getattr(jvm.org.apache.spark.sql.connect.service, "SparkConnectService$")
        module = getattr(service, "MODULE$")
        module.start(context)
        return f"sc://127.0.0.1:{module.localPort()}"


_QUANTILE = "spark.speculation.quantile"
_SPECULATION = {
    "spark.speculation": "true",
    "spark.speculation.interval": "50ms",
    "spark.speculation.multiplier": "1",
    "spark.speculation.minTaskRuntime": "1s",
    "spark.speculation.efficiency.enabled": "false",
    _QUANTILE: "1",  # never
}


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


def start(folder: Path) -> Iterator[Cluster]:
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
        "spark.python.daemon.module": "tests.engines.spark_daemon",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.showConsoleProgress": "false",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": f"file:{folder / 'said'}",
        "spark.cleaner.referenceTracking": "false",
        "spark.locality.wait": "0",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": "0",
        **{f"spark.{part}.compress": "false" for part in ("shuffle", "shuffle.spill", "broadcast", "rdd")},
        **_SPECULATION,
    }
    try:
        with _standalone(settings) as master:
            builder: Any = SparkSession.builder.master(master).appName("tests")
            for name, value in settings.items():
                builder = builder.config(name, value)
            session = builder.getOrCreate()
            session.sparkContext.setLogLevel("INFO")
            session.sparkContext.environment[spark_daemon.ASKED] = "1"
            try:
                yield Cluster(session, folder / "local", folder / "work", folder / "said")
            finally:
                session.stop()
    finally:
        os.environ.clear()
        os.environ.update(kept)


@contextmanager
def _standalone(settings: dict[str, str]) -> Iterator[str]:
    """A master and its workers, in the Java that the driver will use; gives the master's address."""
    from pyspark import SparkConf, SparkContext

    SparkContext._ensure_initialized(conf=SparkConf(loadDefaults=False).setAll(list(settings.items())))
    jvm: Any = SparkContext._jvm
    deploy, conf, none = jvm.org.apache.spark.deploy, jvm.org.apache.spark.SparkConf(), jvm.scala.Option.empty()
    conf.set("spark.master.rest.enabled", "false")
    began = [deploy.master.Master.startRpcEnvAndEndpoint("127.0.0.1", 0, 0, conf)._1()]
    master = f"spark://127.0.0.1:{began[0].address().port()}"
    try:
        masters = SparkContext._gateway.new_array(jvm.java.lang.String, 1)  # type: ignore[union-attr]
        masters[0] = master
        for number, host in enumerate(HOSTS):
            name = jvm.scala.Option.apply(number)
            worker = deploy.worker.Worker.startRpcEnvAndEndpoint
            began.append(worker(host, 0, 0, 1, 1024, masters, None, name, conf, none))
        yield master
    finally:
        for process in began[::-1]:
            process.shutdown()


def finished(module: str, words: Sequence[str | Path]) -> "subprocess.CompletedProcess[str]":
    """A run of a module of the tests; nothing is left of it after the time limit."""
    command = [sys.executable, "-m", module, *words]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPARK")}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=kept | {"PYTHONPATH": PYTHONPATH},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
