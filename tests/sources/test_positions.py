"""Positions: whole 1e-7 degrees, and what is no position."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.sources import Reason
from shoal.sources.positions import floats, positions
from tests.sources import naive

edge = st.sampled_from(
    [0.0, -0.0, 4e-8, 5e-8, 90.0, -90.0, 90.00000001, 180.0, -180.0, 180.0000001, math.nan, math.inf]
)
degrees = st.floats(-200, 200) | edge


@given(st.lists(st.tuples(degrees, degrees), max_size=20))
def test_positions_agree_with_their_slow_twin(places: list[tuple[float, float]]) -> None:
    lat, lon = ([p[i] for p in places] for i in (0, 1))
    code = np.zeros(len(places), np.uint8)
    a, b, swapped = positions(pa.array(lat, pa.float64()), pa.array(lon, pa.float64()), code)
    got = [Reason(int(c)).text if c else (int(x), int(y)) for c, x, y in zip(code, a, b, strict=True)]
    want = [naive.fix(x, y) for x, y in places]
    assert got == want
    exchanged = [w == "position out of range" and abs(x) <= 180 and abs(y) <= 90
                 for w, (x, y) in zip(want, places, strict=True)]  # fmt: skip
    assert swapped == sum(exchanged)


def test_text_numbers_and_small_floats_mean_the_same() -> None:
    text = ["20.666378", " -103.34882", "1e1", "x", None, "20,5", "nan", "inf"]
    want = [20.666378, -103.34882, 10.0, math.nan, math.nan, math.nan, math.nan, math.inf]
    np.testing.assert_equal(floats(pa.array(text)), np.array(want))
    np.testing.assert_equal(floats(pa.array(text, pa.large_string()).slice(1, 2)), np.array(want[1:3]))
    np.testing.assert_equal(floats(pa.array([1.5, None], pa.float32())), np.array([1.5, math.nan]))
    np.testing.assert_equal(floats(pa.array([7, None])), np.array([7.0, math.nan]))
    np.testing.assert_equal(floats(pa.array([None, None])), np.array([math.nan, math.nan]))


@pytest.mark.parametrize("first", [Reason.NO_DEVICE, Reason.OUTSIDE_PERIOD])
def test_an_earlier_fault_stays(first: Reason) -> None:
    code = np.array([first, 0], np.uint8)
    lat, _, _ = positions(pa.array([999.0, 999.0]), pa.array([0.0, 0.0]), code)
    assert code.tolist() == [first, Reason.OUT_OF_RANGE]
    assert lat.tolist() == [0, 0]
