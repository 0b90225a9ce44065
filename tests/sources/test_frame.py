"""Rows that Spark reads mean what they mean in files of our own."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.errors import DataError, PlanError
from shoal.plan import Plan
from shoal.sources._csv import CsvReader
from shoal.sources._frame import (
    CsvLines,
    FrameReader,
    NdjsonLines,
    check_lines,
    from_ipc,
    has_scheme,
    plain,
    refuse_remote,
    to_ipc,
)
from shoal.sources._ndjson import NdjsonReader
from tests.sources import make

HEAD = b"uid,t,lat,lon"
COLUMNS = list(make.POINTS.values())


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make.plan(tmp_path, ["a.csv"])


def lines(*text: bytes) -> pa.Array:
    return pa.array(list(text), pa.binary())


def whole(reader: Any) -> dict[str, list[object]]:
    """All rows of a file, as the local engine reads them."""
    found: dict[str, list[object]] = {name: [] for name in COLUMNS}
    for piece in reader.pieces(COLUMNS, lambda _: None):
        for rows in piece():
            for name in COLUMNS:
                found[name] += rows[name].to_pylist()
    return found


texts = st.lists(
    st.lists(st.sampled_from(["", "1", "x y", "a,b", 'say "so"', "ü", " 7 "]), min_size=4, max_size=4), min_size=1
)


class TestCsv:
    @given(rows=texts, ending=st.sampled_from([b"\n", b"\r\n"]), cut=st.integers(0, 9))
    def test_lines_are_read_as_a_file_is(
        self, tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], ending: bytes, cut: int
    ) -> None:
        folder = tmp_path_factory.mktemp("csv")
        plan = make.plan(folder, ["a.csv"])
        quoted = [
            ",".join('"' + v.replace('"', '""') + '"' if v and not v.isalnum() else v for v in row) for row in rows
        ]
        text = [HEAD, *(row.encode() for row in quoted), b""]
        (folder / "a.csv").write_bytes(ending.join(text))
        local = whole(CsvReader(folder / "a.csv", plan))
        reader = CsvLines(plan, "frame", HEAD)
        got = [line + ending[:-1] for line in text[:-1]] + [b""]
        begins = np.array([True] + [False] * (len(got) - 1))
        pieces = [(got[:cut], begins[:cut]), (got[cut:], begins[cut:])]
        found: dict[str, list[object]] = {name: [] for name in COLUMNS}
        for piece, own in pieces:
            for name, values in reader.parse(lines(*piece), own, COLUMNS).items():
                found[name] += values.to_pylist()
        assert found == local

    def test_heads_must_be_alike_but_not_in_their_bytes(self, plan: Plan) -> None:
        reader = CsvLines(plan, "frame", b"\xef\xbb\xbfuid,t,lat,lon\r")
        begins = np.array([True, False, True])
        rows = reader.parse(lines(b'"uid","t",lat,lon', b"a,1,2,3", HEAD), begins, COLUMNS)
        assert [rows[name].to_pylist() for name in COLUMNS] == [["a"], ["1"], ["2"], ["3"]]
        with pytest.raises(DataError, match="frame: its CSV files don't all begin"):
            reader.parse(lines(b"t,uid,lat,lon"), np.array([True]), COLUMNS)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ((b'"a', b'b",1,2,3'), "a quoted value holds a line break"),
            ((b"4711,1,2",), "not as many values"),
            ((b"4711,1,2,3,4",), "not as many values"),
            ((b"\xff4711,1,2,3",), "is not utf-8 text"),
        ],
    )
    def test_a_line_that_is_no_row(self, plan: Plan, text: tuple[bytes, ...], words: str) -> None:
        with pytest.raises(DataError, match=words) as caught:
            CsvLines(plan, "frame", HEAD).parse(lines(*text), None, COLUMNS)
        assert "4711" not in str(caught.value) and "line 1" not in str(caught.value)

    def test_other_encodings(self, tmp_path: Path) -> None:
        latin = make.plan(tmp_path, ["a.csv"], source={"encoding": '"latin-1"', "separator": '";"'})
        rows = CsvLines(latin, "f", b"uid;t;lat;lon").parse(lines("ü;1;2;3".encode("latin-1")), None, COLUMNS)
        assert rows["uid"].to_pylist() == ["ü"]
        check_lines(latin)
        with pytest.raises(PlanError, match="can't cut text in utf-16"):
            check_lines(make.plan(tmp_path, ["a.csv"], source={"encoding": '"utf-16"'}))

    def test_nothing_is_no_row(self, plan: Plan) -> None:
        for text in (lines(), lines(b"", b"\r")):
            assert len(CsvLines(plan, "f", HEAD).parse(text, None, COLUMNS)["t"]) == 0


class TestNdjson:
    def test_lines_are_read_as_a_file_is(self, tmp_path: Path) -> None:
        text = [b'{"uid": 7, "t": "x", "lat": 1.5, "lon": null}', b"", b'{"lat": "2"}', b'{"uid": "a", "more": [1]}']
        (tmp_path / "a.ndjson").write_bytes(b"\n".join(text))
        local = whole(NdjsonReader(tmp_path / "a.ndjson"))
        found = NdjsonLines("frame").parse(lines(*text), None, COLUMNS)
        assert {name: values.to_pylist() for name, values in found.items()} == local
        assert len(NdjsonLines("frame").parse(lines(b" "), None, COLUMNS)["t"]) == 0

    def test_a_line_that_is_no_object(self) -> None:
        for reading in (
            lambda: NdjsonLines("f").parse(lines(b'{"uid": 4711'), None, COLUMNS),
            lambda: NdjsonLines("f", b"[4711]"),
        ):
            with pytest.raises(DataError, match="f: a line is not one JSON object") as caught:
                reading()
            assert "4711" not in str(caught.value)


class TestTypes:
    def test_bytes_are_uuids_and_decimals_whole_numbers(self, plan: Plan) -> None:
        rows = {
            "uid": pa.array([bytes(16), None], pa.binary()),
            "t": pa.array([Decimal(2**63 + 1), None], pa.decimal128(20, 0)),
            "lat": pa.array([Decimal("1.5"), None], pa.decimal128(5, 2)),
        }
        found = plain(plan, rows)
        assert [str(array.type) for array in found.values()] == ["fixed_size_binary[16]", "uint64", "decimal128(5, 2)"]
        assert found["t"].to_pylist() == [2**63 + 1, None] and found["uid"].to_pylist() == [bytes(16), None]
        with pytest.raises(DataError, match="no UUIDs"):
            plain(plan, {"uid": pa.array([b"abc"], pa.binary())})

    def test_an_identifier_keeps_its_decimals(self, plan: Plan) -> None:
        """They may have more digits than any whole number; their text counts."""
        assert plain(plan, {"uid": pa.array([Decimal(10**25)], pa.decimal128(38, 0))})["uid"].type.precision == 38

    def test_a_reader_of_types_has_no_rows(self, plan: Plan) -> None:
        reader = FrameReader(plan, "table", {"uid": pa.large_binary(), "t": pa.int64()})
        assert reader.types["uid"] == pa.binary(16)
        assert len(reader.first(["uid", "t"])["uid"]) == 0

    def test_rows_travel(self) -> None:
        batch = pa.record_batch({"a": [1, None], "b": [b"x", b""]})
        for sent in (batch, batch.slice(0, 0)):
            assert {name: array.to_pylist() for name, array in from_ipc(to_ipc(sent)).items()} == sent.to_pydict()


class TestAddresses:
    @pytest.mark.parametrize("address", ["s3a://b/x.parquet", "hdfs:///x", "file:/x", "abfss://a@b/x"])
    def test_addresses(self, tmp_path: Path, address: str) -> None:
        assert has_scheme(address)
        with pytest.raises(PlanError, match="--engine spark"):
            refuse_remote(make.plan(tmp_path, [address]))

    @pytest.mark.parametrize("path", ["x.parquet", "/x/y.csv", "a:b/x.csv", "C:/x.csv", "records/*"])
    def test_paths(self, tmp_path: Path, path: str) -> None:
        assert not has_scheme(path)
        refuse_remote(make.plan(tmp_path, [path]))
