"""A crash at every write, fsync, rename and remove between the charge and the published folder, one after the other.

`test_kill` kills real processes at random moments; here every step that changes the disk has its turn.
"""

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from shoal import pipeline
from shoal.errors import VerificationError
from shoal.ledger.entries import ChargeEntry, Entries, ReleaseEntry
from shoal.ledger.state import State
from shoal.release.verify import require
from shoal.release.write import write
from shoal.translog.reader import LogReader
from tests.ledger.requests import request
from tests.release import make
from tests.translog.faulty import Crash, FaultyDisk, count

KEY = "ab"


class Run:
    """What `pipeline.run` does from the charge on, with an invented release; asked again it gives the first."""

    def __init__(self, folder: Path, disk: FaultyDisk) -> None:
        self.folder = folder
        self.out = folder / "out"
        self.disk = disk

    def __call__(self) -> None:
        state = State.open(self.folder / "state", disk=self.disk)
        if first := state.accounts.find(KEY):
            pipeline.publish(state, first, self.out)
            return
        plan, zones = make.plan_in(self.folder, statistics={"visits": ("zone",)}, end="2026-03-03", unit="day"), ZONES
        paid = state.accounts.charge(replace(request(key=KEY, unit="day"), plan_digest=plan.digest()))
        state.journal.publish()
        facts, tables = make.parts(plan, zones, state.releases)
        facts = facts.model_copy(update={
            "account": facts.account.model_copy(update={"charge": paid.charge}),
            "log": str(state.journal.key.vkey),
        })  # fmt: skip
        kept = write(state.releases, manifest=facts, tables=tables, zones=zones, disk=state.disk)
        state.accounts.released(paid.charge, kept.name, pipeline._sha256(kept / "manifest.json"))
        pipeline.publish(state, kept.name, self.out)


ZONES = make.squares(2)


def published(run: Run) -> list[str]:
    """Manifest hashes of what stands in `out`, all of it whole."""
    if not run.out.is_dir():
        return []
    found = [folder for folder in run.out.iterdir() if not folder.name.startswith(".")]
    for folder in found:
        require(folder)
    return [pipeline._sha256(folder / "manifest.json") for folder in found]


def logged(run: Run) -> tuple[list[str], list[str]]:
    """Charges, and manifest hashes of releases, that a stranger finds in the log."""
    state = State.open(run.folder / "state")
    entries = [Entries.parse(data) for data in LogReader(state.journal.folder, state.journal.key.vkey).all()]
    charges = [entry.charge for entry in entries if isinstance(entry, ChargeEntry)]
    return charges, [entry.manifest_sha256 for entry in entries if isinstance(entry, ReleaseEntry)]


@pytest.mark.parametrize("lose", [False, True], ids=["stopped", "power lost"])
def test_every_step(tmp_path: Path, lose: bool) -> None:
    """Nothing stands in `out` that is not whole and in the log; asked again, the run ends well; no charge is hidden."""
    steps = count(lambda disk: Run(tmp_path / "whole", disk)())
    assert {"write", "sync", "rename"} <= set(steps) and len(steps) > 60
    for at in range(0, len(steps), 1 if lose else 3):  # where no power fails, most steps leave the same behind
        run = Run(tmp_path / str(at), FaultyDisk(at=at, lose=lose))
        run.folder.mkdir()
        with pytest.raises(Crash):
            run()
        seen = published(run)
        if seen:
            assert set(seen) <= set(logged(run)[1]), (at, steps[at])
        again = Run(run.folder, run.disk.heir())
        again()
        (release,) = published(again)
        charges, releases = logged(again)
        assert releases[-1] == release and set(seen) <= {release}, (at, steps[at])
        accounts = State.open(run.folder / "state").accounts.statement()
        assert [c.charge for a in accounts for c in a.charges] == charges and len(charges) in (1, 2)
        assert sum(c.release is not None for a in accounts for c in a.charges) == 1
        shutil.rmtree(run.folder)


def test_a_run_that_publishes_before_it_is_logged_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other side: with the log told last, some step shows a release that the log does not know."""

    def hasty(state: State, release: str, out: Path) -> None:
        shutil.copytree(state.releases / release, out / release, dirs_exist_ok=True)
        publish(state, release, out)

    publish = pipeline.publish
    monkeypatch.setattr(pipeline, "publish", hasty)

    def try_all() -> None:
        for at in range(len(count(lambda disk: Run(tmp_path / "whole", disk)()))):
            run = Run(tmp_path / str(at), FaultyDisk(at=at))
            run.folder.mkdir()
            with suppress(Crash):
                run()
            published(run)

    with pytest.raises(VerificationError, match="check `logged`"):
        try_all()
