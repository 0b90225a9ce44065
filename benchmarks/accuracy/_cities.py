"""Simulated cities: who is where in which hour, and who travels from where to where. Seeded; truth is known.

Invented, not fitted to a real city. What matters for the comparison is said by a number in `City`:

    places    zones lie on a grid; log-normal sizes, more people and far more jobs towards the centre
    people    a home, a job for most, three other places, six in ten of these near by; a day is blocks of hours there
    activity  how often a phone is seen is log-normal over devices, and differs by region, by zone and by hour: a place
              whose visitors use their phones much is seen more than its people are
"""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.accuracy._case import Bool, Case, Float64, Int64, Kind, table_of

HOURS = 24
OTHERS = 3
BY_HOUR = np.array([0.5] * 6 + [0.8, 1.1] + [1.2] * 4 + [1.3] * 6 + [1.2] * 4 + [0.9, 0.7])
"""How much phones are used in each hour, relative."""


@dataclass(frozen=True, slots=True)
class City:
    """Numbers that make a city.

    columns, rows  of the grid of zones
    blocks         of regions: how many across, how many down
    hours          device-hours to be expected in a day
    spread         standard deviation of log activity over devices
    by_region, by_zone  the same over regions, and over the zones of a region
    inhabited      share of zones where anybody is ever seen
    """

    devices: int = 300_000
    columns: int = 40
    rows: int = 25
    blocks: tuple[int, int] = (8, 5)
    hours: float = 3.0e6
    spread: float = 0.9
    by_region: float = 0.35
    by_zone: float = 0.10
    inhabited: float = 1.0

    @property
    def zones(self) -> int:
        return self.columns * self.rows

    def smaller(self, by: int) -> "City":
        """The same city with a fraction of its people."""
        return replace(self, devices=self.devices // by, hours=self.hours / by)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Zones of a city: how many live and work there, how often a phone is seen there; all float64[zones]."""

    region: Int64
    homes: Float64
    jobs: Float64
    leisure: Float64
    seen: Float64


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Devices: zones int64[devices] (`others` int64[devices, 3]), and how often each is seen, float64[devices]."""

    home: Int64
    work: Int64
    others: Int64
    works: Bool
    activity: Float64


def places_of(city: City, rng: np.random.Generator) -> Places:
    """The zones of `city`, row by row."""
    column, row = np.arange(city.zones) % city.columns, np.arange(city.zones) // city.columns
    across, down = city.blocks
    region = (row * down // city.rows) * across + column * across // city.columns
    far = np.hypot(column / city.columns - 0.5, (row / city.rows - 0.5) * city.rows / city.columns)

    def sizes(sigma: float, reach: float) -> Float64:
        return np.exp(rng.normal(0, sigma, city.zones) - far / reach)

    homes, jobs, leisure = sizes(0.8, 0.35), sizes(1.3, 0.15), sizes(1.5, 0.2)
    live = _inhabited(city, region, rng)
    seen = np.exp(rng.normal(0, city.by_region, across * down)[region] + rng.normal(0, city.by_zone, city.zones))
    return Places(region, homes * live, jobs * live, leisure * live, seen)


def _inhabited(city: City, region: Int64, rng: np.random.Generator) -> Float64:
    """1 for zones where people are, else 0: some regions are built up, others hold a village; none is empty."""
    if city.inhabited >= 1:
        return np.ones(city.zones)
    built_up = rng.beta(2.0, 2.0 * (1 - city.inhabited) / city.inhabited, region.max() + 1)
    shuffled = rng.permutation(city.zones)
    by_region = shuffled[np.argsort(region[shuffled], kind="stable")]
    sizes = np.bincount(region)
    rank = np.empty(city.zones)
    rank[by_region] = np.arange(city.zones) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    need = (rank + 0.5) / (sizes * built_up)[region]  # the zones that a region fills first need least
    limit = np.sort(need)[round(city.inhabited * city.zones) - 1]
    inhabited: Float64 = ((need <= limit) | (rank == 0)).astype(np.float64)
    return inhabited


def people_of(city: City, places: Places, rng: np.random.Generator) -> People:
    """The devices of `city`: two in three work."""
    homes = _draw(places.homes, city.devices, rng)
    near = _nearby(city, places.region)
    work = _draw_near(places.jobs, places.region, near, homes, rng)
    others = np.stack([_draw_near(places.leisure, places.region, near, homes, rng) for _ in range(OTHERS)], axis=1)
    activity = np.exp(rng.normal(0, city.spread, city.devices))
    return People(homes, work, others, rng.random(city.devices) < 0.65, activity)


def _draw(weights: Float64, count: int, rng: np.random.Generator) -> Int64:
    edge = np.cumsum(weights)
    drawn: Int64 = np.searchsorted(edge, rng.random(count) * edge[-1], side="right").astype(np.int64)
    return drawn


def _nearby(city: City, region: Int64) -> list[Int64]:
    """The regions that touch each region, itself among them."""
    across, down = city.blocks
    return [
        np.array(
            [
                r * across + c
                for r in range(max(0, i // across - 1), min(down, i // across + 2))
                for c in range(max(0, i % across - 1), min(across, i % across + 2))
            ]
        )
        for i in range(int(region.max()) + 1)
    ]


def _draw_near(weights: Float64, region: Int64, near: list[Int64], home: Int64, rng: np.random.Generator) -> Int64:
    """A zone for each device by `weights`: of ten, three in the home's region, three in or around it, four anywhere."""
    chosen = _draw(weights, home.size, rng)
    reach = rng.random(home.size)
    for own, around in enumerate(near):
        from_here = region[home] == own
        for those, regions in ((reach < 0.3, [own]), ((reach >= 0.3) & (reach < 0.6), around)):
            devices = np.flatnonzero(from_here & those)
            zones = np.flatnonzero(np.isin(region, regions) & (weights > 0))
            chosen[devices] = zones[_draw(weights[zones], devices.size, rng)]
    return chosen


def whereabouts(people: People, rng: np.random.Generator) -> Int64:
    """The zone of each device in each hour of one working day: int64[devices, 24]."""
    devices = people.home.size
    hour = np.arange(HOURS)[None, :]
    where = np.repeat(people.home[:, None], HOURS, axis=1)
    begin = np.rint(rng.normal(8.5, 1.3, (devices, 1)))
    at_work = people.works[:, None] & (hour >= begin) & (hour < begin + rng.integers(6, 10, (devices, 1)))
    where = np.where(at_work, people.work[:, None], where)
    for other in range(OTHERS):
        out = rng.random((devices, 1)) < (0.7, 0.4, 0.2)[other]
        begin = rng.integers(8, 22, (devices, 1))
        there = out & (hour >= begin) & (hour < begin + rng.integers(1, 4, (devices, 1))) & ~at_work
        where = np.where(there, people.others[:, [other]], where)
    return where


def seen(city: City, places: Places, people: People, where: Int64, rng: np.random.Generator) -> Bool:
    """In which hours each device is seen, bool[devices, 24]: `city.hours` of them are expected."""
    rate = people.activity[:, None] * places.seen[where] * BY_HOUR[None, :]
    low, high = -10.0, 10.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(np.exp(middle) * rate, 1).sum() < city.hours else (low, middle)
    chance: Bool = rng.random(rate.shape) < np.exp(low) * rate
    return chance


def presence(city: City, seed: int, name: str, title: str, *, regions: bool = False) -> Case:
    """Hourly presence of one day: 1 for each device, zone and hour that it is seen in."""
    rng = np.random.default_rng(seed)
    places = places_of(city, rng)
    people = people_of(city, places, rng)
    where = whereabouts(people, rng)
    who, hour = np.nonzero(seen(city, places, people, where, rng))
    cell = where[who, hour] * HOURS + hour
    kind: Kind = "regions" if regions else "presence"
    return table_of(name, title, kind, who, cell, city.zones, HOURS, places.region)


def flows(city: City, seed: int, name: str, title: str) -> Case:
    """Trips of one week between different zones: to work and back, to other places and back, from work to these.

    A few devices travel all day (drivers, couriers): 1 in 200 makes 40 to 200 trips between places drawn anew.
    """
    rng = np.random.default_rng(seed)
    places = places_of(city, rng)
    people = people_of(city, places, rng)
    devices = np.arange(city.devices)
    seen_share = np.minimum(0.5 * people.activity * places.seen[people.home], 1.0)
    parts = []

    def add(who: Int64, origin: Int64, destination: Int64) -> None:
        keep = (rng.random(who.size) < seen_share[who]) & (origin != destination)
        parts.append(np.stack([who[keep], origin[keep], destination[keep]]))

    days = np.where(people.works, rng.binomial(5, 0.8, city.devices), 0)
    commuter = np.repeat(devices, days)
    add(commuter, people.home[commuter], people.work[commuter])
    straight = rng.random(commuter.size) < 0.75
    home = commuter[straight]
    add(home, people.work[home], people.home[home])
    for other, mean in enumerate((2.0, 1.0, 0.5)):
        detour = commuter[~straight & (rng.integers(0, OTHERS, commuter.size) == other)]
        add(detour, people.work[detour], people.others[detour, other])
        visitor = np.repeat(devices, rng.poisson(mean, city.devices))
        add(visitor, people.home[visitor], people.others[visitor, other])
        back = np.concatenate([visitor, detour])
        add(back, people.others[back, other], people.home[back])
    busy = np.flatnonzero(rng.random(city.devices) < 0.005)
    driver = np.repeat(busy, rng.integers(40, 201, busy.size))
    add(driver, _draw(places.homes + places.leisure, driver.size, rng), _draw(places.jobs, driver.size, rng))
    who, origin, destination = np.concatenate(parts, axis=1)
    return table_of(name, title, "flows", who, origin * city.zones + destination, city.zones, 1, places.region)
