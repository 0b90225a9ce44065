"""The files of a simulated city."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import shapely

from shoal.simulate import frame, geography
from shoal.simulate.cells import RESOLUTION, Cells
from shoal.simulate.plan_text import plan_text
from shoal.simulate.records import Records


@dataclass(frozen=True, slots=True)
class Town:
    """What was asked for, and the map it happens on."""

    districts: geography.Districts
    cells: Cells
    days: int
    start: date
    seed: int
    devices: int
    records_per_day: float

    @property
    def midnight(self) -> int:
        """Seconds since 1970 UTC at which the first local day begins."""
        return int(
            datetime(self.start.year, self.start.month, self.start.day, tzinfo=ZoneInfo(frame.TIMEZONE)).timestamp()
        )


def degrees(shape: shapely.Polygon) -> list[tuple[float, float]]:
    """The outline of a shape in the city's frame as (longitude, latitude), to 1e-6 degrees."""
    x, y = np.asarray(shapely.get_coordinates(shape)).T
    east, north = np.round(frame.longitude(x, y), 6), np.round(frame.latitude(x, y), 6)
    return list(zip(east.tolist(), north.tolist(), strict=True))


def maps(folder: Path, town: Town) -> None:
    """`area.geojson`, `zones.geojson` and `city.json`."""
    d = town.districts
    area = [_feature({"name": "Study area"}, geography.area())]
    zones = [
        _feature({"id": i, "name": name, "parent": parent}, shape)
        for i, name, parent, shape in zip(d.id, d.name, d.parent, d.shape, strict=True)
    ]
    _json(folder / "area.geojson", {"type": "FeatureCollection", "features": area})
    _json(folder / "zones.geojson", {"type": "FeatureCollection", "features": zones})
    city = {
        "synthetic": True,
        "seed": str(town.seed),  # text, as JSON readers round whole numbers above 2**53
        "devices": town.devices,
        "days": town.days,
        "start": town.start.isoformat(),
        "records_per_day": town.records_per_day,
        "timezone": frame.TIMEZONE,
        "centre": {"lat": frame.LATITUDE, "lon": frame.LONGITUDE},
        "zones": {"kind": "h3", "resolution": RESOLUTION, "count": int(town.cells.id.size)},
    }
    _json(folder / "city.json", city)


def places(folder: Path, named: Iterable[tuple[str, str, str, shapely.Polygon]]) -> None:
    """`places.geojson`: id, name, category and shape in the city's frame of each."""
    features = [_feature({"id": i, "name": name, "category": kind}, shape) for i, name, kind, shape in named]
    _json(folder / "places.geojson", {"type": "FeatureCollection", "features": features})


def plan(folder: Path, town: Town) -> None:
    """`plan.toml`, ready to run."""
    text = plan_text(
        start=town.start,
        days=town.days,
        seed=town.seed,
        devices=town.devices,
        records_per_day=town.records_per_day,
        resolution=RESOLUTION,
    )
    (folder / "plan.toml").write_text(text, encoding="utf-8", newline="\n")


def table(path: Path, rows: pa.Table) -> None:
    """A table as CSV."""
    pyarrow.csv.write_csv(rows, path)


def records(path: Path, sent: Records, midnight: int) -> None:
    """One file of records: `device` int64, `time` UTC in whole seconds, `lat`, `lon` degrees, `accuracy` metres."""
    path.parent.mkdir(exist_ok=True)
    time = pa.array((sent.time + midnight) * 1000).cast(pa.timestamp("ms", "UTC"))
    columns = {"device": sent.device, "time": time, "lat": sent.lat, "lon": sent.lon, "accuracy": sent.accuracy}
    pq.write_table(
        pa.table(columns),
        path,
        compression="zstd",
        use_dictionary=["device", "accuracy"],
        write_statistics=["time"],
        row_group_size=1 << 20,
    )


def _feature(properties: dict[str, str], shape: shapely.Polygon) -> dict[str, object]:
    geometry = {"type": "Polygon", "coordinates": [degrees(shape)]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _json(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
