"""`release.map()`: one file that shows a release by itself, from the disk and in the frames of notebooks."""

import io
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import h3
import numpy as np
import polars as pl
import pytest
from matplotlib import image
from playwright.sync_api import Browser, Page, expect

from shoal.release.read import Release
from shoal.serve import pages
from tests.conftest import missing
from tests.web.page import until, whole

# As strict as a notebook in VS Code: scripts and styles inline, workers from blobs, nothing from anywhere.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; child-src data: blob:"
)


@pytest.fixture
def offline(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page without any network, and what it asked for but itself."""
    context = browser.new_context(viewport={"width": 800, "height": 600}, locale="en-GB", offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    yield page, asked
    context.close()


@pytest.fixture(autouse=True)
def built() -> None:
    if not (pages.STATIC / "notebook.html").is_file():
        missing("the explorer is not built; run `make explorer`")


def test_a_saved_map_works_from_the_disk(city: Release, offline: tuple[Page, list[str]], tmp_path: Path) -> None:
    """It shows the map, the place and the time that were asked for, and asks for nothing but itself."""
    most = city["presence"].to_polars().sort("consistent", descending=True).row(0, named=True)
    saved = city.map("presence", hour=most["hour"]).save(tmp_path / "map.html")
    page, asked = offline
    page.goto(saved.as_uri())
    _ready(page.main_frame)
    assert f"{most['hour']:%H:%M}" in page.locator(".when").inner_text()
    assert page.locator(".statistics button").count() == len(city.statistics)
    lat, lon = h3.cell_to_latlng(most["zone"])
    x, y = page.evaluate(
        "([lon, lat]) => { const at = window.shoal.map.project([lon, lat]);"
        "const box = window.shoal.map.getCanvas().getBoundingClientRect(); return [at.x + box.left, at.y + box.top]; }",
        [lon, lat],
    )
    clip = {"x": x - 4, "y": y - 4, "width": 9, "height": 9}
    picture = image.imread(io.BytesIO(page.screenshot(clip=clip)))  # type: ignore[arg-type]
    colour = (picture[..., :3].mean(axis=(0, 1)) * 255).astype(int)
    assert np.abs(colour - [0xF6, 0xF3, 0xEC]).max() > 60  # a strong colour, not paper

    page.mouse.click(x, y)
    expect(page.locator(".drawer h2")).to_have_text(most["zone"].rstrip("f"))
    shown = page.locator(".drawer .figure .value b").inner_text().replace(",", "")
    assert whole(float(shown), most["consistent"])
    page.locator(".statistics button", has_text="Flows").click()
    until(lambda: page.get_by_role("button", name="From here").count() == 1, "the flows of the place are listed")
    assert [one for one in asked if one != saved.as_uri() and not one.startswith(("blob:", "data:"))] == []


def test_a_map_in_the_frame_of_a_notebook(city: Release, offline: tuple[Page, list[str]], tmp_path: Path) -> None:
    """Also where the notebook allows no code from elsewhere; the frame's page stays in its frame."""
    page, asked = offline
    notebook = tmp_path / "notebook.html"
    policy = f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    cell = city.map("visits", day="2026-03-03")._repr_html_()
    notebook.write_text(f'<!doctype html><meta charset="utf-8">{policy}<h1>A notebook</h1>{cell}')
    page.goto(notebook.as_uri())
    until(lambda: len(page.frames) == 2, "the frame is there")
    frame = page.frames[1]
    _ready(frame)
    assert "3 March" in frame.locator(".when").inner_text()
    total = city["visits.all"].to_polars().filter(pl.col("day").cast(pl.String) == "2026-03-03").row(0, named=True)
    assert whole(float(frame.locator(".total b").inner_text().replace(",", "")), total["consistent"])
    assert page.locator("h1").count() == 1
    assert [one for one in asked if one != notebook.as_uri() and not one.startswith(("blob:", "data:", "about:"))] == []


def _ready(frame: Any) -> None:
    until(lambda: frame.evaluate("Boolean(window.shoal && window.shoal.ready)"), "the map is drawn")
