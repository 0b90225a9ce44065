"""A file of devices: what it may look like, and one sentence where it can't be read, which quotes no device."""

from pathlib import Path

import pytest

from shoal.errors import UsageError
from shoal.rights.named import Named

SECRET = "356938035643809"
UUID = "0F8fad5b-d9cb-469f-a165-70867728950e"


def spelt(tmp_path: Path, content: bytes, column: str | None = None) -> list[str]:
    file = tmp_path / "list"
    file.write_bytes(content)
    found: list[str] = Named.read(file, column).spellings().to_pylist()
    return found


@pytest.mark.parametrize(
    ("content", "column", "devices"),
    [
        (b"a\nb\na\n", None, ["a", "b"]),
        (b"\xef\xbb\xbfa\r\n\r\nb c\r\n", None, ["a", "b c"]),
        ("zoë,1".encode(), None, ["zoë,1"]),
        (b'id,uid\n1,"a,b"\n2,c\n\n3,\n', "uid", ["a,b", "c"]),
        (f"{UUID}\n".encode(), None, [UUID, UUID.lower(), UUID.upper()]),
        (f"{UUID.lower()}\n".encode(), None, [UUID.lower(), UUID.upper()]),
        (f"{UUID}0\n".encode(), None, [f"{UUID}0"]),
    ],
    ids=["lines", "Windows", "no newline", "csv", "uuid", "lower uuid", "no uuid"],
)
def test_devices_are_read(tmp_path: Path, content: bytes, column: str | None, devices: list[str]) -> None:
    assert spelt(tmp_path, content, column) == devices


@pytest.mark.parametrize(
    ("content", "column", "words"),
    [
        (b"", None, "names no device"),
        (b"\n\n", None, "names no device"),
        (f"{SECRET}\n\xff".encode("latin-1"), None, "line 2 is not UTF-8"),
        (f"a\n {SECRET}\n".encode(), None, "line 2 holds spaces at an end"),
        (f"{SECRET}\t\n".encode(), None, "line 1 holds spaces at an end"),
        (f"{SECRET}\0\n".encode(), None, "signs that can't be seen"),
        ((SECRET * 70).encode(), None, "line 1 is longer than 1000"),
        (f"uid\n{SECRET}\n".encode(), "device", "no column 'device'"),
        (f"uid,uid\n{SECRET},1\n".encode(), "uid", "several columns 'uid'"),
        (f"uid,a\n{SECRET}\n".encode(), "uid", "line 2 has 1 fields"),
        (f'uid,a\n"{SECRET},1\n'.encode(), "uid", "no line of CSV"),
    ],
)
def test_what_is_wrong_is_said_without_a_device(tmp_path: Path, content: bytes, column: str | None, words: str) -> None:
    with pytest.raises(UsageError) as error:
        spelt(tmp_path, content, column)
    assert words in str(error.value) and SECRET not in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path: Path) -> None:
    for file in (tmp_path / "none", tmp_path):
        with pytest.raises(UsageError, match="can't be read"):
            Named.read(file)
    assert SECRET not in repr(Named([SECRET])) and len(Named([SECRET, SECRET])) == 1
