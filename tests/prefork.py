"""`shoal` in a process of its own, forked from one in which everything is loaded: two seconds less for each.

For tests that start dozens. What is loaded before hides nothing of what such a process does; that the installed program
starts from nothing is shown by `tests/cli/test_commands.py`.
"""

import atexit
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.prefork_loaded"])


class Run:
    """A running `shoal WORDS`, with the methods of `subprocess.Popen` that the tests use.

    env    the whole environment of the process
    cwd    where it runs; here, if None
    first  Python that runs before the command
    """

    def __init__(self, words: Sequence[str], env: Mapping[str, str], cwd: Path | None = None, first: str = "") -> None:
        self._said = Path(tempfile.mkdtemp(prefix="said-"))
        self._process: ForkServerProcess = CONTEXT.Process(
            target=_run, args=(list(words), dict(env), str(cwd or Path.cwd()), first, str(self._said))
        )
        self._process.start()

    @property
    def returncode(self) -> int | None:
        """As `subprocess.Popen` has it: minus the signal, where one has ended the process."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        if self._process.exitcode is None and self._process.pid is not None:
            os.kill(self._process.pid, number)

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Wait for its end; what it wrote on stdout and on stderr."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            self._process.kill()
            raise TimeoutError(f"`shoal` had not ended after {timeout} s")
        out, err = ((self._said / name).read_bytes() for name in ("out", "err"))
        shutil.rmtree(self._said)
        return out, err


def _run(words: list[str], env: dict[str, str], cwd: str, first: str, said: str) -> None:
    """In the forked process: what `python -c "first; main()" WORDS` would find and do."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    tempfile.tempdir = None
    for name, number in (("out", 1), ("err", 2)):
        file = os.open(f"{said}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.dup2(file, number)
        os.close(file)
    from shoal.cli import main

    sys.argv = ["shoal", *words]
    try:
        exec(first, {"__name__": "__main__"})
        main()
    finally:
        atexit._run_exitfuncs()  # which a process of multiprocessing leaves out
