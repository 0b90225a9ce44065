"""Simulate: the one function that makes a city's records, zones, population, plan and truth."""

import math
import os
import secrets
import shutil
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from shoal.errors import StateError, UsageError
from shoal.sensitive.listing import write as write_list
from shoal.simulate import (
    cells,
    city,
    geography,
    people,
    phones,
    records,
    sensitive,
    travel,
    truth,
    truth_places,
    truth_tables,
    write,
)
from shoal.simulate import days as lives
from shoal.simulate.plan_text import DAYS_OF, unit_of
from shoal.simulate.population import market, resident_table
from shoal.simulate.venues import Venues, venues
from shoal.simulate.write import Town

EARLIEST, LATEST = date(2022, 10, 31), date(2200, 1, 1)
"""Days that may be simulated; before the first, Mexico's clocks changed twice a year, and hours would be ambiguous."""
_BLOCK = 2_000_000  # records that a block of devices has on average, which bounds memory
_MOST_A_BLOCK = 8_192  # devices
Told = tuple[truth.Truth, truth_places.PlaceTruth]
_MOST_THREADS = 8  # unless asked for more; each takes memory for a block


def simulate(
    out: Path,
    *,
    devices: int,
    days: int,
    seed: int | None = None,
    records_per_day: float = 100.0,
    start: date = date(2026, 3, 2),
    threads: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Path:
    """Simulate a city: its records, zones, places, population, plan and truth in a folder; returns the plan's path.

    out              folder that does not exist or is empty; it appears only when everything in it is complete
    devices, days    how many devices, for how many local days from `start` on
    seed             0 ... 2**64 - 1; the same seed gives the same bytes. None: drawn, and noted in the plan
    records_per_day  mean records a device-day; most devices send far fewer, a few far more
    threads          how many blocks of devices are made at once; by default one a core, at most 8; changes no byte
    progress         called with ("records", share done)

    Memory is about 0.5 GB a thread, whatever the number of devices.
    """
    seed = _check(out, devices, days, seed, records_per_day, start, threads)
    with _finished_or_nothing(out) as folder:
        outline = write.degrees(geography.area())
        districts = geography.districts()
        town = Town(districts, cells.cover(tuple(outline)), days, start, seed, devices, records_per_day)
        places = city.build(market(districts))
        named = venues(places)
        write.maps(folder, town)
        write_list(sensitive.listing(town), folder / "sensitive.geojson")
        write.places(folder, zip(named.id, named.name, named.category, named.shape, strict=True))
        write.table(folder / "population.csv", resident_table(districts, devices))
        write.plan(folder, town)
        block = max(1, min(_MOST_A_BLOCK, math.ceil(devices / 4), int(_BLOCK / (days * records_per_day)) or 1))
        make = partial(_block, folder=folder, town=town, places=places, named=named, size=block)
        total = truth.Truth.empty(town.cells.id.size, days)
        in_places = truth_places.PlaceTruth.empty(len(named.id), days)
        blocks = math.ceil(devices / block)
        with closing(_in_threads(make, blocks, threads or min(os.cpu_count() or 1, _MOST_THREADS))) as parts:
            for done, (part, part_in_places) in enumerate(parts, start=1):
                total.add(part)
                in_places.add(part_in_places)
                if progress is not None:
                    progress("records", done / blocks)
        truth_tables.write(folder, town, total)
        truth_tables.write_places(folder, town, named, in_places)
    return out / "plan.toml"


def _check(
    out: Path, devices: int, days: int, seed: int | None, records_per_day: float, start: date, threads: int | None
) -> int:
    """Refuse what can't be meant; returns the seed."""
    if devices < 1:
        raise UsageError(f"--devices must be 1 or more, got {devices}; 10000 makes a lively city.")
    if not 1 <= days <= 366:
        raise UsageError(f"--days must be between 1 and 366, got {days}; 7 makes a week.")
    if not 0.0 < records_per_day <= 4_000.0:
        raise UsageError(f"--records-per-day must be above 0 and at most 4000, got {records_per_day:g}.")
    if seed is not None and not 0 <= seed < 2**64:
        raise UsageError(f"--seed must be between 0 and 2**64 - 1, got {seed}; leave it out to have one drawn.")
    if threads is not None and threads < 1:
        raise UsageError(f"threads must be 1 or more, got {threads}; leave it out for one a core.")
    if not EARLIEST <= start <= LATEST:
        raise UsageError(
            f"start must be between {EARLIEST} and {LATEST}, got {start}; other days have no simple hours."
        )
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise UsageError(f"{out} is in the way: it must not exist or be an empty folder; name another or remove it.")
    return int.from_bytes(os.urandom(8)) if seed is None else seed


@contextmanager
def _finished_or_nothing(out: Path) -> Iterator[Path]:
    """A folder beside `out` that becomes `out` at the end, or is removed."""
    folder = out.absolute().with_name(f".{out.absolute().name}.{secrets.token_hex(4)}.unfinished")
    try:
        folder.mkdir(parents=True)
        yield folder
        folder.replace(out.absolute())
    except OSError as error:
        raise StateError(
            f"{out} could not be written: {error.strerror or error}; free space or name another."
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_threads(make: Callable[[int], Told], blocks: int, threads: int) -> Generator[Told, None, None]:
    """Make all blocks, at most `threads` at a time; results as they come. The first failure ends it."""
    with ThreadPoolExecutor(threads, "simulate") as pool:
        waiting = iter(range(blocks))
        running: set[Future[Told]] = {pool.submit(make, n) for n in islice(waiting, threads)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
                running |= {pool.submit(make, n) for n in [next(waiting, None)] if n is not None}


def _block(number: int, *, folder: Path, town: Town, places: city.City, named: Venues, size: int) -> Told:
    """Simulate one block of devices, write its records, and return the truth about it."""
    first = number * size
    count = min(size, town.devices - first)
    seed = np.uint64(town.seed)
    who, liked = people.meet(places, seed, first, count)
    stops = travel.room(count, town.days)
    lives.live(stops, who, liked, places, seed, first, town.days, town.start.weekday())
    habits = phones.habits(seed, first, count, town.days, town.records_per_day)
    sent = records.records(phones.bursts(habits, stops, seed, first), habits, stops, seed, first, town.days)
    write.records(folder / "records" / f"part-{number:04d}.parquet", sent, town.midnight)
    unit = DAYS_OF[unit_of(town.start, town.days)]
    return (
        truth.observe(stops, who, town.cells, town.days, unit),
        truth_places.observe_places(stops, named, town.days, unit),
    )
