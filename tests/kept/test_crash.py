"""A crash at every step of keeping, erasing and destroying: what was kept is kept whole, and the next run ends it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from shoal.disk import Files
from shoal.errors import StateError
from shoal.intake._batches import PseudonymousPoints
from shoal.kept import Shelf, Span, Terms, Writer, destroy, erase, forget
from shoal.kept.shelf import Batch, Index
from shoal.kept.source import read_segment
from tests.kept.faults import Crash, PrivateFaulty

SPAN = Span(date(2026, 3, 2), date(2026, 3, 9))
TERMS = Terms("points", "Europe/Vienna", "City", "contract", "urban research", "200", None)
DEVICES = pa.array([f"phone-{number}" for number in range(40)], pa.large_string())
START, END = 1_772_406_000, 1_772_406_000 + 7 * 86_400
Kept = list[tuple[int, int]]
Scenario = Callable[[Files], object]


def keep(state: Path, files: Files | None = None, second: int = 0) -> None:
    """A batch of forty devices in at least two segments."""
    shelf = Shelf(state, "source", files)
    unit = shelf.make(SPAN)
    shelf.tidy(unit)
    own = unit.key.pseudonymizer()(DEVICES)
    rows = np.arange(own.size, dtype=np.int32)
    writer = Writer(shelf, [(unit, START, END)], 1)
    writer.add(0, PseudonymousPoints(own, START + second + rows.astype(np.int64), rows, rows))
    writer.finish(TERMS, [{f"file {second}": 1}])


def kept(state: Path) -> Kept | None:
    """(pseudonym, time) of all records; None: nothing is kept."""
    shelf = Shelf(state, "source")
    if SPAN not in shelf.spans() or (unit := shelf.unit(SPAN)).index is None:
        return None
    found = (read_segment(shelf, unit, name, "points") for name in unit.index.files)
    return sorted(
        (int(p), int(t)) for records in found for p, t in zip(records["pseudonym"], records["time"], strict=True)
    )


def crashes(before: Path, scenario: Callable[[Path, Files], object]) -> Iterator[tuple[str, Path]]:
    """A state after each crash: in the middle of every step, with and without a failure of power."""
    whole = before.with_name("whole")
    shutil.copytree(before, whole)
    disk = PrivateFaulty()
    scenario(whole, disk)
    assert len(disk.steps) > 5
    for at in range(len(disk.steps)):
        for torn, lose in ((False, False), (True, True)):
            state = before.with_name(f"{at} {torn} {lose}")
            shutil.copytree(before, state)
            with pytest.raises(Crash):
                scenario(state, PrivateFaulty(at, torn=torn, lose=lose))
            yield f"step {at} ({disk.steps[at]}), torn {torn}, power lost {lose}", state
            shutil.rmtree(state)


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    state.mkdir()
    return state


def test_keeping(empty: Path) -> None:
    """A second batch too: all of it or nothing, and never less than was there."""
    for second in (0, 1):
        old = kept(empty)
        for where, state in crashes(empty, partial(keep, second=second)):
            found = kept(state)
            assert found == old or (found is not None and len(found) == 40 * (second + 1)), where
            if found == old:
                keep(state, second=second)
            again = kept(state)
            assert again is not None and len(again) == 40 * (second + 1), where
            Shelf(state, "source").tidy_all()
            assert len(list((state / "kept" / "source" / str(SPAN)).iterdir())) == 1 + 2 * (second + 1), where
        shutil.rmtree(empty.with_name("whole"))
        keep(empty, second=second)


def test_an_index_before_its_segments_would_show(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def finish(self: Writer, terms: Terms, marks: list[dict[str, int]]) -> None:
        own = self._open[0]
        names = tuple(f"0001-{part:02x}" for part, waiting in enumerate(own.waiting) if waiting)
        self._shelf.note(own.unit, Index(terms, (Batch(1, names, marks[0]),)))
        self._flush()

    monkeypatch.setattr(Writer, "finish", finish)
    wrong = 0
    for _, state in crashes(empty, keep):
        try:
            kept(state)
        except StateError:
            wrong += 1
    assert wrong > 5


def test_erasing(empty: Path) -> None:
    keep(empty)
    every = kept(empty)
    assert every is not None
    leaving = of_both_segments(empty)
    unit = Shelf(empty, "source").unit(SPAN)
    gone = set(unit.key.pseudonymizer()(leaving).tolist())
    left = [row for row in every if row[0] not in gone]
    assert len(left) == 35
    for where, state in crashes(empty, lambda state, files: erase(Shelf(state, "source", files), leaving)):
        found = kept(state)
        assert found is not None and set(left) <= set(found) <= set(every), where
        erase(Shelf(state, "source"), leaving)
        assert kept(state) == left, where


def of_both_segments(state: Path) -> pa.Array:
    """Five devices, of whom each of the two segments holds some: left to the random key, one held all of them in 6 % of
    the runs. That a segment holds fewer than three of the forty happens less than once in 10**8 runs."""
    shelf = Shelf(state, "source")
    unit = shelf.unit(SPAN)
    assert unit.index is not None
    first, other = (set(read_segment(shelf, unit, name, "points")["pseudonym"].tolist()) for name in unit.index.files)
    own = unit.key.pseudonymizer()(DEVICES).tolist()
    in_first, in_other = ([row for row, one in enumerate(own) if one in held] for held in (first, other))
    return DEVICES.take(pa.array(in_first[:3] + in_other[:2]))


def test_erasing_writes_the_same_files_whoever_is_named(empty: Path) -> None:
    """Two strangers that would lie in both parts: every segment is new, and holds what it held."""
    keep(empty)
    every, folder = kept(empty), empty / "kept" / "source" / str(SPAN)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    erase(Shelf(empty, "source"), pa.array([f"stranger-{n}" for n in range(40)], pa.large_string()))
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert kept(empty) == every
    assert [name for name in before if before[name] == after[name]] == ["index"] and before.keys() == after.keys()


def test_destroying(empty: Path) -> None:
    keep(empty)
    old = {path: path.read_bytes() for path in empty.rglob("*") if path.is_file()}
    key = next(data for path, data in old.items() if path.suffix == ".key")

    def whole(state: Path, files: Files) -> str:
        shelf = Shelf(state, "source", files)
        entry = destroy(shelf, SPAN)
        forget(shelf, SPAN)
        return entry

    for where, state in crashes(empty, whole):
        shelf = Shelf(state, "source")
        begun = shelf.is_destroying(SPAN)
        if begun:
            assert shelf.spans() == [] and kept(state) is None, where
            with pytest.raises(StateError, match="is being destroyed"):
                shelf.make(SPAN)
            note = (state / "kept" / "source" / str(SPAN) / "destroying").read_text()
            assert destroy(shelf, SPAN) == note == destroy(shelf, SPAN), where
        elif not shelf.is_empty(SPAN) and (state / "kept" / "source" / str(SPAN)).exists():
            assert kept(state) is not None, where  # it had not begun
            destroy(shelf, SPAN)
        with suppress(StateError):
            forget(shelf, SPAN)
        files = [path for path in state.rglob("*") if path.is_file()]
        assert files == [] and key not in b"".join(path.read_bytes() for path in files), where


def test_the_key_is_written_over_before_anything_else_goes(empty: Path) -> None:
    """Whenever it stops: as long as the key is what it was, all is there; and for a moment it is another."""
    keep(empty)
    shelf = Shelf(empty, "source")
    secret, names = shelf.key_file(SPAN).read_bytes(), {path.name for path in (shelf.folder / str(SPAN)).iterdir()}
    written_over = False
    for where, state in crashes(empty, lambda state, files: destroy(Shelf(state, "source", files), SPAN)):
        shelf = Shelf(state, "source")
        key = shelf.files.read(shelf.key_file(SPAN), 1 << 10)
        if key == secret:
            assert names <= {path.name for path in (shelf.folder / str(SPAN)).iterdir()}, where
        written_over |= key is not None and len(key) == len(secret) and key != secret
    assert written_over
