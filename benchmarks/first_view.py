"""What does the explorer load until its first view of a release of 100,000 hexagons and a week of hours is on screen?

    python -m benchmarks.first_view                     such a release is made first; about ten minutes
    python -m benchmarks.first_view --release FOLDER    one that is there already; its parent folder is served

`shoal serve` runs in a process of its own, headless Chromium opens its page with an empty cache. Counted are the bytes
of each answer's body as they went over the wire, from the first request until the map has come to rest: `data` is what
the API sent, `basemap` land, borders and names, `page` code, style and fonts. Chromium takes zstd. What it loads after
that, once the first view stands, is told apart: the next hour and finer coasts. The second time is from
the click on another hour until it is drawn. Without a graphics card the processor draws every pixel.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks._runs import ROOT, machine
from benchmarks.serve import PLAN
from shoal.serve.pages import STATIC

AREA = "[-103.93, 20.12, -102.85, 21.12]"
"""Of about 100,000 hexagons of resolution 9."""
STEPS = 8
"""Hour changes of which the median is told."""


def main() -> None:
    """Serve, look, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--release", type=Path, help="a release with presence by hexagon and hour")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="shoal-bench-", dir="/var/tmp") as name:
        release = chosen.release.resolve() if chosen.release else _make(Path(name))
        print(machine("playwright"))
        command = [sys.executable, "-m", "shoal.cli", "serve", str(release.parent), "--port", "0", "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                _look(json.loads(server.stdout.readline())["address"], release.name)
            finally:
                server.terminate()


def _make(folder: Path) -> Path:
    shoal = [sys.executable, "-m", "shoal.cli"]
    city = folder / "city"
    words = ["--devices", "20000", "--days", "7", "--seed", "1", "--records-per-day", "24"]
    subprocess.run([*shoal, "simulate", str(city), *words], cwd=ROOT, check=True, capture_output=True)
    plan = PLAN.replace("resolution = 8", "resolution = 9").replace("[-103.72, 20.32, -103.02, 21.0]", AREA)
    (city / "bench.toml").write_text(plan)
    words = ["release", str(city / "bench.toml"), "--out", str(folder / "releases"), "--quiet"]
    subprocess.run([*shoal, *words], cwd=ROOT, check=True, capture_output=True)
    return next((folder / "releases").iterdir())


def _look(address: str, release: str) -> None:
    from playwright.sync_api import sync_playwright
    from tests.web.conftest import ARGUMENTS

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, headless=True, args=list(ARGUMENTS))
        # verified and read beforehand, as it would be after the first visitor
        _wait(browser.new_page(), f"{address}?release={release}&statistic=presence")
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        wire = _Wire(page)
        _wait(page, f"{address}?release={release}&statistic=presence")
        first = wire.taken()
        first.update(_workers(address))
        seconds = page.evaluate("performance.getEntriesByName('painted')[0].startTime") / 1000
        page.wait_for_timeout(3000)
        later = wire.taken()

        print(f"\nfirst view: colours handed to the map after {seconds:.1f} s\n")
        for kind in ("data", "basemap", "page"):
            print(f"{kind:8} {sum(size for (of, _), size in first.items() if of == kind) / 1000:8.0f} kB")
        for what, sizes in (("until the first view", first), ("after it", later)):
            print(f"\n{what}")
            for (kind, path), size in sorted(sizes.items(), key=lambda item: -item[1]):
                if size > 2000:
                    print(f"{size / 1000:8.0f} kB  {kind:8} {path}")
        print(f"\nhour change: {statistics.median(_steps(page)):.0f} ms until it is drawn")
        browser.close()


def _workers(address: str) -> dict[tuple[str, str], int]:
    """What other threads of the page load, which its own session does not see: the map's worker. What that shares with
    the page, the page has loaded."""
    found = {}
    for file in (STATIC / "assets").glob("map-worker-*.js"):
        asked = urllib.request.Request(f"{address}assets/{file.name}", headers={"Accept-Encoding": "zstd"})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            found["page", f"/assets/{file.name}"] = len(answer.read())
    return found


class _Wire:
    """Bytes of the bodies that came, by kind and path."""

    def __init__(self, page: Any) -> None:
        self._urls: dict[str, str] = {}
        self._sizes: Counter[tuple[str, str]] = Counter()
        session = page.context.new_cdp_session(page)
        session.on(
            "Network.requestWillBeSent", lambda said: self._urls.update({said["requestId"]: said["request"]["url"]})
        )
        session.on("Network.dataReceived", self._came)
        session.send("Network.enable")

    def _came(self, said: dict[str, Any]) -> None:
        url = urlsplit(self._urls.get(said["requestId"], ""))
        kind = {"api": "data", "basemap": "basemap"}.get(url.path.split("/")[1] if url.path else "", "page")
        path = url.path.rsplit("/", 2)[-2:] if kind == "data" else [url.path]
        self._sizes[kind, "/".join(path) + (f"?{url.query}" if url.query else "")] += said["encodedDataLength"]

    def taken(self) -> Counter[tuple[str, str]]:
        """What came since the last time."""
        found, self._sizes = self._sizes, Counter()
        return found


def _wait(page: Any, address: str) -> None:
    page.goto(address)
    _until(page, "Boolean(window.shoal && window.shoal.ready)")


def _until(page: Any, expression: str) -> None:
    """The page's own policy lets it evaluate no text, so it is asked from outside."""
    end = time.monotonic() + 600
    while not page.evaluate(expression):
        if time.monotonic() > end:
            raise TimeoutError(expression)
        time.sleep(0.005)


def _steps(page: Any) -> list[float]:
    found = []
    slider = page.locator("input[type=range]")
    at = int(slider.input_value())
    for step in range(1, STEPS + 1):
        before = page.evaluate("window.shoal.time")
        start = time.perf_counter()
        slider.fill(str(at - step))
        _until(page, f"window.shoal.ready && window.shoal.time !== {json.dumps(before)}")
        found.append(1000 * (time.perf_counter() - start))
    return found


if __name__ == "__main__":
    main()
