"""A basemap of the operator's own as PMTiles: its tiles are on screen, and nobody else is asked for anything."""

import math
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import h3
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import BrowserContext, expect

from shoal.release.read import Release
from shoal.serve.server import Settings
from tests.serve.archives import LINE, NONE, PNG, POINT, POLYGON, Tile, archive, vector_tile
from tests.serve.live import live
from tests.web.page import Explorer, until

ZOOM = 7
"""Of the tiles: one of them is larger than the city, and is drawn larger than it is when the map comes closer."""
SAID = '<a href="https://example.org/us">&copy; Mapmakers</a><img src="https://example.org/seen.png"> of Testland'


def _rectangle(west: float, south: float, east: float, north: float) -> list[tuple[int, int]]:
    return [(round(x), round(y)) for x, y in ((west, north), (east, north), (east, south), (west, south))]


class _City:
    """Where the hexagons lie, and on which tile."""

    def __init__(self, city: Release) -> None:
        middles = np.array([h3.cell_to_latlng(zone) for zone in city["presence"].zones.ids])
        self.south, self.west = middles.min(axis=0)
        self.north, self.east = middles.max(axis=0)
        self.height, self.width = self.north - self.south, self.east - self.west
        x, y = self._on_world((self.west + self.east) / 2, (self.south + self.north) / 2)
        self.tile: Tile = (ZOOM, int(x), int(y))

    def _on_world(self, lon: float, lat: float) -> tuple[float, float]:
        """In tiles, from the upper left of the world (Web Mercator)."""
        across = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
        return (lon / 360 + 0.5) * 2**ZOOM, across * 2**ZOOM

    def on_tile(self, lon: float, lat: float) -> tuple[float, float]:
        x, y = self._on_world(lon, lat)
        return (x - self.tile[1]) * 4096, (y - self.tile[2]) * 4096


def _vector(city: _City) -> bytes:
    """Land; a lake on the whole west of the city, a wood on the whole east, one town in the lake, a road."""
    left, lower = city.on_tile(city.west - city.width, city.south - city.height)
    right, upper = city.on_tile(city.east + city.width, city.north + city.height)
    shore = city.on_tile(city.west - city.width / 8, city.south)[0]
    edge = city.on_tile(city.east + city.width / 8, city.south)[0]
    town = (round((left + shore) / 2), round((lower + upper) / 2))
    tile = vector_tile(
        {
            "earth": [(POLYGON, _rectangle(0, 4096, 4096, 0), {})],
            "landuse": [(POLYGON, _rectangle(edge, lower, right, upper), {"kind": "wood"})],
            "water": [(POLYGON, _rectangle(left, lower, shore, upper), {"kind": "lake"})],
            "roads": [(LINE, _rectangle(left, lower, right, upper), {"kind": "highway", "name": "Ring"})],
            "places": [(POINT, [town], {"kind": "locality", "name": "Mapton"})],
        }
    )
    layers = [{"id": name} for name in ("earth", "landuse", "water", "roads", "places")]
    return archive({city.tile: tile}, {"attribution": SAID, "vector_layers": layers})


def _raster(city: _City) -> bytes:
    """One picture, all of one red."""
    rows = b"".join(b"\0" + bytes((220, 40, 60)) * 256 for _ in range(256))
    parts = ((b"IHDR", struct.pack(">2I5B", 256, 256, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = (struct.pack(">I", len(p)) + name + p + struct.pack(">I", zlib.crc32(name + p)) for name, p in parts)
    return archive({city.tile: b"\x89PNG\r\n\x1a\n" + b"".join(chunks)}, kind=PNG, tile_packing=NONE)


def _near(found: NDArray[np.uint8], colour: str) -> bool:
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    return bool(np.abs(found.astype(int) - wanted).max() <= 4)


@contextmanager
def _opened(context: BrowserContext, city: Release, basemap: Path) -> Iterator[Explorer]:
    """The explorer over a server with this basemap, some of its surroundings in sight."""
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with live(city.folder.parent, Settings(ahead=False, basemap=basemap)) as client:
        found = Explorer(page, str(client.base_url), f"?release={city.id}&statistic=presence")
        found.ask("window.shoal.map.jumpTo({ zoom: window.shoal.map.getZoom() - 1.2 })")
        yield found
        found.finish()
    paths = {urlsplit(url).path for url in asked if url.startswith("http")}
    assert "/api/basemap.pmtiles" in paths
    assert all(re.match(r"/$|/shoal.svg$|/(api|assets|basemap)/", path) for path in paths), paths
    assert not any(re.search(r"glyph|sprite|\.pbf", path) for path in paths), paths


def test_tiles_are_drawn_and_nothing_leaves_the_machine(city: Release, context: BrowserContext, tmp_path: Path) -> None:
    where = _City(city)
    lake, wood = where.west - where.width / 2, where.east + where.width / 2
    lat = where.south + where.height / 3
    file = tmp_path / "map.pmtiles"
    file.write_bytes(_vector(where))
    with _opened(context, city, file) as page:

        def drawn(colour: str, lon: float) -> None:
            until(lambda: _near(page.pixel(lon, lat), colour), f"{colour} is drawn")

        drawn("#dfe7e6", lake)
        drawn("#e9ecdd", wood)
        page.page.emulate_media(color_scheme="dark")
        drawn("#11171b", lake)
        drawn("#1b2725", wood)
        names = "queryRenderedFeatures({ layers: ['tiles-places-names'] }).map((one) => one.properties.name)"
        until(lambda: page.ask(f"window.shoal.map.{names}") == ["Mapton"], "the town is named")
        expect(page.page.locator(".credits")).to_contain_text("© Mapmakers of Testland")
        assert page.page.locator(".credits").locator("a, img").count() == 0
    file.write_bytes(_raster(where))
    with _opened(context, city, file) as page:
        until(lambda: np.ptp(page.pixel(lake, lat).astype(int)) > 40, "the red picture is drawn")
