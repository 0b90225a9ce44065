"""What all tests share: where they write, the real data, what to do where something is missing, hypothesis's search."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# No time limits: the first example of many tests compiles a kernel, and CI machines are slow at will.
settings.register_profile("shoal", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in every run of CI, so that a red run is about the change and not about luck.
settings.register_profile("shoal-ci", settings.get_profile("shoal"), derandomize=True, print_blob=True)
# Where CI is set pytest writes out every difference in full, also of the long lists in which a seeded bug is caught:
# minutes for what nobody reads. So it is kept under another name, which the worker processes inherit.
if os.environ.pop("CI", None):
    os.environ["SHOAL_TEST_CI"] = "1"
os.environ.pop("BUILD_NUMBER", None)
settings.load_profile("shoal-ci" if "SHOAL_TEST_CI" in os.environ else "shoal")


# In memory, where there is enough: a disk makes the tests wait for thousands of fsyncs, a third of their time and more.
# What a crash leaves is shown by a file layer that counts and breaks those steps (`shoal.disk`), wherever files lie.
# Worker processes and all that the tests start inherit it; who sets TMPDIR decides.
MEMORY, ROOM = Path("/dev/shm"), 4 << 30
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM:
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def missing(reason: str) -> NoReturn:
    """Skip the test: what it needs is not on this machine. Fails instead where SHOAL_TEST_ALL=1 (as in CI).

    reason  what is missing and how to get it, in one sentence
    """
    if os.environ.get("SHOAL_TEST_ALL") == "1":
        pytest.fail(f"SHOAL_TEST_ALL=1 allows no gap: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What tests of one file share is made once: they run in one worker, unless the file says in which group.

    pytest-xdist (`--dist loadgroup`) hands out tests one by one otherwise, and each worker makes its own.
    """
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("xdist_group") is None:
            made = (found[-1] for found in item._fixtureinfo.name2fixturedefs.values())
            if any(fixture.scope in ("module", "class") for fixture in made):
                item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real data sets: $SHOAL_TEST_DATA, else shared/data beside the repository."""
    told = os.environ.get("SHOAL_TEST_DATA")
    folder = Path(told) if told else ROOT.parent / "shared" / "data"
    if not (folder / "README.md").is_file():
        missing(f"no real data at {folder}; set SHOAL_TEST_DATA to its folder")
    return folder
