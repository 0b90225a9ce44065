"""Two small releases, and one that somebody spoilt, behind one server for all tests that only look."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import pytest

from shoal.release.read import Release, open_release
from shoal.release.verify import verify
from shoal.serve import shelf
from shoal.serve.apart import Verdict
from shoal.serve.cube import Cube, cube_of
from tests.release import make
from tests.serve.live import live

SPOILT = "2026-03-02-spoilt"


def verify_here(folder: Path, rows: int) -> Verdict:
    """The verifier in this process, as its own costs seconds to start; tests/serve/test_apart.py has the real one."""
    manifest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    return Verdict(tuple(verify(folder)), manifest)


@pytest.fixture(scope="session", autouse=True)
def _quick_verifier() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelf, "verify_apart", verify_here)
        yield


@pytest.fixture(scope="session")
def shelf_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a release of presence, visits, flows and residents over 7 squares and a week; one by classes and
    homes; one with a number that was changed; and what is none. Read only."""
    folder = tmp_path_factory.mktemp("serve")
    releases = folder / "releases"
    first = make.release_in(releases, make.plan_in(folder))
    make.release_in(releases, make.plan_in(folder, statistics=make.MORE, extra="max_km = 1.2\n"))
    shutil.copytree(first, releases / SPOILT)
    manifest = (first / "manifest.json").read_text()
    (releases / SPOILT / "manifest.json").write_text(manifest.replace(first.name, SPOILT))
    (releases / "notes").mkdir()
    (releases / "notes" / "secret.txt").write_text("not for anybody")
    (folder / "outside.txt").write_text("not for anybody")
    return releases


@pytest.fixture(scope="session")
def first(shelf_folder: Path) -> str:
    """Id of the release of presence, visits, flows and residents."""
    return "2026-03-02-ride-app"


@pytest.fixture(scope="session")
def second(shelf_folder: Path) -> str:
    """Id of the release by classes and homes."""
    found = [path.name for path in shelf_folder.iterdir() if path.name.startswith("2026-03-02-ride-app-")]
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="session")
def release(shelf_folder: Path, first: str) -> Release:
    return open_release(shelf_folder / first)


@pytest.fixture(scope="session")
def classed(shelf_folder: Path, second: str) -> Release:
    return open_release(shelf_folder / second)


@pytest.fixture(scope="session")
def cubes(release: Release, classed: Release) -> dict[str, tuple[Cube, pl.DataFrame]]:
    """Each table of the two releases as a block, and as it is in its file."""
    found = {}
    for each in (release, classed):
        for name in each.tables:
            frame = each[name].to_polars()
            found[name] = (cube_of(each[name], frame), frame)
    return found


@pytest.fixture(scope="session")
def client(shelf_folder: Path) -> Iterator[httpx.Client]:
    with live(shelf_folder) as found:
        yield found
