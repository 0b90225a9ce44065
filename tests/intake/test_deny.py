"""The private deny-list: records near a place are found, to the metre on the inside; nothing else can be read off."""

import copy
import pickle

import numpy as np
import pytest
from pyproj import Geod

from shoal.intake.deny import CELL, KEY_BYTES, RADIUS, DenyList, _hash_cells, _hash_pairs, _words, hash_places
from shoal.intake.deny import hash_surroundings as surroundings
from tests.intake import naive

KEY = bytes(range(16))
GEOD = Geod(ellps="WGS84")
WIDEST = RADIUS * 1.03 + 2**0.5 * 92  # a cell that is only touched reaches so far


def listed(*places: tuple[float, float], key: bytes = KEY) -> DenyList:
    return DenyList(key, np.concatenate([surroundings(key, *place) for place in places]))


@pytest.mark.parametrize(
    ("lat", "lon"),
    [(20.67, -103.35), (0.0, 0.0), (-33.9, 18.4), (66.5, 25.5), (84.0, -30.0), (10.0, 180.0), (10.0, -179.9999)],
)
def test_records_within_the_radius_are_found_and_few_beyond(lat: float, lon: float) -> None:
    dice = np.random.default_rng(3)
    course, metres = dice.uniform(0, 360, 20_000), dice.uniform(0, 1500, 20_000)
    metres[:2000] = RADIUS - 0.02  # the last one still in
    east, north, _ = GEOD.fwd(np.full(20_000, lon), np.full(20_000, lat), course, metres)
    units = [np.rint(np.asarray(degrees) * 1e7).astype(np.int32) for degrees in (north, (east + 180) % 360 - 180)]
    found = listed((lat, lon)).covers(*units)
    assert found[metres <= RADIUS - 0.01].all()
    assert not found[metres > WIDEST].any()


def test_a_place_has_as_many_cells_as_its_surroundings_need() -> None:
    assert 100 < surroundings(KEY, 20.67, -103.35).size < 250
    assert np.unique(surroundings(KEY, 70, 20)).size == surroundings(KEY, 70, 20).size < 500


def test_nothing_is_found_under_another_key_or_on_an_empty_list() -> None:
    lat, lon = (np.full(1, int(degrees * 1e7), np.int32) for degrees in (20.67, -103.35))
    assert listed((20.67, -103.35)).covers(lat, lon).tolist() == [True]
    wrong = DenyList(bytes(16), surroundings(KEY, 20.67, -103.35))
    assert wrong.covers(lat, lon).tolist() == [False]
    empty = DenyList(KEY, np.zeros(0, np.uint64))
    assert not empty and empty.covers(lat, lon).tolist() == [False]


def test_hashes_are_siphash_of_cells_and_of_places() -> None:
    lat, lon = np.array([-1, 0, 206_700_000], np.int32), np.array([5, -1_033_500_000, 0], np.int32)
    cells = np.empty(3, np.uint64)
    _hash_cells(lat, lon, *_words(KEY), cells)
    for row in range(3):
        message = b"".join((int(n[row]) >> CELL).to_bytes(4, "little", signed=True) for n in (lon, lat))
        assert int(cells[row]) == naive.siphash24(KEY, message)
    places = hash_places(KEY, np.array([20.67]), np.array([-103.35]))
    message = (2_067_000).to_bytes(8, "little") + (-10_335_000).to_bytes(8, "little", signed=True)
    assert int(places[0]) == naive.siphash24(KEY, message)
    pair = np.empty(1, np.uint64)
    _hash_pairs(np.ones(1, np.uint64), np.zeros(1, np.uint64), *_words(KEY), pair)
    assert int(pair[0]) == naive.siphash24(KEY, (1).to_bytes(16, "little"))


def test_a_place_is_known_again_to_a_metre() -> None:
    lat, lon = np.array([20.67, 20.670001, 20.67002]), np.full(3, -103.35)
    same, near, other = hash_places(KEY, lat, lon).tolist()
    assert same == near != other


def test_it_travels_only_packed_and_shows_nothing() -> None:
    own = listed((20.67, -103.35))
    again = DenyList.unpacked(own.packed())
    lat, lon = np.full(1, 206_700_000, np.int32), np.full(1, -1_033_500_000, np.int32)
    assert again.covers(lat, lon).all() and again.packed() == own.packed()
    assert repr(own) == "<DenyList, hidden>"
    for leak in (len, iter, copy.copy, copy.deepcopy, pickle.dumps, lambda s: s == s):
        with pytest.raises(TypeError):
            leak(own)


def test_what_can_not_be_meant() -> None:
    with pytest.raises(ValueError, match="pole"):
        surroundings(KEY, 89.5, 0)
    with pytest.raises(ValueError, match="pole"):
        surroundings(KEY, float("nan"), 0)
    with pytest.raises(ValueError, match=str(KEY_BYTES)):
        DenyList(b"short", np.zeros(0, np.uint64))
