"""The same seed gives the same bytes; wrong arguments are refused; a failure leaves nothing."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shoal.errors import StateError, UsageError
from shoal.simulate import simulate, truth_tables
from shoal.statistics import STATISTICS

FILES = {
    "area.geojson",
    "city.json",
    "places.geojson",
    "plan.toml",
    "population.csv",
    "sensitive.geojson",
    "zones.geojson",
    *(f"records/part-000{n}.parquet" for n in range(4)),
    *(f"truth/{name}.parquet" for name in STATISTICS),
    *(f"truth/places/{name}.parquet" for name in ("visits", "visitors", "dwell")),
}


def content(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def small(out: Path, **changed: Any) -> dict[str, bytes]:
    asked: dict[str, Any] = {"devices": 80, "days": 2, "seed": 7, **changed}
    plan = simulate(out, **asked)
    assert plan == out / "plan.toml"
    return content(out)


def test_same_seed_same_bytes_whatever_the_threads(tmp_path: Path) -> None:
    first = small(tmp_path / "a", threads=1)
    assert set(first) == FILES
    assert first == small(tmp_path / "b", threads=2)
    assert first == small(tmp_path / "deeper" / "c", threads=4)


def test_another_seed_another_people_in_the_same_city(tmp_path: Path) -> None:
    first, second = small(tmp_path / "a"), small(tmp_path / "b", seed=8)
    same = {name for name in FILES if first[name] == second[name]}
    assert same == {"area.geojson", "zones.geojson", "places.geojson", "population.csv", "sensitive.geojson"}


def test_a_device_does_the_same_among_more_devices(tmp_path: Path) -> None:
    import polars as pl

    simulate(tmp_path / "few", devices=10, days=2, seed=7)
    simulate(tmp_path / "many", devices=300, days=2, seed=7)
    few, many = (pl.read_parquet(tmp_path / name / "records" / "*.parquet") for name in ("few", "many"))
    order = ["device", "time", "lat", "lon", "accuracy"]
    kept = many.join(few.select("device").unique(), on="device", how="semi")
    assert kept.sort(order).equals(few.sort(order))


def test_a_drawn_seed_is_noted_and_repeats(tmp_path: Path) -> None:
    first = small(tmp_path / "a", seed=None)
    seed = int(json.loads(first["city.json"])["seed"])
    assert f"--seed {seed} " in first["plan.toml"].decode()
    assert first == small(tmp_path / "b", seed=seed)
    assert seed != int(json.loads(small(tmp_path / "c", seed=None)["city.json"])["seed"])


def test_one_device_and_one_day(tmp_path: Path) -> None:
    assert "records/part-0000.parquet" in small(tmp_path / "a", devices=1, days=1)


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    assert set(small(tmp_path)) == FILES


def test_progress_ends_at_one(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    small(tmp_path / "a", progress=lambda phase, done: told.append((phase, done)))
    assert told == [("records", n / 4) for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"devices": 0}, "--devices"),
        ({"days": 0}, "--days"),
        ({"days": 1_000}, "--days"),
        ({"seed": -1}, "--seed"),
        ({"seed": 2**64}, "--seed"),
        ({"records_per_day": 0.0}, "--records-per-day"),
        ({"records_per_day": float("nan")}, "--records-per-day"),
        ({"records_per_day": 1e6}, "--records-per-day"),
        ({"threads": 0}, "threads"),
        ({"start": date(2020, 3, 2)}, "start"),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused(tmp_path: Path, wrong: dict[str, Any], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        small(tmp_path / "out", **wrong)
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for out in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(UsageError, match="in the way"):
            small(out)
    assert content(tmp_path) == {"mine.txt": b"mine"}


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(truth_tables, "write", full)
    with pytest.raises(StateError, match="No space left"):
        small(tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("threads", [1, 3])
def test_an_interruption_leaves_nothing(tmp_path: Path, threads: int) -> None:
    def stop(_: str, done: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small(tmp_path / "out", progress=stop, threads=threads)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="could not be written"):
        small(tmp_path / "file" / "out")
