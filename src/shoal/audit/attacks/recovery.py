"""Recovery of paths: from a published series of presence by zone and hour alone, where did each device go?"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, radians
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from shoal._arrays import Float64, Int64
from shoal.audit.attack import Share
from shoal.audit.attacks._paths import DAY, paths_from, recovered, whole
from shoal.audit.publish import Tables, mean

if TYPE_CHECKING:
    from shoal.audit.world import World

METRES = 111_195.0
"""Of a degree of latitude."""
LEAST = 0.6
"""Share of device-hours that must be recovered from exact counts, or this attack has no teeth."""


FEWEST, MOST = 60, 300
"""Devices that are attacked."""


@dataclass(frozen=True)
class Recovery:
    """The adversary knows the release, the map, and how many devices there are; no trace, nor part of one.

    devices  that are attacked; as many others tell what the city's public average is. Default: one for three zones,
             at least 60 and at most 300

    A release of so few devices is the sparse case in which this attack does best: on exact counts nearly every zone at
    night is somebody's home. Its answer is a number for all of them together. Which path was matched with which device
    is forgotten with the matching.
    """

    devices: int | None = None
    name: ClassVar[str] = "path recovery"

    def run(self, world: "World") -> Sequence[Share]:
        """One `Share` of a release and one of a sequence, or none where the plan counts no presence by zone and hour.

        Of the release, whichever recovers most: its hours as they are, every day the mean of all days, or everybody
        where its mean over the period says. Of a sequence the same of the mean of its releases.

        The hits are device-hours, counted in devices (a device whose hours are right to a third is a third of a hit),
        because one device's hours are not independent: a sum of n parts from 0 to 1 varies at most as n coins do
        (Hoeffding 1956), so the exact interval of coins is a cautious one for it.

        Limit: the guess from the public average. Of other people in the same city, by zone, over the period and by
        hour of the day, whichever guesses better; the same number of devices as the city has is drawn from it, and what
        is drawn by hour is joined to paths by the same attack. A device has paid for every release of a sequence: there
        the limit is what the claims of all let somebody reach who guesses so without them (the trade-off of a test
        whose rejection region is "the guess is right"; Hayes, Mahloujifar & Balle 2023, arXiv 2302.07225).
        """
        series = _Series.of(world)
        if series is None:
            return []
        n = min(self.devices or max(FEWEST, min(MOST, series.zones // 3)), len(world.places) // 2)
        there, others = np.arange(0, 2 * n, 2), np.arange(1, 2 * n, 2)
        mask = np.zeros(len(world.places), dtype=np.bool_)
        mask[there] = True
        exact, average = series.counts(there), series.counts(others).astype(np.float64)
        truth = series.truth(there)
        counted = truth < series.zones

        def share(*tries: Float64) -> float:
            """The best of several series of numbers."""
            found = [recovered(paths_from(whole(t, n), series.centres), truth, counted) for t in tries]
            return max(found) / max(1, int(counted.sum()))

        def stays(numbers: Float64) -> float:
            paths = np.repeat(np.arange(series.zones + 1), whole(numbers.mean(axis=1, keepdims=True), n)[:, 0])
            still = np.repeat(paths[:, None], truth.shape[1], axis=1)
            return recovered(still, truth, counted) / max(1, int(counted.sum()))

        guess = max(stays(average), share(_by_hour_of_day(average)))
        control = {"exact": (int(share(exact.astype(np.float64)) * n), n, LEAST)}

        def attacked(releases: Sequence[Tables], words: str, limit: float, means: str) -> Share:
            numbers = series.table(mean(releases).estimate["presence"], n)
            hits = ceil(max(stays(numbers), share(numbers, _by_hour_of_day(numbers))) * n - 1e-9)
            what = "hours of a device's path, counted in devices"
            return Share(f"{self.name}{words}", "presence", what, hits, n, limit, means, control)

        releases = [world.release(mask)]
        alone = "guessing that everybody follows the public average of the city"
        found = [attacked(releases, "", guess, alone)]
        if world.sequences:
            length = len(world.sequences[0].seen)
            releases += [world.release(mask) for _ in range(length - 1)]
            together = float(world.ceiling("presence", releases=length).true_positives(guess))
            found.append(attacked(releases, f", {length} releases", together, f"{alone}, and what the claims allow"))
        return found


@dataclass(frozen=True, eq=False)
class _Series:
    """Presence by zone and hour, with one more zone for those who are nowhere in the area.

    places   int64[d, h]
    centres  float64[zones + 1, 2]  metres; that of nowhere lies outside
    """

    zones: int
    places: Int64
    centres: Float64

    @classmethod
    def of(cls, world: "World") -> "_Series | None":
        measures = [m for m in world.design.measures if m.name == "presence" and not m.statistic.of_named_places]
        hours = world.places.shape[1]
        if not measures or measures[0].grid.time.name != "hour" or hours % DAY:
            return None
        degrees = world.design.zones.centres
        metres = degrees[:, ::-1] * METRES * np.array([cos(radians(degrees[:, 0].mean())), 1.0])
        nowhere = metres.max(axis=0) + 2 * np.ptp(metres, axis=0).max()
        zones = len(world.design.zones)
        places = np.where(world.places < 0, zones, world.places).astype(np.int64)
        return cls(zones, places, np.vstack([metres, nowhere]))

    def truth(self, who: Int64) -> Int64:
        return self.places[who]

    def counts(self, who: Int64) -> Int64:
        """int64[zones + 1, hours]"""
        hours = self.places.shape[1]
        cell = self.places[who] * hours + np.arange(hours)
        return np.bincount(cell.ravel(), minlength=(self.zones + 1) * hours).reshape(-1, hours)

    def table(self, estimate: Float64, n: int) -> Float64:
        """float64[zones + 1, hours]: the published numbers as people; the rest of n devices is nowhere.

        What bounding took is given back by the same factor to all: in the fullest hours nearly all n are in the area.
        """
        seen = np.nan_to_num(estimate.reshape(self.zones, -1))
        full = float(np.quantile(seen.sum(axis=0), 0.9))
        seen = np.maximum(seen, 0.0) * (n / full if full > n / 20 else 1.0)
        return np.vstack([seen, np.maximum(n - seen.sum(axis=0), 0.0)])


def _by_hour_of_day(numbers: Float64) -> Float64:
    """Every day the mean of all days: the most that averaging does for who believes in habits."""
    zones, hours = numbers.shape
    return np.tile(numbers.reshape(zones, -1, DAY).mean(axis=1), (1, hours // DAY))
