"""Verify: a true release passes, and every kind of lie is found by the check that is meant to find it."""

import hashlib
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from shoal.errors import UsageError, VerificationError
from shoal.release import _checks, _store
from shoal.release.verify import CHECKS, Outcome, require, verify
from tests.release import make

Json = dict[str, Any]


def failed(folder: Path) -> str:
    """Name of the first check that fails, or an empty text."""
    return next((o.name for o in verify(folder) if not o.passed), "")


def first(folder: Path) -> Outcome:
    return next(o for o in verify(folder) if not o.passed)


def amend(folder: Path, change: Callable[[Json], object] = lambda m: None) -> None:
    """Change the manifest and renew every hash, as a careful liar would."""
    file = folder / "manifest.json"
    tables = json.loads(file.read_text())
    change(tables)
    tables["plan_sha256"] = hashlib.sha256(
        json.dumps(tables["plan"], sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()
    for name in tables["files"]:
        if (folder / name).is_file():
            tables["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    file.write_text(json.dumps(tables, sort_keys=True, indent=2, ensure_ascii=False) + "\n")
    make.log_it(folder)


def retable(folder: Path, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    file = folder / "tables" / f"{name}.parquet"
    file.write_bytes(_store.table_to_bytes(change(_store.read_table(file))))
    amend(folder)


def stat(manifest: Json, name: str) -> Json:
    return next(s for s in manifest["statistics"] if s["statistic"] == name)


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"start": "2026-03-01", "end": "2026-05-01", "unit": "month"},
        {"start": "2026-03-27", "end": "2026-03-31", "unit": "day", "timezone": "Europe/Vienna"},  # 23 hours
        {"start": "2026-10-19", "end": "2026-11-02", "timezone": "Europe/Vienna"},  # 25 hours
        {"extra": "max_km = 1.2\n"},
        {"epsilon": "500", "synthetic": True},
        {"start": "2026-03-01", "end": "2026-05-01", "unit": "month", "statistics": {"visits": ("zone", "week")}},
        {"statistics": {"visits": ("zone", "weekday"), "flows": ("daypart", "origin", "destination")}},
        {"statistics": make.MORE},
        {"statistics": make.MORE, "extra": "max_km = 1.2\n"},
    ],
    ids=[
        "week",
        "months",
        "spring",
        "autumn",
        "near",
        "synthetic",
        "by week",
        "few",
        "homes and classes",
        "homes near",
    ],
)
def test_true_releases_pass(tmp_path: Path, wishes: Any) -> None:
    folder = make.release_in(tmp_path / "r", make.plan_in(tmp_path, **wishes))
    assert verify(folder) == [Outcome(check.name, True) for check in CHECKS]
    assert require(folder).id == folder.name


def test_a_release_of_points_with_divisor(tmp_path: Path) -> None:
    plan, zones = make.plan_in(tmp_path, kind="points", end="2026-03-16"), make.places()
    manifest, tables = make.parts(plan, zones, tmp_path, divisor=2)
    folder = make.written(tmp_path / "r", manifest=manifest, tables=tables, zones=zones)
    assert failed(folder) == ""


def set_(*path: str | int, to: object) -> Callable[[Json], None]:
    def change(manifest: Json) -> None:
        table: Any = manifest
        for key in path[:-1]:
            table = table[key]
        assert table[path[-1]] != to
        table[path[-1]] = to

    return change


def both(section: str, key: str, to: object) -> Callable[[Json], None]:
    """The same lie in the manifest and in its plan."""

    def change(manifest: Json) -> None:
        manifest[section][key] = manifest["plan"][section][key] = to

    return change


LIES: dict[str, tuple[Callable[[Json], object], str]] = {
    "format": (set_("format", to=2), "manifest"),
    "unknown key": (lambda m: m.update(extra=1), "manifest"),
    "missing key": (lambda m: m.pop("account"), "manifest"),
    "statistic twice": (lambda m: m["statistics"].append(m["statistics"][0]), "manifest"),
    "unlisted": (lambda m: m["files"].pop("README.md"), "files"),
    "listed, not there": (lambda m: m["files"].update({"more.txt": "0" * 64}), "files"),
    "foreign table": (lambda m: m["files"].update({"tables/more.parquet": "0" * 64}), "files"),
    "outside": (lambda m: m["files"].update({"../../etc/passwd": "0" * 64}), "files"),
    "epsilon": (set_("privacy", "epsilon", to="1/2"), "plan"),
    "delta": (set_("privacy", "delta", to="1/1000000000"), "plan"),
    "unit": (set_("privacy", "unit", to="day"), "plan"),
    "source": (set_("source", "name", to="other"), "plan"),
    "basis": (set_("basis", "controller", to="Nobody"), "plan"),
    "assessment": (set_("basis", "assessment_sha256", to="0" * 64), "plan"),
    "synthetic": (set_("synthetic", to=True), "plan"),
    "start": (set_("period", "start", to="2026-02-23"), "plan"),
    "share": (set_("statistics", 0, "share", to="2"), "plan"),
    "keys": (set_("statistics", 0, "keys", to=["zone", "day"]), "plan"),
    "plan names its files": (lambda m: m["plan"]["source"].update(files=["x"]), "plan"),
    "plan of endless digits": (lambda m: m["plan"]["privacy"].update(epsilon="1e999999999"), "plan"),
    "plan is no plan": (lambda m: m["plan"].pop("period"), "plan"),
    "plan is a list": (lambda m: m["plan"].update(source=[]), "plan"),
    "epsilon above ten": (both("privacy", "epsilon", "11"), "plan"),
    "id": (set_("id", to="2026-03-09-ride-app"), "plan"),
    "half a week": (both("period", "end", "2026-03-12"), "plan"),
    "units": (set_("privacy", "units", to=2), "period"),
    "account": (set_("account", "unit", to="day"), "period"),
    "rho": (set_("statistics", 0, "rho", to="1/1000"), "budget"),
    "scale": (set_("statistics", 0, "scale_fixed", to=5), "budget"),
    "bound": (set_("statistics", 0, "bound", to="4"), "budget"),
    "norm": (set_("statistics", 0, "norm", to="L1"), "budget"),
    "stderr": (lambda m: stat(m, "visits").update(stderr=stat(m, "visits")["stderr"] * 1.001), "budget"),
    "half width": (lambda m: stat(m, "visits").update(half_width=stat(m, "visits")["half_width"] * 0.99), "budget"),
    "total rho": (set_("privacy", "rho", to="1/1000000"), "budget"),
    "sold twice": (both("privacy", "epsilon", "99/100"), "budget"),
    "smaller delta": (both("privacy", "delta", "1/1000000000"), "budget"),
    "zones' hash": (set_("zones", "sha256", to="0" * 64), "zones"),
    "zones' count": (set_("zones", "count", to=8), "zones"),
    "zones' names": (set_("zones", "names", to=False), "zones"),
    "cells": (lambda m: stat(m, "visits").update(cells=48), "tables"),
    "pairs": (lambda m: stat(m, "flows").update(pairs="within", max_km="1"), "complete"),
    "no pairs": (lambda m: stat(m, "flows").update(pairs=None), "complete"),
    "mechanism": (lambda m: stat(m, "visits").update(mechanism="laplace", norm="L1"), "budget"),
}


@pytest.mark.parametrize("lie", LIES)
def test_lies_in_the_manifest(spoilt: Path, lie: str) -> None:
    change, check = LIES[lie]
    amend(spoilt, change)
    assert failed(spoilt) == check, first(spoilt)


def _double(t: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([t.head(2).tail(1), t.slice(1)])


HARM: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], str]] = {
    "lacks a row": (lambda t: t.slice(1), "tables"),
    "row too many": (lambda t: pl.concat([t, t.tail(1)]), "tables"),
    "column gone": (lambda t: t.drop("upper"), "tables"),
    "column more": (lambda t: t.with_columns(exact=pl.lit(1)), "tables"),
    "columns turned": (lambda t: t.select(reversed(t.columns)), "tables"),
    "other type": (lambda t: t.with_columns(pl.col("estimate").cast(pl.Float32)), "tables"),
    "other zone time": (lambda t: t.with_columns(pl.col("day").cast(pl.Datetime)), "tables"),
    "row doubled": (_double, "complete"),
    "row replaced": (lambda t: t.with_columns(zone=pl.col("zone").replace("z03", "z99")), "complete"),
    "null key": (lambda t: t.with_columns(zone=pl.col("zone").replace({"z03": None})), "complete"),
    "order": (lambda t: t.reverse(), "complete"),
    "null": (lambda t: t.with_columns(estimate=pl.when(pl.col("zone") > "z00").then("estimate")), "numbers"),
    "nan": (lambda t: t.with_columns(estimate=pl.lit(float("nan"))), "numbers"),
    "infinite": (lambda t: t.with_columns(consistent=pl.lit(float("inf"))), "numbers"),
    "negative": (lambda t: t.with_columns(consistent=pl.lit(-0.5)), "numbers"),
    "stderr": (lambda t: t.with_columns(pl.col("stderr") * 0.999), "numbers"),
    "interval": (lambda t: t.with_columns(lower=pl.col("lower") + 1), "numbers"),
    "shifted": (lambda t: t.with_columns(estimate=pl.col("estimate") + 1000), "numbers"),
    "suppressed": (lambda t: t.with_columns(suppressed=pl.lit(True)), "numbers"),
    "null mark": (lambda t: t.with_columns(suppressed=pl.lit(None, pl.Boolean)), "numbers"),
}


@pytest.mark.parametrize("harm", HARM)
def test_harm_to_a_table(spoilt: Path, harm: str) -> None:
    change, check = HARM[harm]
    retable(spoilt, "visits", change)
    assert failed(spoilt) == check, first(spoilt)


def first_class(name: str, **to: object) -> Callable[[Json], None]:
    """The manifest with other facts of a class of the statistic: of its second one."""
    return lambda m: stat(m, name)["classes"][1].update(to)


def relabel(m: Json) -> None:
    """Labels and edges that go together, but are not those of the table."""
    stat(m, "distance")["classes"][0].update(below=3, label="0-3 km")
    stat(m, "distance")["classes"][1].update(least=3, below=4, label="3-4 km")
    stat(m, "distance")["classes"][2].update(least=4, label="4-5 km")


CLASS_LIES: dict[str, tuple[Callable[[Json], object], str]] = {
    "label": (first_class("distance", label="1-3 km"), "manifest"),
    "least": (first_class("distance", least=0), "manifest"),
    "below": (first_class("distance", below=3), "manifest"),
    "no end": (first_class("distance", below=None), "manifest"),
    "unit": (first_class("dwell", unit="h"), "manifest"),
    "gap": (lambda m: stat(m, "distance")["classes"].pop(1), "manifest"),
    "first gone": (lambda m: stat(m, "distance")["classes"].pop(0), "manifest"),
    "order": (lambda m: stat(m, "distance")["classes"].reverse(), "manifest"),
    "other ranges": (relabel, "complete"),
    "one less": (
        lambda m: (
            stat(m, "dwell")["classes"].pop(),
            stat(m, "dwell")["classes"][-1].update(below=None, label="240+ min"),
        ),
        "complete",
    ),
    "no classes": (lambda m: stat(m, "dwell").pop("classes"), "complete"),
    "empty classes": (lambda m: stat(m, "dwell").update(classes=[]), "manifest"),
    "classes without a key": (
        lambda m: stat(m, "stay_home").update(classes=[{"label": "0+ km", "least": 0, "below": None, "unit": "km"}]),
        "complete",
    ),
    "pairs of one place": (lambda m: stat(m, "stay_home").update(pairs="all"), "complete"),
    "no max_km": (lambda m: stat(m, "catchment").update(pairs="all", max_km=None), "plan"),
}


@pytest.mark.parametrize("lie", CLASS_LIES)
def test_lies_about_classes_and_homes(spoilt_more: Path, lie: str) -> None:
    change, check = CLASS_LIES[lie]
    amend(spoilt_more, change)
    assert failed(spoilt_more) == check, first(spoilt_more)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("dwell", lambda t: t.with_columns(pl.col("class").replace("480+ min", "480-960 min"))),
        (
            "dwell",
            lambda t: t.with_columns(pl.col("class").replace({"0-30 min": "30-60 min", "30-60 min": "0-30 min"})),
        ),
        ("distance", lambda t: t.with_columns(pl.col("class").replace("0-1 km", None))),
        ("distance", lambda t: t.sort("home", "class")),
        ("catchment", lambda t: t.with_columns(home=pl.col("zone"), zone=pl.col("home")).select(t.columns)),
        ("stay_home", lambda t: t.with_columns(home=pl.col("home").replace("z03", "z99"))),
    ],
    ids=["label", "labels turned", "null", "order of the alphabet", "home and zone turned", "home"],
)
def test_harm_to_classes_and_homes(
    spoilt_more: Path, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    retable(spoilt_more, name, change)
    assert failed(spoilt_more) == "complete", first(spoilt_more)


def test_suppressed_rows_are_those_of_sensitive_places_only(spoilt: Path) -> None:
    columns = ["estimate", "stderr", "lower", "upper", "consistent"]
    retable(
        spoilt,
        "visits",
        lambda t: t.with_columns(
            pl.when(pl.col("zone") != "z01").then(pl.col(columns)), suppressed=pl.col("zone") == "z01"
        ),
    )
    assert failed(spoilt) == "numbers"
    amend(spoilt, lambda m: stat(m, "visits").update(suppression="rows of small zones"))
    assert failed(spoilt) == "sensitive"  # no rule but that of sensitive places marks a row


def test_every_check_is_seen_failing() -> None:
    # test_levels.py, test_registry.py, test_logged.py, test_silent.py
    elsewhere = {"adding up", "publication", "logged", "sensitive"}
    seen = {check for _, check in (*LIES.values(), *HARM.values())} | elsewhere
    assert seen == {check.name for check in CHECKS}


@pytest.mark.parametrize("order", ["descending", "doubled", "null", "text geometry", "other columns", "empty", "nan"])
def test_harm_to_the_zones(spoilt: Path, order: str) -> None:
    file = spoilt / "zones.parquet"
    table = pq.read_table(file)
    match order:
        case "descending":
            table = table.take(list(range(6, -1, -1)))
        case "doubled":
            table = table.take([0, 0, 2, 3, 4, 5, 6])
        case "null":
            table = table.set_column(0, "zone", [[None, *table["zone"].to_pylist()[1:]]])
        case "text geometry":
            table = table.set_column(3, "geometry", [["POINT (1 2)"] * 7])
        case "other columns":
            table = table.drop_columns(["parent"])
        case _:
            import shapely

            shape = shapely.Polygon() if order == "empty" else shapely.Point(float("nan"), 1)
            table = table.set_column(3, "geometry", [[shapely.to_wkb(shape)] * 7])
    pq.write_table(table, file)
    amend(spoilt)
    assert failed(spoilt) == "zones"
    assert first(spoilt).reason.startswith("zones.parquet")


def test_files_that_do_not_belong(spoilt: Path) -> None:
    (spoilt / "extra.txt").write_text("x")
    assert first(spoilt) == Outcome("files", False, "extra.txt is not listed in manifest.json")
    (spoilt / "extra.txt").unlink()
    (spoilt / "tables" / "deep").mkdir()
    (spoilt / "tables" / "deep" / ".hidden").write_text("x")
    assert "tables/deep/.hidden is not listed" in first(spoilt).reason


@pytest.mark.parametrize(
    "name", ["README.md", "registry.yaml", "zones.parquet", "tables/visits.parquet", "manifest.json"]
)
def test_gone_cut_and_linked(spoilt: Path, name: str) -> None:
    file = spoilt / name
    data = file.read_bytes()
    check = "manifest" if name == "manifest.json" else "files"
    for size in (0, 1, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:size])
        assert failed(spoilt) == check
    file.unlink()
    assert failed(spoilt) == check
    (spoilt.parent / "outside").write_bytes(data)
    file.symlink_to(spoilt.parent / "outside")
    assert failed(spoilt) == check
    file.unlink()
    file.mkdir()
    assert failed(spoilt) == check
    file.rmdir()
    os.mkfifo(file)  # must not be opened: reading would wait for ever
    assert failed(spoilt) == check
    file.unlink()
    file.write_bytes(data)
    assert failed(spoilt) == ""


def test_linked_folder(spoilt: Path) -> None:
    (spoilt / "tables").rename(spoilt.parent / "elsewhere")
    (spoilt / "tables").symlink_to(spoilt.parent / "elsewhere")
    assert first(spoilt) == Outcome("files", False, "tables is a link or a special file")


@pytest.mark.parametrize(
    ("statistic", "step"),
    [({"visits": ("zone",)}, 1), ({"distance": ("home", "class")}, 7)],
    ids=["zones", "classes, every seventh"],
)
def test_every_byte_of_the_folder_flipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statistic: dict[str, tuple[str, ...]], step: int
) -> None:
    """Of every file, one bit of every byte: each flip is found, none gives a traceback."""
    plan = make.plan_in(tmp_path, statistics=statistic, end="2026-03-03", unit="day")
    zones = make.squares(2)
    manifest, tables = make.parts(plan, zones, tmp_path)
    manifest = manifest.model_copy(update={"not_protected": ("Crowds.",)})
    folder = make.written(tmp_path / "r", manifest=manifest, tables=tables, zones=zones)
    for name in ("read_table", "read_zones", "rows_and_columns"):  # read only where the hashes still hold
        monkeypatch.setattr(_store, name, cache(getattr(_store, name)))
    random, files = Random(7), sorted(file for file in folder.rglob("*") if file.is_file())
    assert {"proof.json", "manifest.json", "README.md", "zones.parquet"} < {file.name for file in files}
    opened = _checks.Folder(folder)
    _checks.files(opened)
    for file in files:
        data = file.read_bytes()
        for place in range(random.randrange(step), len(data), step):
            spoilt = bytearray(data)
            spoilt[place] ^= 1 << random.randrange(8)
            file.write_bytes(spoilt)
            if file.suffix == ".json":
                outcomes = verify(folder)
                assert all("can't be read as it stands" not in o.reason for o in outcomes), (place, outcomes)
                assert not all(o.passed for o in outcomes), (file.name, place)
            else:
                with pytest.raises(_checks.Failed, match="was changed"):
                    _checks.files(opened)
        file.write_bytes(data)
    assert failed(folder) == ""


@pytest.mark.parametrize(("most", "kept"), [(_checks.MOST_KEPT, True), (3, False)], ids=["small", "large"])
def test_a_small_table_is_read_once(spoilt: Path, monkeypatch: pytest.MonkeyPatch, most: int, kept: bool) -> None:
    """And a large one by each check that asks for it: of those no two lie in memory."""
    read: list[str] = []

    def spy(file: Path, reader: Callable[[Path], pl.DataFrame] = _store.read_table) -> pl.DataFrame:
        read.append(file.name)
        return reader(file)

    monkeypatch.setattr(_store, "read_table", spy)
    monkeypatch.setattr(_checks, "MOST_KEPT", most)
    assert failed(spoilt) == ""
    tables = {file.name for file in (spoilt / "tables").iterdir()}
    assert set(read) == tables
    assert (len(read) == len(tables)) is kept


@pytest.mark.parametrize("careful", [False, True], ids=["hash kept", "hash renewed"])
def test_random_bytes_of_the_other_files(spoilt: Path, careful: bool) -> None:
    """Each of 240 flips is found by its hash; with the hash renewed 60 give a verdict, never a traceback."""
    random = Random(11)
    names = ["README.md", "registry.yaml", "zones.parquet", *(f"tables/{n}.parquet" for n in ("visits", "residents"))]
    kept = {name: (spoilt / name).read_bytes() for name in names}
    signed = {name: (spoilt / name).read_bytes() for name in ("manifest.json", "proof.json")}
    for _ in range(60 if careful else 240):
        name = random.choice(names)
        data = bytearray(kept[name])
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        (spoilt / name).write_bytes(data)
        if careful:
            amend(spoilt)
            assert len(verify(spoilt)) == len(CHECKS)
        else:
            assert first(spoilt) == Outcome(
                "files", False, f"{name} was changed: its SHA-256 is not the one in manifest.json"
            )
        (spoilt / name).write_bytes(kept[name])
        for signed_name, bytes_ in signed.items():
            (spoilt / signed_name).write_bytes(bytes_)
    assert failed(spoilt) == ""


def test_require_says_which_check_and_what_to_do(spoilt: Path) -> None:
    amend(spoilt, set_("privacy", "rho", to="1/1000000"))
    with pytest.raises(
        VerificationError, match=r"copy: the release does not verify, check `budget`: .*; get an unchanged"
    ):
        require(spoilt)
    assert VerificationError.exit_status == 3


def test_later_checks_say_what_they_wait_for(spoilt: Path) -> None:
    (spoilt / "manifest.json").unlink()
    reasons = {o.name: o.reason for o in verify(spoilt)}
    assert reasons.pop("manifest") == "there is no manifest.json"
    assert all(reason.startswith("not checked, because `") for reason in reasons.values())


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no such folder"):
        verify(tmp_path / "nothing")
