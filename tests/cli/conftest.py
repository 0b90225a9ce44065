"""Fixtures of the command line's tests."""

import functools
from collections.abc import Iterator
from math import inf
from pathlib import Path

import pytest

from shoal import _progress
from shoal.privacy import accounting
from tests.cli.shell import OURS, shoal
from tests.cli.town import Town


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_progress, "LONG", inf)  # a slow machine that compiles kernels would have more to say


@pytest.fixture(autouse=True, scope="session")
def _price_once() -> Iterator[None]:
    """The plans here share their epsilon: OpenDP is asked once what a rho comes to, not two thousand times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounting, "epsilon_of", functools.cache(accounting.epsilon_of))
        yield


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """One that nothing is wrong with yet."""
    return Town.build(tmp_path / "town")


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """One that was released. Read only."""
    town = Town.build(tmp_path_factory.mktemp("released") / "town")
    answer = shoal("release", town.plan, "--quiet")
    assert answer.status == 0, answer.err
    return town
