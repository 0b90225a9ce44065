"""Watching a process: what it takes in memory and on disk is seen, also in files without a name."""

from pathlib import Path

import pytest
from benchmarks._runs import python

from benchmarks import _runs

MIB = 1 << 20
NAMELESS = """
import os, sys, tempfile, time
file = tempfile.TemporaryFile(dir=os.environ["TMPDIR"])
file.write(bytes([1]) * int(sys.argv[1])); file.flush(); os.fsync(file.fileno())
end = time.monotonic() + 60
while not os.path.exists(sys.argv[2]) and time.monotonic() < end: time.sleep(0.02)
said = {}
"""
NAMED = """
import os, sys, time
with open(os.path.join(os.environ["TMPDIR"], "x"), "wb") as file:
    file.write(bytes([1]) * int(sys.argv[1])); file.flush(); os.fsync(file.fileno())
end = time.monotonic() + 60
while not os.path.exists(sys.argv[2]) and time.monotonic() < end: time.sleep(0.02)
os.remove(os.path.join(os.environ["TMPDIR"], "x"))
said = {}
"""
MEMORY = """
import sys
held = bytearray(b"1") * int(sys.argv[1])
del held
said = {"answer": 42}
"""


@pytest.mark.parametrize("code", [NAMELESS, NAMED], ids=["nameless", "named and removed"])
def test_space_on_disk_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """The process waits until it was looked at, as on a busy machine that may take long."""
    look, seen = _runs._on_disk, tmp_path / "seen"

    def note(scratch: Path, tree: list[int]) -> int:
        found = look(scratch, tree)
        if found >= 20 * MIB:
            seen.touch()
        return found

    monkeypatch.setattr(_runs, "_on_disk", note)
    assert 20 * MIB <= python(code, 20 * MIB, seen, scratch=tmp_path / "scratch").disk < 21 * MIB


def test_no_space_on_disk_is_none(tmp_path: Path) -> None:
    assert python(MEMORY, 1, scratch=tmp_path).disk < MIB


def test_peak_memory_is_seen_when_it_was_given_back() -> None:
    little, much = python(MEMORY, 1), python(MEMORY, 200 * MIB)
    assert 195 * MIB < much.memory - little.memory < 230 * MIB
    assert much.said == {"answer": 42}


def test_what_went_wrong_is_told() -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        python("raise ValueError('no such thing')")
