"""Trips: ends as zones, by id or by place; order in time; real bike trips."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoal.sources import Reason, Tally
from tests.sources import make

HEAD = "uid,go,come,from,to\n"
PLACES = "uid,go,come,start_lat,start_lon,end_lat,end_lon\n"
GO, COME = 1_772_438_400, 1_772_442_000


def read(
    folder: Path,
    text: str,
    columns: Mapping[str, str] = make.TRIPS,
    tally: Tally | None = None,
    period: tuple[str, str] = ("2026-03-02", "2026-03-09"),
) -> list[tuple[object, int, int, int, int]]:
    (folder / "r.csv").write_text(text)
    return make.trips(make.plan(folder, ["r.csv"], columns, period=period), tally)


def test_ends_become_zones_and_an_unknown_one_is_kept_and_counted_once(tmp_path: Path) -> None:
    times = "2026-03-02T08:00:00Z,2026-03-02T09:00:00Z"
    rows = ["34,11", "11,99", "98,99", ",34", "34,", "11,11"]
    tally = Tally()
    found = read(tmp_path, HEAD + "".join(f"a,{times},{ends}\n" for ends in rows), tally=tally)
    assert [row[3:] for row in found] == [(1, 0), (0, -1), (-1, -1), (0, 0)]
    assert found[0] == ("a", GO, COME, 1, 0)
    assert tally.bad == {Reason.UNKNOWN_ZONE: 2, Reason.NO_POSITION: 2}
    assert tally.rows == 6


def test_a_bad_row_counts_only_under_its_own_reason(tmp_path: Path) -> None:
    tally = Tally()
    assert read(tmp_path, HEAD + ",2026-03-02T08:00:00Z,2026-03-02T09:00:00Z,98,99\n", tally=tally) == []
    assert tally.bad == {Reason.NO_DEVICE: 1}


@pytest.mark.parametrize(
    "array",
    [
        pa.array([34, None, 5], pa.int16()), pa.array([34.0, float("nan"), 5.5]), pa.array([34.0, None, 1e300]),
        pa.array(["34", None, "05"]), pa.array(["34", "", "5"]).dictionary_encode(),
    ],
    ids=["whole", "fractions", "null", "text", "categories"],
)  # fmt: skip
def test_ids_of_every_type_mean_their_decimal_text(tmp_path: Path, array: pa.Array) -> None:
    start, end = datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC)
    table = pa.table({"uid": [1, 2, 3], "go": [start] * 3, "come": [end] * 3, "from": array, "to": [11] * 3})
    pq.write_table(table, tmp_path / "r.parquet")
    tally = Tally()
    found = make.trips(make.plan(tmp_path, ["r.parquet"], make.TRIPS), tally)
    assert found == [(1, GO, COME, 1, 0), (3, GO, COME, -1, 0)]
    assert tally.bad == {Reason.NO_POSITION: 1, Reason.UNKNOWN_ZONE: 1}


def test_ends_as_places(tmp_path: Path) -> None:
    times = "2026-03-02T08:00:00Z,2026-03-02T09:00:00Z"
    rows = ["48.2,16.3,-48.2,16.3", "48.2,-16.3,1,1", "48.2,,1,1", "1,1,1,", "1,1,148,16", "0,0,1,1", "1,1,0,0"]
    tally = Tally()
    found = read(tmp_path, PLACES + "".join(f"a,{times},{ends}\n" for ends in rows), make.BY_PLACE, tally)
    assert [row[3:] for row in found] == [(1, 0), (-1, 1)]
    assert tally.bad == {Reason.NO_POSITION: 4, Reason.OUT_OF_RANGE: 1}


def test_a_trip_is_in_the_period_by_its_start(tmp_path: Path) -> None:
    spans = [("2026-03-01 23:59:59", "2026-03-02 00:10:00"), ("2026-03-08 23:59:59", "2026-03-20 00:00:00"),
             ("2026-03-09 00:00:00", "2026-03-09 00:10:00")]  # fmt: skip
    tally = Tally()
    found = read(tmp_path, HEAD + "".join(f"a,{go},{come},11,34\n" for go, come in spans), tally=tally)
    assert [row[1] for row in found] == [1_773_010_799]
    assert tally.bad == {Reason.OUTSIDE_PERIOD: 2}


def test_ends_before_it_starts(tmp_path: Path) -> None:
    spans = ["2026-03-02 09:00:00,2026-03-02 08:59:59", "2026-03-02 09:00:00,2026-03-02 09:00:00",
             "2026-03-02 09:00:00,", "2026-03-02 09:00:00,later"]  # fmt: skip
    tally = Tally()
    assert len(read(tmp_path, HEAD + "".join(f"a,{span},11,34\n" for span in spans), tally=tally)) == 1
    assert tally.bad == {Reason.ENDS_BEFORE_START: 1, Reason.NO_TIME: 1, Reason.UNREADABLE_TIME: 1}


def test_a_trip_while_the_clock_is_set_back_ends_at_the_later_instant(tmp_path: Path) -> None:
    spans = ["2026-10-25 02:50:00,2026-10-25 02:10:00", "2026-10-25 02:10:00,2026-10-25 02:50:00",
             "2026-10-25 03:20:00,2026-10-25 02:10:00"]  # fmt: skip
    tally = Tally()
    text = HEAD + "".join(f"a,{span},11,34\n" for span in spans)
    found = read(tmp_path, text, tally=tally, period=("2026-10-19", "2026-10-26"))
    assert [row[2] - row[1] for row in found] == [1200, 2400]
    assert tally.bad == {Reason.ENDS_BEFORE_START: 1}


BIKES = {
    "device": "Usuario_Id", "start": "Inicio_del_viaje", "end": "Fin_del_viaje",
    "origin": "Origen_Id", "destination": "Destino_Id",
}  # fmt: skip


@pytest.mark.real_data
@pytest.mark.parametrize("without", ["none", "11"])
def test_bike_trips_are_read_whole_and_a_missing_station_gets_a_count(
    tmp_path: Path, real_data: Path, without: str
) -> None:
    stations = pl.read_csv(real_data / "mibici/stations.csv", encoding="latin-1")["id"].cast(pl.String)
    known = [station for station in stations if station != without]
    files = str(real_data / "mibici/trips_2015_*.csv")
    plan = make.plan(tmp_path, [files], BIKES, timezone="America/Mexico_City", period=("2015-07-01", "2016-01-01"),
                     unit="month")  # fmt: skip
    tally = Tally()
    found = make.trips(plan, tally, make.zones(*known))
    frame = pl.read_csv(files, infer_schema=False)
    plain = [frame[column] == without for column in ("Origen_Id", "Destino_Id")]
    missing = int((plain[0] | plain[1]).sum())
    assert tally.bad.get(Reason.UNKNOWN_ZONE, 0) == missing
    assert tally.rows == frame.height
    assert len(found) + sum(tally.bad.values()) - missing == tally.rows
    assert len(found) > 0.999 * tally.rows
    assert sum(-1 in row[3:] for row in found) == missing
    assert len({row[0] for row in found}) == frame["Usuario_Id"].n_unique()
