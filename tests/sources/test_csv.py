"""CSV as it is found: quotes, marks, line ends, encodings, and the ways in which it is broken."""

import gzip
from pathlib import Path

import pytest

from shoal.errors import DataError, PlanError, ShoalError
from shoal.sources import Reason, Tally, _text
from tests.sources import make

HEAD = "uid,t,lat,lon\n"
ROW = "34502,2026-03-02T08:00:00Z,48.2,16.3\n"
RECORD = ("34502", 1_772_438_400, 482_000_000, 163_000_000)
SECRET = "s3cr3t"


def read(
    folder: Path, text: str | bytes, name: str = "r.csv", tally: Tally | None = None, **source: str
) -> list[object]:
    data = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return list(make.points(make.plan(folder, [name], source=source), tally))


@pytest.mark.parametrize(
    "text",
    [
        HEAD + ROW,
        (HEAD + ROW).rstrip("\n"),
        "\ufeff" + HEAD + ROW,
        (HEAD + ROW).replace("\n", "\r\n"),
        HEAD + "\n" + ROW + "\n\n",
        '"uid","t","lat","lon"\n"34502","2026-03-02T08:00:00Z","48.2","16.3"\n',
        'lon,x,"t",x,lat,uid\n16.3,"a ""b"",\nc",2026-03-02 09:00:00,,48.2,34502\n',
    ],
    ids=["plain", "no last line break", "mark", "crlf", "blank lines", "quoted", "other order"],
)
@pytest.mark.parametrize("name", ["r.csv", "r.csv.gz"])
def test_each_dialect_gives_the_same_record(tmp_path: Path, text: str, name: str) -> None:
    assert read(tmp_path, text, name) == [RECORD]


def test_identifiers_stay_as_they_are_written(tmp_path: Path) -> None:
    rows = "".join(ROW.replace("34502", uid) for uid in ("007", "1e5", "NA", "null", "-", '"a,b"', "ü"))
    assert [r[0] for r in read(tmp_path, HEAD + rows)] == ["007", "1e5", "NA", "null", "-", "a,b", "ü"]  # type: ignore[index]


def test_encoding_and_separator_are_the_plans(tmp_path: Path) -> None:
    text = (HEAD + ROW.replace("34502", "Ñ")).replace(",", ";")
    found = read(tmp_path, text.encode("latin-1"), encoding='"latin-1"', separator='";"')
    assert found == [("Ñ", *RECORD[1:])]
    with pytest.raises(DataError, match=r"r\.csv: is not utf-8 text; set \[source\] encoding"):
        read(tmp_path, text.encode("latin-1"), separator='";"')


@pytest.mark.parametrize(
    ("key", "value"), [("encoding", '"klingon"'), ("encoding", '"hex"'), ("separator", '"é"'), ("separator", '"1"')]
)
def test_a_dialect_that_can_not_be_is_a_mistake_of_the_plan(tmp_path: Path, key: str, value: str) -> None:
    (tmp_path / "r.csv").write_text(HEAD + ROW)
    plan = make.plan(tmp_path, ["r.csv"], source={key: value})
    with pytest.raises(PlanError, match=rf"plan\.toml, line 6: \[source\] {key}"):
        make.opened(plan)


@pytest.mark.parametrize("many", [0, 50, 3000], ids=["beginning", "first block", "later block"])
@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (f"{SECRET},2026-03-02T08:00:00Z\n", "has 2 values where the first row names 4 columns"),
        (f"{SECRET},2026-03-02T08:00:00Z,48.2,16.3,9\n", "has 5 values"),
        (f"{SECRET},2026-03-0", "has 2 values"),
        (f'{SECRET},"2026-03-02T08:00:00Z,48.2,16.3\n', "a quote stands alone"),
        (f'{SECRET}",2026-03-02T08:00:00Z,48.2,16.3\n', "a quote stands alone"),
    ],
    ids=["short", "long", "cut off", "open quote", "quote inside"],
)
def test_a_broken_row_is_named_by_line_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int, broken: str, words: str
) -> None:
    monkeypatch.setattr(_text, "BLOCK", 4096)
    monkeypatch.setattr("shoal.sources._csv._PEEK", 256)
    with pytest.raises(DataError, match=rf"r\.csv, line {many + 3}: {words}") as caught:
        read(tmp_path, HEAD + ROW * (many + 1) + broken)
    assert SECRET not in str(caught.value)
    assert "2026" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress((HEAD + ROW * 5000).encode())[:-20], "is not a whole gzip file"),
        ((HEAD + ROW).encode(), "is not a whole gzip file"),
        (gzip.compress(b""), "holds no text"),
        (gzip.compress(HEAD.encode()), "holds no rows"),
    ],
    ids=["cut off", "not packed", "nothing in it", "only names"],
)
def test_a_broken_gzip_file_gets_one_sentence(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "r.csv.gz").write_bytes(data)
    with pytest.raises(DataError, match=words):
        make.points(make.plan(tmp_path, ["r.csv.gz"]))


def test_a_file_without_names_of_columns_shows_nothing(tmp_path: Path) -> None:
    with pytest.raises(ShoalError) as caught:
        read(tmp_path, ROW * 2)
    assert "its first row seems to hold values, not names" in str(caught.value)
    assert "34502" not in str(caught.value)


def test_names_with_digits_are_names(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD.replace("\n", ",2015,v123\n") + ROW.replace("\n", ",1,2\n")) == [RECORD]


def test_bytes_that_are_no_text_are_refused_only_where_they_matter(tmp_path: Path) -> None:
    other = (HEAD.replace("\n", ",note\n") + ROW.replace("\n", ",")).encode() + b"\xff\n"
    assert read(tmp_path, other) == [RECORD]
    with pytest.raises(DataError, match="is not utf-8 text"):
        read(tmp_path, (HEAD + ROW).encode().replace(b"34502", b"\xff"))


def test_small_blocks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f'{i},"2026-03-02 08:00:00",{i % 90}.5,"16.3"\n' for i in range(500))
    whole = read(tmp_path, HEAD + rows)
    monkeypatch.setattr(_text, "BLOCK", 100)
    assert read(tmp_path, HEAD + rows) == whole
    assert len(whole) == 500


def test_bad_rows_are_counted_by_reason(tmp_path: Path) -> None:
    rows = [
        ",2026-03-02T08:00:00Z,48.2,16.3", '"",2026-03-02T08:00:00Z,48.2,16.3', "a,,48.2,16.3", "a,soon,48.2,16.3",
        "a,2026-03-01T22:59:59Z,48.2,16.3", "a,2026-03-08T23:00:00Z,48.2,16.3", "a,1970-01-01T00:00:00Z,1,1",
        "a,2106-02-07T06:28:15Z,1,1", "a,2026-03-02T08:00:00Z,,16.3", "a,2026-03-02T08:00:00Z,0,0.0",
        "a,2026-03-02T08:00:00Z,nan,16.3", "a,2026-03-02T08:00:00Z,inf,16.3", "a,2026-03-02T08:00:00Z,16,248.2",
        "a,2026-03-01T23:00:00Z,48.2,16.3", "a,2026-03-08T22:59:59Z,48.2,16.3", ",,,",
    ]  # fmt: skip
    tally = Tally()
    found = read(tmp_path, HEAD + "\n".join(rows) + "\n", tally=tally)
    assert [r[1] for r in found] == [1_772_406_000, 1_773_010_799]  # type: ignore[index]
    assert tally.rows == len(rows)
    assert tally.bad == {
        Reason.NO_DEVICE: 3, Reason.NO_TIME: 1, Reason.UNREADABLE_TIME: 1, Reason.OUTSIDE_PERIOD: 4,
        Reason.NO_POSITION: 3, Reason.OUT_OF_RANGE: 2,
    }  # fmt: skip
