"""Real trips on a screen: every view of what the plans of examples/guadalajara release, on long names and on points.

The days of a station drown in noise at epsilon 1, and so does every pair of stations (its README says so). Epsilon 10,
the most that Shoal allows for real records, leaves some above it; the months are released as the example has them.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import expect

import shoal
from shoal.plan import Plan
from shoal.release.derived import standing_out
from shoal.release.read import Release
from shoal.serve import pages
from tests.conftest import ROOT, missing
from tests.serve.live import live
from tests.web.page import Explorer, clear, numbers, row_said, until

pytestmark = pytest.mark.real_data

Open = Callable[..., Explorer]
SEPTEMBER = {"trips_2015_11": "trips_2015_09", "2015-11-01": "2015-09-01", "2015-12-01": "2015-10-01"}


@pytest.fixture(scope="module")
def folder(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, with the data where its README puts them."""
    folder = tmp_path_factory.mktemp("guadalajara") / "example"
    shutil.copytree(ROOT / "examples" / "guadalajara", folder, ignore=shutil.ignore_patterns("data", ".shoal"))
    (folder / "data").symlink_to(real_data / "mibici", target_is_directory=True)
    return folder


@pytest.fixture(scope="module")
def november(folder: Path) -> Release:
    """Arrivals by station and day, trips by pair of stations."""
    return release(folder, "plan.toml", {"epsilon = 1.0": "epsilon = 10.0"})


@pytest.fixture(scope="module")
def months(folder: Path) -> tuple[Release, Release]:
    """Arrivals by station in September and in November, both of 30 days."""
    return release(folder, "whole-month.toml", SEPTEMBER), release(folder, "whole-month.toml", {})


@pytest.fixture(scope="module")
def address(november: Release, months: tuple[Release, Release]) -> Iterator[str]:
    """Of a server over all three, instead of that of the simulated city."""
    if not (pages.STATIC / "index.html").is_file():
        missing("the explorer is not built; run `make explorer`")
    with live(november.folder.parent) as client:
        yield str(client.base_url)


def release(folder: Path, name: str, changes: dict[str, str]) -> Release:
    text = (folder / name).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    plan = folder / "changed.toml"
    plan.write_text(text, encoding="utf-8")
    loaded = Plan.load(plan)
    state = folder / f"state-{len(list(folder.glob('state-*')))}"  # accounts of its own: the cap is not what is tested
    return shoal.release(loaded, state=state, out=folder / "out", progress=lambda *_: None, tell=lambda *_: None)


def test_a_station_day_by_day(november: Release, explorer: Open) -> None:
    """Tooltip, table and place say what the release says, under a name of forty letters; the colour follows the day."""
    most, least = _extremes(november["visits"].to_polars())
    lon, lat, name = _station(november, most["zone"])
    query = f"?release={november.id}&statistic=visits&time={most['day']}&map=14/{lat}/{lon}"
    page = explorer(query)
    screen = page.page
    full = page.pixel(lon, lat)
    screen.mouse.move(*page.point(lon, lat))
    expect(screen.locator(".tooltip .name")).to_have_text(name)
    said = screen.locator(".tooltip .value").inner_text() + screen.locator(".tooltip .range").inner_text()
    assert "arrivals" in said
    assert row_said(numbers(said.replace("95 %", "")), most)
    _neighbours_by_name(page, november)
    assert screen.locator(".title p").inner_text().endswith("2015")
    assert screen.get_by_role("button", name="Week", exact=True).count() == 0  # there are no hours

    screen.get_by_role("button", name="Table").click()
    row = screen.locator(f"tr[data-place='{most['zone']}']")
    expect(row.locator("th")).to_have_text(name)
    assert row_said(numbers(" ".join(row.locator("td").all_inner_texts()).replace(" – ", " ")), most)
    row.locator("th button").click()
    expect(screen.locator(".drawer h2")).to_have_text(name)
    expect(screen.locator(".chart canvas")).to_be_visible()
    assert page.axe() == []

    days = november["visits"].to_polars()["day"].unique().sort().to_list()
    screen.locator("input[type=range]").fill(str(days.index(least["day"])))
    until(lambda: page.ask("window.shoal.time") == str(least["day"]), "the other day is drawn")
    page.ready()
    figure = screen.locator(".figure")
    expect(figure.locator("h3")).to_contain_text(f" {least['day'].day} November")
    said = figure.locator(".value").inner_text() + figure.locator(".range").inner_text()
    assert row_said(numbers(said.replace("95 %", "")), least)
    assert np.abs(page.pixel(lon, lat).astype(int) - full.astype(int)).max() > 40
    total = november["visits.all"].to_polars().filter(pl.col("day") == least["day"]).row(0, named=True)
    assert row_said(numbers(screen.locator(".total").inner_text().replace("95 %", "")), total)

    screen.get_by_role("button", name="Compare").click()
    screen.get_by_label("Against").select_option(str(most["day"]))
    changed = screen.locator(f".changes tr[data-place='{most['zone']}'] td").first
    expect(changed).to_have_text(re.compile(r"^\u2212"))
    fall = least["estimate"] - most["estimate"]
    assert abs(numbers(changed.inner_text().replace("\u2212", "-"))[0] - fall) <= 0.5 + 1e-3 * abs(fall)


def test_pairs_that_are_no_noise_at_night(november: Release, explorer: Open) -> None:
    """Of 97,344 pairs the intervals of thousands lie above zero by chance; the map has those that stand out by more."""
    found = clear(standing_out(november["flows"]))
    by_chance = november["flows"].to_polars().filter(pl.col("lower") > 0)
    assert 20 < found.height < by_chance.height / 4
    page = explorer(f"?release={november.id}&statistic=flows&panel=pairs", night=True)
    screen = page.page
    drawn = screen.locator(".legend.flows p")
    assert numbers(drawn.inner_text()) == [min(250, found.height)]
    rows = screen.locator(".drawer ol li")
    expect(rows).to_have_count(20)
    largest = found.row(0, named=True)
    names = [_station(november, largest[end])[2] for end in ("origin", "destination")]
    expect(rows.first.locator(".ends")).to_have_text(" → ".join(names))
    assert row_said(numbers(rows.first.locator(".numbers").inner_text().replace("–", " ")), largest)
    assert page.axe() == []

    code = re.match(r"\((\w+-\d+)\)", names[0])
    assert code is not None
    screen.get_by_placeholder("Find a place").fill(code[1].lower())
    expect(screen.locator("#found [role=option]")).to_have_count(1)
    screen.keyboard.press("Enter")
    expect(screen.locator(".drawer h2")).to_have_text(names[0])
    from_there = found.filter(pl.col("origin") == largest["origin"])
    expect(screen.locator(".drawer ol li")).to_have_count(min(12, from_there.height))
    screen.get_by_role("button", name="To here").click()
    to_there = found.filter(pl.col("destination") == largest["origin"])
    until(lambda: numbers(drawn.inner_text()) == [to_there.height], "only what goes there is drawn")
    expect(screen.locator(".drawer ol li")).to_have_count(min(12, to_there.height))


def test_two_months_on_a_phone(months: tuple[Release, Release], explorer: Open) -> None:
    """Another month of the same length is compared, station by station; the verifier runs; it all fits on a phone."""
    before, now = months
    page = explorer(f"?release={now.id}&statistic=visits&panel=compare&against=&with={before.id}", phone=True)
    screen = page.page
    both = now["visits"].to_polars().join(before["visits"].to_polars(), on="zone", suffix="_then")
    more = both["estimate"] - both["estimate_then"]
    half = (((both["upper"] - both["lower"]) ** 2 + (both["upper_then"] - both["lower_then"]) ** 2) / 4).sqrt()
    expect(screen.locator(".changes tbody tr")).to_have_count(100)
    sure = [int((more.abs() > half * (1 + margin)).sum()) for margin in (1e-4, -1e-4)]
    said = numbers(screen.locator(".drawer .note").first.inner_text())
    assert sure[0] <= said[0] <= sure[1]
    assert said[1:] == [312, 16]
    place = screen.locator(".changes tbody tr").first.get_attribute("data-place")
    shown = numbers(screen.locator(".changes tbody tr td").first.inner_text().replace("\u2212", "-").replace("+", ""))
    at = both["zone"].to_list().index(place)
    assert abs(shown[0] - more[at]) <= 0.5 + 1e-3 * abs(more[at])
    assert page.axe() == []
    assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")

    screen.keyboard.press("Escape")
    screen.get_by_role("button", name="Can I trust this?").click()
    screen.get_by_role("button", name="Verify this release").click()
    good = screen.locator(".verify .good")
    good.wait_for(timeout=60_000)
    passed = numbers(good.inner_text())
    assert passed[0] == passed[1] == screen.locator(".checks .passed").count() > 5
    assert "month" in screen.locator(".drawer").inner_text()
    assert page.axe() == []

    screen.get_by_role("button", name="Table").click()
    south = now["visits"].to_polars().sort("consistent", descending=True).head(100)["zone"].to_list()
    lowest = min(south, key=lambda zone: _station(now, zone)[1])
    screen.locator(f"tr[data-place='{lowest}'] button").click()
    expect(screen.locator(".drawer h2")).to_have_text(_station(now, lowest)[2])
    top = screen.locator(".drawer").bounding_box()
    assert top is not None
    until(lambda: 100 < page.point(*_station(now, lowest)[:2])[1] < top["y"], "the station lies above the sheet")


def _neighbours_by_name(page: Explorer, of: Release) -> None:
    """Two stations in sight that are nearer to each other than their discs are wide: neither hides the other."""
    lat, lon = (of.places.centres.T * np.pi / 180)[:, :, None]
    apart = 6_371_000 * np.hypot(lat - lat.T, (lon - lon.T) * np.cos(lat))
    middle = [page.ask("window.shoal.map.getCenter()")[name] * np.pi / 180 for name in ("lat", "lng")]
    far = 6_371_000 * np.hypot(lat[:, 0] - middle[0], (lon[:, 0] - middle[1]) * np.cos(middle[0]))
    seen = np.flatnonzero(far < 700)
    close = [(a, b) for a in seen for b in seen if a < b and 60 < apart[a, b] < 200]
    a, b = min(close, key=lambda pair: float(apart[pair]))
    for here, there in ((a, b), (b, a)):
        nearer = of.places.centres[here] * 0.65 + of.places.centres[there] * 0.35
        page.page.mouse.move(*page.point(nearer[1], nearer[0]))
        expect(page.page.locator(".tooltip .name")).to_have_text(of.places.names[here] or "")
    page.page.mouse.move(5, 5)


def _extremes(rows: pl.DataFrame) -> tuple[dict[str, Any], dict[str, Any]]:
    """The row with the largest number, and the one with the smallest of the same zone."""
    most = rows.sort("consistent", descending=True).row(0, named=True)
    return most, rows.filter(pl.col("zone") == most["zone"]).sort("consistent").row(0, named=True)


def _station(of: Release, zone: str) -> tuple[float, float, str]:
    """Longitude, latitude and name."""
    at = of.places.ids.index(zone)
    point: Any = of.places.shapes[at]
    return point.x, point.y, of.places.names[at] or zone
