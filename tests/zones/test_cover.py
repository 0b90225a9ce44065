import numpy as np
import pytest
import shapely

from shoal.zones import _cover
from shoal.zones._cover import TooManyError, cover
from tests.zones import naive

AREAS = {
    "a triangle": shapely.Polygon([(3, 40), (25, 45), (8, 60)]),
    "a ring": shapely.Point(-70, -20).buffer(25).difference(shapely.Point(-70, -20).buffer(8)),
    "both sides of the date line": shapely.union(shapely.box(165, -30, 180, 20), shapely.box(-180, -30, -160, 20)),
    "the north": shapely.box(-180, 70, 180, 90),
    "around the south pole": shapely.Polygon([(-180, -90), (-180, -75), (0, -60), (180, -75), (180, -90)]),
    "the world": shapely.box(-180, -90, 180, 90),
}


@pytest.mark.parametrize("name", AREAS)
@pytest.mark.parametrize("resolution", [0, 1, 2, 3])
def test_finds_the_cells_whose_centres_lie_in(name: str, resolution: int) -> None:
    found = cover(AREAS[name], resolution)
    assert np.array_equal(found, naive.cover(AREAS[name], resolution))


def test_a_reach_too_short_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cover, "_REACH", 0.05)
    area = AREAS["a ring"]
    assert not np.array_equal(cover(area, 3), naive.cover(area, 3))


def test_a_small_area_deep_down() -> None:
    import h3

    cell = h3.latlng_to_cell(48.2, 16.37, 12)
    area = shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)])
    assert len(cover(area, 12)) == 1
    around = [kid for near in h3.grid_disk(cell, 2) for kid in h3.cell_to_children(near, 15)]
    inside = [kid for kid in around if area.intersects(shapely.Point(h3.cell_to_latlng(kid)[::-1]))]
    assert cover(area, 15).tolist() == sorted(h3.str_to_int(kid) for kid in inside)
    assert len(cover(area, 14)) in range(44, 55)


def test_no_centre_below_a_cell_is_further_than_the_reach() -> None:
    import h3

    for coarse in h3.get_res0_cells():
        for down in range(5):
            lat, lon = _cover._centres(
                np.array([h3.str_to_int(c) for c in h3.cell_to_children(coarse, down)], dtype=np.uint64)
            )
            top = h3.cell_to_latlng(coarse)
            far = max(h3.great_circle_distance(top, place, unit="rads") for place in zip(lat, lon, strict=True))
            assert far < 0.75 * _cover._REACH


@pytest.mark.parametrize(
    ("area", "resolution", "count"),
    [
        (shapely.box(-180, -90, 180, 90), 15, "about 6e+14"),
        (shapely.box(9, 46, 17, 49), 10, "about 13,"),
    ],
)
def test_too_many_are_counted_and_refused(area: shapely.Geometry, resolution: int, count: str) -> None:
    with pytest.raises(TooManyError) as error:
        cover(area, resolution)
    assert error.value.count.startswith(count)


def test_a_few_too_many_are_counted_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    area = AREAS["a ring"]
    count = naive.cover(area, 3).size
    monkeypatch.setattr(_cover, "MOST_CELLS", count)
    assert cover(area, 3).size == count
    monkeypatch.setattr(_cover, "MOST_CELLS", count - 1)
    with pytest.raises(TooManyError, match=f"^{count:,}$"):
        cover(area, 3)


def test_a_ragged_sliver_is_not_followed_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cover, "_MOST_CANDIDATES", 10_000)
    with pytest.raises(TooManyError, match=r"^more than 2,000,000$"):
        cover(shapely.box(-180, 0, 180, 1e-9), 9)
