"""The secret fingerprint: the contents, their order and number, under a key."""

import hashlib
from pathlib import Path

import pytest

from shoal.errors import DataError
from shoal.sources.fingerprint import fingerprint

KEY = b"k" * 32


def write(folder: Path, *contents: bytes) -> list[Path]:
    files = []
    for number, content in enumerate(contents):
        files.append(folder / f"{len(list(folder.iterdir()))}-{number}")
        files[-1].write_bytes(content)
    return files


def test_the_same_contents_give_the_same_fingerprint_whatever_the_names(tmp_path: Path) -> None:
    first, again = write(tmp_path, b"a", b"b" * 3_000_000), write(tmp_path, b"a", b"b" * 3_000_000)
    assert fingerprint(first, KEY) == fingerprint(again, KEY)
    assert len(bytes.fromhex(fingerprint(first, KEY))) == 32


def test_content_order_number_and_key_all_matter(tmp_path: Path) -> None:
    cases = [
        write(tmp_path, *c) for c in [(b"a", b"b"), (b"b", b"a"), (b"ab",), (b"ab", b""), (b"a", b"b", b""), (b"a",)]
    ]
    found = [fingerprint(files, KEY) for files in cases] + [fingerprint(cases[0], b"j" * 32)]
    assert len(set(found)) == len(found)


def test_the_last_byte_of_a_large_file_matters(tmp_path: Path) -> None:
    big = b"x" * 5_000_000
    one, two = write(tmp_path, big + b"1", big + b"2")
    assert fingerprint([one], KEY) != fingerprint([two], KEY)


def test_it_can_not_be_recomputed_without_the_key(tmp_path: Path) -> None:
    files = write(tmp_path, b"a")
    plain = hashlib.blake2b(digest_size=32)
    plain.update((1).to_bytes(8, "little") + hashlib.blake2b(b"a", digest_size=64).digest())
    assert fingerprint(files, KEY) != plain.hexdigest()
    with pytest.raises(ValueError, match="16 to 64 bytes"):
        fingerprint(files, b"")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gone: can't be read"):
        fingerprint([tmp_path / "gone"], KEY)
