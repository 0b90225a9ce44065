"""The verifier in a process of its own, with limited memory and time.

A release may come from anywhere. Its files are unpacked there for the first time, so a file that unpacks to more than
this machine has, or that makes a library crash, ends that process and not the server.
"""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from shoal.errors import VerificationError
from shoal.release.verify import Outcome, verify

SECONDS = 900
"""A release that takes longer to verify is not opened."""
LEAST_MEMORY = 4 << 30
"""Bytes of addresses that the verifier may have, which needs most of them for its libraries."""
MEMORY_OF_A_ROW = 1 << 11
"""Bytes more for each row that the manifest claims; in all no more than three quarters of the machine's memory."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What every check found, and SHA-256 of the manifest that it was found for."""

    outcomes: tuple[Outcome, ...]
    manifest: str

    @property
    def good(self) -> bool:
        return bool(self.outcomes) and all(outcome.passed for outcome in self.outcomes)

    @property
    def failure(self) -> Outcome | None:
        """The first check that does not hold."""
        return next((outcome for outcome in self.outcomes if not outcome.passed), None)


def verify_apart(folder: Path, rows: int) -> Verdict:
    """Run every check on `folder` in another process. Raises `VerificationError` where that one does not come back.

    rows  as many as its manifest claims
    """
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    memory = max(LEAST_MEMORY, min(LEAST_MEMORY + rows * MEMORY_OF_A_ROW, whole * 3 // 4))
    # -P: what lies in the present folder is no module of ours
    command = [sys.executable, "-P", "-m", "shoal.serve.apart", os.fspath(folder), str(memory)]
    environment = {**os.environ, "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter, with a folder that we listed ourselves
            command, capture_output=True, check=False, timeout=SECONDS, env=environment, stdin=subprocess.DEVNULL
        )
        said = json.loads(done.stdout) if done.returncode == 0 else None
    except subprocess.TimeoutExpired:
        said = None
    except ValueError:
        said = None
    if said is None:
        raise VerificationError(
            f"{folder.name} could not be verified: its files need more memory or time than a release may, or can't be "
            "read at all; get an unchanged copy from its publisher"
        )
    return Verdict(tuple(Outcome(**each) for each in said["outcomes"]), said["manifest"])


def _limit(memory: int) -> None:
    """No more memory than that, no more processor time than `SECONDS`, no file of what was in memory."""
    import resource

    _lower(resource.RLIMIT_AS, memory)
    _lower(resource.RLIMIT_CPU, SECONDS)
    _lower(resource.RLIMIT_CORE, 0)


def _lower(which: int, to: int) -> None:
    import resource
    from contextlib import suppress

    _, hard = resource.getrlimit(which)
    with suppress(OSError, ValueError):  # macOS does not know all of them
        resource.setrlimit(which, (to if hard == resource.RLIM_INFINITY else min(to, hard), hard))


def _digest(folder: Path) -> str:
    try:
        return hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    except OSError:
        return ""


def main() -> None:
    """Say on stdout what the checks found in the folder that the command line names, within so many bytes."""
    folder = Path(sys.argv[1])
    _limit(int(sys.argv[2]))
    before = _digest(folder)
    outcomes = verify(folder)
    after = _digest(folder)
    said = {"outcomes": [asdict(outcome) for outcome in outcomes], "manifest": before if before == after else ""}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
