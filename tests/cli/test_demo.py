"""Where there is a terminal the demo ends in the explorer, until Ctrl-C."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path


def test_it_ends_in_the_explorer(tmp_path: Path) -> None:
    """On the default port, or on a free one where that is taken; Ctrl-C is no failure."""
    ours, theirs = pty.openpty()
    words = ["demo", "--devices", "40", "--days", "1", "--out", str(tmp_path / "demo")]
    run = subprocess.Popen(
        [sys.executable, "-c", "from shoal.cli import main; main()", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"BROWSER": "true", "COLUMNS": "200"},
    )
    os.close(theirs)
    watch = threading.Timer(900, run.kill)  # kernels may have to be compiled first
    watch.start()
    said = b""  # what is read may end within a letter
    try:
        while (found := re.search(rb"http://127\.0\.0\.1:\d+/(?=.*Ctrl-C)", said)) is None:
            said += os.read(ours, 1 << 16)
        with urllib.request.urlopen(f"{found[0].decode()}api/releases") as answer:
            assert [release["id"] for release in json.load(answer)["releases"]] == ["2026-03-02-simulated-city"]
        run.send_signal(signal.SIGINT)
        assert run.wait(120) == 0
    finally:
        watch.cancel()
        run.kill()
        os.close(ours)
