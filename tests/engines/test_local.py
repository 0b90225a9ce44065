"""The local engine gives the same integers, however the same records come and however the work is cut."""

import errno
import os
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import shoal
from shoal.buckets import grouping, spill, store
from shoal.buckets.partition import Records
from shoal.design import Design
from shoal.engines import LocalEngine, Progress
from shoal.errors import DataError, StateError, UsageError
from shoal.ledger import State
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.privacy.mechanism import ONE
from shoal.sources import Tally, open_source
from tests.pipeline import source
from tests.pipeline.source import Record

Sums = dict[str, list[int]]
DAYS = 3
EVERY = "2019-03-04", "2019-03-07"
HEAVY = "99999999"  # has a tenth of all records


def _rows() -> list[Record]:
    """Records of three days, in the order of their time, with what makes order matter if anything does."""
    dice = random.Random(11)
    rows = source.records(devices=30, days=DAYS, seed=3)
    # two places in one second, and the same record twice
    rows += [row._replace(lat=round(row.lat + 0.0003, 7)) for row in dice.sample(rows, 60)] + dice.sample(rows, 60)
    steps = len(rows) // 9
    lat, lon, every = source.SOUTH + 0.01, source.WEST + 0.01, DAYS * source.DAY // steps
    for step in range(steps):
        if step % 40 == 0:
            lat, lon = dice.uniform(source.SOUTH, source.NORTH), dice.uniform(source.WEST, source.EAST)
        rows.append(Record(HEAVY, source.FIRST_DAY + step * every + 1, round(lat, 7), round(lon, 7)))
    return sorted(rows, key=lambda row: row.time)


ROWS = _rows()
NUMBERS = {device: str(10_000_000 + 7 * place) for place, device in enumerate(sorted({row.device for row in ROWS}))}
NUMBERED = [row._replace(device=NUMBERS[row.device]) for row in ROWS]
"""The same, every device a number."""


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Sums:
    """What comes out of one file of text in the order of time, by one worker."""
    return sums(plan_of(tmp_path_factory.mktemp("usual"), {"all.csv": ROWS}), LocalEngine(workers=1))


def test_there_is_something_to_compare(usual: Sums) -> None:
    """Also where contributions were scaled down, so that the cutting of rows shows."""
    names = ["presence", "visits", "flows", "residents"]
    assert [name for name in usual if "." not in name] == names
    assert set(usual) >= {f"{name}{level}" for name in names[:3] for level in (".region", ".all")}
    for name, cells in usual.items():
        assert sum(cell > 0 for cell in cells) >= (15 if "." not in name else 1), name
    assert any(cell % ONE for cell in usual["visits"]) and any(cell % ONE for cell in usual["flows"])
    heavy = sum(row.device == HEAVY for row in ROWS)
    assert 0.09 < heavy / len(ROWS) < 0.11


@pytest.mark.parametrize("change", [1, -1])
def test_one_record_more_or_less_shows(tmp_path: Path, usual: Sums, change: int) -> None:
    """Else equality below would say little."""
    extra = Record("00000001", source.FIRST_DAY + 50_000, source.SOUTH + 0.03, source.WEST + 0.03)
    rows = [*ROWS, extra] if change > 0 else [row for row in ROWS if row.device != HEAVY]
    assert sums(plan_of(tmp_path, {"all.csv": rows})) != usual


@pytest.mark.parametrize("workers", [1, 2, 4, 13])
def test_any_number_of_workers(tmp_path: Path, usual: Sums, workers: int) -> None:
    plan = plan_of(tmp_path, {f"{i}.csv": ROWS[i::3] for i in range(3)})
    assert sums(plan, LocalEngine(workers=workers)) == usual


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_records(tmp_path: Path, usual: Sums, seed: int) -> None:
    rows = random.Random(seed).sample(ROWS, len(ROWS))
    assert sums(plan_of(tmp_path, {"all.csv": rows})) == usual


def test_seven_files_as_one(tmp_path: Path, usual: Sums) -> None:
    """Every device's records lie in all of them."""
    assert sums(plan_of(tmp_path, {f"{i}.csv": ROWS[i::7] for i in range(7)})) == usual


@pytest.mark.parametrize("ending", [".csv", ".ndjson", ".parquet"])
def test_any_format(tmp_path: Path, usual: Sums, ending: str) -> None:
    assert sums(plan_of(tmp_path, {f"all{ending}": ROWS})) == usual


def test_formats_side_by_side(tmp_path: Path, usual: Sums) -> None:
    files = {"1.csv": ROWS[::3], "2.ndjson": ROWS[1::3], "3.parquet": ROWS[2::3]}
    assert sums(plan_of(tmp_path, files)) == usual


@pytest.mark.parametrize("ending", [".ndjson", ".parquet"])
def test_numbers_as_numbers_or_as_text(tmp_path: Path, usual: Sums, ending: str) -> None:
    """And a device whose number is text in another file is still one device."""
    text, half = {"all.csv": NUMBERED}, {"1.csv": NUMBERED[::2]}
    assert sums(plan_of(tmp_path / "text", text)) == usual
    plan = plan_of(tmp_path / "numbers", {}, numbers={f"all{ending}": NUMBERED})
    assert sums(plan) == usual
    assert sums(plan_of(tmp_path / "both", half, numbers={f"2{ending}": NUMBERED[1::2]})) == usual


def test_unsigned_small_and_decimal_numbers(tmp_path: Path, usual: Sums) -> None:
    for number, kind in enumerate((pa.uint32(), pa.uint64(), pa.decimal128(12, 0))):
        plan = plan_of(tmp_path / str(number), {})
        devices = [int(row.device) for row in NUMBERED]
        columns = [pa.array(map(Decimal, devices) if pa.types.is_decimal(kind) else devices, kind)]
        columns += [pa.array([row[i] for row in NUMBERED]) for i in (1, 2, 3)]
        (plan.folder / "records").mkdir()
        pq.write_table(pa.table(dict(zip(source.COLUMNS, columns, strict=True))), plan.folder / "records" / "a.parquet")
        assert sums(plan) == usual, kind


def test_a_file_named_twice_counts_once(tmp_path: Path, usual: Sums) -> None:
    plan = plan_of(tmp_path, {"all.csv": ROWS})
    text = plan.file.read_text()
    plan.file.write_text(text.replace('["records/*"]', '["records/*", "records/all.csv", "./records/../records/a*"]'))
    assert sums(Plan.load(plan.file)) == usual


def test_a_copy_of_a_file_changes_nothing(tmp_path: Path, usual: Sums) -> None:
    """A device is at one place in one second, however often it says so."""
    assert sums(plan_of(tmp_path, {"all.csv": ROWS, "copy.csv": ROWS, "copy.parquet": ROWS})) == usual


TRIPS = """
[statistics.visits]
bound = 3
[statistics.flows]
by = ["origin", "destination"]
bound = 2
"""


def trips_text(start: str, end: str, columns: Sequence[str]) -> str:
    """A plan for trips whose columns have our names."""
    text = source.plan_text(start=start, end=end)
    text = text[: text.index("[statistics.")].replace('kind = "points"', 'kind = "trips"') + TRIPS
    head, _, rest = text.partition("[source.columns]")
    names = "".join(f'{column} = "{column}"\n' for column in columns)
    return f"{head}[source.columns]\n{names}{rest[rest.index('[source.basis]') :]}"


def test_copies_of_trips_stay_within_the_bound(tmp_path: Path) -> None:
    """A trip in five files counts five times, since nothing says that it is one; but never more than the bound."""
    columns = ("device", "start", "end", "start_lat", "start_lon", "end_lat", "end_lon")
    text = trips_text(*EVERY, columns)
    lines = [",".join(columns)]
    for number in range(6):
        start, away = source.FIRST_DAY + 9000 * number, 0.008 * number
        lines.append(f"one,{start},{start + 99},20.63,-103.38,{source.SOUTH + away},{source.WEST + away}")
    found: list[Sums] = []
    for copies in (1, 5):
        folder = tmp_path / str(copies)
        (folder / "records").mkdir(parents=True)
        for copy in range(copies):
            (folder / "records" / f"{copy}.csv").write_text("\n".join(lines))
        (folder / "plan.toml").write_text(text)
        plan = Plan.load(folder / "plan.toml")
        found.append(sums(plan))
    for name in ("visits", "flows"):
        mechanism = Design.of(plan).allocation.mechanisms[name]
        power = 1 if mechanism.kind == "laplace" else 2
        lengths = [sum(cell**power for cell in one[name]) ** (1 / power) for one in found]
        assert 0 < lengths[0] <= mechanism.norm and 0.98 * mechanism.norm < lengths[1] <= mechanism.norm, name


def test_three_days_are_three_plans_of_a_day(tmp_path: Path, usual: Sums) -> None:
    """Units are apart: what a device does on one day neither adds to nor takes from another day's bound."""
    days = []
    for day in range(DAYS):
        dates = f"2019-03-0{4 + day}", f"2019-03-0{5 + day}"
        plan = plan_of(tmp_path / str(day), {"all.parquet": ROWS}, dates=dates)
        days.append((Design.of(plan), sums(plan)))
    whole = Design.of(plan_of(tmp_path / "whole", {}))
    for statistic in whole.statistics:
        name, bins = statistic.name, statistic.grid.time.bins
        parts = [np.array(found[name]) for _, found in days]
        mechanisms = {design.allocation.mechanisms[name] for design, _ in days}
        assert mechanisms == {whole.allocation.mechanisms[name]}, "the bound is for one unit, however many there are"
        if name in ("presence", "visits"):  # by hour and day: side by side
            together = np.concatenate([part.reshape(-1, bins // DAYS) for part in parts], axis=1).ravel()
        else:
            together = np.sum(parts, axis=0)
        assert together.tolist() == usual[name], name


@pytest.mark.parametrize(
    ("bits", "most", "gather", "piece"),
    [(1, 1 << 18, 1 << 20, 1 << 15), (1, 1, 1, 64), (10, 1, 100, 1 << 15), (10, 300, 7, 16), (14, 40, 1 << 20, 16)],
    ids=["one bucket", "two", "1024", "a few", "16384 in one go"],
)
def test_any_size_of_buckets(
    tmp_path: Path, usual: Sums, monkeypatch: pytest.MonkeyPatch, bits: int, most: int, gather: int, piece: int
) -> None:
    monkeypatch.setattr(store, "_BITS", bits)
    monkeypatch.setattr(store, "_USUAL", most)
    monkeypatch.setattr(store, "_GATHER", gather)
    monkeypatch.setattr(grouping, "PIECE", piece)
    plan = plan_of(tmp_path, {f"{i}.csv": ROWS[i::4] for i in range(4)})
    assert sums(plan, LocalEngine(workers=3)) == usual


@pytest.mark.parametrize("held", [0, 20 * 300, 20 * len(ROWS) - 1], ids=["none", "a little", "all but one"])
@pytest.mark.parametrize("workers", [1, 4])
def test_records_that_go_to_disk(
    tmp_path: Path, usual: Sums, monkeypatch: pytest.MonkeyPatch, held: int, workers: int
) -> None:
    """Sealed there, and back: the same integers. Nothing is left behind."""
    monkeypatch.setattr(store, "_GATHER", 500)
    monkeypatch.setattr(spill, "_SEGMENT", 50)
    written: list[int] = []
    write = spill.Spill.write

    def watched(self: spill.Spill, part: int, records: Records) -> None:
        written.append(records.size)
        write(self, part, records)

    monkeypatch.setattr(spill.Spill, "write", watched)
    plan = plan_of(tmp_path / "plan", {f"{i}.csv": ROWS[i::4] for i in range(4)})
    temp = tmp_path / "temp"
    temp.mkdir()
    assert sums(plan, LocalEngine(workers=workers, temp=temp, held=held)) == usual
    assert sum(written) > (0 if held else len(ROWS) // 2)
    assert list(temp.iterdir()) == []


@pytest.mark.parametrize("most", [1, 70, 2_000])
def test_a_bucket_too_large_to_be_sorted_at_once(
    tmp_path: Path, usual: Sums, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """It is thinned to one record a second; there are seconds with several records, and records that occur twice."""
    monkeypatch.setattr(store, "_MOST", most)
    monkeypatch.setattr(store, "_GATHER", 300)
    monkeypatch.setattr(spill, "_SEGMENT", 40)
    plan = plan_of(tmp_path, {"all.csv": ROWS})
    assert sums(plan, LocalEngine(workers=2, held=20 * 1000)) == usual


def test_a_thinning_that_keeps_the_wrong_record_would_show(
    tmp_path: Path, usual: Sums, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(records: Records) -> Records:
        _, first = np.unique(
            np.stack([records["pseudonym"], records["time"].astype(np.uint64)]), axis=1, return_index=True
        )
        return records[np.sort(first)]

    monkeypatch.setattr(store, "_MOST", 70)
    monkeypatch.setattr(store, "thin", wrong)
    assert sums(plan_of(tmp_path, {"all.csv": ROWS}), LocalEngine(held=0)) != usual


def test_too_little_memory_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^a run needs at least 1\.5 GiB of memory; allow more, as in --memory 8GiB$"):
        LocalEngine(memory=(3 << 29) - 1)


@pytest.mark.parametrize("memory", [3 << 29, 2 << 30, 8 << 30, 1 << 40])
def test_what_records_may_fill_leaves_room_for_the_rest(memory: int) -> None:
    engine = LocalEngine(memory=memory)
    assert engine.held > 0 and engine.held + engine.workers * (256 << 20) + (768 << 20) <= memory * 17 / 16


def test_no_room_on_disk_is_one_sentence_and_not_charged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    monkeypatch.setattr(store, "_GATHER", 500)
    plan = plan_of(tmp_path, {"all.csv": ROWS})
    state, out = tmp_path / "state", tmp_path / "out"
    engine = LocalEngine(workers=2, held=0, temp=tmp_path)
    with pytest.raises(StateError, match=r"temporary records can't be written there .*--temp, or allow more --memory"):
        shoal.release(plan, engine=engine, state=state, out=out, progress=silent, tell=silent)
    assert State.open(state).accounts.statement() == []
    assert list(out.iterdir()) == list((state / "releases").iterdir()) == []


def test_a_temp_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere: there is no such folder for temporary records; make it"):
        LocalEngine(temp=tmp_path / "nowhere")


def test_a_failure_in_one_thread_ends_the_others(tmp_path: Path) -> None:
    """And is what is told; 40 files more are not read first."""
    plan = plan_of(tmp_path, {f"{i:02}.csv": ROWS[:50] for i in range(50)})
    broken = tmp_path / "records" / "09.csv"
    broken.write_text(broken.read_text() + "a,b,c,d,e,f,g\n")
    tally = Tally()
    design, engine = Design.of(plan), LocalEngine(workers=2)
    with pytest.raises(DataError, match=r"09\.csv, line 52: has 7 values"):
        engine.sums(design, engine.open(design), tally, silent)
    assert tally.rows <= 50 * 20


def test_progress_goes_from_nothing_to_all(tmp_path: Path) -> None:
    """In both phases, never back, and never more than all."""
    told: dict[str, list[float]] = {}
    plan = plan_of(tmp_path, {f"{i}.csv": ROWS[i::4] for i in range(4)})
    sums(plan, LocalEngine(workers=2), lambda phase, done, records=None: told.setdefault(phase, []).append(done))
    assert list(told) == ["Reading records", "Following movements"]
    for phase, done in told.items():
        assert done == sorted(done) and done[0] > 0 and done[-1] == 1, phase


def plan_of(
    folder: Path,
    files: Mapping[str, Sequence[Record]],
    *,
    numbers: Mapping[str, Sequence[Record]] | None = None,
    dates: tuple[str, str] = EVERY,
) -> Plan:
    """A plan over files of these records, bounds low enough to be felt; `numbers`: files of identifiers as numbers."""
    folder.mkdir(exist_ok=True)
    text = source.plan_text(start=dates[0], end=dates[1])
    for name, bound in (("visits", "1.5"), ("flows", "0.75")):
        text = text.replace(f"[statistics.{name}]", f"[statistics.{name}]\nbound = {bound}")
    text = text.replace(
        'time_unit = "s"', 'time_unit = "s"\nmax_bad_rows = 1'
    )  # other days' rows are outside the period
    (folder / "plan.toml").write_text(text)
    for name, rows in files.items():
        source.write(folder / "records" / name, rows)
    for name, rows in (numbers or {}).items():
        source.write(folder / "records" / name, rows, numbers=True)
    return Plan.load(folder / "plan.toml")


def sums(plan: Plan, engine: LocalEngine | None = None, progress: Progress = lambda *_: None) -> Sums:
    """What the engine adds up, exactly."""
    design = Design.of(plan)
    found = (engine or LocalEngine(workers=2)).sums(
        design, open_source(plan, design.calendar, design.zones), Tally(), progress
    )
    return {name: open_sums(sealed).tolist() for name, sealed in found.items()}


def silent(*_: object) -> None:
    """Neither bars nor words."""
