"""Opening a source: columns and types before any row; all formats give the same records; real files."""

import gzip
import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoal.calendar import Calendar
from shoal.errors import DataError, PlanError
from shoal.sources import PointBatch, Source, Tally, fingerprint, open_source
from tests.sources import make

FRAME = pl.DataFrame(
    {
        "uid": [34502, 7, 34502, 9],
        "t": [datetime(2026, 3, 2, 8, i, i, tzinfo=UTC) for i in range(4)],
        "lat": [48.2082, -33.8688197, 20.66637855, 90.0],
        "lon": [16.3738, 151.2092955, -103.34882, 180.0],
        "acc": [5.0, None, -1.0, 30.5],
    }
)


def write(folder: Path, name: str, frame: pl.DataFrame = FRAME) -> None:
    text = frame.with_columns(pl.col("t").dt.strftime("%Y-%m-%dT%H:%M:%S%:z"))
    match name.partition(".")[2]:
        case "parquet":
            frame.write_parquet(folder / name)
        case "csv":
            text.write_csv(folder / name)
        case "csv.gz":
            (folder / name).write_bytes(gzip.compress(text.write_csv().encode()))
        case "ndjson":
            text.write_ndjson(folder / name)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "ndjson"])
def test_every_format_gives_the_same_records(tmp_path: Path, ending: str) -> None:
    write(tmp_path, "a.parquet")
    write(tmp_path, f"a.{ending}")
    want = [(str(uid), *rest) for uid, *rest in make.points(make.plan(tmp_path, ["a.parquet"]))]
    assert make.points(make.plan(tmp_path, [f"a.{ending}"])) == want
    assert want[1] == ("7", 1_772_438_461, -338_688_197, 1_512_092_955)


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.ndjson"])
def test_accuracy_is_metres_and_nan_where_it_is_not_said(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    (batch,) = make.opened(make.plan(tmp_path, [name], make.POINTS | {"accuracy": "acc"})).batches(Tally())
    assert isinstance(batch, PointBatch)
    assert batch.accuracy is not None
    assert [str(a) for a in batch.accuracy] == ["5.0", "nan", "-1.0", "30.5"]
    (batch,) = make.opened(make.plan(tmp_path, [name])).batches(Tally())
    assert isinstance(batch, PointBatch)
    assert batch.accuracy is None


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.ndjson"])
def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    with pytest.raises(PlanError) as caught:
        make.opened(make.plan(tmp_path, [name], make.POINTS | {"accuracy": "accu"}))
    said = str(caught.value)
    assert "plan.toml, line 11: [source.columns] accuracy: there is no column 'accu'" in said
    assert name in said
    assert "the nearest is 'acc'" in said


def test_a_later_file_that_lacks_a_column_is_the_files_fault(tmp_path: Path) -> None:
    write(tmp_path, "a.parquet")
    write(tmp_path, "b.csv", FRAME.rename({"lat": "latitude"}))
    with pytest.raises(
        DataError, match=r"b\.csv: has no column 'lat' .*unlike .*a\.parquet; the nearest is 'latitude'"
    ):
        make.opened(make.plan(tmp_path, ["a.*", "b.*"]))


def test_a_column_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("uid,t,lat,lon,lat\na,2026-03-02T08:00:00Z,1,1,2\n")
    with pytest.raises(DataError, match=r"the column 'lat' .* occurs twice"):
        make.opened(make.plan(tmp_path, ["a.csv"]))


def test_text_and_numbers_may_mix_but_uuids_in_bytes_may_not(tmp_path: Path) -> None:
    write(tmp_path, "a.parquet")
    write(tmp_path, "b.csv")
    assert len(make.points(make.plan(tmp_path, ["*.parquet", "*.csv"]))) == 8
    binary = pl.Series([b"0123456789abcdef"] * 4).to_arrow()
    table = FRAME.to_arrow()
    pq.write_table(table.set_column(0, "uid", binary.cast(pa.binary(16))), tmp_path / "c.parquet")
    assert len(make.points(make.plan(tmp_path, ["c.parquet"]))) == 4
    with pytest.raises(
        DataError, match=r"c\.parquet: devices are UUIDs in 16 bytes here but text or numbers in .*a\.par"
    ):
        make.opened(make.plan(tmp_path, ["*.parquet"]))


def test_one_column_may_serve_twice(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("uid,go,come,from\na,2026-03-02T08:00:00Z,2026-03-02T09:00:00Z,34\n")
    assert make.trips(make.plan(tmp_path, ["a.csv"], make.TRIPS | {"destination": "from"}))[0][3:] == (1, 1)


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.csv.gz", "a.ndjson"])
def test_progress_adds_up_to_the_size(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    write(tmp_path, "z" + name)
    source = make.opened(make.plan(tmp_path, [name, "z" + name]))
    told: list[int] = []
    assert len(list(source.batches(Tally(), told.append))) == 2
    assert sum(told) == source.size == sum(file.stat().st_size for file in source.files)
    assert min(told) >= 0


def test_a_part_without_rows_is_progress_too(tmp_path: Path) -> None:
    write(tmp_path, "a.parquet")
    write(tmp_path, "b.parquet", FRAME.clear())
    source = make.opened(make.plan(tmp_path, ["*.parquet"]))
    told: list[int] = []
    assert len(list(source.batches(Tally(), told.append))) == 1
    assert sum(told) == source.size


def test_a_source_shows_nothing_and_has_a_fingerprint(tmp_path: Path) -> None:
    write(tmp_path, "a.csv")
    source = make.opened(make.plan(tmp_path, ["a.csv"]))
    (batch,) = source.batches(Tally())
    assert (repr(source), source.kind) == ("<Source of points>", "points")
    assert "34502" not in repr(batch).partition(" at 0x")[0]  # an address in memory may hold them, too
    before = source.fingerprint(b"k" * 32)
    assert before == source.fingerprint(b"k" * 32)
    (tmp_path / "a.csv").write_text((tmp_path / "a.csv").read_text().replace("48.2082", "48.2083"))
    assert source.fingerprint(b"k" * 32) != before


class TestFingerprintAlong:
    """Taken while the records are read, so that no file is read twice."""

    KEY = b"k" * 32

    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        for number in range(5):
            write(tmp_path, f"{number}.csv")
            write(tmp_path, f"{number}.parquet")
        return make.opened(make.plan(tmp_path, ["*.csv", "*.parquet"]))

    @pytest.fixture
    def passes(self, source: Source, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Names of the files whose bytes went into a fingerprint."""
        names: list[str] = []
        usual = fingerprint._Tagger.__call__

        def noted(tagger: fingerprint._Tagger, part: Any) -> bytes:
            names.append(part.file.name)
            return usual(tagger, part)

        monkeypatch.setattr(fingerprint._Tagger, "__call__", noted)
        return names

    def test_it_is_the_one_of_a_pass_of_its_own(self, source: Source, passes: list[str]) -> None:
        apart = source.fingerprint(self.KEY)
        passes.clear()
        source.fingerprint_along(self.KEY)
        assert len(list(source.batches(Tally()))) == 10
        assert sorted(passes) == sorted(file.name for file in source.files)
        assert source.fingerprint(self.KEY) == apart and len(passes) == 10
        assert source.fingerprint(b"j" * 32) != apart and len(passes) == 20, "another key sees nothing of it"

    def test_what_was_not_read_to_the_end_is_read_for_it(self, source: Source, passes: list[str]) -> None:
        source.fingerprint_along(self.KEY)
        records = source.batches(Tally())
        next(records)
        del records
        along = source.fingerprint(self.KEY)
        assert sorted(passes) == sorted(file.name for file in source.files)
        passes.clear()
        again = make.opened(source._plan)
        assert along == again.fingerprint(self.KEY)

    def test_a_change_after_opening_shows(self, source: Source) -> None:
        apart = source.fingerprint(self.KEY)
        source.fingerprint_along(self.KEY)
        file = source.files[-2]
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        with suppress(DataError):
            list(source.batches(Tally()))
        assert source.fingerprint(self.KEY) != apart


def test_every_file_is_checked_before_the_first_batch(tmp_path: Path) -> None:
    write(tmp_path, "a.csv")
    (tmp_path / "b.csv").write_text(json.dumps({"not": "csv"}))
    with pytest.raises(DataError, match=r"b\.csv"):
        make.opened(make.plan(tmp_path, ["*.csv"]))


def test_a_file_that_vanishes_after_opening_gets_one_sentence(tmp_path: Path) -> None:
    for name in ("a.csv", "a.parquet", "a.ndjson"):
        write(tmp_path, name)
        source = make.opened(make.plan(tmp_path, [name]))
        (tmp_path / name).unlink()
        with pytest.raises(DataError, match=name):
            list(source.batches(Tally()))


def test_a_csv_file_without_rows_is_fine_beside_others_but_not_alone(tmp_path: Path) -> None:
    write(tmp_path, "a.csv")
    write(tmp_path, "b.csv", FRAME.clear())
    assert len(make.points(make.plan(tmp_path, ["*.csv"]))) == 4
    with pytest.raises(DataError, match=r"b\.csv: holds no rows"):
        make.opened(make.plan(tmp_path, ["b.csv"]))


@pytest.mark.real_data
def test_geolife_is_read_whole(tmp_path: Path, real_data: Path) -> None:
    columns = {"device": "uid", "time": "datetime", "lat": "lat", "lon": "lng"}
    plan = make.plan(
        tmp_path, [str(real_data / "geolife/sample.csv.gz")], columns,
        timezone="Asia/Shanghai", period=("2008-10-01", "2009-07-01"), unit="month",
    )  # fmt: skip
    tally = Tally()
    batches = list(open_source(plan, Calendar.from_plan(plan), make.zones()).batches(tally))
    assert sum(len(batch.device) for batch in batches) + sum(tally.bad.values()) == tally.rows == 217_653
    first = batches[0]
    assert isinstance(first, PointBatch)
    assert (first.device[0].as_py(), first.lat[0], first.lon[0]) == ("001", 399_840_940, 1_163_192_360)
    assert first.time[0] == datetime.fromisoformat("2008-10-23T05:53:05+08:00").timestamp()
