"""The map: study area, districts, lake and woods, and how homes, work and leisure lie on the land.

All of it is public knowledge and the same for every seed: a seed changes the people, never the city. Lengths are
metres in the city's frame.
"""

import math
from dataclasses import dataclass

import numpy as np
import shapely

from shoal.simulate.arrays import Bool, Float64, Int64

RADIUS = 8_900.0
"""Mean radius of the study area; about 265 square kilometres."""
LAKE = (5_600.0, -4_700.0, 2_700.0, 1_900.0)
"""An ellipse without people: centre x, y and half axes. Streets that would cross it go round where they can."""
WOODS = (-7_200.0, 1_400.0, 2_300.0, 3_000.0)
"""A hill without homes or work: centre x, y and half axes."""
AIRPORT = (-1_500.0, -7_600.0)
STATION = (2_300.0, -900.0)
COACHES = (2_900.0, 900.0)
UNIVERSITY = (-1_600.0, 5_200.0)
HUBS = (  # x, y, spread, share of all work, share of all leisure
    (0.0, 0.0, 1_050.0, 0.30, 0.34),  # the old centre
    (-4_300.0, -1_300.0, 750.0, 0.13, 0.11),  # offices and towers
    (1_200.0, -4_300.0, 600.0, 0.05, 0.09),  # a mall
    (4_600.0, 3_400.0, 1_300.0, 0.15, 0.02),  # works and warehouses
    (UNIVERSITY[0], UNIVERSITY[1], 600.0, 0.06, 0.05),
    (AIRPORT[0], AIRPORT[1], 500.0, 0.03, 0.0),
)
OUTSIDE = (  # towns beyond the area: x, y, spread, share of all homes of devices
    (-12_800.0, -6_200.0, 1_100.0, 0.035),
    (11_500.0, 6_800.0, 1_300.0, 0.045),
    (1_800.0, 13_800.0, 1_000.0, 0.025),
    (8_800.0, -12_400.0, 900.0, 0.015),
)
_NAMES = (
    "Centro Histórico",
    "Santa Lucía",
    "El Mercado",
    "San Pedro",
    "San Jerónimo",
    "Las Torres",
    "Los Portales",
    "La Merced",
    "Reforma",
    "Jardines",
    "San Miguel",
    "La Moderna",
    "Las Flores",
    "Santa Elena",
    "El Mirador",
    "Los Fresnos",
    "Ciudad Nueva",
    "La Huerta",
    "San Isidro",
    "Las Lomas",
    "El Rosario",
    "Los Encinos",
    "Tepeyac",
    "La Paz",
    "Hacienda Vieja",
    "Colinas",
    "El Refugio",
    "Arboledas",
    "La Calma",
    "Los Arcos",
    "San Rafael",
    "Las Palmas",
    "El Salto",
    "La Cantera",
    "Santa Rita",
    "Los Pinos",
    "El Tesoro",
    "La Esperanza",
    "Villas del Valle",
    "Monte Alto",
)
_LANDMARKS = {
    "La Laguna": LAKE[:2],
    "El Bosque": WOODS[:2],
    "La Estación": STATION,
    "Aeropuerto": AIRPORT,
    "Universidad": UNIVERSITY,
    "Parque Industrial": HUBS[3][:2],
    "Distrito Financiero": HUBS[1][:2],
}


@dataclass(frozen=True, slots=True)
class Districts:
    """The districts that tile the study area, from the centre outwards."""

    id: list[str]
    name: list[str]
    parent: list[str]
    x: Float64
    """`float64[districts]`: a district is the part of the area nearer to its (x, y) than to any other's."""
    y: Float64
    shape: list[shapely.Polygon]

    def of(self, x: Float64, y: Float64) -> Int64:
        """`int64[n]`: the nearest district of each point."""
        found = np.zeros(x.size, np.int64)
        best = np.full(x.size, np.inf)
        for i, (east, north) in enumerate(zip(self.x, self.y, strict=True)):
            distance = np.square(x - east) + np.square(y - north)
            nearer = distance < best
            found[nearer], best[nearer] = i, distance[nearer]
        return found


def area() -> shapely.Polygon:
    """The study area: within the outer ring road, a rounded shape with 90 corners."""
    angle = np.linspace(0.0, 2.0 * np.pi, 90, endpoint=False)
    reach = _reach(angle)
    return shapely.Polygon(np.column_stack([reach * np.cos(angle), reach * np.sin(angle)]))


def _reach(angle: Float64) -> Float64:
    """Distance of the ring road from the main square in each direction (radians)."""
    wave = 0.05 * np.cos(2 * angle + 0.6) + 0.05 * np.cos(3 * angle - 1.0) + 0.02 * np.cos(5 * angle)
    return np.asarray(RADIUS * (1.0 + wave), np.float64)


def districts() -> Districts:
    """Forty districts: Voronoi cells of a sunflower pattern, small in the centre, cut at the ring road."""
    number = np.arange(len(_NAMES))
    angle = np.asarray(number * (math.pi * (3.0 - math.sqrt(5.0))), np.float64)
    reach = _reach(angle) * 0.97 * ((number + 0.4) / len(_NAMES)) ** 0.62
    x, y = reach * np.cos(angle), reach * np.sin(angle)
    name = list(_NAMES)
    for landmark, (east, north) in _LANDMARKS.items():
        name[int(np.argmin(np.hypot(x - east, y - north)))] = landmark
    sector = ("Oriente", "Norte", "Poniente", "Sur")
    parent = [
        "Centro" if math.hypot(east, north) < 3_200 else sector[round(math.atan2(north, east) / (math.pi / 2)) % 4]
        for east, north in zip(x, y, strict=True)
    ]
    outline = area()
    cells = shapely.voronoi_polygons(shapely.MultiPoint(np.column_stack([x, y])), extend_to=outline, ordered=True)
    shape = [shapely.Polygon(shapely.get_coordinates(cell.intersection(outline))) for cell in cells.geoms]
    return Districts([f"D{i + 1:02d}" for i in number], name, parent, x, y, shape)


def inside(x: Float64, y: Float64, ellipse: tuple[float, float, float, float]) -> Bool:
    """`bool[n]`: whether each point lies in the ellipse (centre x, y, half axes)."""
    east, north, half_x, half_y = ellipse
    return np.asarray(np.square((x - east) / half_x) + np.square((y - north) / half_y) < 1.0)


def _empty(x: Float64, y: Float64) -> Bool:
    """Where nobody lives or works."""
    return inside(x, y, LAKE) | inside(x, y, WOODS)


def _hill(x: Float64, y: Float64, east: float, north: float, spread: float) -> Float64:
    """A round hill of volume 1 with the given spread (standard deviation, metres)."""
    distance = np.square(x - east) + np.square(y - north)
    return np.asarray(np.exp(-distance / (2.0 * spread**2)) / (2.0 * math.pi * spread**2))


def _shares(weight: Float64) -> Float64:
    return np.asarray(weight / weight.sum())


def homes(x: Float64, y: Float64) -> Float64:
    """`float64[n]`, sums to 1: residents by point of a regular grid, towns outside the area included.

    Density falls off exponentially with the distance from the centre (Clark 1951, "Urban population densities") with a
    dip where offices have pushed homes out, waves of denser and looser quarters, and nobody on water, hill and works.
    """
    distance = np.hypot(x, y)
    density = (
        np.exp(-distance / 5_200.0)
        * np.where(within_area(x, y), 1.0, 0.2)
        * (1.0 - 0.55 * np.exp(-np.square(distance / 1_300.0)))
    )
    density *= 1.0 + 0.35 * np.sin(x / 1_150.0 + 0.4) * np.cos(y / 1_400.0) + 0.25 * np.sin((x + 2 * y) / 1_900.0)
    for east, north, spread in ((*HUBS[3][:2], 1_100.0), (*AIRPORT, 1_300.0), (*HUBS[1][:2], 600.0)):
        density *= 1.0 - 0.97 * np.exp(-(np.square(x - east) + np.square(y - north)) / (2.0 * spread**2))
    density[_empty(x, y) | (distance > 13_000.0)] = 0.0
    town = _shares(density) * (1.0 - sum(share for *_, share in OUTSIDE))
    for east, north, spread, share in OUTSIDE:
        town += share * _shares(_hill(x, y, east, north, spread))
    return _shares(town)


def work(x: Float64, y: Float64) -> Float64:
    """`float64[n]`, sums to 1: jobs by point; most in the hubs, the rest where people live."""
    return _hubs(x, y, column=3)


def leisure(x: Float64, y: Float64) -> Float64:
    """`float64[n]`, sums to 1: bars, cinemas, squares by point; the centre first, then the hubs and the lakeside."""
    east, north, half_x, half_y = LAKE
    shore = np.abs(np.sqrt(np.square((x - east) / half_x) + np.square((y - north) / half_y)) - 1.08) < 0.05
    out = 0.93 * _hubs(x, y, column=4) + 0.07 * _shares(shore.astype(np.float64))
    return _shares(out)


def shops(x: Float64, y: Float64) -> Float64:
    """`float64[n]`, sums to 1: half near homes, a third as work, the rest as leisure."""
    return _shares(0.5 * homes(x, y) + 0.3 * work(x, y) + 0.2 * leisure(x, y))


def _hubs(x: Float64, y: Float64, column: int) -> Float64:
    out = (1.0 - sum(hub[column] for hub in HUBS)) * homes(x, y)
    for hub in HUBS:
        out += hub[column] * _shares(_hill(x, y, *hub[:3]))
    out[_empty(x, y)] = 0.0
    return _shares(out)


def within_area(x: Float64, y: Float64) -> Bool:
    """`bool[n]`: whether each point lies in the study area."""
    return np.asarray(shapely.contains_xy(area(), x, y), np.bool_)
