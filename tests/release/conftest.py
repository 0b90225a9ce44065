"""One small release, made once and copied for tests that spoil it."""

import shutil
from pathlib import Path

import pytest

from shoal.release.read import Release, open_release
from tests.release import make


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a release of four statistics over 7 squares and a week. Read only."""
    folder = tmp_path_factory.mktemp("release")
    return make.release_in(folder / "releases", make.plan_in(folder))


@pytest.fixture
def spoilt(made: Path, tmp_path: Path) -> Path:
    """A copy of it to do harm to."""
    return Path(shutil.copytree(made, tmp_path / "copy"))


@pytest.fixture(scope="session")
def release(made: Path) -> Release:
    return open_release(made)


@pytest.fixture(scope="session")
def more(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release of the statistics by home, by class, and by home and zone. Read only."""
    folder = tmp_path_factory.mktemp("more")
    plan = make.plan_in(folder, statistics=make.MORE, extra="max_km = 1.2\n")
    return open_release(make.release_in(folder / "releases", plan))


@pytest.fixture
def spoilt_more(more: Release, tmp_path: Path) -> Path:
    """A copy of it to do harm to."""
    return Path(shutil.copytree(more.folder, tmp_path / "copy"))
