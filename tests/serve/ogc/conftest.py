"""A release on a server of its own, for the clients that QGIS and statisticians use."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shoal.serve.access import Grant
from shoal.serve.ogc import ogc_application
from shoal.serve.shelf import Shelf
from tests.release import make

BY = {"presence": ("zone", "hour"), "visits": ("zone", "day"), "flows": ("origin", "destination", "daypart"),
      "dwell": ("zone", "class"), "residents": ("zone",)}  # fmt: skip
FIRST, SPOILT = "2026-03-02-ride-app", "2026-03-09-ride-app"

Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release, and one that does not verify."""
    base = tmp_path_factory.mktemp("ogc")
    for start, end in (("2026-03-02", "2026-03-09"), ("2026-03-09", "2026-03-16")):
        statistics = BY if start == "2026-03-02" else {"residents": ("zone",)}
        plan = make.plan_in(base / start, statistics=statistics, start=start, end=end)
        make.release_in(base / "releases", plan)
    (base / "releases" / SPOILT / "README.md").write_text("something else")
    return base / "releases"


@pytest.fixture(scope="session")
def shelf(folder: Path) -> Shelf:
    """The two; each is verified once."""
    return Shelf(folder)


@pytest.fixture(scope="session")
def ask(shelf: Shelf) -> Ask:
    """Asks the application itself: `ask("/collections", grant=("*",), limit="2")`."""
    app = ogc_application(shelf)

    async def granted(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "shoal.grant": Grant(patterns[0])}, receive, send)

    patterns: list[tuple[str, ...]] = [("*",)]

    def get(path: str, grant: tuple[str, ...] = ("*",), accept: str = "*/*", **query: Any) -> httpx.Response:
        async def one() -> httpx.Response:
            patterns[0] = grant
            transport = httpx.ASGITransport(app=granted)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:7390") as client:
                return await client.get(f"/ogc{path}", params=query or None, headers={"accept": accept})

        return asyncio.run(one())

    return get


@pytest.fixture(scope="session")
def address(folder: Path) -> Iterator[str]:
    """Where `shoal serve` answers for the first release: in a process of its own, for GDAL lets no other thread run."""
    command = [sys.executable, "-m", "shoal.cli", "serve", str(folder / FIRST), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert server.stdout is not None
        said = server.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", said)
        assert found, said
        yield f"{found[0]}ogc"
    finally:
        server.terminate()
        server.wait(120)
