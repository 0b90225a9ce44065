"""The explorer on a screen: colours follow the hour, every number is the table's, nothing leaves the machine."""

import re
from collections.abc import Callable
from typing import Any

import h3
import numpy as np
import polars as pl
from playwright.sync_api import expect

from shoal.release.derived import standing_out
from shoal.release.read import Release
from tests.web.page import Explorer, clear, numbers, row_said, until

Open = Callable[..., Explorer]


def _extremes(city: Release) -> tuple[dict[str, Any], dict[str, Any]]:
    """The row of presence with the largest number, and the one with the smallest of the same zone."""
    rows = city["presence"].to_polars().sort("consistent", descending=True)
    most = rows.row(0, named=True)
    return most, rows.filter(pl.col("zone") == most["zone"]).row(-1, named=True)


def test_presence(city: Release, explorer: Open) -> None:
    """Tooltip, table and legend say what the release says; the colour of a hexagon follows the hour."""
    most, least = _extremes(city)
    lat, lon = h3.cell_to_latlng(most["zone"])
    page = explorer(f"?release={city.id}&statistic=presence&time={most['hour'].isoformat()}")
    screen = page.page
    full = page.pixel(lon, lat)
    loaded = page.ask("performance.getEntriesByType('resource').map((one) => one.name)")
    assert loaded and not any("/tiles-" in name for name in loaded)  # read only where there is a map of tiles

    screen.mouse.move(*page.point(lon, lat))
    expect(screen.locator(".tooltip .value")).to_be_visible()
    said = screen.locator(".tooltip .value").inner_text() + screen.locator(".tooltip .range").inner_text()
    assert row_said(numbers(said.replace("95 %", "")), most)
    screen.mouse.move(5, 5)

    now = city["presence"].to_polars().filter(pl.col("hour") == most["hour"])
    half = (now["upper"] - now["lower"]) / 2
    # the page reckons with half the bits
    least_unsure, most_unsure = (
        int(((now["lower"] <= margin) | (now["consistent"] <= half + margin)).sum()) for margin in (-1e-3, 1e-3)
    )
    assert least_unsure > 0 and most_unsure < now.height
    counts = [numbers(count)[0] for count in screen.locator(".certainties small").all_inner_texts()]
    assert least_unsure <= counts[2] <= most_unsure
    assert sum(counts) == now.height

    screen.get_by_role("button", name="Table").click()
    row = screen.locator(f"tr[data-place='{most['zone']}'] td")
    assert row_said(numbers(" ".join(row.all_inner_texts()).replace(" – ", " ")), most)
    assert screen.locator(".drawer tbody tr").first.get_attribute("data-place") == most["zone"]
    screen.keyboard.press("Escape")
    expect(screen.locator(".drawer")).to_have_count(0)

    hours = city["presence"].to_polars()["hour"].unique().sort().to_list()
    screen.locator("input[type=range]").fill(str(hours.index(least["hour"])))
    until(lambda: page.ask("window.shoal.time") == least["hour"].isoformat(), "the other hour is drawn")
    page.ready()
    assert np.abs(page.pixel(lon, lat).astype(int) - full.astype(int)).max() > 40
    until(lambda: f"time={least['hour'].isoformat()[:13]}" in page.ask("location.search"), "the hour is in the address")


def test_flows_the_way_back_and_a_link(city: Release, explorer: Open) -> None:
    """Only flows that noise does not explain, given how many there are, with their intervals; a choice is undone by the
    back button, and a link shows the same to whoever opens it."""
    page = explorer(f"?release={city.id}&statistic=visits&level=region")
    screen = page.page
    day = screen.locator(".when").inner_text()
    screen.get_by_role("button", name=re.compile("^Flows")).click()
    screen.get_by_role("button", name="Largest flows").click()
    top = clear(standing_out(city["flows.region"]))
    assert top.height > 0
    shown = screen.locator(".drawer ol li")
    expect(shown).to_have_count(min(20, top.height))
    said = shown.first.locator(".numbers").inner_text().replace("–", " ")
    assert row_said(numbers(said), top.row(0, named=True))
    shown.first.get_by_role("button").click()
    expect(screen.get_by_role("button", name="From here")).to_be_visible()
    page.ready()
    place = re.search("place=([0-9a-f]+)", page.ask("location.search"))
    assert place is not None
    assert page.axe() == []

    again = explorer(page.ask("location.search"))
    expect(again.page.locator(".drawer h2")).to_have_text(screen.locator(".drawer h2").inner_text())
    for _ in range(3):
        screen.go_back()
    expect(screen.locator(".statistics button[aria-pressed=true]")).to_have_text("Visits")
    expect(screen.locator(".when")).to_have_text(day)


def test_trust_at_night(city: Release, explorer: Open) -> None:
    """The verify button runs the verifier; nobody is shut out by night colours."""
    page = explorer(f"?release={city.id}&panel=trust", night=True)
    page.page.get_by_role("button", name="Verify this release").click()
    said = page.page.locator(".verify .good")
    said.wait_for(timeout=60_000)
    found = numbers(said.inner_text())
    assert found[0] == found[1] == page.page.locator(".checks .passed").count() > 5
    assert page.ask("getComputedStyle(document.body).backgroundColor") == "rgb(21, 27, 31)"
    assert page.axe() == []


def test_classes_in_german_on_a_phone(classed: str, explorer: Open) -> None:
    """A place is found by its name, without its accents and case; its classes are drawn; no word is missing."""
    page = explorer(f"?release={classed}&statistic=distance&lang=de", phone=True)
    screen = page.page
    assert screen.locator("html").get_attribute("lang") == "de"
    screen.get_by_placeholder("Ort finden").fill("district 3")
    screen.keyboard.press("Enter")
    drawer = screen.locator(".drawer")
    expect(drawer.locator("h2")).to_have_text("District 3 <é>")
    until(lambda: drawer.locator(".bars li").count() > 3, "the classes are drawn")
    assert page.axe() == []
    assert not re.search(r"\b(statistic|panel|number|class|time)\.\w", screen.locator("body").inner_text())
