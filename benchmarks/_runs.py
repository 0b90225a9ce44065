"""Sides of a comparison: each run in a process of its own, in turns, watched from outside."""

import json
import os
import platform
import stat
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_POLL = 0.05  # seconds; what lives shorter than this on disk is not seen


@dataclass(frozen=True, slots=True)
class Run:
    """What one process did.

    wall, cpu  seconds from its start to its end; cpu is that of all its threads and children
    memory     most bytes resident at once: the kernel's own high-water mark of the process, or the sum over the process
               and its children as seen by polling, whichever is more (pages of mapped files count too)
    disk       most bytes on disk at once in the scratch folder, and in files that are open but have no name any more
    said       the JSON object on its last line of output
    """

    wall: float
    cpu: float
    memory: int
    disk: int
    said: dict[str, Any] = field(default_factory=dict)


def run(command: Sequence[str], scratch: Path | None = None, environment: Mapping[str, str] | None = None) -> Run:
    """Run `command` to its end and watch it; `scratch` is the folder it may write to, and becomes its $TMPDIR.

    Raises `RuntimeError` with the end of what it said where it fails.
    """
    env = {**os.environ, **(environment or {})}
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
        env["TMPDIR"] = str(scratch)
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    memory = disk = 0
    ended = False
    try:
        while not ended:
            tree = _tree(process.pid)
            memory = max(memory, sum(_status(pid, "VmRSS") for pid in tree), _status(process.pid, "VmHWM"))
            if scratch is not None:
                disk = max(disk, _on_disk(scratch, tree))
            try:
                out, err = process.communicate(timeout=_POLL)
                ended = True
            except subprocess.TimeoutExpired:
                pass
    finally:
        if not ended:
            process.kill()
            process.communicate()
    wall = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)[:300]} ended with {process.returncode}:\n{err[-3000:]}")
    last = out.strip().splitlines()[-1] if out.strip() else "{}"
    said: dict[str, Any] = json.loads(last)
    return Run(wall, said.pop("cpu", 0.0), max(memory, said.pop("memory", 0)), disk, said)


def python(code: str, *arguments: object, scratch: Path | None = None, executable: str = sys.executable) -> Run:
    """Run Python code that prints a JSON object; the time of its processors and its peak memory are added to that."""
    return run([executable, "-c", code + _FOOTER, *map(str, arguments)], scratch)


# Read at the end of the process itself: the parent's `ru_maxrss` of a child can be the parent's own from before `exec`.
_FOOTER = """
import json as _json, os as _os
_high = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
_times = _os.times()
print(_json.dumps({**said, "memory": int(_high[0].split()[1]) * 1024, "cpu": sum(_times[:4])}))
"""


def median(values: Sequence[float]) -> float:
    """The middle one of a few measurements."""
    return statistics.median(values)


def machine(*packages: str) -> str:
    """One line on where this was measured, with versions."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    known = ", ".join(f"{name} {version(name)}" for name in packages)
    cores = len(os.sched_getaffinity(0))
    return f"{model}, {cores} cores, {memory:.0f} GiB, Python {platform.python_version()}, {known}"


def _tree(pid: int) -> list[int]:
    """The process and all that descend from it, as far as they still live."""
    found = [pid]
    for parent in found:
        with suppress(OSError):  # it may end meanwhile
            for children in Path(f"/proc/{parent}/task").glob("*/children"):
                found += map(int, children.read_text().split())
    return found


def _status(pid: int, name: str) -> int:
    """Bytes that /proc says of a process; 0 where it has gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def _on_disk(folder: Path, pids: Sequence[int]) -> int:
    """Bytes on disk of the files in `folder`, and of those that the processes hold open without a name."""
    blocks: dict[tuple[int, int], int] = {}
    for here, _, names in os.walk(folder):
        for name in names:
            try:
                status = os.lstat(Path(here) / name)
            except OSError:
                continue
            blocks[status.st_dev, status.st_ino] = status.st_blocks
    for pid in pids:
        for descriptor in _descriptors(pid):
            try:
                target, status = str(descriptor.readlink()), descriptor.stat()
            except OSError:
                continue
            nameless = target.endswith(" (deleted)") and not target.startswith("/memfd:")
            if nameless and stat.S_ISREG(status.st_mode):
                blocks[status.st_dev, status.st_ino] = status.st_blocks
    return 512 * sum(blocks.values())


def _descriptors(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return []
