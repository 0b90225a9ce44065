"""What is kept gives the integers that the files give, and is written whole or not at all."""

import stat
from pathlib import Path
from typing import Any

import pytest

import shoal
from shoal.engines import SparkEngine
from shoal.errors import BasisError, DataError, PlanError, StateError, UsageError
from shoal.kept import Shelf, writer
from shoal.kept.source import read_segment
from shoal.ledger import State
from shoal.ledger.entries import SourceEntry
from shoal.plan import Plan
from tests.engines.test_local import DAYS, NUMBERED, ROWS, trips_text
from tests.pipeline import source, traces
from tests.rights.weeks import changed, keep, on_day, over_kept, plan, silent, sums


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    on_day(monkeypatch, "2019-03-20")


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.open(tmp_path / "state")


def daily(found: Plan, unit: str) -> Plan:
    return changed(found, ('unit = "day"', f'unit = "{unit}"'))


def week(folder: Path, files: Any) -> Plan:
    found = plan(folder, files)
    return changed(found, ("end = 2019-03-07", "end = 2019-03-11"), ('unit = "day"', 'unit = "week"'))


@pytest.mark.parametrize("held", [0, 1 << 30], ids=["many segments", "few"])
def test_the_same_integers_as_from_the_files(
    tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(writer, "_HELD", held)
    monkeypatch.setattr(writer, "SIZE", 1 << 15)
    own = plan(tmp_path, {f"{i}.csv": ROWS[i::3] for i in range(3)})
    spans = keep(own, state)
    assert len(spans) == DAYS and len(list((state.folder / "kept-keys" / "kestrel").iterdir())) == DAYS
    assert sums(over_kept(own), state) == sums(own)
    assert sums(over_kept(own, ("start = 2019-03-04", "start = 2019-03-05")), state) != sums(own)


def test_a_kept_week_serves_plans_of_days_and_of_the_week(tmp_path: Path, state: State) -> None:
    own = week(tmp_path, {"all.csv": ROWS})
    keep(own, state)
    assert sums(over_kept(own), state) == sums(own)
    days = (("end = 2019-03-11", "end = 2019-03-07"), ('unit = "week"', 'unit = "day"'))
    assert sums(over_kept(own, *days), state) == sums(plan(tmp_path / "days", {"all.csv": ROWS}))
    middle = (("start = 2019-03-04", "start = 2019-03-05"), ("end = 2019-03-11", "end = 2019-03-06"), days[1])
    part = changed(plan(tmp_path / "one", {"all.csv": ROWS}), *middle[:1], ("end = 2019-03-07", "end = 2019-03-06"))
    assert sums(over_kept(own, *middle), state) == sums(part)


def test_later_files_of_a_unit_are_added_and_none_twice(tmp_path: Path, state: State) -> None:
    own = plan(tmp_path, {"1.csv": ROWS[::2]})
    keep(own, state)
    half = sums(own)
    keep(own, state)
    assert sums(over_kept(own), state) == half
    source.write(own.folder / "records" / "2.csv", ROWS[1::2])
    (own.folder / "records" / "1.csv").rename(own.folder / "records" / "renamed.csv")
    keep(own, state)
    whole = sums(own)
    assert sums(over_kept(own), state) == whole != half


@pytest.mark.parametrize("ends", ["places", "zones"])
def test_trips_too(tmp_path: Path, state: State, ends: str) -> None:
    own = trips(tmp_path, ends)
    keep(own, state)
    assert sums(over_kept(own), state) == sums(own)
    assert all(sum(cells) > 0 for cells in sums(own).values())
    other = (("resolution = 8", "resolution = 7"),)
    with pytest.raises(PlanError, match="kept by other zones"):
        sums(over_kept(own, *other), state)


def trips(folder: Path, ends: str) -> Plan:
    places = ("start_lat", "start_lon", "end_lat", "end_lon")
    columns = ("device", "start", "end", *(places if ends == "places" else ("origin", "destination")))
    text = trips_text("2019-03-04", "2019-03-07", columns)
    (folder / "records").mkdir(parents=True)
    (folder / "plan.toml").write_text(text.replace('planning"\n', 'planning"\nretention_days = 30\n'))
    found = Plan.load(folder / "plan.toml")
    from shoal.zones import load_zones

    ids = load_zones(found).ids
    lines = [",".join(columns)]
    for number in range(60):
        start = source.FIRST_DAY + 4000 * number
        at = (f"20.6{2 + number % 4},-103.38,20.6{5 - number % 3},-103.3{7 + number % 2}" if ends == "places"
              else f"{ids[number % len(ids)]},{ids[number * 7 % len(ids)]}")  # fmt: skip
        lines.append(f"rider-{number % 9},{start},{start + 600},{at}")
    (folder / "records" / "a.csv").write_text("\n".join(lines))
    return found


def test_a_release_from_what_is_kept(tmp_path: Path, state: State) -> None:
    """Charged as one from files; asked again it gives the first one; its manifest says nothing of where records lay."""
    own = plan(tmp_path, {"all.csv": ROWS})
    keep(own, state)
    kept = over_kept(own)
    told: list[str] = []

    def release(of: Plan) -> shoal.Release:
        return shoal.release(of, state=state.folder, out=tmp_path / "out", progress=silent, tell=told.append)

    first = release(kept)
    assert release(kept).id == first.id and len(state.accounts.statement()[0].charges) == 1
    assert kept.public() == own.public() and "kept" not in (first.folder / "manifest.json").read_text()
    source.write(own.folder / "records" / "2.csv", ROWS[:5])
    keep(own, state)
    assert release(kept).id != first.id  # more is kept


def test_on_disk_there_is_nothing_to_see(tmp_path: Path, state: State) -> None:
    rows = source.records(devices=40, days=DAYS)
    own = plan(tmp_path / "in", {"all.csv": rows})
    keep(own, state)
    secret = traces.of_records(rows)
    assert secret.under(tmp_path / "in") and secret.under(state.folder) == []
    names = sorted(str(path.relative_to(state.folder)) for path in (state.folder / "kept").rglob("*"))
    assert [name for name in names if name.endswith("index")] == [
        f"kept/kestrel/2019-03-0{day}_2019-03-0{day + 1}/index" for day in (4, 5, 6)
    ]
    for path in [*(state.folder / "kept").rglob("*"), *(state.folder / "kept-keys").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_what_was_changed_on_disk_does_not_open(tmp_path: Path, state: State) -> None:
    own = plan(tmp_path, {"all.csv": ROWS})
    keep(own, state)
    folders = sorted((state.folder / "kept" / "kestrel").iterdir())
    segments = [next(path for path in sorted(folder.iterdir()) if path.name != "index") for folder in folders]
    kept = segments[0].read_bytes()
    segments[0].write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    with pytest.raises(StateError, match="is not as it was written"):
        sums(over_kept(own), state)
    segments[0].write_bytes(segments[1].read_bytes())  # of another unit
    with pytest.raises(StateError, match="is not as it was written"):
        sums(over_kept(own), state)
    segments[0].unlink()
    with pytest.raises(StateError, match="is gone"):
        sums(over_kept(own), state)
    segments[0].write_bytes(kept)
    index = (folders[0] / "index").read_bytes()
    (folders[0] / "index").write_bytes((folders[1] / "index").read_bytes())
    with pytest.raises(StateError, match="index of a kept unit was changed"):
        sums(over_kept(own), state)
    (folders[0] / "index").write_bytes(index)
    key = next((state.folder / "kept-keys" / "kestrel").iterdir())
    key.chmod(0o644)
    with pytest.raises(StateError, match="other users can read"):
        sums(over_kept(own), state)


def test_a_device_has_another_pseudonym_in_each_unit(
    tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two-sided: under one key for all units, every device is linked."""
    own = plan(tmp_path, {"all.csv": NUMBERED})
    keep(own, state)
    assert linked(state) == 0
    monkeypatch.setattr("shoal.kept.shelf.token_bytes", bytes)
    other = State.open(tmp_path / "other")
    keep(own, other)
    assert linked(other) > 20


def linked(state: State) -> int:
    """Pseudonyms that lie in more than one unit."""
    shelf = Shelf(state.folder, "kestrel")
    seen: list[set[int]] = []
    for unit in shelf.units():
        assert unit.index is not None
        names = unit.index.files
        seen.append({int(p) for name in names for p in read_segment(shelf, unit, name, "points")["pseudonym"]})
    assert len(seen) == DAYS and all(len(some) > 20 for some in seen)
    return len((seen[0] & seen[1]) | (seen[1] & seen[2]) | (seen[0] & seen[2]))


def test_what_is_refused(tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    own = plan(tmp_path, {"all.csv": ROWS})
    kept = over_kept(own)
    with pytest.raises(PlanError, match=r"no records are kept for the days that begin on 2019-03-04, 2019-03-05, "):
        shoal.release(kept, state=state.folder, out=tmp_path / "out", progress=silent, tell=silent)
    keep(own, state)
    for changes, kind, words in (
        ((("end = 2019-03-07", "end = 2019-03-08"),), PlanError, "days that begin on 2019-03-07; keep them first"),
        ((("[zones]", "[cleaning]\nmax_accuracy = 50\n[zones]"),), PlanError, "was kept with 200 metres"),
        ((("transport planning", "urban research"),), BasisError, "kept for another purpose"),
        ((("public dataset", "contract"),), BasisError, "kept for another legal basis"),
        ((('"City"', '"Town"'),), BasisError, "kept for another controller"),
        ((("America/Mexico_City", "Europe/Vienna"),), PlanError, "was kept with timezone 'America/Mexico_City'"),
    ):
        with pytest.raises(kind, match=words):
            sums(over_kept(own, *changes), state)
        if "end" not in changes[0][0]:
            text = own.file.read_text()
            with pytest.raises(kind, match=words):
                keep(changed(own, *changes), state)
            own.file.write_text(text)
    with pytest.raises(PlanError, match="overlaps with the kept one from 2019-03-04 to 2019-03-05"):
        keep(week(tmp_path / "week", {"all.csv": ROWS}), state)
    with pytest.raises(UsageError, match="--engine local"):
        shoal.release(
            kept, state=state.folder, out=tmp_path / "out", engine=SparkEngine(), progress=silent, tell=silent
        )
    with pytest.raises(PlanError, match="says no files"):
        keep(kept, state)
    with pytest.raises(PlanError, match="nothing is kept without a term"):
        keep(changed(own, ("retention_days = 30\n", "")), state)
    with pytest.raises(PlanError, match="stands beside `files`"):
        changed(kept, ("kept = true", 'kept = true\nfiles = ["a.csv"]'))
    on_day(monkeypatch, "2019-04-04")
    with pytest.raises(BasisError, match="ended 30 days ago or more"):
        keep(plan(tmp_path / "late", {"all.csv": ROWS}), state)


def test_a_plan_over_kept_records_need_not_name_columns(tmp_path: Path, state: State) -> None:
    own = plan(tmp_path, {"all.csv": ROWS})
    keep(own, state)
    text = own.file.read_text()
    columns = text[text.index("[source.columns]") : text.index("[source.basis]")]
    assert sums(over_kept(own, (columns, "")), state) == sums(own)


def test_keeping_registers_the_source(tmp_path: Path, state: State) -> None:
    keep(plan(tmp_path, {"all.csv": ROWS}), state)
    entry = state.journal.latest("source", "kestrel")
    assert isinstance(entry, SourceEntry) and entry.retention_days == 30 and entry.purpose == "transport planning"


def test_a_longer_unit_than_the_accounts_is_refused(tmp_path: Path, state: State) -> None:
    own = plan(tmp_path, {"all.csv": ROWS})
    shoal.release(own, state=state.folder, out=tmp_path / "out", progress=silent, tell=silent)
    with pytest.raises(PlanError, match="longer than that of the account of kestrel, one day"):
        keep(week(tmp_path / "week", {"all.csv": ROWS}), state)


def test_a_keeping_that_fails_leaves_nothing(tmp_path: Path, state: State) -> None:
    own = plan(tmp_path, {"1.csv": ROWS})
    good = own.file.read_text()
    with pytest.raises(DataError, match="outside the period"):
        keep(
            changed(own, ("start = 2019-03-04", "start = 2019-03-06"), ("max_bad_rows = 1", "max_bad_rows = 0.2")),
            state,
        )
    left = [path for name in ("kept", "kept-keys") for path in (state.folder / name / "kestrel").rglob("*")]
    assert left == []
    own.file.write_text(good.replace("max_bad_rows = 1", "max_bad_rows = 0.2"))
    own = Plan.load(own.file)
    keep(own, state)
    before = sums(over_kept(own), state)
    files = sorted(path for path in (state.folder / "kept").rglob("*"))
    (own.folder / "records" / "2.csv").write_text("uid,seen,lat,lng\n" + "a,b,c,d\n" * 9000)
    with pytest.raises(DataError, match="unreadable time"):
        keep(own, state)
    assert sums(over_kept(own), state) == before and sorted((state.folder / "kept").rglob("*")) == files
