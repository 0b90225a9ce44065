"""One small week that most tests look at; nobody may change it."""

from pathlib import Path

import polars as pl
import pytest

from shoal.simulate import simulate

DEVICES, DAYS, SEED = 3_000, 7, 5
ZONE = "America/Mexico_City"


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a simulated week."""
    return simulate(tmp_path_factory.mktemp("simulate") / "week", devices=DEVICES, days=DAYS, seed=SEED).parent


@pytest.fixture(scope="session")
def records(week: Path) -> pl.DataFrame:
    """All its records, in the order of the files, with `local` time."""
    sent = pl.concat([pl.read_parquet(file) for file in sorted((week / "records").glob("*.parquet"))])
    return sent.with_columns(local=pl.col("time").dt.convert_time_zone(ZONE))


@pytest.fixture(scope="session")
def truth(week: Path) -> dict[str, pl.DataFrame]:
    """Its truth, by the name of the statistic."""
    return {file.stem: pl.read_parquet(file) for file in (week / "truth").glob("*.parquet")}
