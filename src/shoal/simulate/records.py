"""What phones send: device, time, position with the error of its receiver, and the accuracy it claims."""

import math
from typing import NamedTuple

import numpy as np

from shoal._numba import njit
from shoal.simulate.arrays import Float32, Float64, Int64, UInt64
from shoal.simulate.dice import RECORDS, exponential, lognormal, normal, opaque, stream, uniform
from shoal.simulate.frame import latitude, longitude
from shoal.simulate.phones import Bursts, Habits
from shoal.simulate.travel import Stops, place, stop_at

_COARSE = 0.04  # of bursts know only the mobile network's or Wi-Fi's position
_HOLD = 0.8  # correlation of the errors of two records of a burst
_CIRCLE = math.sqrt(-2.0 * math.log(0.32))  # 68 % of a round normal lie within this many standard deviations


class Records(NamedTuple):
    """Records in the order in which they were sent; n rows."""

    device: Int64
    time: Int64
    """Seconds of the period."""
    lat: Float64
    """Degrees, to 1e-6."""
    lon: Float64
    accuracy: Float32
    """Metres within which the true position lies in 68 of 100 cases, as phones state it; to 0.1."""


def records(bursts: Bursts, habits: Habits, stops: Stops, seed: np.uint64, first: int, days: int) -> Records:
    """All records of devices first, first + 1, ... in the period, by the time at which they arrive."""
    room = int((bursts.size * bursts.copies).sum())
    sent = np.empty(room, np.uint64)
    out = Records(
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.float64),
        np.empty(room, np.float64),
        np.empty(room, np.float32),
    )
    n = _report(out, sent, bursts, habits, stops, seed, first, days)
    bits = np.uint64(max(1, room - 1).bit_length())
    key = (sent[:n] << bits) | np.arange(n, dtype=np.uint64)
    key.sort()  # one number a row holds moment and row: faster than a stable argsort, and the same
    key &= np.uint64((1 << int(bits)) - 1)
    order = key.view(np.int64)
    return Records(
        out.device.take(order), out.time.take(order), out.lat.take(order), out.lon.take(order), out.accuracy.take(order)
    )


@njit
def _report(
    out: Records,
    sent: UInt64,
    bursts: Bursts,
    habits: Habits,
    stops: Stops,
    seed: np.uint64,
    first: int,
    days: int,
) -> int:
    """Write the records of every burst, device by device; returns how many. `sent` (seconds) is when they arrive."""
    row = 0
    for i in range(bursts.first.size - 1):
        dice = stream(seed, first + i, RECORDS)
        name = opaque(seed, first + i)
        end = min(days * 86_400, stops.row[i, stops.used[i] - 1].depart)
        for b in range(bursts.first[i], bursts.first[i + 1]):
            if bursts.size[b] == 0:
                continue
            time, begin = bursts.start[b], row
            k = stop_at(stops, i, time)
            usual = habits.metres[i] * (1.5 if time < stops.row[i, k].depart else 1.0)  # worse under a roof
            if uniform(dice) < _COARSE:
                usual = lognormal(dice, 180.0, 0.8)
            east, north = normal(dice), normal(dice)
            for _ in range(bursts.size[b]):
                if time >= end:
                    break
                while k + 1 < stops.used[i] and stops.row[i, k + 1].arrive <= time:
                    k += 1
                x, y = place(stops, i, k, time)
                claim = math.floor(10.0 * lognormal(dice, usual, 0.2) + 1.0) / 10.0
                x, y = x + east * claim / _CIRCLE, y + north * claim / _CIRCLE
                out.device[row] = name
                out.time[row] = time
                out.lat[row] = math.floor(latitude(x, y) * 1e6 + 0.5) / 1e6
                out.lon[row] = math.floor(longitude(x, y) * 1e6 + 0.5) / 1e6
                out.accuracy[row] = claim
                row += 1
                time += 1 + int(habits.pause[i] * exponential(dice))
                east = _HOLD * east + math.sqrt(1.0 - _HOLD**2) * normal(dice)
                north = _HOLD * north + math.sqrt(1.0 - _HOLD**2) * normal(dice)
            done, last = row, out.time[max(begin, row - 1)]
            sent[begin:done] = last
            if bursts.copies[b] == 2:
                again = last + 60 + int(7_200.0 * exponential(dice))
                for k_copy in range(begin, done):
                    out.device[row] = out.device[k_copy]
                    out.time[row] = out.time[k_copy]
                    out.lat[row] = out.lat[k_copy]
                    out.lon[row] = out.lon[k_copy]
                    out.accuracy[row] = out.accuracy[k_copy]
                    sent[row] = again
                    row += 1
    return row
