"""What the inspection works with: the `shoal` command, a witness of its own, and the plans that it tries."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

SHOAL = (sys.executable, "-m", "shoal.cli")


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended: 0 done, 1 failed, 2 wrong use, 3 refused."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.out)
        if not isinstance(found, dict):
            raise TypeError("not an object")
        return found


Command = Callable[..., Answer]
"""Called with the words after `shoal`, and `state`, the state folder."""


def shoal(*words: object, state: Path) -> Answer:
    """`shoal WORDS --json`, in a process of its own; nothing of the caller's settings of Shoal reaches it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SHOAL_")}
    done = subprocess.run(  # noqa: S603 - our own command
        [*SHOAL, *map(str, words), "--json", "--quiet"],
        env=clean | {"SHOAL_STATE": str(state)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr.strip())


@contextlib.contextmanager
def witness(folder: Path, log: str, name: str) -> Iterator[tuple[str, str]]:
    """A witness on this machine for the log with the key `log`, as long as the block lasts: its address and its key."""
    command = [*SHOAL, "log", "witness", str(folder), "--log", log, "--name", name, "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: S603
    assert process.stdout is not None  # noqa: S101 - it was asked for
    try:
        said = json.loads(process.stdout.readline() or "{}")
        yield said.get("address", ""), said.get("key", "")
    finally:
        process.send_signal(signal.SIGINT)
        for _ in range(50):
            if process.poll() is not None:
                break
            time.sleep(0.1)
        process.kill()
        process.communicate()


def seen(address: str, log: str) -> bytes:
    """The newest checkpoint of the log with the key `log` that the witness at this address has cosigned."""
    origin = hashlib.sha256(log.split("+", maxsplit=1)[0].encode()).hexdigest()
    with urllib.request.urlopen(f"{address}/{origin}/checkpoint", timeout=10) as page:  # noqa: S310 - on loopback
        found: bytes = page.read()
    return found


def quarters(city: Path, file: Path) -> None:
    """Four rectangles over the simulated city, as zones: with few zones a small city is enough."""
    districts = json.loads((city / "zones.geojson").read_text(encoding="utf-8"))
    points = [point for feature in districts["features"] for point in _points(feature["geometry"]["coordinates"])]
    lon, lat = sorted(x for x, _ in points), sorted(y for _, y in points)
    lons, lats = (lon[0], (lon[0] + lon[-1]) / 2, lon[-1]), (lat[0], (lat[0] + lat[-1]) / 2, lat[-1])
    features = []
    for i in range(2):
        for j in range(2):
            west, east, south, north = lons[i], lons[i + 1], lats[j], lats[j + 1]
            ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
            name = f"{'south' if j == 0 else 'north'}-{'west' if i == 0 else 'east'}"
            shape = {"type": "Polygon", "coordinates": [ring]}
            features.append({"type": "Feature", "properties": {"id": name}, "geometry": shape})
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def _points(nested: Any) -> Iterator[tuple[float, float]]:
    if isinstance(nested[0], int | float):
        yield nested[0], nested[1]
    else:
        for inner in nested:
            yield from _points(inner)


@dataclass(frozen=True)
class Terms:
    """What the plans of the inspection differ in."""

    controller: str = "City of Atlantis, mobility office"
    assessment: str = "assessment.txt"
    basis: str = ""
    """Further lines of [source.basis]."""
    epsilon: str = "0.6"
    statistics: tuple[str, ...] = ("visitors",)
    source: str = "atlantis-phones"
    records: str = 'files = ["city/records/*.parquet"]'


def plan(terms: Terms, start: date, end: date) -> str:
    """A plan over the simulated city. The account holds epsilon 1 a week: two plans of 0.6 fit, and no third."""
    tables = "".join(f"[statistics.{name}]\n" for name in terms.statistics)
    return f"""\
[source]
name = "{terms.source}"
kind = "points"
{terms.records}
timezone = "America/Mexico_City"
synthetic = true                      # no real person is in these records; every output says so
cap = 1                               # epsilon that one device may lose in one week, over all plans
[source.columns]
device = "device"
time = "time"
lat = "lat"
lon = "lon"
[source.basis]
controller = "{terms.controller}"
legal_basis = "simulated records of no real person"
purpose = "transport planning"
assessment = "{terms.assessment}"
{terms.basis}
[zones]
kind = "polygons"
file = "quarters.geojson"
[period]
start = {start}
end = {end}
unit = "week"
[privacy]
epsilon = {terms.epsilon}
delta = 1e-8
{tables}"""
