"""Nothing that Spark writes or shows holds a key, an identifier, a pseudonym, a position or an exact sum.

Spark's own counters know how many rows a task read: logs of Spark are the operator's, and docs/scaling.md says so. So
the exact number of rows is not looked for here.
"""

import base64
import io
import time
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pytest

from shoal.design import Design
from shoal.engines import LocalEngine, SparkEngine, _spark_session
from shoal.engines import _spark_tasks as tasks
from shoal.engines._spark_keys import Keys
from shoal.errors import StateError
from shoal.intake import Pseudonymizer
from shoal.plan import Plan
from tests.engines import spark_misfits
from tests.engines.spark_cluster import Cluster
from tests.engines.test_local import plan_of
from tests.engines.test_spark import counted
from tests.pipeline import source, traces
from tests.pipeline.traces import Traces

pytestmark = pytest.mark.xdist_group("spark")
ROWS = source.records()
DAYS = "2019-03-04", "2019-03-06"
KEYS = Keys(bytes(range(100, 116)), bytes(range(120, 152)), bytes(range(160, 192)))


def spelt(secret: bytes) -> set[bytes]:
    """A key or a pseudonym, in bytes of either order and in text."""
    number = int.from_bytes(secret, "little"), int.from_bytes(secret, "big")
    found = {secret, secret[::-1], *(str(n).encode() for n in number), *(str(n - (1 << 64)).encode() for n in number)}
    for raw in (secret, secret[::-1]):
        found |= {raw.hex().encode(), raw.hex().upper().encode(), base64.b64encode(raw).rstrip(b"=")}
    return {needle for needle in found if len(needle) >= 8}


@pytest.fixture(scope="module")
def secrets(plan: Plan) -> Traces:
    """Everything of these records, under these keys."""
    devices = sorted({row.device for row in ROWS})
    pseudonyms = Pseudonymizer(KEYS.pseudonyms)(pa.array(devices, pa.large_string()))
    keys = {part for key in (KEYS.pseudonyms, KEYS.records, KEYS.notes) for part in spelt(key)}
    # half a key is as good as none here, but a whole one may be written as two words
    keys |= {part for half in (KEYS.pseudonyms[:8], KEYS.pseudonyms[8:]) for part in spelt(half)}
    bits = 2  # as `AddUp` turns them
    turned = [(int(p) << bits | int(p) >> (64 - bits)) & (1 << 64) - 1 for p in pseudonyms]
    known = {n for p in [*map(int, pseudonyms), *turned] for n in spelt(p.to_bytes(8, "little"))}
    own = Traces({"key": keys, "pseudonym": known})
    return own | traces.of_records(ROWS) | traces.of_totals(counted(plan, LocalEngine())[0])


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    thirds = {"1.csv": ROWS[::3], "2.ndjson": ROWS[1::3], "3.parquet": ROWS[2::3]}
    return plan_of(tmp_path_factory.mktemp("leaks"), thirds, dates=DAYS)


@pytest.fixture
def known_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Keys, "random", classmethod(lambda _: KEYS))


def found(secrets: Traces, cluster: Cluster) -> set[str]:
    """Kinds of secrets in all that this cluster has written so far."""
    return {line for line in secrets.under(*cluster.written) if not line.startswith("exact count")}


def test_nothing_is_left_on_disks_or_in_logs(
    plan: Plan, cluster: Cluster, secrets: Traces, known_keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shuffle files, event log, logs of the driver and the executors, and what `explain` says."""
    explained: list[str] = []
    collect = _spark_session.collect

    def listen(frame: Any, *arguments: Any) -> list[Any]:
        rows = collect(frame, *arguments)
        with redirect_stdout(io.StringIO()) as said:
            frame.explain(extended=True)
            frame.printSchema()
            print(repr(frame), frame._jdf.queryExecution().toString(), rows[0])
        explained.append(said.getvalue())
        return rows

    monkeypatch.setattr(_spark_session, "collect", listen)
    engine = SparkEngine(cluster.session, partitions=4)
    assert counted(plan, engine) == counted(plan, LocalEngine())
    opened = engine.open(Design.of(plan))
    said = f"{engine!r} {opened!r} {opened.shipped!r} {opened.frames!r} {KEYS!r} {KEYS.box()!r} {vars(engine)}"
    assert [kind for text in [*explained, said] for kind in secrets.within(text)] == []
    assert "MapInArrow SealRecords" in explained[-1], "it was shown"
    shuffled = list(cluster.local.rglob("shuffle_*.data"))
    assert sum(file.stat().st_size for file in shuffled) > 10 * len(ROWS), "there was something to be seen"
    assert found(secrets, cluster) == set()


def test_nothing_lies_open_half_way(
    tmp_path: Path, plan: Plan, cluster: Cluster, secrets: Traces, known_keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While records are shuffled and a task has begun to add up, with records that don't fit into its memory."""

    def make(*arguments: Any) -> Any:
        task = spark_misfits.SlowAdd(*arguments)
        task.folder, task.partition = tmp_path, 1
        return task

    monkeypatch.setattr(tasks, "AddUp", make)
    looked: list[set[str]] = []

    def look() -> None:
        deadline = time.monotonic() + spark_misfits.WAIT
        while not (tmp_path / "1 0").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        looked.append(found(secrets, cluster))
        (tmp_path / "go").touch()

    thread = Thread(target=look)
    thread.start()
    counted(plan, SparkEngine(cluster.session, partitions=4, memory=1 << 20))
    thread.join()
    assert (tmp_path / "1 0").exists() and looked == [set()]


def test_a_digest_by_a_job_leaves_nothing(
    tmp_path: Path, cluster: Cluster, secrets: Traces, known_keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do the first rows, which the driver looks at."""
    plan = plan_of(tmp_path, {"all.parquet": ROWS}, dates=DAYS)
    plan.file.write_text(plan.file.read_text().replace('["records/*"]', f'["file:{tmp_path}/records/*.parquet"]'))
    monkeypatch.setattr("shoal.engines._spark_digest.secret_of", lambda _: KEYS.pseudonyms + KEYS.records)
    SparkEngine(cluster.session).open(Design.of(Plan.load(plan.file))).fingerprint(KEYS.notes)
    assert found(secrets, cluster) == set()


def test_a_bug_in_a_task_shows_no_value(
    plan: Plan, cluster: Cluster, secrets: Traces, known_keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it says all that it knows: Spark writes such errors to every log, and shows them on the driver."""
    monkeypatch.setattr(tasks, "SealRecords", spark_misfits.CarelessSeal)
    with pytest.raises(StateError, match=r"KeyError in .*fault of Shoal's") as caught:
        counted(plan, SparkEngine(cluster.session))
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert secrets.within(str(caught.value)) == set()
    assert found(secrets, cluster) == set()


class TestSearch:
    """It finds what a careless engine would leave. Last, as what they leave stays."""

    def test_a_shuffle_that_is_not_sealed(
        self, plan: Plan, cluster: Cluster, secrets: Traces, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keys = spark_misfits.OpenKeys(KEYS.pseudonyms, KEYS.records, KEYS.notes)
        monkeypatch.setattr(Keys, "random", classmethod(lambda _: keys))
        before = set(cluster.local.rglob("*"))
        assert counted(plan, SparkEngine(cluster.session, partitions=4)) == counted(plan, LocalEngine())
        left = {file for file in set(cluster.local.rglob("*")) - before if file.is_file()}
        kinds = {kind for file in left for kind in secrets.within(file.read_bytes())}
        assert "pseudonym" in kinds and "neighbouring positions" in kinds
        for file in left:
            file.unlink()

    @pytest.mark.parametrize("spell", ["hex", "base64", "decimal"])
    def test_a_key_in_a_setting(
        self, plan: Plan, cluster: Cluster, secrets: Traces, monkeypatch: pytest.MonkeyPatch, spell: str
    ) -> None:
        texts: Mapping[str, str] = {
            "hex": KEYS.records.hex(),
            "base64": base64.b64encode(KEYS.records).decode(),
            "decimal": str(int.from_bytes(KEYS.records, "little")),
        }
        before = {file: file.stat().st_size for file in cluster.said.rglob("*") if file.is_file()}
        cluster.session.conf.set("spark.shoal.run", texts[spell])
        try:
            cluster.session.range(3).collect()
        finally:
            cluster.session.conf.unset("spark.shoal.run")
        news = [(file, file.read_bytes()[before.get(file, 0) :]) for file in cluster.said.rglob("*") if file.is_file()]
        assert {kind for _, new in news for kind in secrets.within(new)} >= {"key"}
