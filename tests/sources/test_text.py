"""Blocks of text: cut after rows, unpacked, decoded; broken files get one sentence."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.errors import DataError
from shoal.sources import _text
from shoal.sources._text import blocks
from tests.sources import naive


def cut(path: Path, size: int = 8, separator: str | None = ",", encoding: str = "utf-8") -> list[tuple[bytes, int]]:
    found = blocks(path, lambda _: None, size=size, separator=separator, encoding=encoding)
    return [(block.data, block.line) for block in found]


def test_blocks_end_with_rows_and_know_their_line(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"\xef\xbb\xbfa,b\n1,2\n3,4\n5,6")
    assert cut(file) == [(b"a,b\n", 1), (b"1,2\n3,4\n", 2), (b"5,6", 4)]


def test_a_line_break_in_quotes_ends_no_row(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b'a,b\r\n"1\r\n2\n""",3\r\n4,5\r\n')
    assert cut(file, 10) == [(b"a,b\r\n", 1), (b'"1\r\n2\n""",3\r\n', 2), (b"4,5\r\n", 5)]


@given(rows=st.lists(st.lists(st.text('a",\n\r ', max_size=5), min_size=2, max_size=2)), size=st.integers(1, 40))
def test_nothing_is_lost_whatever_the_size(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], size: int
) -> None:
    file = tmp_path_factory.getbasetemp() / "law.csv.gz"
    text = "".join(",".join('"' + v.replace('"', '""') + '"' for v in row) + "\n" for row in rows).encode()
    file.write_bytes(gzip.compress(text))
    told: list[int] = []
    found = list(blocks(file, told.append, size=size, separator=","))
    assert b"".join(block.data for block in found) == text
    assert [block.line for block in found] == [1 + text[: text.index(b.data)].count(b"\n") if i == 0 else
                                               1 + b"".join(c.data for c in found[:i]).count(b"\n")
                                               for i, b in enumerate(found)]  # fmt: skip
    assert sum(told) == file.stat().st_size


@given(st.text('ab",\n\r', max_size=12))
def test_quotes_are_judged_as_by_the_grammar(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "quotes.csv"
    file.write_text(text, newline="")
    if naive.well_quoted(text):
        assert b"".join(data for data, _ in cut(file, 3)) == text.encode()
    else:
        with pytest.raises(DataError, match="quote stands alone"):
            cut(file, 3)


@pytest.mark.parametrize(
    ("text", "line"),
    [('a,b\n1,2"x\n', 2), ('a,b\n1,"2"x\n', 2), ('a,b\n1,2\n3,"4\n5,6\n', 3), ('a,b\n1,2\n"3', 3)],
    ids=["inside a value", "after a value", "never closed", "at the end"],
)
def test_a_stray_quote_is_named_by_line(tmp_path: Path, text: str, line: int) -> None:
    file = tmp_path / "a.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=rf"a\.csv, line {line}: a quote stands alone"):
        cut(file, 1000)


def test_a_row_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_text, "_LONGEST_ROW", 20)
    file = tmp_path / "a.csv"
    file.write_text('a,b\n1,"' + "2,3\n" * 20)
    with pytest.raises(DataError, match=r"line 2: a row has no end"):
        cut(file)


def test_a_cut_gzip_file_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    for name, data in {
        "cut": whole[:-12],
        "tail": whole[:-3],
        "not": b"a,b\n1,2\n",
        "mixed": whole[:20] + b"x" * 30,
    }.items():
        file = tmp_path / f"{name}.csv.gz"
        file.write_bytes(data)
        with pytest.raises(DataError, match=rf"{name}\.csv\.gz: is not a whole gzip file"):
            cut(file)


def test_text_in_another_encoding(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    for encoding in ("latin-1", "utf-16", "cp1252"):
        file.write_bytes("é,b\n1,ñ\n".encode(encoding))
        assert b"".join(data for data, _ in cut(file, 5, encoding=encoding)).decode() == "é,b\n1,ñ\n"
    file.write_bytes(b"\x81,b\n")
    with pytest.raises(DataError, match="is not cp1252 text; set \\[source\\] encoding"):
        cut(file, encoding="cp1252")


def test_a_file_that_vanished(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="can't be read"):
        cut(tmp_path / "gone.csv")
