"""NDJSON: numbers or text, missing keys, broken lines."""

import json
from pathlib import Path

import pytest

from shoal.errors import DataError, PlanError
from shoal.sources import Reason, Tally, _text
from tests.sources import make

ROW = {"uid": "a", "t": "2026-03-02T08:00:00Z", "lat": 48.2, "lon": 16.3}
SECRET = "s3cr3t"


def read(folder: Path, *rows: object, tally: Tally | None = None, **source: str) -> list[tuple[object, int, int, int]]:
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    (folder / "r.ndjson").write_text(text)
    return make.points(make.plan(folder, ["r.ndjson"], source=source), tally)


def test_numbers_and_text_mean_the_same(tmp_path: Path) -> None:
    text = {"uid": "12345678901234567890", "t": "1772438400", "lat": "48.2", "lon": "16.3"}
    number = {"lon": 16.3, "lat": 48.2, "uid": 12345678901234567890, "t": 1772438400, "x": [{"y": None}]}
    found = read(tmp_path, text, number, "", time_unit='"s"')
    assert found == [("12345678901234567890", 1_772_438_400, 482_000_000, 163_000_000)] * 2


def test_a_mark_and_windows_line_ends(tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(b"\xef\xbb\xbf" + json.dumps(ROW).encode() + b"\r\n" + json.dumps(ROW).encode())
    assert len(make.points(make.plan(tmp_path, ["r.ndjson"]))) == 2


def test_missing_keys_and_null_are_counted(tmp_path: Path) -> None:
    tally = Tally()
    rows = [ROW, ROW | {"uid": None}, {k: v for k, v in ROW.items() if k != "lat"}, {}, ROW | {"t": None}]
    assert len(read(tmp_path, *rows, tally=tally)) == 1
    assert tally.bad == {Reason.NO_DEVICE: 2, Reason.NO_TIME: 1, Reason.NO_POSITION: 1}


@pytest.mark.parametrize("many", [1, 900], ids=["first lines", "later"])
@pytest.mark.parametrize(
    "broken",
    [f'{{"uid": "{SECRET}', f'"{SECRET}"', f'["{SECRET}"]', f'{{"uid": "{SECRET}"}}}}', SECRET, f"{{}} {SECRET}"],
)
def test_a_broken_line_is_named_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int, broken: str
) -> None:
    monkeypatch.setattr(_text, "BLOCK", 1000)
    monkeypatch.setattr("shoal.sources._ndjson._PEEK", 1000)
    with pytest.raises(DataError, match=rf"r\.ndjson, line {many + 1}: is not one JSON object") as caught:
        read(tmp_path, *[ROW] * many, broken)
    assert SECRET not in str(caught.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(json.dumps(ROW).encode() + b'\n{"uid": "\xff"}\n')
    with pytest.raises(DataError, match=r"line 2: is not one JSON object"):
        make.points(make.plan(tmp_path, ["r.ndjson"]))


@pytest.mark.parametrize("uid", [1.5, True, ["x"], {"x": 1}], ids=["fraction", "truth", "list", "object"])
def test_odd_identifiers_are_refused(tmp_path: Path, uid: object) -> None:
    with pytest.raises(DataError, match=r"the column 'uid' \(\[source.columns\] device\) holds"):
        read(tmp_path, ROW | {"uid": uid})


def test_numbers_as_times_need_a_unit(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"\[source\] time_unit: is missing"):
        read(tmp_path, ROW | {"t": 1772438400})
    with pytest.raises(PlanError, match=r"\[source\] time_unit: is missing"):
        read(tmp_path, ROW | {"t": "1772438400"})


@pytest.mark.parametrize("text", ["\n\n", " "])
def test_no_rows(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.ndjson").write_text(text)
    with pytest.raises(DataError, match=r"r\.ndjson"):
        make.points(make.plan(tmp_path, ["r.ndjson"]))
