"""The secret fingerprint: the contents, their order and number, under a key."""

import hashlib
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.errors import DataError
from shoal.sources import fingerprint as module
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


def test_a_file_that_becomes_shorter_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = write(tmp_path, b"a" * 100)
    monkeypatch.setattr(module, "_size", lambda _: 101)
    with pytest.raises(DataError, match="became shorter while it was read"):
        fingerprint([file], KEY)


def naive(contents: list[bytes], key: bytes, part: int) -> str:
    """The rule in the docstring, with another interface of the cipher: the tag of nothing with additional data."""
    tag = AESGCM(hashlib.blake2b(key=key, digest_size=32, person=b"shoal file tags").digest())
    whole = hashlib.blake2b(len(contents).to_bytes(8, "little"), digest_size=32, key=key, person=b"shoal source")
    for content in contents:
        whole.update(len(content).to_bytes(8, "little"))
        for begin in range(0, max(1, len(content)), part):
            whole.update(tag.encrypt(bytes(12), b"", content[begin : begin + part]))
    return whole.hexdigest()


CONTENTS = st.lists(st.binary(max_size=100), min_size=1, max_size=6)


class TestParts:
    """Files in parts of 32 bytes, read 7 bytes at a time: the seams lie everywhere."""

    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_PART", 32)
        monkeypatch.setattr(module, "_BUFFER", 7)

    @settings(max_examples=60, deadline=None)
    @given(contents=CONTENTS, workers=st.integers(1, 4))
    def test_it_is_the_slow_rule(
        self, contents: list[bytes], workers: int, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        files = write(tmp_path_factory.mktemp("files"), *contents)
        assert fingerprint(files, KEY, workers=workers) == naive(contents, KEY, 32)

    @settings(max_examples=60, deadline=None)
    @given(contents=CONTENTS, data=st.data())
    def test_any_changed_byte_shows(
        self, contents: list[bytes], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        contents = [*contents, b"a"]
        files = write(tmp_path_factory.mktemp("files"), *contents)
        before = fingerprint(files, KEY)
        changed = data.draw(st.sampled_from([i for i, content in enumerate(contents) if content]))
        content = bytearray(contents[changed])
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        files[changed].write_bytes(content)
        assert fingerprint(files, KEY) != before

    def test_parts_in_another_order_show(self, tmp_path: Path) -> None:
        """Each part alone has the tag that it had before."""
        one, two = write(tmp_path, b"a" * 32 + b"b" * 32, b"b" * 32 + b"a" * 32)
        assert fingerprint([one], KEY) != fingerprint([two], KEY)

    def test_progress_rises_to_one_in_the_calling_thread(self, tmp_path: Path) -> None:
        told: list[float] = []
        callers = set()

        def progress(done: float) -> None:
            told.append(done)
            callers.add(threading.current_thread())

        fingerprint(write(tmp_path, b"a" * 320, b"", b"b"), KEY, progress)
        assert (len(told), told[-1]) == (12, 1.0)
        assert all(a <= b for a, b in pairwise(told)) and told[0] == 32 / 321
        assert callers == {threading.current_thread()}


def test_only_tags_under_a_key_of_their_own_enter_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of the digest is not the key of the tags: neither the cipher nor the hash sees the other's."""
    seen = []

    def cipher(key: bytes) -> AES:
        seen.append(key)
        return AES(key)

    monkeypatch.setattr(module, "AES", cipher)
    fingerprint(write(tmp_path, b"a"), KEY)
    assert len(seen) == 1 and len(seen[0]) == 32 and seen[0] != KEY


def test_a_large_and_a_small_file_together(tmp_path: Path) -> None:
    """With the sizes that are used: more than one part, and not a whole number of buffers."""
    contents = [bytes(module._PART + 12_345), b"x" * 10]
    assert fingerprint(write(tmp_path, *contents), KEY) == naive(contents, KEY, module._PART)
