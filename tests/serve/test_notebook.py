"""A page of its own: what it holds, what it leaves out, and that no name gets out of its quotes."""

import base64
import gzip
import html
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from shoal.errors import UsageError
from shoal.release.read import Release
from shoal.serve import carried, pages
from shoal.serve.notebook import map_page
from shoal.serve.surroundings import surroundings
from tests.conftest import missing


@pytest.fixture(autouse=True, scope="session")
def built() -> None:
    if not (pages.STATIC / "notebook.html").is_file():
        missing("the explorer is not built; run `make explorer`")


@pytest.fixture(scope="session")
def data(release: Release, built: None) -> dict[str, Any]:
    """What the page of a map of presence holds."""
    return _data(release.map("presence", hour="2026-03-04T08:00").html)


def _data(page: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/json" id="shoal-data">(.*?)</script>', page, re.DOTALL)
    assert len(found) == 1
    held: dict[str, Any] = json.loads(found[0])
    return held


def _table(text: str) -> pl.DataFrame:
    with pa.ipc.open_stream(gzip.decompress(base64.b64decode(text))) as stream:
        return pl.DataFrame(pl.from_arrow(stream.read_all()))


def test_it_holds_the_numbers_of_the_release(release: Release, data: dict[str, Any]) -> None:
    assert data["note"] is None
    assert set(data["tables"]) >= set(release.statistics)
    table = release["presence"].to_polars().sort("hour", maintain_order=True)
    order, numbers = (_table(data["tables"]["presence"][part]) for part in ("order", "numbers"))
    times = data["release"]["tables"]["presence"]["times"]
    assert order.height * len(times) == numbers.height == table.height
    assert order["zone"].to_list() * len(times) == table["zone"].to_list()
    for name in ("lower", "upper", "consistent"):
        assert numbers[name].to_list() == table[name].cast(pl.Float32).to_list()
    assert numbers["suppressed"].to_list() == table["suppressed"].to_list()


def test_it_opens_at_what_was_asked_for(release: Release, data: dict[str, Any]) -> None:
    assert data["open"]["statistic"] == "presence"
    assert data["open"]["time"].startswith("2026-03-04T08:00")
    zone = release.places.ids[0]
    other = _data(release.map("visits", day="2026-03-05", place=zone).html)
    assert other["open"] == {"statistic": "visits", "time": "2026-03-05", "class": None, "place": zone}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"statistic": "presence", "day": "2026-03-04"}, "presence can't be shown by day: it is by hour"),
        ({"statistic": "residents", "hour": "2026-03-04T08:00"}, "residents can't be shown by hour: it has no times"),
        ({"statistic": "presence", "hour": "1999-01-01T08:00"}, "this table has no hour '1999-01-01T08:00'"),
        ({"statistic": "presence", "hour": "noon"}, "'noon' is no time"),
        ({"statistic": "presence", "place": "nowhere"}, "presence has no place 'nowhere'"),
        ({"statistic": "precense"}, "the nearest is 'presence"),
    ],
)
def test_what_is_not_there_is_refused(release: Release, asked: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        release.map(**asked)


def test_what_is_too_large_is_thinned_and_said(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times around the one that is shown, and whole tables while there is room; what lacks is said."""
    rows, hours = len(release.places), 168
    held, said = carried.hold(release, ["presence", "flows", "residents"], 30, most=rows * (hours + 1))
    assert [one.table.name for one in held] == ["presence", "residents"]
    assert said == "This page holds nothing of flows, as it would become too large; shoal serve shows all."
    held, said = carried.hold(release, ["presence", "residents"], 30, most=rows * 24)
    assert list(held[0].times) == list(range(30 - 12, 30 + 12))
    assert said.startswith("This page holds of presence only 24 of 168 times, 2026-03-02 18:00")
    assert "nothing of residents" in said
    assert list(carried.hold(release, ["presence"], hours - 1, most=rows * 24)[0][0].times)[-1] == hours - 1
    with pytest.raises(UsageError, match="presence has 7 numbers at one time, and a page carries 6"):
        carried.hold(release, ["presence"], 0, most=6)
    monkeypatch.setattr(carried, "MOST_NUMBERS", rows * 24)
    page = map_page(release, "presence", hour="2026-03-04T08:00")
    data = _data(page.html)
    assert data["note"] == page.note
    assert len(data["release"]["tables"]["presence"]["times"]) == 24
    assert data["open"]["time"] in data["release"]["tables"]["presence"]["times"]


def test_no_name_gets_out_of_its_quotes(release: Release) -> None:
    """A zone of the test's release is called <é>: it ends no script, and no attribute of the frame."""
    page = release.map("presence")
    assert page.html.count("<script") == page.html.count("</script>")
    names = [one["properties"]["name"] for one in _data(page.html)["places"]["zones"]["features"]]
    assert any("<" in name for name in names)
    frame = re.fullmatch(r'<iframe srcdoc="([^"]*)" title="[^"<]*" style="[^"<]*"></iframe>', page._repr_html_())
    assert frame is not None
    assert html.unescape(frame[1]) == page.html


def test_it_is_saved_beside_the_release_not_in_it(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = release.map("residents")
    assert page.save(tmp_path / "map.html").read_text(encoding="utf-8") == page.html
    with pytest.raises(UsageError, match=r"must be one of \.html"):
        page.save(tmp_path / "map.pdf")
    with pytest.raises(UsageError, match="a release can't take another file"):
        page.save(release.folder / "map.html")
    monkeypatch.setattr(pages, "STATIC", tmp_path)  # a copy of Shoal without its explorer
    with pytest.raises(UsageError, match=r"python web/build\.py"):
        _ = map_page(release, "residents").html


def test_the_land_around_the_places() -> None:
    """Near Guadalajara there is land, and Zapopan; at the coast of Cornwall some land and sea; on an ocean none."""
    inland = surroundings((-103.5, 20.6, -103.2, 20.8))
    assert "Zapopan" in [town["properties"]["name"] for town in inland["towns"]]
    west, south, east, north = inland["bounds"]
    assert west < -103.5 < -103.2 < east and south < 20.6 < 20.8 < north
    assert _area(inland["land"]) == pytest.approx((east - west) * (north - south))
    coast = surroundings((-5.8, 50.0, -5.4, 50.3))
    west, south, east, north = coast["bounds"]
    assert 0.05 < _area(coast["land"]) / ((east - west) * (north - south)) < 0.9
    assert _area(surroundings((-40.0, -40.0, -39.9, -39.9))["land"]) == 0
    border = surroundings((-106.6, 31.7, -106.3, 31.9))  # Ciudad Juárez and El Paso
    assert border["borders"]["coordinates"]


def _area(land: dict[str, Any]) -> float:
    import shapely

    return float(shapely.from_geojson(json.dumps(land)).area)
