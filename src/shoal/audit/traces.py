"""Invented traces: in which zone each device is in each hour, as the files of records that a source would send.

Twice a half-hour a phone reports from the middle of its zone, so that what each statistic must count of it follows from
the hours alone (`contribution`), and the audit need not ask Shoal, which it doubts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from shoal._arrays import Bool, Float64, Int32, Int64
from shoal.calendar import Calendar

HOUR = 3600
STEPS = (30, 20, 15, 12, 10, 6, 5, 4, 3, 2)
"""Minutes between two records, of which the largest is taken that leaves no silence."""


@dataclass(frozen=True, eq=False)
class Traces:
    """Where invented devices are.

    places    int32[d, h]  where each device is in each hour of the calendar: a zone, or a later one of `points`, which
              is outside all zones; -1 where it is switched off
    calendar  of the simulated plan
    points    float64[z or more, 2]  latitude and longitude from which a device there reports, degrees
    step      seconds between two records; the first of an hour comes half a step after it began
    """

    places: Int32
    calendar: Calendar
    points: Float64
    step: int

    def __post_init__(self) -> None:
        if self.places.ndim != 2 or self.places.shape[1] != self.calendar.hours:
            raise ValueError(f"places must have a column for each of {self.calendar.hours} hours")
        self.places.setflags(write=False)

    @property
    def devices(self) -> int:
        return int(self.places.shape[0])

    def write_points(self, file: Path, there: Bool) -> None:
        """The records of the devices in `there` (bool[d]), as a Parquet file of points."""
        device, hour = np.nonzero((self.places >= 0) & there[:, None])
        each = HOUR // self.step
        offset = self.step // 2 + self.step * np.arange(each)
        time = (self.calendar.hour_start[hour][:, None] + offset).ravel()
        at = self.points[np.repeat(self.places[device, hour], each)]
        columns = {
            "device": np.repeat(device, each),
            "time": pa.array(time * 1000).cast(pa.timestamp("ms", "UTC")),
            "lat": at[:, 0],
            "lon": at[:, 1],
        }
        pq.write_table(pa.table(columns), file)

    def write_trips(self, file: Path, there: Bool, zones: Sequence[str]) -> None:
        """The trips of the devices in `there` from one zone to the next, as a Parquet file of trips."""
        device, hour = self.moves(there)
        start = self.calendar.hour_start[hour]
        ids = np.asarray(zones, dtype=np.object_)
        columns = {
            "device": device,
            "start": pa.array(start * 1000).cast(pa.timestamp("ms", "UTC")),
            "end": pa.array((start + self.step // 2) * 1000).cast(pa.timestamp("ms", "UTC")),
            "origin": pa.array(ids[self.places[device, hour - 1]], pa.string()),
            "destination": pa.array(ids[self.places[device, hour]], pa.string()),
        }
        pq.write_table(pa.table(columns), file)

    def moves(self, there: Bool) -> tuple[Int64, Int64]:
        """Device and hour of each arrival in another zone; none where a device was off before, nor between units."""
        here, before = self.places[:, 1:], self.places[:, :-1]
        same_unit = np.diff(self.calendar.hour_unit) == 0
        device, hour = np.nonzero((here >= 0) & (before >= 0) & (here != before) & same_unit & there[:, None])
        return device.astype(np.int64), hour.astype(np.int64) + 1


def step_of(max_gap: float) -> int:
    """Seconds between two records where a silence of more than `max_gap` minutes counts as one."""
    return 60 * next((step for step in STEPS if step <= max_gap), 1)
