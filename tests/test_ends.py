"""Pairs measured top-down: which ends are kept, and what is measured then."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from shoal import ends
from shoal._arrays import Float64
from shoal.calendar import Calendar
from shoal.ends import LEAST, STEP, ends_of, select, standing_out, thresholds
from shoal.keys import Grid, TimeKey, pair_places
from shoal.plan import Period

CALENDAR = Calendar.from_period(
    Period(start=date(2026, 3, 2), end=date(2026, 3, 5), unit="day"), ZoneInfo("Europe/Vienna")
)
CENTRES = np.column_stack([np.full(6, 48.2), 16.3 + 0.01 * np.arange(6)])  # 0.74 km apart


def grid(max_km: float | None = None) -> Grid:
    return Grid(("origin", "destination"), pair_places(CENTRES, max_km), TimeKey.of("day", CALENDAR))


def totals(*large: int, value: float = 100.0) -> Float64:
    found = np.zeros((6, 3))
    found[list(large)] = value
    return found


def test_the_totals_of_ends_are_those_of_their_pairs() -> None:
    pairs = grid(2.0)
    numbers = np.random.default_rng(1).integers(1, 9, pairs.cells)
    origin, destination = ends_of(pairs, 6)
    assert (origin.name, destination.name) == ("origin", "destination")
    assert origin.is_end and origin.grid.keys == ("origin", "day") and origin.grid.cells == 18
    for level, column in ((origin, 0), (destination, 1)):
        sums = np.zeros((6, 3))
        np.add.at(sums, level.of_place, numbers.reshape(-1, 3))
        slow = [numbers.reshape(-1, 3)[pairs.places[:, column] == zone].sum(axis=0) for zone in range(6)]
        assert sums.tolist() == np.array(slow).tolist()


@pytest.mark.parametrize("max_km", [None, 2.0])
def test_the_pairs_of_kept_ends_are_measured(max_km: float | None) -> None:
    pairs = grid(max_km)
    chosen = select(pairs, [totals(1, 4), totals(0, 1, 5)], [1.0, 1.0])
    assert [kept.tolist() for kept in chosen.kept] == [[1, 4], [0, 1, 5]]
    wanted = [cell for cell, (o, d) in enumerate(np.repeat(pairs.places, 3, axis=0)) if o in (1, 4) and d in (0, 1, 5)]
    assert chosen.cells.tolist() == wanted and wanted
    assert chosen.grid.frame([*"abcdef"]).equals(pairs.frame([*"abcdef"])[wanted])
    # and so they are rebuilt from the manifest
    assert chosen.grid.places.tolist() == pair_places(CENTRES, max_km, *chosen.kept).tolist()


def test_an_end_is_kept_from_two_standard_errors_of_its_sum_on() -> None:
    just = 2 * 10 * 3**0.5 / 3  # in each of three bins
    assert standing_out(totals(2, value=just * 1.0001), 10.0, LEAST).nonzero()[0].tolist() == [2]
    assert not standing_out(totals(2, value=just * 0.9999), 10.0, LEAST).any()
    noise = np.random.default_rng(2).normal(0, 10, (100_000, 3))
    share = standing_out(noise, 10.0, LEAST).mean()
    assert abs(share - 0.02275) < 6 * (0.02275 / 100_000) ** 0.5


def test_too_many_cells_raise_the_threshold_in_public_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    large = np.repeat([[9.0], [7.0], [5.0], [3.1], [2.5], [0.0]], 3, axis=1) / 3**0.5  # standard errors of the sums
    assert [kept.size for kept in select(grid(), [large, large], [1.0, 1.0]).kept] == [5, 5]
    for most, left in ((25 * 3 - 1, 4), (16 * 3 - 1, 3), (9 * 3 - 1, 2), (4 * 3 - 1, 0)):
        monkeypatch.setattr(ends, "MAX_MEASURED", most)
        chosen = select(grid(), [large, large], [1.0, 1.0])
        assert [kept.size for kept in chosen.kept] == [left, left]
        assert chosen.cells.size == 3 * left**2 <= most
    assert [t for t, _ in zip(thresholds(), range(3), strict=False)] == [LEAST, LEAST * STEP, LEAST * STEP**2]


def test_no_end_at_all_is_no_error() -> None:
    chosen = select(grid(), [totals(), totals(1)], [1.0, 1.0])
    assert chosen.cells.size == 0 and chosen.grid.frame([*"abcdef"]).height == 0
