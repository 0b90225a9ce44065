"""Rows of zones that a sensitive place isolates: exactly those are marked, whatever is merged, and a lie is found."""

import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import shapely

import shoal
from shoal import pipeline
from shoal.errors import DataError, PlanError, RefusedError
from shoal.plan import Plan
from shoal.release import _store
from shoal.release.verify import verify
from tests.pipeline import source
from tests.release import make
from tests.release.test_verify import amend, first, retable, stat
from tests.sensitive.make import TODAY, write_list

PLACES = [shapely.Point(-103.391, 20.632), shapely.Point(-103.364, 20.655)]
WISHES = """\
[statistics.presence]
[statistics.visits]
resolution = "auto"
target = 0.5
[statistics.flows]
by = ["origin", "destination"]
[statistics.residents]
"""


def quiet(*_: object) -> None:
    """Neither bars nor words."""


def plan_in(folder: Path, table: str = '[sensitive]\nfile = "list.geojson"\n', reviewed: date = TODAY) -> Plan:
    folder.mkdir(parents=True, exist_ok=True)
    text = source.plan_text(start="2019-03-04", end="2019-03-06", epsilon="5")
    text = text.split("[statistics.")[0].replace("[period]", f"{table}[period]") + WISHES
    (folder / "plan.toml").write_text(text)
    if not (folder / "records").is_dir():
        source.write(folder / "records" / "all.parquet", source.records(devices=60, days=2))
    write_list(folder / "list.geojson", PLACES, reviewed)
    return Plan.load(folder / "plan.toml")


def release_of(plan: Plan, told: list[str] | None = None) -> shoal.Release:
    tell = quiet if told is None else told.append
    return shoal.release(plan, progress=quiet, tell=tell)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release_of(plan_in(tmp_path_factory.mktemp("silent") / "x")).folder


@pytest.fixture
def spoilt(released: Path, tmp_path: Path) -> Path:
    folder = tmp_path / released.name
    shutil.copytree(released, folder)
    amend(folder, lambda m: m.update(log=str(make.LOG_KEY.vkey)))
    # under the key of the tests' own log, of which registry.yaml knows nothing: that check comes later
    assert {outcome.name for outcome in verify(folder) if not outcome.passed} == {"publication"}
    return folder


def facts(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return loaded


def test_isolated_zones_have_rows_without_numbers_everywhere(released: Path) -> None:
    found = shoal.open(released)
    manifest = facts(released)
    isolated = manifest["sensitive"]["list"]["isolated"]
    assert 1 <= len(isolated) <= 6 and manifest["sensitive"]["applied"]
    for name in found.tables:
        table = found[name].to_polars()
        keys = [key for key in ("zone", "origin", "destination") if key in table.columns]
        if "." not in name:
            hushed = table.select(pl.any_horizontal(pl.col(keys).is_in(isolated))).to_series()
            assert table["suppressed"].to_list() == hushed.to_list() and hushed.any(), name
        numbers = table.filter("suppressed").select("estimate", "stderr", "lower", "upper", "consistent")
        assert all(column.null_count() == column.len() for column in numbers.iter_columns())
        assert table.filter(~pl.col("suppressed"))["estimate"].null_count() == 0
    merged = stat(manifest, "visits")["areas"]
    assert merged and not {zone for area in merged for zone in area["zones"]} & set(isolated)
    text = (released / "README.md").read_text()
    assert "## Sensitive places" in text and "533 metres" in text and manifest["sensitive"]["list"]["version"] in text


def test_what_follows_from_numbers_leaves_the_others_out(released: Path) -> None:
    found = shoal.open(released)
    for name in ("presence", "flows"):
        shares = found[name].shares()
        assert shares.height == (~found[name].to_polars()["suppressed"]).sum()
    assert found["presence"].density()["value"].null_count() == 0
    assert not found["flows"].standing_out()["suppressed"].any()


def _unmark(table: pl.DataFrame) -> pl.DataFrame:
    numbers = [
        pl.col(name).fill_null(strategy="backward").fill_null(strategy="forward") for name in table.columns[-6:-1]
    ]
    return table.with_columns(numbers).with_columns(suppressed=pl.lit(value=False))


def _number(table: pl.DataFrame) -> pl.DataFrame:
    one = table.filter(~pl.col("suppressed")).row(0, named=True)
    columns = table.columns[-6:-1]
    return table.with_columns(pl.when("suppressed").then(pl.lit(one[c])).otherwise(pl.col(c)).alias(c) for c in columns)


def _mark_all(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.lit(None, dtype=pl.Float64).alias(c) for c in table.columns[-6:-1]).with_columns(
        suppressed=pl.lit(value=True)
    )


@pytest.mark.parametrize("change", [_unmark, _number, _mark_all], ids=["shown", "numbers under a mark", "all hidden"])
def test_marks_that_are_not_those_of_the_zones_are_found(spoilt: Path, change: Callable[..., pl.DataFrame]) -> None:
    retable(spoilt, "residents", change)
    assert first(spoilt).name in ("sensitive", "numbers", "adding up"), first(spoilt)
    assert next(o for o in verify(spoilt) if o.name == "sensitive").passed is False


def _list(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], object]:
    return lambda manifest: change(manifest["sensitive"]["list"])


LIES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a zone less": (_list(lambda known: known["isolated"].pop()), "sensitive"),
    "no zone": (_list(lambda known: known.update(isolated=[])), "sensitive"),
    "a zone twice": (_list(lambda known: known["isolated"].append(known["isolated"][-1])), "sensitive"),
    "a zone that is none": (_list(lambda known: known["isolated"].append("zzz")), "sensitive"),
    "no rule": (lambda m: stat(m, "residents").update(suppression=None), "numbers"),
    "another buffer": (_list(lambda known: known.update(buffer="200")), "plan"),
    "fewer classes": (_list(lambda known: known.update(classes=["adult"])), "plan"),
    "overdue": (_list(lambda known: known.update(overdue=True)), "plan"),
    "no list": (lambda m: m.update(sensitive={"applied": False}), "plan"),
    "nothing said": (lambda m: m.pop("sensitive"), "plan"),
    "a list that the plan has not": (lambda m: m["plan"].pop("sensitive"), "plan"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_manifest_that_lies_about_the_list_is_found(spoilt: Path, lie: str) -> None:
    change, check = LIES[lie]
    amend(spoilt, change)
    assert first(spoilt).name == check, first(spoilt)


def test_an_isolated_zone_may_not_hide_in_an_area(spoilt: Path) -> None:
    """Seeded: the areas and their table as they would be if the zone were merged."""
    manifest = facts(spoilt)
    zone, area = manifest["sensitive"]["list"]["isolated"][0], stat(manifest, "visits")["areas"][0]
    file = spoilt / "tables" / "visits.parquet"
    table = _store.read_table(file).filter(pl.col("zone") != zone)
    file.write_bytes(_store.table_to_bytes(table))

    def merge(m: dict[str, Any]) -> None:
        own = stat(m, "visits")
        own["areas"][0]["zones"] = sorted([*area["zones"], zone])
        own["cells"] = table.height

    amend(spoilt, merge)
    assert (first(spoilt).name, "merged" in first(spoilt).reason) == ("sensitive", True), first(spoilt)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "No list of sensitive places was applied"),
        ('[sensitive]\nnone = "buses only"\n', "Reason given: buses only."),
    ],
)
def test_a_plan_without_a_list_says_so_everywhere(tmp_path: Path, table: str, words: str) -> None:
    plan = plan_in(tmp_path / "x", table)
    assert words in str(shoal.check(plan))
    done = release_of(plan)
    assert words in (done.folder / "README.md").read_text()
    said = facts(done.folder)["sensitive"]
    assert said == {"applied": False} | ({"none": "buses only"} if table else {})
    assert ("sensitive" in facts(done.folder)["plan"]) == bool(table)
    assert not done["presence"].to_polars()["suppressed"].any()


def test_an_old_list_is_told_and_then_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "today", lambda: TODAY)  # of the tests' start, which may have been yesterday
    told: list[str] = []
    late = release_of(plan_in(tmp_path / "x", reviewed=TODAY - timedelta(91)), told)
    assert any("91 days ago" in words for words in told)
    assert facts(late.folder)["sensitive"]["list"]["overdue"] is True
    assert "more than 90 days before" in (late.folder / "README.md").read_text()
    with pytest.raises(RefusedError, match="366 days ago"):
        release_of(plan_in(tmp_path / "x", reviewed=TODAY - timedelta(366)))
    with pytest.raises(DataError, match="is to come"):
        release_of(plan_in(tmp_path / "x", reviewed=TODAY + timedelta(3)))


def test_another_list_is_another_request(tmp_path: Path) -> None:
    plan = plan_in(tmp_path / "x")
    once = release_of(plan)
    assert release_of(plan).id == once.id
    write_list(tmp_path / "x" / "list.geojson", PLACES[:1])
    assert release_of(Plan.load(plan.file)).id != once.id


def test_a_named_place_at_a_sensitive_one_is_refused(tmp_path: Path) -> None:
    plan = plan_in(tmp_path / "x", '[places]\nfile = "p.geojson"\n[sensitive]\nfile = "list.geojson"\n')
    boxes = {"far": shapely.box(-103.405, 20.66, -103.404, 20.661), "near": PLACES[0].buffer(0.001)}
    features = [
        {"type": "Feature", "properties": {"id": name}, "geometry": json.loads(shapely.to_geojson(shape))}
        for name, shape in boxes.items()
    ]
    (tmp_path / "x" / "p.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    text = plan.file.read_text() + '[statistics.visitors]\nby = ["place"]\n'
    plan.file.write_text(text)
    with pytest.raises(PlanError, match=r"place near \(of 1 such\) lies at a sensitive place of the class medical"):
        shoal.check(Plan.load(plan.file))


def test_a_list_that_isolates_every_zone_is_refused(tmp_path: Path) -> None:
    plan = plan_in(tmp_path / "x")
    write_list(tmp_path / "x" / "list.geojson", [shapely.box(-104, 20, -103, 21)])
    with pytest.raises(PlanError, match="isolate every zone"):
        shoal.check(plan)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("[sensitive]\n", r"\[sensitive\] file: is missing"),
        ('[sensitive]\nfile = "list.geojson"\nnone = "x"\n', "stands beside `none`"),
        ('[sensitive]\nfile = "list.geojson"\nbuffer = 99\n', "at least 100 metres"),
        ('[sensitive]\nnone = "x"\nbuffer = 600\n', "means nothing where there is no list"),
        ('[sensitive]\nfile = "list.geojson"\nclasses = ["shops"]\n', "classes"),
        ('[sensitive]\nfile = "nowhere.geojson"\n', "there is no file"),
        ('[sensitive]\nfile = "list.geojson"\nclasses = ["adult"]\n', "no place of these classes"),
    ],
)
def test_tables_that_can_not_be_meant(tmp_path: Path, table: str, sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        shoal.check(plan_in(tmp_path / "x", table))
