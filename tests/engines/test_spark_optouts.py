"""The Spark engine leaves out who opted out, as the local one does, and shows the list to nobody."""

from pathlib import Path

import numpy as np
import pytest

from shoal.design import Design
from shoal.engines import LocalEngine, SparkEngine
from shoal.engines import _spark_tasks as tasks
from shoal.engines._spark_keys import Keys
from shoal.intake import Barred, OptOuts
from shoal.ledger import State
from shoal.ledger.optouts import OptOutList
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.rights.named import Named
from shoal.rights.optout import opt_out
from shoal.sources import Tally
from tests.engines.spark_cluster import Cluster
from tests.engines.test_local import ROWS
from tests.engines.test_spark_leaks import KEYS, spelt
from tests.pipeline.traces import Traces
from tests.rights.test_optout import OUT, STAY, Counted, counted, silent, three_kinds

pytestmark = pytest.mark.xdist_group("spark")


def test_as_if_the_files_did_not_have_them(tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with a list of a million, of which nothing lies open anywhere; an engine that ignores it shows."""
    state, plan = State.open(tmp_path / "state"), three_kinds(tmp_path / "all", ROWS)
    before = counted(plan, LocalEngine(), state)
    opt_out(state, Named(OUT))
    mine = OptOutList(state.folder, state.accounts.database).read()
    others = np.random.default_rng(1).integers(0, 2**64, 1_000_000, dtype=np.uint64)
    everyone = Barred(OptOuts(mine.key, np.concatenate([mine.hashes, others])))
    monkeypatch.setattr(Keys, "random", classmethod(lambda _: KEYS))
    without = counted(three_kinds(tmp_path / "without", STAY), LocalEngine(), state)
    after = by_spark(plan, cluster, everyone)
    assert after[0] == without[0] != before[0] and after[1] == before[1]
    hashes = {needle for value in mine.hashes for needle in spelt(int(value).to_bytes(8, "little"))}
    secret = Traces({"hash": hashes, "key": {*spelt(mine.key), *spelt(KEYS.notes)}})
    assert secret.under(*cluster.written) == []
    barred = Barred(OptOuts(mine.key, mine.hashes))
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "broadcast").write_bytes(barred.packed())
    assert {line.split()[0] for line in secret.under(tmp_path / "open")} == {"hash", "key"}, "it would be found"

    seal = tasks.SealRecords
    monkeypatch.setattr(tasks, "SealRecords", lambda *arguments: seal(*arguments[:5]))
    assert by_spark(plan, cluster, everyone)[0] == before[0] != without[0]


def by_spark(plan: Plan, cluster: Cluster, barred: Barred) -> Counted:
    design, tally, engine = Design.of(plan), Tally(), SparkEngine(cluster.session)
    sums = engine.sums(design, engine.open(design), tally, silent, barred)
    return {name: open_sums(sealed).tolist() for name, sealed in sums.items()}, tally.summary()
