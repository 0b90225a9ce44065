"""A small city, released by the real pipeline and served by the real server, in a real browser, once for all tests."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from shoal import api
from shoal.plan import Plan
from shoal.release.read import Release
from shoal.serve import pages
from shoal.simulate import simulate
from tests.conftest import missing
from tests.release import make
from tests.serve.live import live
from tests.web.page import Explorer

ARGUMENTS = (
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--no-sandbox",
    "--no-first-run",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """1,500 simulated phones over two days, in hexagons, with an epsilon that leaves some numbers above their noise."""
    folder = tmp_path_factory.mktemp("web")
    simulate(folder / "city", devices=1500, days=2, seed=1, records_per_day=40.0)
    plan = folder / "city" / "plan.toml"
    plan.write_text(plan.read_text().replace("epsilon = 1.0", "epsilon = 40.0"))
    return api.release(Plan.load(plan), out=folder / "releases")


@pytest.fixture(scope="session")
def classed(city: Release, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Id of a release beside it, in districts, by classes and homes: invented numbers."""
    plan = make.plan_in(tmp_path_factory.mktemp("classed"), statistics=make.MORE)
    return make.release_in(city.folder.parent, plan).name


@pytest.fixture(scope="session")
def address(city: Release, classed: str) -> Iterator[str]:
    """Of a server over both."""
    if not (pages.STATIC / "index.html").is_file():
        missing("the explorer is not built; run `make explorer`")
    with live(city.folder.parent) as client:
        yield str(client.base_url)


@pytest.fixture(scope="package")  # Playwright's loop runs in this thread until it ends: no later test could run one
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        missing("no chromium on the PATH; install Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, headless=True, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def context(browser: Browser) -> BrowserContext:
    """One for all tests, so that the page's code is read once. Small: the processor draws every pixel."""
    return browser.new_context(viewport={"width": 800, "height": 600}, locale="en-GB", reduced_motion="reduce")


@pytest.fixture
def explorer(context: BrowserContext, address: str) -> Iterator[Callable[..., Explorer]]:
    """Opens the explorer at a query. At the end of the test no request has left the machine and no error was logged."""
    opened: list[Explorer] = []

    def open_at(query: str = "", *, phone: bool = False, night: bool = False) -> Explorer:
        page = context.new_page()
        if phone:
            page.set_viewport_size({"width": 390, "height": 700})
        if night:
            page.emulate_media(color_scheme="dark")
        opened.append(Explorer(page, address, query))
        return opened[-1]

    yield open_at
    for one in opened:
        one.finish()


@pytest.hookimpl(tryfirst=True)  # before the hook of all tests, which groups those without a group by their file
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker makes the city and holds the browser."""
    here = os.fspath(Path(__file__).parent)
    for item in items:
        if os.fspath(item.path).startswith(here):
            item.add_marker(pytest.mark.xdist_group("web"))
