"""The user's Spark: finding a session, running a job with its progress, and saying in one sentence what went wrong."""

import os
import re
import sys
import warnings
from collections.abc import Callable
from secrets import token_hex
from typing import TYPE_CHECKING, Any, TypeVar

from shoal.engines._spark_notes import said_by_task
from shoal.errors import ShoalError, StateError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Result = TypeVar("Result")
Watch = Callable[[list[tuple[int, int]]], None]
"""Told (done, all) tasks of each stage so far."""
_POLL = 0.25  # seconds
_LOCALS = "spark.sql.execution.pyspark.udf.tracebackWithLocals.enabled"


def find_session(given: "SparkSession | None") -> "SparkSession":
    """The session that was given, else the active one, else a new one by Spark's own configuration.

    Raises `UsageError` where PySpark is missing or too old, or would write variables into its logs; `StateError` where
    no session can be started.
    """
    try:
        import pyspark
        from pyspark.sql import SparkSession
    except ImportError:
        raise UsageError("Spark is not installed here; install it: pip install 'shoal[spark]'") from None
    if int(pyspark.__version__.partition(".")[0]) < 4:
        raise UsageError("Shoal needs Spark 4; install it: pip install 'shoal[spark]'")
    try:
        session = given or SparkSession.getActiveSession() or _new(SparkSession)
        careless = setting(session, _LOCALS) == "true"
    except Exception as error:
        raise StateError(
            f"no Spark session could be started ({condition(error)}); Spark needs Java 17 or later and a cluster that "
            "answers, see docs/scaling.md"
        ) from None
    if careless:
        raise UsageError(f"{_LOCALS} writes variables, and so records, into logs; switch it off")
    return session


def is_remote(session: "SparkSession") -> bool:
    """Is it a session of Spark Connect?"""
    return type(session).__module__.startswith("pyspark.sql.connect")


def setting(session: "SparkSession", name: str) -> str | None:
    """A setting of the session; None where this Spark does not know it."""
    try:
        return session.conf.get(name)
    except Exception:
        return None


def cores(session: "SparkSession") -> int:
    """Tasks that run side by side, as far as Spark says."""
    return 8 if is_remote(session) else int(session.sparkContext.defaultParallelism)


def collect(frame: "DataFrame", what: str, watch: Watch | None = None) -> list[Any]:
    """The rows of a frame; Ctrl-C ends the job. Raises `ShoalError`, one sentence without a word from the records."""
    session = frame.sparkSession
    if is_remote(session):
        return explained(lambda: _collect_remote(session, frame, watch))
    return explained(lambda: _collect_watched(session, frame, what, watch))


def explained(call: Callable[[], Result]) -> Result:
    """What `call` returns; whatever Spark raises there becomes one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # what PySpark thinks of the version of pandas
            return call()
    except ShoalError:
        raise
    except Exception as error:
        own = sentence(error)
    raise own  # outside the handler, so that Spark's text, which may quote a record, does not hang on it


def sentence(error: Exception) -> ShoalError:
    """What an error of Spark's means, without its text."""
    text = str(error)
    if said := said_by_task(text):
        return said
    if lacking := re.search(r"No module named '(\w+)", text):
        return StateError(
            f"the executors' Python has no module {lacking[1]!r}; install Shoal there as on the driver, and let "
            "spark.pyspark.python name that Python (docs/scaling.md)"
        )
    if "PYTHON_VERSION_MISMATCH" in text:
        return StateError("the executors have another Python than the driver; use the same (docs/scaling.md)")
    if "maxResultSize" in text:
        return StateError("the sums are larger than spark.driver.maxResultSize; raise it and run again")
    return StateError(
        f"the Spark job failed ({condition(error)}); nothing was charged: see Spark's logs, mend it, and run again"
    )


def condition(error: Exception) -> str:
    """The name that Spark has for an error, else the error's type: never its text."""
    try:
        name = error.getCondition()  # type: ignore[attr-defined]
    except Exception:
        name = None
    return name if isinstance(name, str) else type(error).__name__


def _new(kind: Any) -> "SparkSession":
    # On this machine alone, the tasks need this Python; on a cluster, Spark's configuration knows better.
    if not {"PYSPARK_PYTHON", "SPARK_REMOTE", "MASTER"} & set(os.environ) and "PYSPARK_SUBMIT_ARGS" not in os.environ:
        os.environ["PYSPARK_PYTHON"] = sys.executable
    session: SparkSession = kind.builder.appName("Shoal").getOrCreate()
    return session


def _collect_watched(session: "SparkSession", frame: "DataFrame", what: str, watch: Watch | None) -> list[Any]:
    """In a thread of its own, whose jobs have a name; this one looks on."""
    from pyspark import InheritableThread

    context, group = session.sparkContext, f"shoal-{token_hex(8)}"
    rows: list[Any] = []
    failed: list[Exception] = []

    def work() -> None:
        try:
            context.setJobGroup(group, f"Shoal: {what}")
            rows.extend(frame.collect())
        except Exception as error:
            failed.append(error)

    thread = InheritableThread(target=work, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_POLL)
            if watch is not None:
                watch(_stages(context.statusTracker(), group))
    except BaseException:
        context.cancelJobGroup(group)
        raise
    if failed:
        raise failed[0]
    return rows


def _stages(tracker: Any, group: str) -> list[tuple[int, int]]:
    """(done, all) tasks of the stages of a job group: of one job all, of several jobs the last of each."""
    jobs = [info for job in sorted(tracker.getJobIdsForGroup(group)) if (info := tracker.getJobInfo(job))]
    stages = [sorted(job.stageIds) for job in jobs]
    wanted = stages[0] if len(stages) == 1 else [own[-1] for own in stages if own]
    found = [tracker.getStageInfo(stage) for stage in wanted]
    return [(stage.numCompletedTasks, stage.numTasks) for stage in found if stage is not None and stage.numTasks]


def _collect_remote(session: "SparkSession", frame: "DataFrame", watch: Watch | None) -> list[Any]:
    def handler(stages: Any = (), **_: object) -> None:
        if watch is not None and stages:
            watch([(s.num_completed_tasks, s.num_tasks) for s in sorted(stages, key=lambda s: s.stage_id)])

    client: Any = session
    client.registerProgressHandler(handler)
    try:
        return frame.collect()
    finally:
        client.removeProgressHandler(handler)
