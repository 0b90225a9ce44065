"""A small city in numbers: heavy-tailed activity that depends on region, zone and hour, before and after bounding."""

from typing import NamedTuple

import numpy as np

from shoal._arrays import Float64, Int32, Int64
from shoal.estimate.ladder import Ladder

STDERR = (8.0, 10.0, 12.0)


class City(NamedTuple):
    """Zones, regions, all: the sums as they are and as bounding leaves them."""

    true: tuple[Float64, ...]
    kept: tuple[Float64, ...]
    into: tuple[Int32, ...]

    def measured(
        self, draw: np.random.Generator, *, laplace: bool = False, stderr: tuple[float, ...] = STDERR
    ) -> Ladder:
        def noise(shape: tuple[int, ...], sd: float) -> Float64:
            return draw.laplace(0, sd / 2**0.5, shape) if laplace else draw.normal(0, sd, shape)

        values = tuple(kept + noise(kept.shape, sd) for kept, sd in zip(self.kept, stderr, strict=True))
        return Ladder(values, stderr, self.into, laplace)

    def in_parts(self, number: int) -> "City":
        """The same with so many parts of the day instead of hours; 1, 2, 3, ..."""
        true, kept = (
            tuple(level.reshape(len(level), number, -1).sum(axis=2) for level in levels)
            for levels in (self.true, self.kept)
        )
        return City(true, kept, self.into)


def city(
    seed: int,
    devices: int = 40_000,
    regions: int = 40,
    zones: int = 25,
    norms: tuple[float, float] = (2.0, 4.0),
    region_sd: float = 0.3,
    zone_sd: float = 0.15,
) -> City:
    """Devices that are somewhere for some hours of a day, 60 % of them at home, and whose vectors are held to `norms`.

    zones               of each region; their sizes are lognormal
    norms               L2, of a device's vector over zones and over regions; nothing is lost of the whole
    region_sd, zone_sd  of the log of the number of hours, between regions and between zones of a region
    """
    draw = np.random.default_rng(seed)
    n = regions * zones
    size = draw.lognormal(0, 1.2, n)
    size /= size.sum()
    region = np.arange(n) // zones
    home = draw.choice(n, devices, p=size)
    active = draw.normal(0, region_sd, regions)[region] + draw.normal(0, zone_sd, n)
    hours = np.clip(np.rint(np.exp(draw.normal(np.log(9), 0.7, devices) + active[home])), 1, 24)
    likely = np.log(np.exp(-0.5 * ((np.arange(24) - 14) / 6) ** 2) + 0.1)
    rank = np.argsort(np.argsort(-(draw.gumbel(size=(devices, 24)) + likely), axis=1), axis=1)
    device, hour = np.nonzero(rank < hours[:, None])
    chance = draw.random(device.size)
    zone = home[device]
    near, far = (chance >= 0.6) & (chance < 0.9), chance >= 0.9
    zone[near] = zone[near] // zones * zones + draw.integers(0, zones, near.sum())
    zone[far] = draw.choice(n, far.sum(), p=size)

    def sums(place: Int64, number: int, norm: float) -> Float64:
        kept = np.minimum(1, norm / np.sqrt(hours))[device]
        cells = np.bincount(place * 24 + hour, kept, number * 24)
        return np.asarray(cells, dtype=np.float64).reshape(number, 24)

    true = (sums(zone, n, 99), sums(region[zone], regions, 99))
    kept = (sums(zone, n, norms[0]), sums(region[zone], regions, norms[1]))
    all_ = true[1].sum(axis=0, keepdims=True)
    return City((*true, all_), (*kept, all_), (region.astype(np.int32), np.zeros(regions, dtype=np.int32)))
