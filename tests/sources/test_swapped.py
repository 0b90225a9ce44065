"""Latitude and longitude exchanged, where both stay in range."""

from pathlib import Path

import pytest

from shoal.errors import DataError
from tests.sources import make

HEAD = "uid,t,lat,lon\n"
ROW = "a,2026-03-02T08:00:00,{},{}\n"


def rows(*places: tuple[float, float]) -> str:
    return HEAD + "".join(ROW.format(*place) for place in places)


def opened(folder: Path, *texts: str) -> None:
    """Zones of `make`: all of the world east of Greenwich."""
    for number, text in enumerate(texts):
        (folder / f"{number}.csv").write_text(text)
    make.opened(make.plan(folder, ["*.csv"]))


def test_swapped(tmp_path: Path) -> None:
    """Lisbon, 38.7 north and 9.1 west, is in no zone; 9.1 south and 38.7 east would be."""
    with pytest.raises(DataError, match=r"0\.csv: the columns 'lat' and 'lon' look swapped.*exchange"):
        opened(tmp_path, rows((38.7, -9.1), (38.8, -9.2), (38.9, -9.3)))


@pytest.mark.parametrize(
    "texts",
    [
        (rows((48.2, 16.4), (48.3, 16.5)),),
        (rows((38.7, -9.1), (38.8, -9.2), (48.2, 16.4)),),
        (rows((38.7, -9.1), (38.8, -9.2)), rows((48.2, 16.4))),
        (rows((-38.7, -9.1), (-38.8, -9.2), (38.8, -9.2)),),
        (rows((38.7, -109.1), (38.8, -109.2)),),
        (rows((38.7, -9.1), (99.0, 5.0), (38.8, -9.2)).replace("38", "x"), rows((48.2, 16.4))),
    ],
    ids=[
        "as it should be",
        "one record in a zone",
        "one in another file",
        "outside either way, for the most part",
        "impossible the other way round",
        "nothing to read in one file",
    ],
)
def test_not_swapped(tmp_path: Path, texts: tuple[str, ...]) -> None:
    opened(tmp_path, *texts)
