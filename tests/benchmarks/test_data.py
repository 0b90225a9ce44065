"""The benchmark's own records: the simulator's, in another order and spelling, none lost."""

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from benchmarks import _data
from shoal.simulate import simulate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    _data.city(folder, 20_000)
    _data.city(folder, 20_000, "text")
    return folder


def test_no_record_is_lost_or_changed(folder: Path, tmp_path: Path) -> None:
    _data._simulate(tmp_path / "raw", 200, 100, seed=1)
    raw = pl.read_parquet(tmp_path / "raw" / "records").sort(pl.all())
    assert pl.read_parquet(folder / "int" / "records").sort(pl.all()).equals(raw)
    assert _data.count(folder / "int" / "plan.toml") == raw.height


def test_text_is_the_same_under_other_names(folder: Path) -> None:
    text, numbers = (pl.read_parquet(sorted((folder / ids / "records").glob("*"))) for ids in ("text", "int"))
    assert set(text["device"].str.len_bytes()) == {36}
    assert text["device"].to_list() == [_data.spell(device) for device in numbers["device"]]
    assert text.drop("device").equals(numbers.drop("device"))
    assert text["device"].n_unique() == numbers["device"].n_unique()


def test_files_are_in_the_order_of_time_and_packed_as_said(folder: Path) -> None:
    files = sorted((folder / "int" / "records").glob("*.parquet"))
    assert all(pl.read_parquet(file)["time"].is_sorted() for file in files)
    assert pq.ParquetFile(files[0]).metadata.row_group(0).column(0).compression.lower() == _data.COMPRESSION


def test_it_is_made_once(folder: Path) -> None:
    before = [file.stat().st_mtime_ns for file in sorted((folder / "int" / "records").iterdir())]
    _data.city(folder, 20_000)
    assert before == [file.stat().st_mtime_ns for file in sorted((folder / "int" / "records").iterdir())]


def test_it_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def here(raw: Path, devices: int, per_device: int, seed: int) -> None:
        """In this process, which has loaded everything."""
        simulate(raw, devices=devices, days=_data.DAYS, records_per_day=per_device / _data.DAYS, seed=seed)

    def fails_at_the_second(raw: Path, devices: int, per_device: int, seed: int) -> None:
        asked.append(seed)
        if asked == [1, 2]:
            raise KeyboardInterrupt
        here(raw, devices, per_device, seed)

    monkeypatch.setattr(_data, "DEVICES_AT_ONCE", 40)
    monkeypatch.setattr(_data, "_simulate", here)
    _data.city(tmp_path / "whole", 8_000)

    monkeypatch.setattr(_data, "_simulate", fails_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        _data.city(tmp_path / "stopped", 8_000)
    assert not (tmp_path / "stopped" / "int" / "plan.toml").exists()
    _data.city(tmp_path / "stopped", 8_000)
    assert asked == [1, 2, 2]
    whole, stopped = (pl.read_parquet(tmp_path / n / "int" / "records").sort(pl.all()) for n in ("whole", "stopped"))
    assert stopped.equals(whole)
