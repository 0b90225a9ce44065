"""Comparing, the week, saving: what stands on the screen and in the files is what the release says."""

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from matplotlib import image
from playwright.sync_api import Page, expect

from shoal.estimate.ratio import ratio
from shoal.release.read import Release
from tests.web.page import Explorer, numbers, until, whole, written

Open = Callable[..., Explorer]


def test_comparing_two_days(city: Release, explorer: Open, tmp_path: Path, monkeypatch: Any) -> None:
    """Difference and percent with their own intervals, recomputed from the table; the picture and the numbers that are
    saved; the lines of Python give the same; a link opens the same."""
    now, then = _two_days(city)
    page = explorer(f"?release={city.id}&statistic=presence&time={now['hour'][0].isoformat()}&panel=compare")
    screen = page.page
    expect(screen.get_by_label("Against")).to_have_value("day-before")
    expected = _difference(now, then)
    shown = _rows(screen)
    surely, perhaps = (_sure(expected, margin) for margin in (1e-3, -1e-3))  # the page reckons with half the bits
    assert surely and len(perhaps) < expected.height  # both kinds are there
    first = list(shown)[: len(surely)]
    assert set(first) <= perhaps and (len(surely) > len(first) or surely <= set(list(shown)[: len(perhaps)]))
    sizes = [abs(shown[zone][0]) for zone in first]
    assert sizes == sorted(sizes, reverse=True)
    for row in expected.filter(pl.col("zone").is_in(list(shown))).iter_rows(named=True):
        assert written(shown[row["zone"]], [row[name] for name in ("value", "lower", "upper")])
    legend = [_number(one) for one in screen.locator(".certainties dd:not(.ends) small").all_inner_texts()]
    assert len(surely) <= sum(legend[:2]) <= len(perhaps)
    assert sum(legend) == expected.height

    screen.get_by_role("button", name="Save", exact=True).click()
    lines = screen.locator("pre.text").first.inner_text()
    monkeypatch.chdir(city.folder.parent)
    told: dict[str, Any] = {}
    exec(compile(lines.rsplit("\n", 1)[0], "lines", "exec"), told)  # our own lines
    same = told["change"].join(expected, on="zone")
    assert same.height == expected.height
    assert np.allclose(same["more"], same["value"]) and np.allclose(same["half"], same["upper"] - same["value"])
    _saved_picture(screen, tmp_path)
    _saved_numbers(screen, city, [now["hour"][0], then["hour"][0]])

    again = explorer(page.ask("location.search"))
    expect(again.page.locator(".certainties dd.ends")).to_have_text(
        screen.locator(".certainties dd.ends").text_content() or ""
    )
    again.page.get_by_role("button", name="Compare").click()
    again.page.get_by_role("button", name="Percent").click()
    parts = _percent(now, then)
    until(lambda: _rows(again.page) != shown, "percent are shown")
    for zone, found in _rows(again.page).items():
        value, *ends = parts[zone]
        assert written(found, [value, *filter(np.isfinite, ends)])
    assert again.axe() == []


def test_the_week_by_keyboard(city: Release, explorer: Open) -> None:
    """Arrow keys walk over the week, a cell says what the total is, Enter goes there; it can be read as numbers too."""
    first = city["presence"].to_polars()["hour"].min()
    assert isinstance(first, datetime)
    page = explorer(f"?release={city.id}&statistic=presence&time={first.isoformat()}&panel=week")
    screen = page.page
    screen.locator(".week button[tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        screen.keyboard.press(key)
    wanted = first + timedelta(days=1, hours=2)
    total = city["presence.all"].to_polars().filter(pl.col("hour") == wanted).row(0, named=True)
    said = screen.locator(".reading").inner_text()
    assert whole(numbers(said.split(": ")[1].split(",  95")[0])[0], total["consistent"])
    screen.keyboard.press("Enter")
    until(lambda: page.ask("window.shoal.time") == wanted.isoformat(), "the hour is shown")
    assert screen.locator(".week td.now button").get_attribute("data-cell") == page.ask(
        "document.activeElement.dataset.cell"
    )
    screen.get_by_role("button", name="Show numbers").click()
    cell = screen.locator("table.weekly tbody tr").nth(wanted.hour).locator("td").nth(wanted.weekday())
    assert whole(numbers(cell.inner_text())[0], total["consistent"])
    assert page.axe() == []


def _two_days(city: Release) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All zones at an hour of the second day, and at the same of the first."""
    table = city["presence"].to_polars()
    hours = table["hour"].unique().sort()
    return table.filter(pl.col("hour") == hours[24 + 9]), table.filter(pl.col("hour") == hours[9])


def _difference(now: pl.DataFrame, then: pl.DataFrame) -> pl.DataFrame:
    """zone, value, lower, upper: the noise of both is independent, so half widths add up as squares."""
    half = ((now["upper"] - now["lower"]).to_numpy() ** 2 + (then["upper"] - then["lower"]).to_numpy() ** 2) ** 0.5 / 2
    value = (now["estimate"] - then["estimate"]).to_numpy()
    return pl.DataFrame({"zone": now["zone"], "value": value, "lower": value - half, "upper": value + half})


def _percent(now: pl.DataFrame, then: pl.DataFrame) -> dict[str, tuple[float, float, float]]:
    half = [((frame["upper"] - frame["lower"]) / 2).to_numpy() for frame in (now, then)]
    found = ratio(now["estimate"].to_numpy(), then["estimate"].to_numpy(), half[0] ** 2, 0.0, half[1] ** 2, 1.0)
    value, lower, upper = ((part - 1) * 100 for part in found)
    rows = zip(value.tolist(), lower.tolist(), upper.tolist(), strict=True)
    return dict(zip(now["zone"], rows, strict=True))


def _sure(differences: pl.DataFrame, margin: float) -> set[str]:
    """Zones whose interval is above or below zero by a margin."""
    return set(differences.filter((pl.col("lower") > margin) | (pl.col("upper") < -margin))["zone"])


def _rows(screen: Page) -> dict[str, list[float]]:
    """Value and interval of each place that the panel lists; without ends where the interval has none."""
    found = screen.evaluate(
        "[...document.querySelectorAll('.changes tbody tr')].map((row) => "
        "[row.dataset.place, ...[...row.querySelectorAll('td')].map((cell) => cell.innerText)])"
    )
    number = re.compile(r"[\u2212+]?\d[\d,.]*")
    return {place: [_number(one) for cell in cells for one in number.findall(cell)] for place, *cells in found}


def _number(text: str) -> float:
    return float(text.replace(",", "").replace("\u2212", "-"))


def _saved_picture(screen: Page, folder: Path) -> None:
    with screen.expect_download() as download:
        screen.get_by_role("button", name="Save as PNG").click()
    assert download.value.suggested_filename.endswith(".png")
    download.value.save_as(folder / "map.png")
    pixels = image.imread(folder / "map.png")
    height, width = pixels.shape[:2]
    assert width >= 560 and height > 500
    map_part = pixels[150 : height - 260, 100 : width - 100, :3]
    colours = np.unique((map_part * 255).astype(np.uint8).reshape(-1, 3), axis=0)
    assert len(colours) > 50  # the map is on it, not an empty canvas
    assert {tuple(one) for one in colours.tolist()} & {(0x89, 0x40, 0x13), (0x1C, 0x4C, 0x75), (0xC7, 0x74, 0x2F)}


def _saved_numbers(screen: Page, city: Release, hours: list[datetime]) -> None:
    with screen.expect_download() as download:
        screen.get_by_role("button", name="CSV", exact=True).click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    table = city["presence"].to_polars().filter(pl.col("hour").is_in(hours))
    assert len(rows) == table.height
    known = {(row["zone"], row["hour"]): row["estimate"] for row in table.iter_rows(named=True)}
    for row in rows:
        at = datetime.fromisoformat(row["hour"])
        assert float(row["estimate"]) == known[row["zone"], at]
