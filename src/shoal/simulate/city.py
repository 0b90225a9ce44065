"""The places of the city: where its homes, workplaces, schools, shops, venues, hotels and gates stand."""

import math
from typing import NamedTuple

import numpy as np

from shoal._numba import njit
from shoal.simulate import geography
from shoal.simulate.arrays import Float64, Int64, Table, UInt64, table
from shoal.simulate.dice import PLACES, exponential, stream, uniform, uniforms

BLOCK = 150.0
"""Side of a block of homes, metres."""
_HALF = 16_500.0  # of the square that holds all homes
_LAYOUT = np.uint64(20260302)  # the city stays; only its people change with the seed


HOMES, WORK, SCHOOLS, SHOPS, LEISURE, HOTELS, GATES, AWAY = range(8)
"""Kinds of sites. Homes are blocks: a home lies anywhere in its block. Gates are where visitors come and go: airport,
station, coaches, and the roads beyond the area. Away is where day trips go, 14 to 45 km from the centre."""

SITE = np.dtype([("x", np.float64), ("y", np.float64), ("upto", np.float64)])


class City(NamedTuple):
    """Everywhere a person may go, kind after kind."""

    site: Table
    """`SITE[k]`: x, y in metres of the city's frame, and the running total of sizes, 1 at the end of a kind."""
    first: Int64
    """`int64[kinds + 1]`: the row where each kind begins."""


def blocks() -> tuple[Float64, Float64]:
    """Centres (x, y) of all blocks, metres, `float64[n]` each."""
    line = np.arange(-_HALF, _HALF, BLOCK) + BLOCK / 2
    x, y = np.meshgrid(line, line)
    return x.ravel(), y.ravel()


def build(market: Float64) -> City:
    """The city, always the same; `market` (`float64[blocks]`) scales how many of a block's residents have the app."""
    x, y = blocks()
    dice = stream(_LAYOUT, 0, PLACES)
    homes, leisure = geography.homes(x, y), geography.leisure(x, y)
    jobs = geography.work(x, y)
    kinds = [
        _sites(x, y, homes * market),
        _scatter(dice, 3_500, jobs, tail=1.1),
        _schools(dice, homes),
        _scatter(dice, 2_600, geography.shops(x, y), tail=1.3),
        _scatter(dice, 700, leisure, tail=1.2),
        _scatter(dice, 70, jobs * (np.hypot(x, y) < 5_500.0), tail=1.5),
        _gates(),
        _away(dice),
    ]
    return City(
        np.concatenate(kinds).view(np.recarray), np.cumsum([0] + [kind.size for kind in kinds]).astype(np.int64)
    )


@njit
def any_site(city: City, kind: int, dice: UInt64) -> int:
    """The row of a site of this kind, drawn by size."""
    low, high = city.first[kind], city.first[kind + 1] - 1
    target = uniform(dice)
    while low < high:
        middle = (low + high) // 2
        if city.site[middle].upto > target:
            high = middle
        else:
            low = middle + 1
    return low  # type: ignore[no-any-return]


@njit
def nearby(city: City, kind: int, x: float, y: float, reach: float, dice: UInt64) -> int:
    """The row of a site by the gravity model: drawn by size, kept with chance exp(-distance / reach), metres.

    Never within 400 m, so that two stops in a row are two places. After 80 draws the nearest one drawn is taken, so
    that those far from everything still find something.
    Source  Wilson 1967, "A statistical theory of spatial distribution models", with exponential deterrence.
    """
    best, nearest = city.first[kind], math.inf
    for _ in range(80):
        k = any_site(city, kind, dice)
        distance = math.hypot(city.site[k].x - x, city.site[k].y - y)
        if distance < 400.0:
            continue
        if exponential(dice) * reach > distance:
            return k
        if distance < nearest:
            best, nearest = k, distance
    return best  # type: ignore[no-any-return]


def _sites(x: Float64, y: Float64, size: Float64) -> Table:
    kept = size > 0.0
    out = table(int(kept.sum()), SITE)
    out["x"], out["y"], out["upto"] = x[kept], y[kept], np.cumsum(size[kept]) / size.sum()
    return out


def _scatter(dice: UInt64, n: int, weight: Float64, tail: float) -> Table:
    """n sites on blocks drawn by weight; their sizes follow Pareto's law with exponent `tail`, at most 200 to 1."""
    x, y = blocks()
    running = np.cumsum(weight)
    block = np.minimum(np.searchsorted(running, uniforms(dice, n) * running[-1], side="right"), x.size - 1)
    east = x[block] + (uniforms(dice, n) - 0.5) * BLOCK
    north = y[block] + (uniforms(dice, n) - 0.5) * BLOCK
    return _sites(east, north, np.minimum((1.0 - uniforms(dice, n)) ** (-1.0 / tail), 200.0))


def _schools(dice: UInt64, homes: Float64) -> Table:
    """The schools of the quarters, and one university that takes one in eight."""
    small = _scatter(dice, 260, homes, tail=3.0)
    x, y = geography.UNIVERSITY
    size = np.diff(small["upto"], prepend=0.0) * 0.875
    return _sites(np.append(small["x"], x), np.append(small["y"], y), np.append(size, 0.125))


def _gates() -> Table:
    road_west, road_east = (-17_000.0, 9_000.0), (16_000.0, -11_000.0)
    x, y = np.array([geography.AIRPORT, geography.STATION, geography.COACHES, road_west, road_east]).T
    return _sites(x, y, np.array([0.34, 0.12, 0.26, 0.15, 0.13]))


def _away(dice: UInt64) -> Table:
    angle, reach = 2.0 * np.pi * uniforms(dice, 24), 14_000.0 + 31_000.0 * uniforms(dice, 24)
    return _sites(reach * np.cos(angle), reach * np.sin(angle), 1.0 / reach)
