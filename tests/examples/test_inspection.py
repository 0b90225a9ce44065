"""The inspection ends well on Shoal as it is, and badly, at the right step, where any of its answers were wrong."""

import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.prefork import Run

FOLDER = ROOT / "examples" / "inspection"
Change = Callable[[Any], Any]
"""From an answer to the answer of a Shoal that has a bug."""


@dataclass
class Recording:
    """One inspection: every answer, in the order in which it was asked for."""

    folder: Path
    said: list[str] = field(default_factory=list)
    status: int = -1
    answers: list[tuple[tuple[str, ...], Any]] = field(default_factory=list)
    witness: tuple[str, str] = ("", "")
    seen: bytes = b""

    @property
    def unit(self) -> Path:
        """Where the script kept records, before it had them destroyed."""
        name = next(json.loads(a.out)["units"][0] for words, a in self.answers if words[0] == "keep")
        return self.folder / "state" / "kept" / "atlantis-kept" / f"{name['start']}_{name['end']}"

    @property
    def key(self) -> Path:
        return self.folder / "state" / "kept-keys" / "atlantis-kept" / f"{self.unit.name}.key"


@pytest.fixture(scope="module")
def script() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield importlib.import_module("run")
        for name in ("run", "office", "recount"):
            del sys.modules[name]


@pytest.fixture(scope="module")
def recording(script: Any, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """The whole of it, on the real command line; the replays below start no process."""
    found = Recording(tmp_path_factory.mktemp("inspection"))
    office = script.office
    whole, start, ask = office.shoal, office.witness, office.seen
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SHOAL_")}

    def shoal(*words: object, state: Path) -> Any:
        answer = whole(*words, state=state) if words[0] == "budget" else forked(*words, state=state)
        found.answers.append((tuple(map(str, words)), answer))
        return answer

    def forked(*words: object, state: Path) -> Any:
        """As `office.shoal`, but it need not load everything each time."""
        run = Run([*map(str, words), "--json", "--quiet"], clean | {"SHOAL_STATE": str(state)})
        out, err = (said.decode() for said in run.communicate())
        return office.Answer(run.returncode, out, err.strip())

    @contextlib.contextmanager
    def witness(*words: Any) -> Iterator[tuple[str, str]]:
        with start(*words) as found.witness:
            yield found.witness

    def seen(*words: Any) -> bytes:
        found.seen = ask(*words)
        return found.seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(office, "witness", witness)
        patch.setattr(office, "seen", seen)
        found.status = script.inspect(found.folder, shoal, found.said.append)
    return found


@pytest.fixture
def replay(script: Any, recording: Recording, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, list[str]]]:
    """The script again, over the recorded answers, of which one is changed: its status, and what it said."""
    monkeypatch.setattr(script.office, "witness", lambda *_: contextlib.nullcontext(recording.witness))
    monkeypatch.setattr(script.office, "seen", lambda *_: recording.seen)

    def run(words: tuple[str, ...] = (), number: int = 0, change: Change | None = None) -> tuple[int, list[str]]:
        said: list[str] = []
        wanted = [n for n, (asked, _) in enumerate(recording.answers) if change and asked[: len(words)] == words]
        left = list(enumerate(recording.answers))

        def shoal(*asked: object, state: Path) -> Any:
            n, (known, answer) = left.pop(0)
            assert known == tuple(map(str, asked))
            if known[0] == "keep":
                shutil.rmtree(recording.unit, ignore_errors=True)  # of a replay that ended early
                shutil.copytree(recording.folder / "backup", recording.unit)
                recording.key.parent.mkdir(parents=True, exist_ok=True)
                recording.key.touch()
            if known[0] == "retention":
                shutil.rmtree(recording.unit)
                recording.key.unlink()
            return change(answer) if change and n == wanted[number] else answer

        return script.inspect(recording.folder, shoal, said.append), said

    return run


def test_every_step_ends_as_it_should(script: Any, recording: Recording) -> None:
    assert recording.status == 0, recording.said
    assert [line[3:8] for line in recording.said[:-1]] == ["right"] * len(script.STEPS)


def test_the_readme_names_every_step(script: Any) -> None:
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    named = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert named == [step.__name__ for step in script.STEPS]


def test_a_replay_of_right_answers_ends_well(replay: Any, recording: Recording) -> None:
    assert replay() == (0, recording.said)


def done(answer: Any) -> Any:
    return replace(answer, status=0, out=answer.out or '{"folder": "nowhere"}')


def all_passed(answer: Any) -> Any:
    checks = [{**check, "passed": True, "reason": ""} for check in answer.json["checks"]]
    return replace(answer, status=0, out=json.dumps({**answer.json, "verified": True, "checks": checks}))


def all_failed(answer: Any) -> Any:
    checks = [{**check, "passed": False, "reason": "so"} for check in answer.json["checks"]]
    return replace(answer, status=3, out=json.dumps({**answer.json, "verified": False, "checks": checks}))


def changed(**values: Any) -> Change:
    return lambda answer: replace(answer, out=json.dumps(answer.json | values))


def entries(change: Callable[[list[Any]], list[Any]]) -> Change:
    return lambda answer: changed(entries=change(answer.json["entries"]))(answer)


def without(kind: str) -> Change:
    return entries(lambda found: [entry for entry in found if entry["kind"] != kind])


def each(kind: str, **values: Any) -> Change:
    return entries(lambda found: [entry | (values if entry["kind"] == kind else {}) for entry in found])


def cheaper(answer: Any) -> Any:
    """The newest charge costs nothing, in the log and in its root: no hash can tell, only the arithmetic."""
    found = answer.json["entries"]
    last = [entry for entry in found if entry["kind"] == "charge"][-1]
    last["costs"] = [cost | {"rho": "0"} for cost in last["costs"]]
    return rooted(found)(answer)


def lost(answer: Any) -> Any:
    """The newest charge is not in the log at all."""
    found = answer.json["entries"]
    found.remove([entry for entry in found if entry["kind"] == "charge"][-1])
    return rooted(found)(answer)


def rooted(found: list[Any]) -> Change:
    return changed(entries=found, root=importlib.import_module("recount").root(found))


def richer(answer: Any) -> Any:
    """The account has a little more left than it has."""
    (account,) = answer.json["accounts"]
    account["units"][0]["left"]["rho"] += "1"
    return changed(accounts=[account])(answer)


FAULTS: dict[str, tuple[str, tuple[str, ...], int, Change]] = {
    "the log lacks the assessment": ("register", ("log",), 0, without("assessment")),
    "the log names another assessment": ("register", ("log",), 0, each("assessment", sha256="0" * 64)),
    "an honest release does not verify": ("first_release", ("verify",), 0, all_failed),
    "the receipt is for another version": ("opt_out", ("log",), 1, each("opt-out list", version=9)),
    "the log does not continue the receipt": ("opt_out", ("log",), 1, lambda a: replace(a, status=3)),
    "the spent account promises enough": ("exhausted", ("budget",), 0, changed(enough=True)),
    "the spent account pays": ("exhausted", ("release",), 2, done),
    "an expired basis is taken": ("without_basis", ("source",), 1, done),
    "an auction's records are taken": ("without_basis", ("source",), 2, done),
    "refusals are not logged": ("without_basis", ("log",), 2, without("refusal")),
    "a changed table verifies": ("tampered", ("verify",), 2, all_passed),
    "a changed table is not named": ("tampered", ("verify",), 2, all_failed),
    "a forgery verifies": ("forged", ("verify",), 3, all_passed),
    "an old log is taken for the new one": ("forked", ("log",), 3, done),
    "the witness signs another history": ("forked", ("release",), 4, done),
    "it is not the witness that refuses": ("forked", ("release",), 4, lambda a: replace(a, err="the disk is full")),
    "a forked log verifies": ("forked", ("verify",), 4, all_passed),
    "a withdrawn release verifies": ("withdrawn", ("verify",), 5, all_passed),
    "what was due stays": ("destroyed", ("retention",), 0, changed(destroyed=[])),
    "a destroyed key is not logged": ("destroyed", ("log",), 6, without("key destroyed")),
    "what was destroyed can be used": ("destroyed", ("release",), 5, done),
    "an entry of the log was changed": ("recounted", ("log",), 7, each("source", controller="another")),
    "a charge lost its cost": ("recounted", ("log",), 7, cheaper),
    "a charge is not in the log": ("recounted", ("log",), 7, lost),
    "the account says that more is left": ("recounted", ("budget",), 1, richer),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_the_inspection_at_its_step(replay: Any, fault: str) -> None:
    step, words, number, change = FAULTS[fault]
    status, said = replay(words, number, change)
    assert status == 1
    assert " WRONG " in said[-2]
    assert f"`{step}`" in said[-1], said


def test_who_opted_out_and_is_counted_is_found(replay: Any, recording: Recording) -> None:
    first = next(answer.json["folder"] for words, answer in recording.answers if words[0] == "release")
    status, said = replay(("release",), 1, changed(folder=first))
    assert (status, "`second_release`" in said[-1]) == (1, True), said


def test_a_folder_in_use_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    done = subprocess.run(
        [sys.executable, FOLDER / "run.py", "--folder", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]
