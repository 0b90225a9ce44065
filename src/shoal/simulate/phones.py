"""How phones report: most are silent most of the time, a few shout; in bursts, more by day and on the move."""

import math
from typing import NamedTuple

import numpy as np

from shoal._numba import njit
from shoal.simulate.arrays import Float64, Int64, UInt64
from shoal.simulate.dice import BURSTS, HABITS, exponential, lognormal, normal, poisson, stream, uniform
from shoal.simulate.travel import Stops, stop_at

DAY = 86_400
SPREAD = 1.4
"""Of the logarithm of records a day over devices: the mean is 2.7 medians, and one in a hundred sends ten means."""
MOST = 8_000.0
"""Records a day that no phone exceeds on average: one every eleven seconds."""
_SILENT = 0.6  # the chance of a silent day is this times the square of a uniform number: 0.2 on average
_SENT = 0.945  # of reports reach the files: visitors come late and leave early, and MOST cuts a little
_REPEAT = 0.004  # of bursts are sent twice
_AWAKE = np.array(
    [
        *(0.25, 0.12, 0.07, 0.05, 0.06, 0.15, 0.45, 0.80, 1.00, 0.95, 0.90, 0.95),
        *(1.05, 1.10, 1.05, 1.00, 1.00, 1.10, 1.25, 1.30, 1.30, 1.20, 0.95, 0.55),
    ]
)  # how often a phone that reports when it is used does so, by hour of the day


class Habits(NamedTuple):
    """How each phone reports; `float64[n]`, but for `bursts`."""

    size: Float64
    """Mean records of a burst."""
    pause: Float64
    """Mean seconds between two records of a burst."""
    night: Float64
    """0 for a phone that reports when it is used, up to 1 for one that reports by itself, night and day."""
    late: Float64
    """By how many seconds its day is later than others'."""
    moving: Float64
    """Share of bursts that start on the way."""
    metres: Float64
    """Its usual accuracy outdoors."""
    bursts: Int64
    """`int64[n, days]`: how often it reports on each day."""


class Bursts(NamedTuple):
    """Reports, by device and day; `int64[b]` each."""

    first: Int64
    """`int64[n + 1]`: the row where each device begins."""
    start: Int64
    """Seconds of the period."""
    size: Int64
    """Records; 0 if the device was not there."""
    copies: Int64
    """1, or 2 where the burst was sent twice."""


def habits(seed: np.uint64, first: int, n: int, days: int, records_per_day: float) -> Habits:
    """The habits of devices first ... first + n - 1, with so many records a device-day on average."""
    size, pause, night, late, moving, metres = np.zeros((6, n), np.float64)
    out = Habits(size, pause, night, late, moving, metres, np.zeros((n, days), np.int64))
    _habits(out, seed, first, records_per_day)
    return out


def bursts(habits: Habits, stops: Stops, seed: np.uint64, first: int) -> Bursts:
    """When those devices report."""
    offset = np.concatenate([[0], np.cumsum(habits.bursts.sum(axis=1))]).astype(np.int64)
    start, size, copies = np.zeros((3, int(offset[-1])), np.int64)
    out = Bursts(offset, start, size, copies)
    _bursts(out, habits, stops, seed, first)
    return out


@njit
def _habits(out: Habits, seed: np.uint64, first: int, records_per_day: float) -> None:
    median = records_per_day / _SENT / (1.0 - _SILENT / 3.0) / math.exp(SPREAD**2 / 2.0)
    for i in range(out.size.size):
        dice = stream(seed, first + i, HABITS)
        rate = min(lognormal(dice, median, SPREAD), MOST)
        by_itself = uniform(dice) < 0.45
        out.size[i] = 1.0 + math.sqrt(rate) * (0.2 if by_itself else 0.7) * lognormal(dice, 1.0, 0.4)
        out.pause[i] = min(max(lognormal(dice, 18.0, 0.9), 2.0), 180.0)
        out.night[i] = 0.4 + 0.6 * uniform(dice) if by_itself else 0.0
        out.late[i] = 3_000.0 * normal(dice)
        out.moving[i] = 0.05 + 0.4 * uniform(dice) ** 2
        out.metres[i] = lognormal(dice, 8.0, 0.35)
        silent = _SILENT * uniform(dice) ** 2
        for day in range(out.bursts.shape[1]):
            if uniform(dice) >= silent:
                mood = lognormal(dice, 0.9231163463866358, 0.4)  # mean 1
                out.bursts[i, day] = poisson(dice, rate * mood / out.size[i])


@njit
def _bursts(out: Bursts, habits: Habits, stops: Stops, seed: np.uint64, first: int) -> None:
    for i in range(out.first.size - 1):
        dice = stream(seed, first + i, BURSTS)
        row = out.first[i]
        here = stops.row[i, 0].arrive
        gone = stops.row[i, stops.used[i] - 1].depart
        for day in range(habits.bursts.shape[1]):
            for _ in range(habits.bursts[i, day]):
                out.start[row] = _start(habits, i, day * DAY, stops, dice)
                size = 1 + int(exponential(dice) / -math.log(1.0 - 1.0 / (habits.size[i] + 1e-9)))  # geometric
                out.copies[row] = 2 if uniform(dice) < _REPEAT else 1
                out.size[row] = size if here <= out.start[row] < gone else 0
                row += 1


@njit
def _start(habits: Habits, i: int, midnight: int, stops: Stops, dice: UInt64) -> int:
    """When a burst starts, seconds of the period: on a way of that day, or by the rhythm of the phone."""
    if uniform(dice) < habits.moving[i]:
        early, late = stop_at(stops, i, midnight), stop_at(stops, i, midnight + DAY)
        if late > early:
            k = early + int(uniform(dice) * (late - early))
            leave, arrive = max(midnight, stops.row[i, k].depart), stops.row[i, k + 1].arrive
            return leave + int(uniform(dice) * (arrive - leave))  # type: ignore[no-any-return]
    while True:
        time = uniform(dice) * DAY
        level = habits.night[i] + (1.0 - habits.night[i]) * _AWAKE[int(time / 3600.0)] / 1.3
        if uniform(dice) < level:
            return midnight + int((time + habits.late[i]) % DAY)
