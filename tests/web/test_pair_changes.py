"""Flows of two times compared: lines and rows where noise does not explain the difference, and no others."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import expect
from scipy.stats import norm

from shoal.release.read import Release, open_release
from tests.release import make
from tests.web.page import Explorer, numbers, until

Open = Callable[..., Explorer]
NOW, THEN = "evening", "night"


@pytest.fixture(scope="module")
def pairs(city: Release, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Invented flows between seven districts in five parts of the day, beside the city."""
    plan = make.plan_in(tmp_path_factory.mktemp("pairs"), epsilon="4.0")
    return open_release(make.release_in(city.folder.parent, plan))


def test_flows_of_two_parts_of_the_day(pairs: Release, explorer: Open, monkeypatch: Any) -> None:
    """By the rule of Benjamini and Hochberg, worked out again here; intervals alone would let others through. The lines
    of Python give the numbers of the table, and a link opens it."""
    expected = _differences(pairs)
    sure = expected.filter(pl.col("sure") & (pl.col("origin") != pl.col("destination")))
    assert 3 < sure.height < expected.filter(pl.col("value").abs() > pl.col("half")).height
    page = explorer(f"?release={pairs.id}&statistic=flows&time={NOW}&panel=compare&against={THEN}")
    screen = page.page
    rows = screen.locator(".changes tbody tr")
    expect(rows).to_have_count(sure.height)
    assert numbers(screen.locator(".drawer .note").first.inner_text())[:2] == [sure.height, 49]
    for row, shown in zip(sure.iter_rows(named=True), rows.all(), strict=True):
        assert shown.locator("th").inner_text() == f"{_name(pairs, row['origin'])} → {_name(pairs, row['destination'])}"
        found = _signed(" ".join(shown.locator("td").all_inner_texts()))
        assert np.allclose(found, [row["value"], row["value"] - row["half"], row["value"] + row["half"]], atol=0.51)
    widest = _signed(screen.locator(".legend.flows p").last.inner_text())
    assert np.allclose(widest, [sure["value"][0]], atol=0.51)
    page.ready()
    assert page.axe() == []

    screen.get_by_role("button", name="Save", exact=True).click()
    lines = screen.locator("pre.text").first.inner_text()
    monkeypatch.chdir(pairs.folder.parent)
    told: dict[str, Any] = {}
    exec(compile(lines.rsplit("\n", 1)[0], "lines", "exec"), told)  # our own lines
    same = told["change"].join(expected, on=["origin", "destination"], suffix="_expected")
    assert same.height == 49
    assert np.allclose(same["more"], same["value"]) and np.allclose(same["half"], same["half_expected"])

    again = explorer(page.ask("location.search"))
    again.page.get_by_role("button", name="Compare").click()
    again.page.get_by_role("button", name="Percent").click()
    until(lambda: "%" in again.page.locator(".changes thead").inner_text(), "percent are shown")
    some = again.page.locator(".changes tbody tr").count()
    assert 0 < some <= sure.height  # without those whose other number is none


def _differences(pairs: Release) -> pl.DataFrame:
    """origin, destination, value, half, sure: the surest first as the page has them, by size."""
    table = pairs["flows"].to_polars()
    now, then = (table.filter(pl.col("daypart") == part) for part in (NOW, THEN))
    both = now.join(then, on=["origin", "destination"], suffix="_then")
    half = ((both["upper"] - both["lower"]) ** 2 + (both["upper_then"] - both["lower_then"]) ** 2).sqrt() / 2
    value = both["estimate"] - both["estimate_then"]
    tail = 2 * norm.sf((value.abs() / half).to_numpy() * norm.isf(0.025))
    rank = np.arange(1, both.height + 1)
    within = np.sort(tail) <= 0.01 * rank / both.height
    last = np.sort(tail)[within][-1] if within.any() else -1.0
    made = both.select("origin", "destination").with_columns(value=value, half=half, sure=pl.Series(tail <= last))
    return made.sort(pl.col("value").abs(), descending=True)


def _name(pairs: Release, zone: str) -> str:
    return pairs.places.names[pairs.places.ids.index(zone)] or zone


def _signed(text: str) -> list[float]:
    return [float(one.replace(",", "").replace("\u2212", "-")) for one in re.findall(r"[\u2212+-]?\d[\d,.]*", text)]
