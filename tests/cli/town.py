"""A tiny real source: thirty devices over one day in four square zones, written as any of the formats."""

import csv
import gzip
import io
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from shoal.ledger.accounts import Accounts

DEVICES, EACH = 30, 12
COLUMNS = ("uid", "seen", "lat", "lng")

PLAN = """\
[source]
name = "harbour-app"
kind = "points"
files = ["records/*"]
timezone = "America/Mexico_City"
[source.columns]
device = "uid"
time = "seen"
lat = "lat"
lon = "lng"
[source.basis]
controller = "City of Guadalajara"
legal_basis = "public dataset"
purpose = "transport planning"
[zones]
kind = "polygons"
file = "districts.geojson"
id = "code"
name = "label"
[period]
start = 2026-03-02
end = 2026-03-03
unit = "day"
[privacy]
epsilon = 1.0
delta = 1e-8
[statistics.presence]
share = 4
by = ["zone", "daypart"]
[statistics.visits]
share = 2
"""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Town:
    """A folder with plan, zones and records, to be released or spoilt first."""

    folder: Path

    @classmethod
    def build(cls, folder: Path) -> "Town":
        town = cls(folder)
        town.mend()
        return town

    def mend(self) -> None:
        """Plan, zones and records as they should be; accounts and releases are left as they are."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.plan.write_text(PLAN)
        self.zones(squares())
        self.csv(rows())

    @property
    def plan(self) -> Path:
        return self.folder / "plan.toml"

    @property
    def state(self) -> Path:
        return self.folder / ".shoal"

    @property
    def releases(self) -> Path:
        return self.folder / "releases"

    def change(self, old: str, new: str) -> None:
        """Replace `old` in the plan, where it must stand."""
        text = self.plan.read_text()
        assert old in text, old
        self.plan.write_text(text.replace(old, new))

    def zones(self, features: Sequence[Mapping[str, Any]], **more: object) -> None:
        whole = {"type": "FeatureCollection", "features": features, **more}
        (self.folder / "districts.geojson").write_text(json.dumps(whole))

    def fresh(self, name: str) -> Path:
        """The file records/<name>, alone in its folder."""
        shutil.rmtree(self.folder / "records", ignore_errors=True)
        return self.add(name)

    def add(self, name: str) -> Path:
        """The file records/<name>, beside the others."""
        file = self.folder / "records" / name
        file.parent.mkdir(exist_ok=True)
        return file

    def csv(self, content: Rows, name: str = "day.csv", *, tail: str = "") -> None:
        self.fresh(name).write_text(as_csv(content) + tail)

    def gz(self, content: Rows) -> Path:
        file = self.fresh("day.csv.gz")
        file.write_bytes(gzip.compress(as_csv(content).encode()))
        return file

    def ndjson(self, content: Rows, *, tail: str = "") -> None:
        self.fresh("day.ndjson").write_text("".join(json.dumps(row) + "\n" for row in content) + tail)

    def parquet(self, content: Rows) -> Path:
        file = self.fresh("day.parquet")
        pq.write_table(pa.Table.from_pylist(content), file, compression="none")
        return file

    def found(self, out: Path | None = None) -> list[str]:
        """Everything that lies where releases are published, hidden or not."""
        folder = out or self.releases
        return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []

    def charges(self, state: Path | None = None) -> int:
        """How often the accounts were charged."""
        file = (state or self.state) / "accounts.sqlite"
        if not file.exists():
            return 0
        return sum(len(account.charges) for account in Accounts.open(f"sqlite:///{file}").statement())


def rows(seed: int = 1) -> Rows:
    """Each device stays at one place, a record every two hours or so, to the odd second."""
    dice = np.random.default_rng(seed)
    found: Rows = []
    for device in range(DEVICES):
        lat, lng = 20.605 + dice.random() * 0.03, -103.395 + dice.random() * 0.03
        for number in range(EACH):
            second = number * 7000 + int(dice.integers(1, 3000)) // 60 * 60 + 37
            seen = (datetime(2026, 3, 2) + timedelta(seconds=second)).isoformat()
            place = (round(lat + dice.normal() * 1e-5, 7), round(lng, 7))
            found.append({"uid": f"quokka-{device + 71}", "seen": seen, "lat": place[0], "lng": place[1]})
    return found


def with_(content: Rows, **columns: object) -> Rows:
    """The rows with other values: one for all, or a function of the row."""
    return [row | {name: v(row) if callable(v) else v for name, v in columns.items()} for row in content]


def as_csv(content: Rows, names: Iterable[str] = COLUMNS) -> str:
    page = io.StringIO()
    writer = csv.DictWriter(page, list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(content)
    return page.getvalue()


def squares() -> list[dict[str, Any]]:
    """Four squares of about two kilometres as features of a GeoJSON file."""
    return [
        {
            "type": "Feature",
            "properties": {"code": f"z{i}{j}", "label": f"Square {i}{j}"},
            "geometry": shapely.geometry.mapping(
                shapely.box(-103.4 + 0.02 * i, 20.6 + 0.02 * j, -103.38 + 0.02 * i, 20.62 + 0.02 * j)
            ),
        }
        for i in range(2)
        for j in range(2)
    ]


SECRETS = frozenset(
    {"quokka", ":37", "-103.3", "20.60", "20.61", "20.62", "20.63"}
    | {text for row in rows() for text in (row["uid"], row["seen"], str(row["lat"]), str(row["lng"]))}
)
"""Pieces of text that stand in records and nowhere else."""
