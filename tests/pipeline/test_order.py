"""Charge first, then draw: in this order, whatever fails and whoever runs beside."""

import errno
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shoal
from shoal import pipeline
from shoal._arrays import Int64
from shoal.buckets import store
from shoal.design import Design
from shoal.engines import LocalEngine
from shoal.errors import BudgetError, DataError, StateError
from shoal.ledger import Request
from shoal.ledger.accounts import Accounts
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.privacy.budget import Paid
from shoal.privacy.mechanism import Mechanism
from shoal.privacy.noise import Measurements, measure
from shoal.privacy.sums import ExactSums
from shoal.release import show
from shoal.release.overview import overview
from shoal.release.proof import add_proof
from shoal.release.read import Release
from shoal.sources.fingerprint import Fingerprint
from shoal.statistics import _pairs
from tests.pipeline import source
from tests.pipeline.house import House

ROWS = source.records(devices=12, days=1)
ALL = ["presence", "visits", "flows", "residents"]
MEASURED = [name + level for name in ALL for level in ("", ".region", ".all")]
GREEDY = "8"  # of an account of 10; once, but not twice


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House.build(tmp_path / "house", ROWS)


@dataclass
class Tape:
    """What happened in which order."""

    house: House
    events: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    measured: list[tuple[str, Mechanism, int]] = field(default_factory=list)

    def run(self, plan: Path, engine: LocalEngine | None = None) -> Release:
        return shoal.release(
            Plan.load(plan), state=self.house.state, out=self.house.out, engine=engine, progress=silent, tell=silent
        )


@pytest.fixture
def tape(house: House, monkeypatch: pytest.MonkeyPatch) -> Tape:
    """Every step of `pipeline.run` says on the tape when it is done, then does what it always does."""
    own = Tape(house)

    def watch(room: Any, name: str, before: Callable[..., None] = lambda *_, **__: None) -> None:
        whole = getattr(room, name)

        def step(*arguments: Any, **more: Any) -> Any:
            before(*arguments, **more)
            result = whole(*arguments, **more)
            own.events.append(name)
            return result

        monkeypatch.setattr(room, name, step)

    def note(sums: ExactSums, statistic: str, mechanism: Mechanism, paid: Paid) -> None:
        own.measured.append((statistic, mechanism, open_sums(sums).size))
        # another connection sees the charge: it is committed
        last = own.house.charges()[-1]
        assert (last.charge, last.release, last.rho[statistic]) == (paid.charge, None, paid.rho[statistic])

    watch(LocalEngine, "sums")
    watch(Accounts, "charge", lambda _, request: own.requests.append(request))
    watch(pipeline, "measure", note)
    watch(pipeline, "tables")
    watch(pipeline, "write", lambda *_, **__: published_nothing(house))
    watch(Accounts, "released", lambda *_: published_nothing(house))
    watch(pipeline, "place")
    return own


class TestOrder:
    def test_read_charge_draw_write_release(self, house: House, tape: Tape) -> None:
        tape.run(house.plan())
        assert tape.events == [
            "sums",
            "charge",
            *["measure", "measure", "measure", "tables"] * 4,
            "write",
            "released",
            "place",
        ]
        assert [measure for measure, _, _ in tape.measured] == MEASURED

    def test_it_stands_in_the_log_before_anybody_can_see_it(
        self, house: House, tape: Tape, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The proof is of a log that holds the release by then; only what has its proof is copied out."""
        proven: list[tuple[Any, ...]] = []

        def prove(*arguments: Any) -> None:
            published_nothing(house)
            proven.append(arguments)
            add_proof(*arguments)

        monkeypatch.setattr(pipeline, "add_proof", prove)
        release = tape.run(house.plan())
        assert len(proven) == 1 and (release.folder / "proof.json").is_file()

    def test_asked_twice_it_does_nothing_but_place(self, house: House, tape: Tape) -> None:
        first = tape.run(house.plan())
        tape.events.clear()
        assert tape.run(house.plan()).manifest == first.manifest
        assert tape.events == ["place"]

    def test_files_are_read_once_to_count_them_and_once_to_know_them_again(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A plan that was never charged has nothing to be compared with: its fingerprint is taken in passing."""
        passes: list[bool] = []
        tape = Tape(house)
        usual = Fingerprint.take_rest

        def noted(own: Fingerprint, *arguments: Any) -> None:
            passes.append(not own._tags)
            usual(own, *arguments)

        monkeypatch.setattr(Fingerprint, "take_rest", noted)
        tape.run(house.plan())
        assert passes == [False]
        tape.run(house.plan())
        assert passes == [False, True]
        changed = house.input / "records" / "2-osprey.ndjson"
        changed.write_text(changed.read_text() + "\n")
        tape.run(house.plan())
        assert passes == [False, True, True] and len(house.charges()) == 2
        tape.run(house.plan())
        assert passes == [False, True, True, True] and len(house.charges()) == 2

    def test_what_fails_to_be_read_is_not_charged(
        self, house: House, tape: Tape, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = house.input / "records" / "2-osprey.ndjson"
        text = broken.read_text()
        broken.write_text(text + "[]\n")
        with pytest.raises(DataError):
            tape.run(house.plan())
        assert (tape.events, house.charges()) == ([], [])
        published_nothing(house)
        broken.write_text(text)
        tape.run(house.plan())
        assert len(house.charges()) == 1

    def test_no_room_for_temporary_records_is_told_before_the_charge(
        self, house: House, tape: Tape, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "pwrite", raising(OSError(errno.ENOSPC, "No space left on device")))
        monkeypatch.setattr(store, "_GATHER", 100)
        with pytest.raises(StateError, match="--temp, or allow more --memory"):
            tape.run(house.plan(), LocalEngine(held=0))
        assert (tape.events, house.charges()) == ([], [])

    @pytest.mark.parametrize("error", [BudgetError("too little left"), StateError("disk full"), RuntimeError("bug")])
    def test_what_fails_to_be_charged_is_not_drawn(
        self, house: House, tape: Tape, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        monkeypatch.setattr(Accounts, "charge", raising(error))
        with pytest.raises(type(error)):
            tape.run(house.plan())
        assert (tape.events, house.charges()) == (["sums"], [])
        published_nothing(house)
        assert list((house.state / "releases").iterdir()) == []

    @pytest.mark.parametrize("step", ["measure", "tables", "write", "released"])
    @pytest.mark.parametrize("error", [StateError("disk full"), KeyboardInterrupt()], ids=repr)
    def test_what_fails_after_the_charge_stays_charged_and_unpublished(
        self, house: House, tape: Tape, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Accounts if step == "released" else pipeline, step, raising(error))
            with pytest.raises(type(error)):
                tape.run(house.plan())
        (wasted,) = house.charges()
        assert wasted.release is None
        published_nothing(house)
        again = tape.run(house.plan())  # pays anew: what the first draw was is not to be drawn again
        assert again.manifest.account.charge != wasted.charge
        assert [charge.release for charge in house.charges()] == [None, again.id]
        assert [path.name for path in house.out.iterdir()] == [again.id]

    def test_a_release_that_can_not_be_placed_costs_nothing_the_next_time(
        self, house: House, tape: Tape, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(pipeline, "place", raising(StateError("disk full")))
            with pytest.raises(StateError):
                tape.run(house.plan())
        published_nothing(house)
        tape.events.clear()
        release = tape.run(house.plan())
        assert tape.events == ["place"]
        assert [charge.release for charge in house.charges()] == [release.id]

    def test_a_statistic_is_drawn_once(self, house: House, tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
        """Glue that drew again, because the first draw did not please, finds the payment used up."""

        def twice(*arguments: Any) -> Any:
            measure(*arguments)
            return measure(*arguments)

        monkeypatch.setattr(pipeline, "measure", twice)
        with pytest.raises(RuntimeError, match="not covered"):
            tape.run(house.plan())
        published_nothing(house)


class TestBesideAnother:
    def test_the_same_plan_at_the_same_time_is_charged_once(self, house: House) -> None:
        """Two processes: one waits for the other and gives its release."""
        plan = house.plan()
        runs = [house.start(*house.arguments(plan), "--json") for _ in range(2)]
        told = [run.communicate() for run in runs]
        assert [run.returncode for run in runs] == [0, 0], told
        assert told[0][0] == told[1][0]
        (charge,) = house.charges()
        (release,) = house.out.iterdir()
        assert charge.release == release.name and shoal.open(release).manifest.account.charge == charge.charge

    def test_two_plans_for_the_last_of_the_budget(self, house: House) -> None:
        """Two processes: one is refused."""
        runs = [house.start(*house.arguments(house.plan(name, epsilon=GREEDY))) for name in ("one", "other")]
        told = [run.communicate()[1].decode() for run in runs]
        statuses = [run.returncode for run in runs]
        assert statuses in ([0, 3], [3, 0]), told
        refusal = told[statuses.index(3)].splitlines()
        assert "kestrel" in refusal[-1] and "Traceback" not in refusal[-1]
        (charge,) = house.charges()
        assert [path.name for path in house.out.iterdir()] == [charge.release]

    def test_two_plans_that_both_were_told_yes(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        """Both have passed the check and read everything before either is charged: only the charge decides."""
        plans = [Plan.load(house.plan(name, epsilon=GREEDY)) for name in ("one", "other")]
        meet = threading.Barrier(2, timeout=120)
        whole = Accounts.charge

        def together(accounts: Accounts, request: Request) -> object:
            meet.wait()
            return whole(accounts, request)

        monkeypatch.setattr(Accounts, "charge", together)
        drawn: list[str] = []

        def drawing(sums: ExactSums, statistic: str, mechanism: Mechanism, paid: Paid) -> object:
            drawn.append(paid.charge)
            return measure(sums, statistic, mechanism, paid)

        monkeypatch.setattr(pipeline, "measure", drawing)
        ends: list[object] = []

        def run(plan: Plan) -> None:
            try:
                ends.append(shoal.release(plan, state=house.state, out=house.out, progress=silent, tell=silent).id)
            except BudgetError as error:
                ends.append(error)

        threads = [threading.Thread(target=run, args=(plan,)) for plan in plans]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (charge,) = house.charges()
        assert sorted(isinstance(end, BudgetError) for end in ends) == [False, True]
        assert charge.release in ends
        assert drawn == [charge.charge] * len(MEASURED)


def published_nothing(house: House) -> None:
    assert list(house.out.iterdir()) == []


def raising(error: BaseException) -> Callable[..., None]:
    def step(*_: object, **__: object) -> None:
        raise error

    return step


def silent(*_: object) -> None:
    """Neither bars nor words."""


class Played:
    """Draws of ends, recorded at the first run, played back at the next: what follows from them must be alike."""

    def __init__(self) -> None:
        self.ends: dict[str, Measurements] = {}
        self.asked: list[tuple[str, list[int] | None]] = []

    def __call__(
        self, sums: ExactSums, name: str, mechanism: Mechanism, paid: Paid, cells: Int64 | None = None
    ) -> Measurements:
        self.asked.append((name, None if cells is None else cells.tolist()))
        drawn = measure(sums, name, mechanism, paid, cells=cells)
        return drawn if name == "flows" else self.ends.setdefault(name, drawn)


def noisy_ends(design: Design, origin: Sequence[int], destination: Sequence[int]) -> dict[str, Measurements]:
    """Totals that are far above their noise in some zones and far below 0 in all others."""
    found = {}
    for name, large in (("flows.origin", origin), ("flows.destination", destination)):
        values = np.full((len(design.zones), 5), -(10**9), dtype=np.int64)
        values[list(large)] = 10**9
        found[name] = Measurements(name, values.ravel(), design.allocation.mechanisms[name])
    return found


class TestTopDown:
    @pytest.fixture
    def plan(self, house: House, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Of flows alone, by daypart, as if its pairs were too many."""
        monkeypatch.setattr(_pairs, "LARGE", 0)
        file = house.plan()
        text = file.read_text()
        file.write_text(text[: text.index("[statistics.")] + "[statistics.flows]\n")
        return file

    def test_ends_first_then_only_pairs_of_kept_ends(
        self, tape: Tape, plan: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        played = Played()
        design = Design.of(Plan.load(plan))
        zones, played.ends = len(design.zones), noisy_ends(design, [1, 3], [0, 2])
        monkeypatch.setattr(pipeline, "measure", played)
        release = tape.run(plan)
        assert [name for name, _ in played.asked] == ["flows.origin", "flows.destination", "flows"]
        places = [o * zones + d for o in (1, 3) for d in (0, 2)]
        assert [cells for _, cells in played.asked] == [None, None, [5 * p + b for p in places for b in range(5)]]
        facts = release.manifest.find("flows")
        ids = release.places.ids
        assert facts.ends == ((ids[1], ids[3]), (ids[0], ids[2])) and facts.cells == 20
        assert release["flows.origin"].facts.cells == 5 * zones

    def test_nobody_stands_out(self, tape: Tape, plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """No pair has a row then; the ends are complete, and the release verifies."""
        played = Played()
        design = Design.of(Plan.load(plan))
        zones, played.ends = len(design.zones), noisy_ends(design, [], [])
        monkeypatch.setattr(pipeline, "measure", played)
        release = tape.run(plan)
        assert release["flows"].to_polars().height == 0 and played.asked[-1] == ("flows", [])
        assert release["flows.destination"].to_polars().height == 5 * zones
        assert release["flows"].standing_out().height == release["flows"].shares().height == 0
        show.as_json(release, "flows")
        overview(release, tape.house.out / "a.png")
