"""The cases, by name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.accuracy import _bikes
from benchmarks.accuracy._case import Case
from benchmarks.accuracy._cities import City, flows, presence

SEED = 1
USUAL = City()
FINE = City(columns=100, rows=50)
SPARSE = City(columns=100, rows=50, blocks=(20, 10), inhabited=0.22)
SMALL = 30
"""In the small version a city has so many times fewer people on a tenth of its zones."""


def _sized(city: City, small: bool) -> City:
    if not small:
        return city
    across, down = city.blocks
    fewer = city.smaller(SMALL)
    return replace(fewer, columns=city.columns // 5, rows=city.rows // 2, blocks=(across // 4, down // 2))


def _title(city: City, what: str) -> str:
    return f"{what}: {city.devices:,} devices, {city.zones:,} zones"


def presence_1000(small: bool, _: Path) -> Case:
    city = _sized(USUAL, small)
    return presence(city, SEED, "presence-1000", _title(city, "presence by hour, unit day"))


def presence_5000(small: bool, _: Path) -> Case:
    city = _sized(FINE, small)
    return presence(city, SEED, "presence-5000", _title(city, "presence by hour, unit day"))


def regions(small: bool, _: Path) -> Case:
    city = _sized(SPARSE, small)
    title = _title(city, "presence in regions by hour, sparse city, unit day")
    return presence(city, SEED, "regions", title, regions=True)


def flows_1000(small: bool, _: Path) -> Case:
    city = _sized(USUAL, small)
    return flows(city, SEED, "flows", _title(city, "trips of a week, unit week"))


def flows_half(small: bool, _: Path) -> Case:
    """Half of the devices: noise hides about half of the largest pairs; of all devices hardly any, of a tenth all."""
    city = _sized(USUAL, small)
    city = replace(city, devices=city.devices // 2)
    return flows(city, SEED, "flows-half", _title(city, "trips of a week, unit week"))


def bikes(_: bool, data: Path) -> Case:
    return _bikes.visits(data / "mibici")


CASES: dict[str, Callable[[bool, Path], Case]] = {
    "presence-1000": presence_1000,
    "presence-5000": presence_5000,
    "regions": regions,
    "flows": flows_1000,
    "flows-half": flows_half,
    "bikes": bikes,
}
"""Name -> (small version?, folder of real data) -> the case."""
