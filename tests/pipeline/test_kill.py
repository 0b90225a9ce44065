"""Kill -9 at ten random moments: no record on disk, no second draw for one charge, and the next run works.

Four moments are chosen over the whole length of a run. Six lie where chance alone would rarely meet them: while records
are read, budget is charged, noise is drawn and files are written. There the kill follows, after a random pause, on what
the run leaves on disk.
"""

import json
import secrets
import shutil
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from signal import SIGKILL

import pytest

import shoal
from shoal.ledger import State
from shoal.ledger.entries import ChargeEntry, Entries, ReleaseEntry
from shoal.plan import Plan
from shoal.release.read import Release
from shoal.release.verify import verify
from shoal.translog.reader import LogReader
from tests.pipeline import source, traces
from tests.pipeline.house import House
from tests.prefork import Run

ROWS = source.records()
PAUSE = {"reading": 0.4, "charging": 0.003, "charged": 0.1, "writing": 0.03, "kept": 0.01, "publishing": 0.002}
"""Seconds to wait at most before the kill, about as long as each of these lasts on a small machine."""
STEPS = (*PAUSE, "published")
WHOLE: dict[str, bool] = {}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House.build(tmp_path / "house", ROWS)


def test_kill_at_ten_random_moments(house: House) -> None:
    seed = secrets.randbits(32)
    dice = Random(seed)
    secret = traces.of_records(ROWS)
    records = {file: file.read_bytes() for file in (house.input / "records").iterdir()}
    run_here(house, house.plan("first"))  # the kernels are compiled from here on, so the next run shows how long it is
    began = time.monotonic()
    whole = house.start(*house.arguments(house.plan("whole")))
    assert whole.communicate() is not None and whole.returncode == 0
    length = time.monotonic() - began

    moments: list[str | float] = [*PAUSE, *(dice.uniform(0, length) for _ in range(10 - len(PAUSE)))]
    dice.shuffle(moments)
    killed = 0
    for number, moment in enumerate(moments):
        where = f"seed {seed}, kill {number} at {moment}"
        charges, plan = len(house.charges()), house.plan(f"office-{number}")
        run = house.start(*house.arguments(plan))
        wait(run, house, moment, dice)
        run.send_signal(SIGKILL)
        said = b"".join(run.communicate()).decode()
        killed += run.returncode == -SIGKILL

        assert secret.within(said) == set(), where
        assert secret.under(*house.written) == [], where  # before anything else opens the folders and tidies up
        assert len(house.charges()) - charges in (0, 1), where
        assert faults(house) == [], where
        published = {path.name for path in house.out.glob("[!.]*")}

        charges = len(house.charges())
        release = run_here(house, plan)
        assert len(house.charges()) - charges in (0, 1), where
        assert faults(house) == [], where
        assert {path.name for path in house.out.iterdir()} == published | {release.id}, where
        assert not list(house.state.glob("releases/.*")), where
        assert release.manifest.basis.controller == plan.stem, where
        paid = [charge for charge in house.charges() if charge.charge == release.manifest.account.charge]
        assert [charge.release for charge in paid] == [release.id], where

    # the machine may have been three times as busy while `length` was measured: then four come too late, and no more
    assert killed >= 4, f"seed {seed}: most runs had ended before they were killed"
    assert secret.under(*house.written) == [], f"seed {seed}"
    assert {file: file.read_bytes() for file in (house.input / "records").iterdir()} == records
    assert sorted(path.name for path in house.root.iterdir()) == ["cwd", "home", "input", "out", "state", "tmp"]


def test_the_books_do_not_balance_after_a_second_draw(house: House, tmp_path: Path) -> None:
    """Seeded faults: what the test above looks for would be seen."""
    release = run_here(house, house.plan("whole"))
    assert faults(house) == []
    twin = house.state / "releases" / f"{release.id}-2"
    shutil.copytree(release.folder, twin)
    manifest = twin / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"{release.id}"', f'"{twin.name}"'))
    assert "a charge has two releases" in faults(house)
    manifest.write_text(manifest.read_text().replace(release.manifest.account.charge, "0123456789abcdef"))
    assert "a release without a charge" in faults(house)
    shutil.rmtree(twin)
    (release.folder / "tables" / "visits.parquet").unlink()
    assert f"{release.id} is not whole" in faults(house)


def wait(run: Run, house: House, moment: str | float, dice: Random) -> None:
    """Until `moment`: seconds from now, or a step of the run and a random pause; or until the run has ended."""
    if isinstance(moment, float):
        time.sleep(moment)
        return
    started = steps(house)
    seen = ""
    while run.poll() is None and (not seen or STEPS.index(seen) < STEPS.index(moment)):
        seen = next(started)
        time.sleep(0.0003 if seen else 0.001)  # the run needs the processor, too
    time.sleep(dice.uniform(0, PAUSE[moment]))


def steps(house: House) -> Iterator[str]:
    """How far the run that starts now has come, by what lies on disk; asked again and again. Empty: not reading yet."""
    kept, journal = house.state / "releases", house.state / "accounts.sqlite-journal"
    before = {folder: set(names(folder)) for folder in (kept, house.out, house.state / "locks")}
    checkpoint = house.state / "log" / "checkpoint"
    told, charging = bytes_of(checkpoint), False
    while True:
        new = {folder: [name for name in names(folder) if name not in known] for folder, known in before.items()}
        if any(new[house.out]):
            yield "publishing" if new[house.out][0].endswith(".partial") else "published"
        elif any(new[kept]):
            yield "writing" if new[kept][0].endswith(".partial") else "kept"
        elif journal.exists() and bytes_of(checkpoint) != told:  # first the source is registered, before it is read
            charging = True
            yield "charging"
        else:
            yield "charged" if charging else "reading" if new[house.state / "locks"] else ""


def faults(house: House) -> list[str]:
    """What is wrong between the accounts and the releases: each whole, each with a charge that no other has."""
    found = []
    charges = {charge.charge: charge.release for charge in house.charges()}
    for folder in (house.out, house.state / "releases"):
        paid = []
        for release in sorted(folder.glob("[!.]*")):
            if not is_whole(release, published=folder == house.out):
                found.append(f"{release.name} is not whole")
                if not (release / "manifest.json").exists():
                    continue
            paid.append(json.loads((release / "manifest.json").read_bytes())["account"]["charge"])
            if paid[-1] not in charges:
                found.append("a release without a charge")
            elif charges[paid[-1]] not in (None, release.name):
                found.append("a charge of another release")
        if len(set(paid)) < len(paid):
            found.append("a charge has two releases")
    logged = entries(house)
    for release in house.out.glob("[!.]*"):
        if sha256((release / "manifest.json").read_bytes()).hexdigest() not in logged:
            found.append(f"{release.name} is not in the log")
        if content(release) != content(house.state / "releases" / release.name):
            found.append(f"{release.name} is not what was kept")
    return found


def is_whole(release: Path, *, published: bool) -> bool:
    """Does it verify? Before it is published it may still lack its proof. The same bytes are asked about once."""
    known = repr((release.name, sorted(content(release).items())))
    may = {"logged"} if not published and not (release / "proof.json").exists() else set()
    if known not in WHOLE:
        WHOLE[known] = {outcome.name for outcome in verify(release) if not outcome.passed} <= may
    return WHOLE[known]


def entries(house: House) -> set[str]:
    """What a stranger finds in the log: hashes of the manifests of its releases, after every charge of theirs."""
    state = State.open(house.state)
    paid, found = set(), set()
    for data in LogReader(state.journal.folder, state.journal.key.vkey).all():
        entry = Entries.parse(data)
        if isinstance(entry, ChargeEntry):
            paid.add(entry.charge)
        elif isinstance(entry, ReleaseEntry) and entry.charge in paid:
            found.add(entry.manifest_sha256)
    return found


def content(folder: Path) -> dict[str, str]:
    """SHA-256 of each file below `folder`."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): sha256(file.read_bytes()).hexdigest() for file in files}


def bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


def names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except FileNotFoundError:
        return []


def run_here(house: House, plan: Path) -> Release:
    """An ordinary run, in this process."""
    return shoal.release(
        Plan.load(plan), state=house.state, out=house.out, progress=lambda *_: None, tell=lambda *_: None
    )
