"""Progress on stderr: bars on a terminal, lines of a long run elsewhere, nothing where it is not wanted."""

import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import redirect_stderr
from fcntl import ioctl
from threading import Thread

import pytest

from shoal._progress import Bars, clock_text, short


class Clock:
    """Seconds, moved by the test."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def run(*steps: tuple[float, str, float, int | None], quiet: bool = False) -> list[str]:
    """The lines on a stderr that is no terminal, of steps (seconds since the start, phase, done, records)."""
    clock, err = Clock(), io.StringIO()
    with redirect_stderr(err), Bars(quiet=quiet, clock=clock) as bars:
        for second, phase, done, records in steps:
            clock.now = 1000 + second
            bars(phase, done, records)
    return err.getvalue().splitlines()


LONG_RUN = (
    (0, "Recognising the records", 0.0, None),
    (4.04, "Recognising the records", 1.0, None),
    (5, "Reading records", 0.0, None),
    (12, "Reading records", 0.5, 68_000_000),
    (19, "Reading records", 1.0, 136_612_345),
    (19, "Drawing noise", 0.0, None),
    (99, "Drawing noise", 1.0, None),
)


def test_a_long_run_says_what_each_phase_took() -> None:
    assert run(*LONG_RUN) == [
        "Recognising the records: 4.0 s",
        "Reading records: 140 M records in 14.0 s, 9.8 M/s",
        "Drawing noise: 1:20",
    ]


def test_a_short_run_says_nothing() -> None:
    assert run(*LONG_RUN[:3], (9.9, "Reading records", 1.0, 10)) == []


def test_quiet_says_nothing() -> None:
    assert run(*LONG_RUN, quiet=True) == []


def test_a_phase_that_has_not_ended_is_not_said() -> None:
    assert run(*LONG_RUN[:4]) == ["Recognising the records: 4.0 s"]


def test_a_phase_ends_once() -> None:
    assert len(run(*LONG_RUN, (100, "Drawing noise", 1.0, None), (100, "Drawing noise", 0.5, None))) == 3


def test_phases_at_the_same_time_and_from_threads() -> None:
    """Buckets are followed while others are read: each phase has its own time."""
    clock, err = Clock(), io.StringIO()
    with redirect_stderr(err), Bars(quiet=False, clock=clock) as bars:

        def report(phase: str) -> None:
            for step in range(101):
                bars(phase, step / 100, step * 1000)

        clock.now += 1
        bars("One", 0.0)
        clock.now += 20
        threads = [Thread(target=report, args=(name,)) for name in ("One", "Two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(err.getvalue().splitlines()) == [
        "One: 100 k records in 20.0 s, 5 k/s",
        "Two: 100 k records in 0.0 s",
    ]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (9_812_345, "9.8 M"), (12_345_678, "12 M"), (123_456_789, "120 M"), (999_999, "1 M"), (4_949, "4.9 k"),
        (96, "96"), (4.04, "4"), (0.5, "0.5"), (1e9, "1 G"), (15e15, "15000 T"),
    ],
)  # fmt: skip
def test_two_digits(number: float, words: str) -> None:
    assert short(number) == words


@pytest.mark.parametrize(("seconds", "words"), [(0, "0:00"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03")])
def test_times(seconds: float, words: str) -> None:
    assert clock_text(seconds) == words


SCRIPT = """
import itertools, threading, time
from shoal._progress import Bars
quiet, seconds, drawn = %s, itertools.count(), []
def clock():
    if threading.current_thread() is not threading.main_thread():
        drawn.append(True)
    return next(seconds)
with Bars(quiet=quiet, clock=clock) as bars:
    for step in range(11):
        bars("Reading records", step / 10, step * 1_000_000)
        if step == 5 and not quiet:  # until it was drawn: each time asks three times for the time
            before, end = len(drawn), time.monotonic() + 60
            while len(drawn) < before + 6 and time.monotonic() < end:
                time.sleep(0.02)
    bars.tell("A sentence\\x1b[31m.")
"""


def on_a_terminal(quiet: bool, columns: int = 80) -> str:
    """What a terminal gets of a run of ten seconds."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")}
    environment["TERM"] = "xterm-256color"
    with subprocess.Popen([sys.executable, "-c", SCRIPT % quiet], stderr=theirs, env=environment) as child:
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 1 << 16)
            except OSError:  # Linux: the other end is closed
                break
            if not part:
                break
            said += part
        os.close(ours)
    assert child.returncode == 0
    return said.decode()


def test_a_terminal_shows_phase_share_rate_and_times() -> None:
    said = on_a_terminal(quiet=False)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said)
    last = re.split(r"[\r\n]", shown.strip())[-1]
    assert "Reading records" in last and "100%" in last
    assert re.search(r"\d+ k/s +\d+:\d\d", last), last
    assert re.search(r"\d:\d\d left", shown), shown
    assert len(last) <= 80
    assert "A sentence\ufffd[31m." in shown
    assert "records in" not in shown  # the lines are for those who have no bars


def test_a_quiet_terminal_stays_empty() -> None:
    assert on_a_terminal(quiet=True) == ""


def test_no_bars_are_loaded_where_none_are_shown() -> None:
    script = (
        "import sys; from shoal._progress import Bars; Bars(quiet=False); assert 'rich.progress' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stderr=subprocess.PIPE)
