"""A list of keyed hashes on disk: adding and taking out is a multiset, and nothing is half there."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal._arrays import UInt64
from shoal.errors import StateError
from shoal.ledger.hash_list import Hashes, HashList


def numbers(*values: int) -> UInt64:
    return np.array(values, dtype=np.uint64)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), max_size=30))
def test_adding_and_taking_out_is_what_sets_do(steps: list[tuple[bool, int]]) -> None:
    """Thing n stands for the marks n, n + 1 and n + 2, so that neighbours share some."""
    own, on = Hashes.none(), set[int]()
    for add, thing in steps:
        if (thing in on) != add:
            marks = numbers(thing, thing + 1, thing + 2)
            own = own.changed(numbers(thing), marks, 1 if add else -1, 1)
            on ^= {thing}
        expected = sorted({thing + k for thing in on for k in range(3)})
        assert own.items.tolist() == sorted(on) and own.marks.tolist() == expected
        assert own.counts.tolist() == [sum(mark - thing in (0, 1, 2) for thing in on) for mark in expected]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    own = HashList(tmp_path, "deny")
    assert own.read() is None
    big = 2**64 - 1
    own.change(lambda _, before: before.changed(numbers(1, big), numbers(7, 7, big), 1, 1))
    key, found = HashList(tmp_path, "deny").read() or (b"", Hashes.none())
    assert len(key) == 16 and found.items.tolist() == [1, big]
    assert (found.marks.tolist(), found.counts.tolist()) == ([7, big], [2, 1])
    own.change(lambda again, before: before if again == key else Hashes.none())
    assert (own.read() or (b"",))[0] == key
    assert {path.name for path in tmp_path.iterdir()} == {"deny.key", "deny.list", "locks"}
    for name in ("deny.key", "deny.list"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_two_lists_have_two_keys(tmp_path: Path) -> None:
    keys = set()
    for folder, name in ((tmp_path / "a", "deny"), (tmp_path / "a", "other"), (tmp_path / "b", "deny")):
        folder.mkdir(exist_ok=True)
        HashList(folder, name).change(lambda _, before: before)
        found = HashList(folder, name).read()
        assert found is not None
        keys.add(found[0])
    assert len(keys) == 3


def test_changes_side_by_side_are_all_there(tmp_path: Path) -> None:
    def add(n: int) -> None:
        HashList(tmp_path, "deny").change(lambda _, before: before.changed(numbers(n), numbers(n), 1, 1))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(20)))
    found = HashList(tmp_path, "deny").read()
    assert found is not None and found[1].items.tolist() == list(range(20))


@pytest.mark.parametrize("lost", ["deny.key", "deny.list"])
def test_one_file_without_the_other_is_refused(tmp_path: Path, lost: str) -> None:
    own = HashList(tmp_path, "deny")
    own.change(lambda _, before: before.changed(numbers(1), numbers(2), 1, 1))
    (tmp_path / lost).unlink()
    with pytest.raises(StateError, match=f"{lost} is gone"):
        own.read()
    with pytest.raises(StateError, match=f"{lost} is gone"):
        own.change(lambda _, before: before)


@pytest.mark.parametrize("damage", [lambda d: d[:-1], lambda d: d[:40] + bytes([d[40] ^ 1]) + d[41:], lambda _: b""])
def test_a_damaged_list_is_refused(tmp_path: Path, damage: object) -> None:
    own = HashList(tmp_path, "deny")
    own.change(lambda _, before: before.changed(numbers(1), numbers(2), 1, 1))
    file = tmp_path / "deny.list"
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    with pytest.raises(StateError, match=r"deny\.list is damaged"):
        own.read()


def test_a_key_that_others_can_read_or_that_was_cut(tmp_path: Path) -> None:
    own = HashList(tmp_path, "deny")
    own.change(lambda _, before: before)
    file = tmp_path / "deny.key"
    file.chmod(0o644)
    with pytest.raises(StateError, match="chmod 600"):
        own.read()
    file.chmod(0o600)
    file.write_bytes(b"short")
    with pytest.raises(StateError, match=r"deny\.key is damaged"):
        own.read()


def test_a_change_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = HashList(tmp_path, "deny")
    own.change(lambda _, before: before.changed(numbers(1), numbers(2), 1, 1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError, match="full"):
        own.change(lambda _, before: before.changed(numbers(3), numbers(4), 1, 1))
    found = own.read()
    assert found is not None and found[1].items.tolist() == [1]
    assert {path.name for path in tmp_path.iterdir()} == {"deny.key", "deny.list", "locks"}
