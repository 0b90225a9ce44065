"""A small source whose records can be recognised: odd identifiers, odd seconds, seven odd decimals."""

import csv
import json
import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

DAY, FIRST_DAY, HOUR = 86_400, 1_551_679_200, 3600  # Monday, 4 March 2019, 00:00 in Mexico City, which is UTC-6
WEST, SOUTH, EAST, NORTH = -103.41, 20.61, -103.35, 20.67
COLUMNS = ("uid", "seen", "lat", "lng")

PLAN = """\
[source]
name = "kestrel"
kind = "points"
files = ["records/*"]
timezone = "America/Mexico_City"
time_unit = "s"{cap}
[source.columns]
device = "uid"
time = "seen"
lat = "lat"
lon = "lng"
[source.basis]
controller = "{controller}"
legal_basis = "public dataset"
purpose = "transport planning"
[zones]
kind = "h3"
resolution = 8
bbox = [-103.41, 20.61, -103.35, 20.67]
[period]
start = {start}
end = {end}
unit = "day"
[privacy]
epsilon = {epsilon}
delta = 1e-8
[statistics.presence]
share = 4
[statistics.visits]
[statistics.flows]
by = ["origin", "destination"]
[statistics.residents]
"""


class Record(NamedTuple):
    """One row: `time` in seconds since 1970 UTC, odd; degrees with seven decimals, the last ones odd."""

    device: str
    time: int
    lat: float
    lon: float


def plan_text(
    controller: str = "City",
    start: str = "2019-03-04",
    end: str = "2019-03-06",
    epsilon: str = "0.25",
    cap: str = "",
) -> str:
    told = f"\ncap = {cap}" if cap else ""
    return PLAN.format(controller=controller, start=start, end=end, epsilon=epsilon, cap=told)


def identifiers(devices: int, dice: random.Random) -> list[str]:
    """Half of them UUIDs, half numbers of eight digits."""
    uuids = [str(uuid.UUID(int=dice.getrandbits(128), version=4)) for _ in range(devices - devices // 2)]
    return uuids + [str(number) for number in dice.sample(range(20_000_000, 100_000_000), devices // 2)]


def records(devices: int = 40, days: int = 2, seed: int = 5) -> list[Record]:
    """Devices that sleep at home and spend the day elsewhere: they stay, move, and go silent. In time order each."""
    dice = random.Random(seed)
    found = []
    for device in identifiers(devices, dice):
        home, away = _place(dice), _place(dice)
        time = FIRST_DAY + dice.randrange(600)
        while (time := time + dice.randrange(600, 3600) + dice.choice((0, 0, 0, 0, 0, 9000))) < FIRST_DAY + days * DAY:
            spot = away if 8 <= (time - FIRST_DAY) % DAY // HOUR < 18 else home
            # no full minute: the hours of a release are public and must not look like a record's time
            found.append(
                Record(device, time - time % 60 + dice.randrange(1, 60), _near(spot[0], dice), _near(spot[1], dice))
            )
    return found


def _place(dice: random.Random) -> tuple[float, float]:
    return dice.uniform(SOUTH + 0.005, NORTH - 0.005), dice.uniform(WEST + 0.005, EAST - 0.005)


def _near(degrees: float, dice: random.Random) -> float:
    """Within some 40 metres; the last decimal is never 0, so seven of them are always written."""
    return (
        int(degrees * 1e6 + dice.uniform(-400, 400)) * 10 + dice.randrange(1, 10) * (1 if degrees > 0 else -1)
    ) / 1e7


def write_all_formats(folder: Path, rows: Sequence[Record]) -> None:
    """A third in each format; numbers as numbers where the format has them. A device may lie in several files."""
    words = [row for row in rows if "-" in row.device]
    write(folder / "1-plover.csv", words[: len(words) // 2])
    write(folder / "2-osprey.ndjson", words[len(words) // 2 :])
    write(folder / "3-merlin.parquet", [row for row in rows if "-" not in row.device], numbers=True)


def write(file: Path, rows: Sequence[Record], *, numbers: bool = False) -> Path:
    """Records as the file's ending says; `numbers`: identifiers as whole numbers, where the format can."""
    file.parent.mkdir(parents=True, exist_ok=True)
    devices = [int(row.device) if numbers else row.device for row in rows]
    values = [(device, row.time, row.lat, row.lon) for device, row in zip(devices, rows, strict=True)]
    match file.suffix:
        case ".csv":
            with file.open("w", newline="") as sink:
                csv.writer(sink).writerows([COLUMNS, *values])
        case ".ndjson":
            file.write_text("".join(json.dumps(dict(zip(COLUMNS, v, strict=True))) + "\n" for v in values))
        case ".parquet":
            columns = {name: [v[i] for v in values] for i, name in enumerate(COLUMNS)}
            pq.write_table(pa.table(columns), file, row_group_size=max(1, len(rows) // 3))
        case other:
            raise ValueError(other)
    return file


def local_text(time: int) -> str:
    """A record's time as people write it, in the source's time zone."""
    return datetime.fromtimestamp(time - 6 * HOUR, UTC).strftime("%Y-%m-%dT%H:%M:%S")
