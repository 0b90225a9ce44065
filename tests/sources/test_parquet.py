"""Parquet: types as databases write them, damage, and the order of rows."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoal.errors import DataError, PlanError
from shoal.sources import Reason, Tally, _parquet
from tests.sources import make

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
SECONDS = 1_772_438_400
NAIVE = AT.replace(tzinfo=None)


def table(n: int = 1, /, **columns: object) -> pa.Table:
    base = {"uid": list(range(n)), "t": [AT] * n, "lat": [48.2] * n, "lon": [16.3] * n}
    return pa.table(base | columns)


def read(folder: Path, made: pa.Table, tally: Tally | None = None, **source: str) -> list[tuple[object, int, int, int]]:
    pq.write_table(made, folder / "r.parquet", row_group_size=7)
    return make.points(make.plan(folder, ["r.parquet"], source=source), tally)


@pytest.mark.parametrize(
    ("array", "seconds"),
    [
        (pa.array([NAIVE], pa.timestamp("ms")), SECONDS - 3600),
        (pa.array([NAIVE], pa.timestamp("us", "America/Lima")), SECONDS),
        (pa.array([NAIVE], pa.timestamp("ns", "UTC")), SECONDS),
        (pa.array(["2026-03-02T08:00:00Z"]), SECONDS),
        (pa.array(["2026-03-02T08:00:00Z"]).dictionary_encode(), SECONDS),
    ],
    ids=["local", "with zone", "nanoseconds", "text", "categories"],
)
def test_times_of_every_type(tmp_path: Path, array: pa.Array, seconds: int) -> None:
    assert read(tmp_path, table(t=array)) == [(0, seconds, 482_000_000, 163_000_000)]


@pytest.mark.parametrize(
    "array", [pa.array([SECONDS], pa.int32()), pa.array([SECONDS + 0.75])], ids=["whole", "fraction"]
)
def test_numbers_as_times_need_a_unit(tmp_path: Path, array: pa.Array) -> None:
    assert read(tmp_path, table(t=array), time_unit='"s"')[0][1] == SECONDS
    with pytest.raises(
        PlanError, match=r"\[source\] time_unit: is missing; the column 't' in .*r\.parquet holds numbers"
    ):
        read(tmp_path, table(t=array))


def test_int96_timestamps_are_instants(tmp_path: Path) -> None:
    """Spark and Hive store instants so; the format itself can't say it."""
    made = table(t=pa.array([NAIVE], pa.timestamp("us")))
    pq.write_table(made, tmp_path / "r.parquet", use_deprecated_int96_timestamps=True)
    assert make.points(make.plan(tmp_path, ["r.parquet"]))[0][1] == SECONDS


@pytest.mark.parametrize(
    ("array", "device"),
    [
        (pa.array([2**64 - 1], pa.uint64()), 2**64 - 1),
        (pa.array(["a"]).dictionary_encode(), "a"),
        (pa.array([uuid.UUID(int=5).bytes], pa.binary(16)), uuid.UUID(int=5).bytes),
        (pa.ExtensionArray.from_storage(pa.uuid(), pa.array([uuid.UUID(int=5).bytes], pa.binary(16))),
         uuid.UUID(int=5).bytes),
    ],
    ids=["largest", "categories", "bytes", "uuid"],
)  # fmt: skip
def test_identifiers_of_every_type(tmp_path: Path, array: pa.Array, device: object) -> None:
    assert read(tmp_path, table(uid=array))[0][0] == device


@pytest.mark.parametrize(
    ("column", "array", "words"),
    [
        ("uid", [1.0], "holds fractions but must hold text, whole numbers or UUIDs"),
        ("uid", [True], "holds true and false"),
        ("t", [AT.date()], "holds dates without a time of day but must hold timestamps"),
        ("lat", [AT], "but must hold numbers"),
        ("lon", [[1.0]], "holds lists or tables"),
        ("t", ["noon"], "the times in column 't' can't be read"),
    ],
)
def test_a_column_of_the_wrong_type_is_named_before_any_row(
    tmp_path: Path, column: str, array: list[object], words: str
) -> None:
    pq.write_table(table(1, **{column: array}), tmp_path / "r.parquet")
    with pytest.raises(DataError, match=words) as caught:
        make.opened(make.plan(tmp_path, ["r.parquet"]))
    assert f"column {column!r}" in str(caught.value)


def test_decimals_whole_and_small_numbers_are_degrees(tmp_path: Path) -> None:
    made = table(lat=pa.array([48.25]).cast(pa.decimal128(9, 6)), lon=pa.array([16], pa.int8()))
    assert read(tmp_path, made)[0][2:] == (482_500_000, 160_000_000)
    assert read(tmp_path, table(lat=pa.array([48.25], pa.float32())))[0][2] == 482_500_000


def test_nulls_are_counted_and_the_others_keep_their_order(tmp_path: Path) -> None:
    n = 100
    made = table(
        n,
        uid=[None if i % 10 == 1 else i for i in range(n)],
        t=[None if i % 10 == 2 else AT for i in range(n)],
        lat=[None if i % 10 == 3 else 48.2 for i in range(n)],
        lon=[float("nan") if i % 10 == 4 else 16.3 for i in range(n)],
    )
    tally = Tally()
    assert [row[0] for row in read(tmp_path, made, tally)] == [i for i in range(n) if i % 10 not in (1, 2, 3, 4)]
    assert tally.bad == {Reason.NO_DEVICE: 10, Reason.NO_TIME: 10, Reason.NO_POSITION: 20}


def test_columns_without_any_value_are_bad_rows_not_wrong_files(tmp_path: Path) -> None:
    tally = Tally()
    assert read(tmp_path, table(2, uid=pa.nulls(2)), tally) == []
    assert read(tmp_path, table(2, t=pa.nulls(2)), tally) == []
    assert read(tmp_path, table(2, lat=pa.nulls(2)), tally) == []
    assert tally.bad == {Reason.NO_DEVICE: 2, Reason.NO_TIME: 2, Reason.NO_POSITION: 2}


def test_small_pieces_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = table(50, lat=list(np.linspace(-90, 90, 50)), uid=[f"d{i}" for i in range(50)])
    whole = read(tmp_path, made)
    monkeypatch.setattr(_parquet, "_ROWS", 3)
    assert read(tmp_path, made) == whole
    assert len(whole) == 50


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[: len(data) // 2], "is not a Parquet file, or was cut off"),
        (lambda data: b"uid,t\n1,2\n", "is not a Parquet file, or was cut off"),
        (lambda data: data[:4] + b"\xff" * (len(data) // 2) + data[4 + len(data) // 2 :], "is damaged inside"),
    ],
    ids=["cut off", "another format", "damaged inside"],
)
def test_a_broken_file_gets_one_sentence(tmp_path: Path, damage: object, words: str) -> None:
    file = tmp_path / "r.parquet"
    rng = np.random.default_rng(1)
    pq.write_table(table(5000, lat=rng.uniform(-9, 9, 5000), lon=rng.uniform(-9, 9, 5000)), file)
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    with pytest.raises(DataError, match=rf"r\.parquet: {words}"):
        make.points(make.plan(tmp_path, ["r.parquet"]))


def test_a_part_without_rows_is_fine_beside_others_but_not_alone(tmp_path: Path) -> None:
    pq.write_table(table(3), tmp_path / "a.parquet")
    pq.write_table(table(3).slice(0, 0), tmp_path / "b.parquet")
    assert len(make.points(make.plan(tmp_path, ["*.parquet"]))) == 3
    with pytest.raises(DataError, match=r"b\.parquet: holds no rows"):
        make.opened(make.plan(tmp_path, ["b.parquet"]))
