"""Running the tests against a copy of the code that has a bug. The working tree is only read.

For a cheap mutant that is a fork of this process, which has loaded the libraries, but not Shoal: that saves most of the
time that a few tests take. Others start Java or many threads, which do not go with a fork, and take longer anyway.
"""

import os
import re
import shutil
import sys
import time
import xml.etree.ElementTree as Xml
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from mutants import _child
from mutants._child import ROOT
from mutants._mutant import Mutant

SOURCE = ROOT / "src"
TIMEOUT = 900
"""Seconds after which a run is ended: a test that hangs for a bug has noticed it."""
_FEW = 8
"""Mutants up to which the unchanged code is tried in one go; of more, the tests of each room side by side."""
_LIBRARIES = (
    *("numpy", "scipy.stats", "numba", "polars", "pyarrow.parquet", "opendp.measurements", "opendp.accuracy"),
    *("sqlalchemy.dialects.sqlite", "pydantic", "cryptography.hazmat.primitives.ciphers.aead", "shapely"),
    *("typer", "rich.console", "hypothesis.strategies", "pytest"),
)
_PLACE = re.compile(r"tests\.(.*?)(test_\w+)(.*)")


class BrokenError(RuntimeError):
    """What should have run did not: the unchanged code fails a test, or a test is not there. Nothing is known then."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant.

    by       the test that failed, as pytest names it; None: the mutant survived
    broken   why nothing is known, as the run never came to a test; empty: it did
    seconds  that its tests took, with the start of Python; less than a test would take on the right code, as the run
             ends with the first failure
    """

    mutant: Mutant
    by: str | None
    seconds: float
    broken: str = ""


def changed(mutant: Mutant, source: Path = SOURCE) -> dict[str, str]:
    """The files that the mutant changes, with the bug in them. Raises `StaleError`."""
    texts: dict[str, str] = {}
    for edit in mutant.edits:
        before = texts.get(edit.file)
        if before is None:
            before = (source / "shoal" / edit.file).read_text(encoding="utf-8")
        texts[edit.file] = edit(before)
    return texts


def run(chosen: Sequence[Mutant], folder: Path, jobs: int = 1) -> Iterator[Outcome]:
    """The outcome of each mutant, as they come; `folder` holds the copies, and is left to the caller.

    First of all the unchanged code has to pass all the tests that are named. Raises `StaleError` before anything is
    run, and `BrokenError` where a test fails without a bug.
    """
    texts = [changed(mutant) for mutant in chosen]
    for library in _LIBRARIES:
        import_module(library)
    shutil.copytree(SOURCE, folder / "0", ignore=_FORKED if all(mutant.cheap for mutant in chosen) else _ALONE)
    groups: dict[tuple[str, bool, bool], dict[str, None]] = {}
    for mutant in chosen:
        for name in mutant.tests:
            room = name.partition("::")[0].partition("/")[0] if len(chosen) > _FEW else "all"
            groups.setdefault((room, mutant.jit, mutant.cheap), {})[name] = None
    unchanged = [_Run(folder, "-".join(map(str, how)), names, {}, *how[1:]) for how, names in groups.items()]
    for own in _done(unchanged, jobs):
        if failed := own.failure():
            raise BrokenError(f"the unchanged code fails {failed}, so that test can catch no bug; mend that first")
    runs = [_Run(folder, str(n), m.tests, texts[n - 1], m.jit, m.cheap) for n, m in enumerate(chosen, start=1)]
    for own in _done(runs, jobs):
        mutant = chosen[runs.index(own)]
        try:
            by, broken = own.failure(), ""
        except BrokenError as error:
            by, broken = None, str(error)
        yield Outcome(mutant, by, own.seconds, broken)


def _done(runs: Sequence["_Run"], jobs: int) -> Iterator["_Run"]:
    """All of them, each when it has ended, so many at a time; where the caller stops, those under way are ended."""
    waiting, under_way = list(runs), list[_Run]()
    try:
        while waiting or under_way:
            while waiting and len(under_way) < jobs:
                under_way.append(waiting.pop(0))
                under_way[-1].start()
            for own in [own for own in under_way if own.is_over()]:
                under_way.remove(own)
                yield own
            time.sleep(0.05)
    finally:
        for own in under_way:
            own.kill()


_ALONE = shutil.ignore_patterns("*.lock")
_FORKED = shutil.ignore_patterns("*.lock", "*.nb?")  # compiled kernels, of which cheap ones need none


class _Run:
    """A process of its own that runs tests until one fails, on a copy of the code with some files changed.

    texts  those files; none: the tests run on the first copy itself
    """

    def __init__(
        self, folder: Path, name: str, tests: Iterable[str], texts: Mapping[str, str], jit: bool, forked: bool
    ) -> None:
        self._clean, self._tree = folder / "0", folder / (name if texts else "0")
        self._report, self._said = folder / f"{name}.xml", folder / f"{name}.txt"
        self._tests, self._texts = tests, texts
        self._jit, self._forked = jit, forked
        self._status: int | None = None
        self.seconds = 0.0

    def start(self) -> None:
        self._began = time.monotonic()
        sys.stdout.flush()
        self._process = os.fork()
        if self._process == 0:
            try:
                os.setsid()  # so that it can be ended with all that it has started
                os._exit(self._work())
            finally:
                os._exit(70)

    def _work(self) -> int:
        """In the new process: its exit status."""
        said = os.open(self._said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(said, stream)
        if not self._tree.exists():  # from the copy that has run already: what it has compiled is there
            shutil.copytree(self._clean, self._tree, ignore=_FORKED if self._forked else _ALONE)
        for name, text in self._texts.items():
            (self._tree / "shoal" / name).write_text(text, encoding="utf-8")
        tests = (f"tests/{name}" for name in self._tests)
        work = (str(self._tree), str(self._report), "jit" if self._jit else "", *tests)
        if not self._forked:
            os.chdir(ROOT)
            os.execv(sys.executable, [sys.executable, "-m", "mutants._child", *work])
        return _child.main(*work)

    def is_over(self) -> bool:
        if self._status is None:
            self.seconds = time.monotonic() - self._began
            process, status = os.waitpid(self._process, os.WNOHANG)
            if process:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status is not None or self.seconds > TIMEOUT

    def failure(self) -> str | None:
        """The first test that failed; None where all passed. Once it is over. Raises `BrokenError`.

        A test that could not begin (an error in what it is given, a module that can't be imported) has looked at
        nothing, so it catches nothing: a bug has to be seen by an assertion, or by an error under test.
        """
        if self._status is None:
            self.kill()
            return f"no end after {TIMEOUT} s"
        failed = next(self._failed(), None) if self._status == 1 else None
        if self._status != 0 and failed is None:
            said = self._said.read_text(encoding="utf-8", errors="replace")
            raise BrokenError(f"pytest ended with {self._status} and no test that failed:\n{said[-3000:]}")
        if self._tree != self._clean:
            shutil.rmtree(self._tree, ignore_errors=True)
        return failed

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process, 9)
        os.waitpid(self._process, 0)

    def _failed(self) -> Iterator[str]:
        for case in Xml.parse(self._report).iter("testcase"):
            found = _PLACE.fullmatch(case.get("classname", ""))
            if found and case.find("failure") is not None:
                folders, module, classes = found.groups()
                yield f"{folders.replace('.', '/')}{module}.py{classes.replace('.', '::')}::{case.get('name')}"
