"""Who opted out is in no number that is computed afterwards, and nothing says who that is."""

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import shoal
from shoal.design import Design
from shoal.engines import LocalEngine
from shoal.intake import Barred, Intake, OptOuts
from shoal.ledger import State
from shoal.ledger.optouts import OptOutList
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.rights.named import Named
from shoal.rights.optout import opt_in, opt_out
from shoal.sources import Tally
from shoal.translog.proof import Proof
from tests.cli.shell import Answer, refused
from tests.cli.shell import shoal as command
from tests.engines.test_local import NUMBERS, ROWS, plan_of
from tests.pipeline import source, traces
from tests.pipeline.source import Record

Sums = dict[str, list[int]]
Counted = tuple[Sums, list[tuple[str, str]]]
DEVICES = sorted(NUMBERS)
OUT = [next(d for d in DEVICES if "-" in d), *[d for d in DEVICES if "-" not in d][:2]]
STAY = [row for row in ROWS if row.device not in OUT]


def counted(plan: Plan, engine: Any, state: State) -> Counted:
    design, tally = Design.of(plan), Tally()
    opted_out = OptOutList(state.folder, state.accounts.database).read()
    barred = Barred(OptOuts(opted_out.key, opted_out.hashes))
    sums = engine.sums(design, engine.open(design), tally, silent, barred)
    return {name: open_sums(sealed).tolist() for name, sealed in sums.items()}, tally.summary()


def silent(*_: object) -> None:
    pass


def three_kinds(folder: Path, rows: Sequence[Record]) -> Plan:
    """Text in CSV, numbers in Parquet; a device in one file only, or in both spellings."""
    words = [row for row in rows if "-" in row.device]
    numbers = [row for row in rows if "-" not in row.device]
    return plan_of(folder, {"1.csv": words, "2.csv": numbers[::2]}, numbers={"3.parquet": numbers[1::2]})


def uuids_in_bytes(folder: Path, rows: Sequence[Record]) -> Plan:
    own = [row for row in rows if "-" in row.device]
    plan = plan_of(folder, {})
    (plan.folder / "records").mkdir()
    columns = [pa.array([uuid.UUID(row.device).bytes for row in own], pa.binary(16))]
    columns += [pa.array([row[i] for row in own]) for i in (1, 2, 3)]
    pq.write_table(pa.table(dict(zip(source.COLUMNS, columns, strict=True))), plan.folder / "records" / "a.parquet")
    return plan


KINDS = {"text and numbers": three_kinds, "UUIDs in bytes": uuids_in_bytes}


@pytest.mark.parametrize("kind", KINDS)
def test_as_if_the_files_did_not_have_them(tmp_path: Path, kind: str) -> None:
    state, plan = State.open(tmp_path / "state"), KINDS[kind](tmp_path / "all", ROWS)
    without = counted(KINDS[kind](tmp_path / "without", STAY), LocalEngine(workers=1), state)
    before = counted(plan, LocalEngine(workers=1), state)
    assert before[0] != without[0], "who opts out here can be seen"
    opt_out(state, Named([OUT[0].upper(), *OUT[1:], "nobody"]))
    after = counted(plan, LocalEngine(workers=2), state)
    assert after[0] == without[0] and after[1] == before[1]  # and no reason is told of which there are more now
    opt_in(state, Named(OUT))
    assert counted(plan, LocalEngine(workers=2), state) == before


def test_an_engine_that_ignored_the_list_would_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state, plan = State.open(tmp_path / "state"), three_kinds(tmp_path / "all", ROWS)
    without = counted(three_kinds(tmp_path / "without", STAY), LocalEngine(), state)
    opt_out(state, Named(OUT))
    monkeypatch.setattr(Intake, "_stay", lambda *_: None)
    assert counted(plan, LocalEngine(), state)[0] != without[0]


class Listening(LocalEngine):
    """Keeps the exact sums of a run, for the test alone."""

    heard: Mapping[str, list[int]]

    def sums(self, *arguments: Any) -> Any:
        found = super().sums(*arguments)
        self.heard = {name: open_sums(sealed).tolist() for name, sealed in found.items()}
        return found


def test_a_release_is_without_them_and_names_the_version(tmp_path: Path) -> None:
    plan = three_kinds(tmp_path / "all", ROWS)
    heard = []
    for number, folder in enumerate(("before", "after", "without")):
        state, engine = tmp_path / f"state {folder}", Listening()
        if folder == "after":
            opt_out(State.open(state), Named(OUT))
            opt_out(State.open(state), Named(["nobody"]))
        own = plan if number < 2 else three_kinds(tmp_path / "without", STAY)
        release = shoal.release(own, state=state, out=tmp_path / folder, engine=engine, progress=silent, tell=silent)
        heard.append(engine.heard)
        assert release.manifest.opt_outs == (2 if folder == "after" else None)
        text, words = (release.folder / "manifest.json").read_text(), (release.folder / "README.md").read_text()
        assert ('"opt_outs": 2' in text) == ("version 2 of the list" in words) == (folder == "after")
    assert heard[0] != heard[1] == heard[2]


def test_what_was_released_before_stays(tmp_path: Path) -> None:
    """Asked again, the same plan over the same records gives the first release: it is computed no more."""
    plan, state = three_kinds(tmp_path, ROWS), tmp_path / "state"

    def again() -> str:
        release = shoal.release(plan, state=state, out=tmp_path / "out", progress=silent, tell=silent)
        return (release.folder / "manifest.json").read_text()

    first = again()
    opt_out(State.open(state), Named(OUT))
    assert again() == first


class TestCommand:
    @pytest.fixture(autouse=True)
    def _own_settings(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for name in ("SHOAL_STATE", "SHOAL_ACCOUNTS", "SHOAL_ACCOUNTS_WAIT"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.chdir(tmp_path)

    def ask(self, what: str, *devices: str, more: Sequence[str] = ()) -> Answer:
        Path("list").write_text("\n".join(devices))
        answer = command("optout", what, "list", *more)
        Path("list").unlink()
        assert answer.status == 0, answer.err
        return answer

    def test_says_version_and_place_and_the_same_for_everyone(self, tmp_path: Path) -> None:
        told = [self.ask(what, device).out for what, device in (
            ("add", OUT[0]), ("add", OUT[0]), ("add", "nobody"), ("remove", "nobody"), ("remove", "nobody"),
            ("remove", OUT[1]),
        )]  # fmt: skip
        expected = "The list of opt-outs in {} has version {}; entry {} of its log.\n"
        assert told == [expected.format(tmp_path / ".shoal", number + 1, number) for number in range(6)]
        answer = self.ask("add", OUT[0], more=["--json", "--quiet"])
        assert answer.json.keys() == {"version", "entry", "position", "state"} and answer.err == ""
        assert (answer.json["version"], answer.json["position"]) == (7, 6)
        entry = self.ask("add", OUT[0], more=["--receipt", "receipt", "--json"]).json["entry"]
        proof, log = Proof.parse(Path("receipt").read_bytes()), State.open(".shoal").journal.key.vkey
        assert proof.index == 7 and entry["version"] == 8
        proof.verify(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode(), log)
        assert command("optout", "count", "--json").json == {"version": 8, "count": 2, "added": 5, "removed": 3}
        assert command("optout", "count").out.startswith("2 devices: 5 added, 3 removed")

    def test_nothing_holds_an_identifier(self, tmp_path: Path) -> None:
        rows = source.records(devices=40)
        devices = sorted({row.device for row in rows})
        secret = traces.of_records(rows)
        Path("dirty").write_text("\n".join(devices))
        assert secret.under(tmp_path), "the search finds it where it is"
        Path("dirty").unlink()
        said = [self.ask("add", *devices), self.ask("remove", *random.Random(3).sample(devices, 20))]
        assert secret.under(tmp_path) == []
        assert [secret.within(answer.out + answer.err) for answer in said] == [set(), set()]

    def test_what_is_wrong_is_one_sentence(self) -> None:
        refused(command("optout", "add", "nowhere"), 2, "nowhere: can't be read")
        refused(command("optout", "count"), 2, "there are no accounts yet")
        Path("list").write_text("quokka-71 \n")
        refused(command("optout", "add", "list"), 2, "line 1 holds spaces at an end")
        assert not Path(".shoal").exists()
        assert command("optout", "count", "list").status == 2  # there is no asking for a device
        assert command("optout", "list").status == command("optout", "show", "list").status == 2
