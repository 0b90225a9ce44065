"""Devices as hostile as they can be made, for the contract tests."""

import numpy as np
from hypothesis import strategies as st

from shoal.buckets import PointBucket

PLAN_TEXT = """
[source]
name = "hostile"
kind = "points"
files = ["none.parquet"]
timezone = "Europe/Vienna"
[source.columns]
device = "d"
time = "t"
lat = "lat"
lon = "lon"
[source.basis]
controller = "tests"
legal_basis = "none needed"
purpose = "mobility research"
[zones]
kind = "h3"
resolution = 7
bbox = [16.2, 48.1, 16.6, 48.3]
[period]
start = 2026-03-02
end = 2026-03-04
unit = "day"
[privacy]
epsilon = 1
"""
START, NOON, END = 1772406000, 1772449200, 1772578800  # local midnights of 2, (noon of 2,) 4 March
MIDNIGHT = (START + END) // 2
UNITS = 2
CITY = (482_000_000, 163_700_000)

instants = st.one_of(
    st.integers(START, END - 1),
    st.sampled_from([START, NOON, MIDNIGHT - 1, MIDNIGHT, END - 1]),
    st.integers(NOON - 2000, NOON + 2000),
)
places = st.one_of(
    st.tuples(st.integers(CITY[0] - 900_000, CITY[0] + 900_000), st.integers(CITY[1] - 1_600_000, CITY[1] + 1_600_000)),
    st.sampled_from(
        [
            CITY,
            (CITY[0] + 1, CITY[1]),
            (900_000_000, 0),  # the poles
            (-900_000_000, 1_800_000_000),
            (0, 1_799_999_999),  # the date line, from both sides
            (0, -1_800_000_000),
        ]
    ),
)
scattered = st.lists(st.tuples(instants, places), min_size=1, max_size=40)


@st.composite
def steady(draw: st.DrawFn) -> list[tuple[int, tuple[int, int]]]:
    """Hops between a few places, with records often enough for stays: long vectors that bounding must shorten."""
    homes = draw(st.lists(places, min_size=1, max_size=4))
    step, times = draw(st.sampled_from([300, 900, 1500])), []
    at = draw(st.integers(START, START + 3600))
    while at < END:
        times.append(at)
        at += step
    dwell = draw(st.integers(1, 12))
    return [(time, homes[i // dwell % len(homes)]) for i, time in enumerate(times)]


@st.composite
def people(draw: st.DrawFn) -> list[np.ndarray]:
    """A few devices, each int64[n, 3] of time, lat, lon in any order, possibly many times over."""
    chosen = draw(st.lists(st.one_of(scattered, steady()), min_size=1, max_size=4))
    copies = draw(st.sampled_from([1, 1, 1, 500]))
    rows = [np.array([(t, lat, lon) for t, (lat, lon) in device], dtype=np.int64) for device in chosen]
    rows[0] = np.tile(rows[0], (copies, 1))
    return rows


def bucket_of(devices: list[np.ndarray], without: tuple[int, int] | None = None) -> PointBucket:
    """The devices' records as a bucket, rows split at midnight; `without` = (device, unit) leaves that row out."""
    first, units, parts = [0], [], []
    for number, device in enumerate(devices):
        ordered = device[np.argsort(device[:, 0], kind="stable")]
        for unit in range(UNITS):
            in_unit = (ordered[:, 0] >= MIDNIGHT) == (unit == 1)
            if not in_unit.any() or (number, unit) == without:
                continue
            parts.append(ordered[in_unit])
            units.append(unit)
            first.append(first[-1] + int(in_unit.sum()))
    table = np.concatenate(parts) if parts else np.zeros((0, 3), dtype=np.int64)
    return PointBucket(
        np.array(first, dtype=np.int64),
        np.array(units, dtype=np.int32),
        np.ascontiguousarray(table[:, 0]),
        np.ascontiguousarray(table[:, 1]).astype(np.int32),
        np.ascontiguousarray(table[:, 2]).astype(np.int32),
    )
