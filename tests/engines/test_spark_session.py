"""Finding a session: Spark Connect, no Java, no PySpark, careless settings; each mistake is one sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from shoal.design import Design
from shoal.engines import LocalEngine, SparkEngine, _spark_session
from shoal.engines._spark_notes import TaskError, said_by_task
from shoal.engines.spark import _piece
from shoal.errors import DataError, ShoalError, StateError, UsageError
from shoal.intake import Pseudonymizer
from tests.conftest import missing
from tests.engines import spark_cluster
from tests.engines.spark_cluster import Cluster
from tests.engines.spark_connect import KEYS
from tests.engines.test_local import ROWS, plan_of
from tests.engines.test_spark import counted
from tests.engines.test_spark_leaks import spelt
from tests.pipeline import traces
from tests.pipeline.traces import Traces

spark = pytest.mark.xdist_group("spark")


@spark
def test_spark_connect_gives_the_same_and_leaves_nothing(tmp_path: Path, cluster: Cluster) -> None:
    """Files that both see, and an address that only Spark reads; here the design travels beside the keys.

    By workers that have nothing loaded before (see `spark_daemon`).
    """
    plan = plan_of(tmp_path, {"1.csv": ROWS[::2], "2.parquet": ROWS[1::2]})
    other = plan_of(tmp_path / "other", {"all.ndjson": ROWS})
    text = other.file.read_text().replace('"records/*"', f'"file:{tmp_path}/other/records/*.ndjson"')
    other.file.write_text(text)
    run = spark_cluster.finished("tests.engines.spark_connect", [cluster.connected(), plan.file, other.file])
    if "grpc" in run.stderr and "ModuleNotFoundError" in run.stderr:
        missing("Spark Connect is not installed; install pyspark[connect]")
    assert run.returncode == 0, run.stderr[-2000:]
    module, found, aside = json.loads(run.stdout.splitlines()[-1])
    assert "connect" in module
    assert max(aside) > 50_000, "each task is followed by a search for garbage in all that is loaded"
    expected = counted(plan, LocalEngine())
    for sums, told, digest, phases in found:
        assert (sums, [tuple(line) for line in told]) == expected
        assert len(digest) == 64 and set(phases.values()) == {1.0}
    devices = sorted({row.device for row in ROWS})
    keys = {part for key in (KEYS.pseudonyms, KEYS.records, KEYS.notes) for part in spelt(key)}
    own = Pseudonymizer(KEYS.pseudonyms)(pa.array(devices, pa.large_string()))
    secrets = Traces({"key": keys, "pseudonym": {n for p in own for n in spelt(int(p).to_bytes(8, "little"))}})
    secrets |= traces.of_records(ROWS)
    left = secrets.under(*cluster.written)
    assert [line for line in left if not line.startswith("exact count")] == []
    assert secrets.within(run.stderr) == set()
    events = [file for file in cluster.said.rglob("events_*") if file.is_file()]
    assert any("SparkListenerConnectOperationStarted" in file.read_text() for file in events), "it was said"


def test_no_java_is_one_sentence(tmp_path: Path) -> None:
    """Said by the command, to whoever has installed the extra only."""
    plan = plan_of(tmp_path, {"all.csv": ROWS[:50]})
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), "PYTHONPATH": spark_cluster.PYTHONPATH}
    for command in ("bash", "dirname", "env"):
        found = next(Path(folder) / command for folder in ("/usr/bin", "/bin") if (Path(folder) / command).exists())
        (tmp_path / command).symlink_to(found)
    program = "from shoal.cli import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", program, "release", str(plan.file), "--engine", "spark", "--quiet"],
        env=environment | {"NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", str(tmp_path))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 1
    assert "needs Java 17" in run.stderr.splitlines()[-1] and "Traceback" not in run.stderr


def test_no_pyspark_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyspark"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(UsageError, match=r"pip install 'shoal\[spark\]'"):
        _spark_session.find_session(None)


def test_importing_shoal_does_not_import_pyspark() -> None:
    program = "import sys, shoal; shoal.SparkEngine(); print('pyspark' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize("arguments", [{"partitions": 0}, {"partitions": 1 << 20}, {"memory": 5}])
def test_numbers_that_cannot_be_meant(arguments: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        SparkEngine(**arguments)  # type: ignore[arg-type]


@spark
class TestSession:
    def test_the_active_session_is_used_and_left_as_it_was(self, tmp_path: Path, cluster: Cluster) -> None:
        plan = plan_of(tmp_path, {"all.parquet": ROWS})
        before = dict(cluster.session.conf.getAll)
        assert counted(plan, SparkEngine()) == counted(plan, LocalEngine())
        assert dict(cluster.session.conf.getAll) == before

    def test_a_time_zone_of_the_session_changes_nothing(self, tmp_path: Path, cluster: Cluster) -> None:
        """Nor do large types of Arrow, or small batches."""
        plan = plan_of(tmp_path, {"1.csv": ROWS[::2], "2.parquet": ROWS[1::2]})
        settings = {
            "spark.sql.session.timeZone": "Asia/Kathmandu",
            "spark.sql.execution.arrow.useLargeVarTypes": "true",
            "spark.sql.execution.arrow.maxRecordsPerBatch": "7",
            "spark.sql.adaptive.enabled": "false",
        }
        for name, value in settings.items():
            cluster.session.conf.set(name, value)
        try:
            assert counted(plan, SparkEngine(cluster.session)) == counted(plan, LocalEngine())
        finally:
            for name in settings:
                cluster.session.conf.unset(name)

    def test_variables_in_logs_are_refused(self, tmp_path: Path, cluster: Cluster) -> None:
        plan = plan_of(tmp_path, {"all.csv": ROWS[:50]})
        cluster.session.conf.set(_spark_session._LOCALS, "true")
        try:
            with pytest.raises(UsageError, match="writes variables, and so records, into logs"):
                counted(plan, SparkEngine(cluster.session))
        finally:
            cluster.session.conf.unset(_spark_session._LOCALS)

    def test_local_times_that_spark_takes_for_instants_are_refused(self, tmp_path: Path, cluster: Cluster) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        plan = plan_of(tmp_path, {})
        (tmp_path / "records").mkdir()
        columns = {"uid": ["a"], "seen": pa.array([0], pa.timestamp("us")), "lat": [20.63], "lng": [-103.38]}
        pq.write_table(pa.table(columns), tmp_path / "records" / "a.parquet")
        cluster.session.conf.set(_NTZ, "false")
        try:
            with pytest.raises(ShoalError, match="takes local times for instants"):
                SparkEngine(cluster.session).open(Design.of(plan))
        finally:
            cluster.session.conf.unset(_NTZ)


_NTZ = "spark.sql.parquet.inferTimestampNTZ.enabled"


@pytest.mark.parametrize(
    ("settings", "records"),
    [
        ({}, 925),
        ({"maxRecordsPerBatch": "65536"}, 141),
        ({"maxRecordsPerBatch": "0"}, 925),  # means: no limit
        ({"maxRecordsPerBatch": "100000000"}, 64),
        ({"maxRecordsPerBatch": "65536", "maxBytesPerBatch": "67108864b"}, 1 << 16),
        ({"maxRecordsPerBatch": "65536", "maxBytesPerBatch": "-1"}, 141),
        ({"maxRecordsPerBatch": "65536", "maxBytesPerBatch": "8589934592b"}, 141),
    ],
)
def test_what_spark_hands_to_a_task_at_once_stays_small(settings: dict[str, str], records: int) -> None:
    """By bytes where Spark counts them, else by its rows: 256 MiB of segments."""
    known = {f"spark.sql.execution.arrow.{name}": value for name, value in settings.items()}
    session = SimpleNamespace(conf=SimpleNamespace(get=known.__getitem__))
    assert _piece(session) == records  # type: ignore[arg-type]


class TestSentences:
    @pytest.mark.parametrize(
        ("error", "kind", "words"),
        [
            (DataError("a file is broken"), DataError, "a file is broken"),
            (OSError(28, "No space left on device", "/secret/77777777"), StateError, "No space left on device"),
            (MemoryError("77777777"), StateError, "too little memory"),
            (KeyError("77777777"), StateError, "KeyError.*fault of Shoal's"),
        ],
        ids=["ours", "disk", "memory", "bug"],
    )
    def test_an_error_of_a_task_arrives_without_its_values(
        self, error: Exception, kind: type[Exception], words: str
    ) -> None:
        text = f"Job aborted: Traceback ... TaskError: {TaskError(error)}\n at org.apache.spark"
        assert "77777777" not in text
        with pytest.raises(kind, match=words):
            raise said_by_task(text) or AssertionError

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("PythonException: No module named 'shoal'", "no module 'shoal'"),
            ("[PYTHON_VERSION_MISMATCH] 3.11 3.13", "another Python"),
            ("bigger than spark.driver.maxResultSize", "raise it"),
            ("[CAST_INVALID_INPUT] The value '77777777'", "the Spark job failed"),
        ],
    )
    def test_what_spark_says_is_not_passed_on(self, text: str, words: str) -> None:
        said = str(_spark_session.sentence(RuntimeError(text)))
        assert words in said and "77777777" not in said
