"""Sorts the records of a bucket by device and time, in linear time.

All work is done on pieces that fit into the second-level cache; on a whole bucket, each step would wait for memory.
"""

from typing import Any

import numpy as np

from shoal._arrays import Int64, UInt64
from shoal._numba import njit

PIECE = 1 << 15
"""Records a piece, about 1 MiB with what belongs to them."""
_RADIX = 11  # bits of a digit; 2048 counters stay in the first-level cache
_INDEX_BITS = np.int64(36)  # a place in the bucket; above it are 27 bits of time, 4 years
_INDEX_MASK = np.int64((1 << 36) - 1)
MAX_SECONDS = 1 << 27
_1 = np.uint64(1)
_SLOT = np.uint64(20)  # the bits below choose the piece, the bits at the top the bucket


@njit
def split_by_device(records: Any, bits: int, target: Any) -> Int64:
    """Copy n records to `target` in 2**bits pieces by the low bits of the pseudonym, keeping their order in each.

    Returns int64[2**bits + 1], where each piece begins.
    """
    mask = np.uint64((1 << bits) - 1)
    first = np.zeros((1 << bits) + 1, dtype=np.int64)
    for row in range(records.size):
        first[np.int64(records[row]["pseudonym"] & mask) + 1] += 1
    for piece in range(1 << bits):
        first[piece + 1] += first[piece]
    to = first.copy()
    for row in range(records.size):
        own = np.int64(records[row]["pseudonym"] & mask)
        target[to[own]] = records[row]
        to[own] += 1
    return first


@njit
def sort_pieces(records: Any, first: Int64, target: Any, counts: Int64) -> int:
    """Write n records to `target` sorted by device and time, piece by piece; uses up `records`.

    first    int64[p+1]  where each piece begins; a device lies in one piece
    target   records[n]  filled here: each device's records together, ascending in time; devices in any order,
                         numbers in place of the pseudonyms
    counts   int64[n]    filled here: the records of each device, in the same order of devices

    Returns how many devices there are.
    """
    devices = 0
    for piece in range(first.size - 1):
        begin, end = int(first[piece]), int(first[piece + 1])
        if begin == end:
            continue
        part, sorted_part = records[begin:end], target[begin:end]
        count, ordered = _number_devices(part)
        by_time = np.empty(0, dtype=np.int64) if ordered else _order_by_time(part, sorted_part)
        for device in range(count.size):
            counts[devices + device] = count[device]
        devices += count.size
        _copy_by_device(part, by_time, ordered, count, sorted_part)
    return devices


@njit
def _copy_by_device(part: Any, by_time: Int64, ordered: bool, count: Int64, target: Any) -> None:
    """Stable counting sort by device, reading in the order `by_time` unless `ordered`; uses up `count`."""
    place = 0
    for device in range(count.size):
        size = int(count[device])
        count[device] = place
        place += size
    for step in range(part.size):
        row = step if ordered else by_time[step]
        own = np.int64(part[row]["pseudonym"])
        target[count[own]] = part[row]
        count[own] += 1


@njit
def _number_devices(part: Any) -> tuple[Int64, bool]:
    """Overwrite each record's pseudonym by its device's number, from 0 in order of first appearance.

    Returns int64[devices], the records of each, and whether each device's records are ascending in time already.
    Rule    open addressing with linear probing, at most half full; doubled when it would be fuller.
    """
    key, number, devices_at = _table(1024)
    row, devices, ordered = 0, 0, True
    while True:
        row, devices, still = _number_some(part, row, devices, key, number, devices_at)
        ordered &= still
        if row == part.size:
            return devices_at[:devices, 0].copy(), ordered
        key, number, devices_at = _doubled(key, number, devices_at)


@njit
def _table(slots: int) -> tuple[UInt64, Int64, Int64]:
    """An empty table: key and number of each slot; of each device, [slots / 2, 2], its records and latest time."""
    number = np.empty(slots, dtype=np.int64)
    for slot in range(slots):
        number[slot] = -1
    return np.empty(slots, dtype=np.uint64), number, np.zeros((slots // 2, 2), dtype=np.int64)


@njit
def _doubled(old_key: UInt64, old_number: Int64, old_devices: Int64) -> tuple[UInt64, Int64, Int64]:
    """The same table with twice the slots."""
    key, number, devices = _table(2 * old_key.size)
    for device in range(old_devices.shape[0]):
        devices[device, 0] = old_devices[device, 0]
        devices[device, 1] = old_devices[device, 1]
    mask = np.uint64(key.size - 1)
    for slot in range(old_key.size):
        if old_number[slot] >= 0:
            at = (old_key[slot] >> _SLOT) & mask
            while number[at] >= 0:
                at = (at + _1) & mask
            key[at] = old_key[slot]
            number[at] = old_number[slot]
    return key, number, devices


@njit
def _number_some(
    part: Any, row: int, devices: int, key: UInt64, number: Int64, devices_at: Int64
) -> tuple[int, int, bool]:
    """Number records from `row` on until all are done or a new device finds the table half full.

    Apart from `_number_devices` because an array that a loop may replace is counted by reference in each step.
    """
    mask = np.uint64(key.size - 1)
    ordered = True
    while row < part.size:
        pseudonym = part[row]["pseudonym"]
        at = (pseudonym >> _SLOT) & mask
        while number[at] >= 0 and key[at] != pseudonym:
            at = (at + _1) & mask
        device = number[at]
        if device < 0:
            if devices == devices_at.shape[0]:
                return row, devices, ordered
            device = np.int64(devices)
            devices += 1
            key[at] = pseudonym
            number[at] = device
        time = np.int64(part[row]["time"])
        ordered &= time >= devices_at[device, 1]  # times count from the period's start, so 0 is the least
        devices_at[device, 1] = time
        devices_at[device, 0] += 1
        part[row]["pseudonym"] = np.uint64(device)
        row += 1
    return row, devices, ordered


@njit
def _order_by_time(part: Any, spare: Any) -> Int64:
    """Places of n records in ascending order of time: int64[n].

    Rule    radix sort of (time, place) from the lowest digit. A piece that does not fit into the cache (a device with
            very many records) is first brought into the order of its highest digit, so that places read one after
            the other lie close together.
    """
    n = part.size
    least = most = np.int64(part[0]["time"])
    for row in range(n):
        time = np.int64(part[row]["time"])
        least, most = min(least, time), max(most, time)
    bits = 0
    while (most - least) >> bits:
        bits += 1
    order = np.empty(n, dtype=np.int64)
    for row in range(n):
        order[row] = row
    if n <= 4 * PIECE:
        _sort_range(part, 0, n, least, bits, order)
        return order
    low = max(bits - _RADIX, 0)
    first = np.zeros(((most - least) >> low) + 2, dtype=np.int64)
    for row in range(n):
        first[((np.int64(part[row]["time"]) - least) >> low) + 1] += 1
    for above in range(first.size - 1):
        first[above + 1] += first[above]
    to = first.copy()
    for row in range(n):
        chunk = (np.int64(part[row]["time"]) - least) >> low
        spare[to[chunk]] = part[row]
        to[chunk] += 1
    for row in range(n):
        part[row] = spare[row]
    for above in range(first.size - 1):
        if low and first[above + 1] - first[above] > 1:
            _sort_range(part, first[above], first[above + 1], least + (above << low), low, order)
    return order


@njit
def _sort_range(part: Any, begin: int, end: int, least: np.int64, bits: int, order: Int64) -> None:
    """Fill order[begin:end] with the places of these records by time, stable; least <= time < least + 2**bits."""
    n = end - begin
    if n <= 32:
        _insert_range(part, begin, end, order)
        return
    radix = _RADIX if n > 2048 else 8  # clearing the counters must not cost more than the records
    passes = max((bits + radix - 1) // radix, 1)
    digit = (bits + passes - 1) // passes
    mask = (np.int64(1) << digit) - 1
    pairs = np.empty((2, n), dtype=np.int64)
    count = np.zeros((passes, mask + 1), dtype=np.int64)
    for row in range(n):
        time = np.int64(part[begin + row]["time"]) - least
        pairs[0, row] = (time << _INDEX_BITS) | (begin + row)
        for step in range(passes):
            count[step, (time >> (step * digit)) & mask] += 1
    for step in range(passes):
        here, there = step & 1, 1 - (step & 1)
        place = 0
        for value in range(count.shape[1]):
            size = int(count[step, value])
            count[step, value] = place
            place += size
        shift = _INDEX_BITS + step * digit
        for row in range(n):
            pair = pairs[here, row]
            own = (pair >> shift) & mask
            pairs[there, count[step, own]] = pair
            count[step, own] += 1
    for row in range(n):
        order[begin + row] = pairs[passes & 1, row] & _INDEX_MASK


@njit
def _insert_range(part: Any, begin: int, end: int, order: Int64) -> None:
    """Insertion sort of a few; order[begin:end] holds begin, begin + 1, ... before."""
    for row in range(begin + 1, end):
        time = part[row]["time"]
        at = row
        while at > begin and part[order[at - 1]]["time"] > time:
            order[at] = order[at - 1]
            at -= 1
        order[at] = row
