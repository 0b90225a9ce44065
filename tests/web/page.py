"""The explorer as a test sees it: what is on screen, and whatever left the machine."""

import io
import re
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
import polars as pl
from axe_playwright_python.sync_playwright import Axe
from matplotlib import image
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

T = TypeVar("T")
WAIT = 120.0
"""Seconds: software rendering on a busy machine is slow. Nothing waits longer than it takes."""

expect.set_options(timeout=WAIT * 1000)


class Explorer:
    """A page with the explorer; ready when made. The policy of the server holds in it, so nothing is evaluated as text
    by the page itself: what is asked of it goes through the browser's debugger."""

    def __init__(self, page: Page, address: str, query: str) -> None:
        self.page = page
        self.address = address
        self.outside: list[str] = []
        self.faults: list[str] = []
        page.on("request", self._request)
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.goto(f"{address.rstrip('/')}/{query}")
        self.ready()

    def ready(self) -> None:
        """Waits until data and basemap are on screen."""
        until(lambda: self.ask("Boolean(window.shoal && window.shoal.ready)"), "the map is drawn")

    def ask(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    def pixel(self, lon: float, lat: float) -> NDArray[np.uint8]:
        """uint8[3]: mean colour of a few pixels around a point of the earth."""
        x, y = self.point(lon, lat)
        clip = {"x": x - 5, "y": y - 5, "width": 11, "height": 11}
        picture = image.imread(io.BytesIO(self.page.screenshot(clip=clip)))  # type: ignore[arg-type]
        mean: NDArray[np.uint8] = (picture[..., :3].mean(axis=(0, 1)) * 255).astype(np.uint8)
        return mean

    def point(self, lon: float, lat: float) -> tuple[float, float]:
        """Pixels of the page where a point of the earth is drawn."""
        x, y = self.ask(
            f"(() => {{ const at = window.shoal.map.project([{lon}, {lat}]); "
            "const box = window.shoal.map.getCanvas().getBoundingClientRect(); "
            "return [at.x + box.left, at.y + box.top]; })()"
        )
        return float(x), float(y)

    def finish(self) -> None:
        """Nothing left the machine, and the page met no fault."""
        self.page.close()
        assert self.outside == [], self.outside
        assert self.faults == [], self.faults

    def axe(self) -> list[str]:
        """Serious and critical faults of accessibility that axe finds, with what they are about."""
        faults = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {node['html']}"
            for one in faults
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    def _request(self, request: Any) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.netloc != urlsplit(self.address).netloc:
            self.outside.append(request.url)


def numbers(text: str) -> list[float]:
    """The numbers of a text, as English writes them."""
    return [float(found.replace(",", "")) for found in re.findall(r"-?\d[\d,]*\.?\d*", text)]


def row_said(found: list[float], row: dict[str, Any]) -> bool:
    """Are these the number and the interval of a row?"""
    return written(found, [row[name] for name in ("consistent", "lower", "upper")])


def written(found: list[float], exact: list[float]) -> bool:
    """Are these the numbers, rounded to whole ones, below ten to a tenth? The page reckons with half the bits."""
    steps = [1 if abs(value) > 9.9 else 0.1 for value in exact]
    return all(abs(a - b) <= step / 2 + 1e-4 * max(10, abs(b)) for a, b, step in zip(found, exact, steps, strict=True))


def whole(found: float, exact: float) -> bool:
    """Is this the number, rounded to a whole one? With half the bits it may go the other way at a half."""
    return found == round(found) and abs(found - exact) <= 0.5 + 1e-6 * abs(exact)


def clear(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs of different places whose number is above its noise, the largest first."""
    above = (pl.col("lower") > 0) & (pl.col("consistent") > (pl.col("upper") - pl.col("lower")) / 2)
    found = pairs.filter(above & (pl.col("origin") != pl.col("destination")))
    return found.sort("consistent", "origin", "destination", descending=[True, False, False])


def until(ask: Callable[[], T], what: str) -> T:
    """The first answer that is true. Fails where there is none in time."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        found = ask()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"never came: {what}")
