"""Running the tests against a copy of the code that has a bug. The working tree is only read.

Each run is a fork of this process, which has loaded the libraries, but not Shoal: that saves most of the time that a
run of few tests takes.
"""

import os
import re
import shutil
import sys
import time
import xml.etree.ElementTree as Xml
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from mutants._mutant import Mutant

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
TIMEOUT = 900
"""Seconds after which a run is ended: a test that hangs for a bug has noticed it."""
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
    seconds  that its tests took, with the start of Python; less than a test would take on the right code, as the run
             ends with the first failure
    """

    mutant: Mutant
    by: str | None
    seconds: float


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
    run, and `BrokenError` where a test fails without a bug, or where a run with one never came to a test.
    """
    texts = [changed(mutant) for mutant in chosen]
    for library in _LIBRARIES:
        import_module(library)
    shutil.copytree(SOURCE, folder / "0", ignore=_IGNORED)
    for jit in (True, False):
        names = dict.fromkeys(name for mutant in chosen if mutant.jit is jit for name in mutant.tests)
        if names and (failed := _Run(folder, 0, tuple(names), {}, jit=jit).failure()):
            raise BrokenError(f"the unchanged code fails {failed}, so that test can catch no bug; mend that first")
    waiting, running = list(enumerate(chosen, start=1)), list[tuple[Mutant, _Run]]()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                number, mutant = waiting.pop(0)
                running.append((mutant, _Run(folder, number, mutant.tests, texts[number - 1], jit=mutant.jit)))
            for mutant, own in [one for one in running if one[1].is_over()]:
                running.remove((mutant, own))
                try:
                    yield Outcome(mutant, own.failure(), own.seconds)
                except BrokenError as error:
                    raise BrokenError(f"{mutant.name}: {error}") from None
            time.sleep(0.05)
    finally:
        for _, own in running:
            own.kill()


_IGNORED = shutil.ignore_patterns("*.lock")


class _Run:
    """A process of its own that runs tests until one fails, on a copy of the code with some files changed."""

    def __init__(self, folder: Path, number: int, tests: Sequence[str], texts: dict[str, str], *, jit: bool) -> None:
        self._tree, self._report = folder / str(number), folder / f"{number}.xml"
        self._said = folder / f"{number}.txt"
        self._began, self.seconds = time.monotonic(), 0.0
        self._status: int | None = None
        sys.stdout.flush()
        self._process = os.fork()
        if self._process == 0:
            try:
                os.setsid()  # so that it can be ended with all that it has started
                os._exit(self._work(folder / "0", tests, texts, jit=jit))
            finally:
                os._exit(70)

    def _work(self, clean: Path, tests: Sequence[str], texts: dict[str, str], *, jit: bool) -> int:
        """In the new process: its exit status, which is pytest's."""
        said = os.open(self._said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(said, stream)
        if not self._tree.exists():  # from the copy that has run already: what it has compiled is there
            shutil.copytree(clean, self._tree, ignore=_IGNORED)
        for name, text in texts.items():
            (self._tree / "shoal" / name).write_text(text, encoding="utf-8")
        # One code for all processes that the tests start, too, and nothing written into the working tree.
        os.environ |= {
            "PYTHONPATH": os.pathsep.join([str(self._tree), str(ROOT)]),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self._tree / "hypothesis"),
            "CI": "1",  # the same examples in every run: see tests/conftest.py
            "SHOAL_TEST_ALL": "1",  # a test that is skipped catches nothing
        }
        os.environ.pop("NUMBA_CACHE_DIR", None)
        if not jit:
            os.environ["NUMBA_DISABLE_JIT"] = "1"
            import_module("numba").config.DISABLE_JIT = 1
        hypothesis = import_module("hypothesis")  # the smallest example is for people, and takes longest to find
        hypothesis.settings.register_profile("quick", phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate])
        hypothesis.settings.load_profile("quick")
        sys.path[:0] = [str(self._tree), str(ROOT)]
        os.chdir(ROOT)
        options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", f"--junitxml={self._report}"]
        status = int(import_module("pytest").main([*options, *(f"tests/{name}" for name in tests)]))
        used = Path(import_module("shoal").__file__ or "")
        return status if used.is_relative_to(self._tree) else 71

    def is_over(self) -> bool:
        if self._status is None:
            self.seconds = time.monotonic() - self._began
            process, status = os.waitpid(self._process, os.WNOHANG)
            if process:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status is not None or self.seconds > TIMEOUT

    def failure(self) -> str | None:
        """The first test that failed; None where all passed. Waits for the end. Raises `BrokenError`.

        A test that could not begin (an error in what it is given, a module that can't be imported) has looked at
        nothing, so it catches nothing: a bug has to be seen by an assertion, or by an error under test.
        """
        while not self.is_over():
            time.sleep(0.05)
        if self._status is None:
            self.kill()
            return f"no end after {TIMEOUT} s"
        failed = next(self._failed(), None) if self._status == 1 else None
        if self._status != 0 and failed is None:
            said = self._said.read_text(encoding="utf-8", errors="replace")
            raise BrokenError(f"pytest ended with {self._status} and no test that failed:\n{said[-3000:]}")
        if self._tree.name != "0":
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
