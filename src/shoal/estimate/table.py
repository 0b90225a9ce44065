"""From noisy sums to the table that is published: estimate, error, interval, consistent value."""

from collections.abc import Sequence

import polars as pl

from shoal.estimate.consistent import consistent
from shoal.keys import Grid
from shoal.privacy.mechanism import ONE
from shoal.privacy.noise import Measurements


def table(measured: Measurements, grid: Grid, zone_ids: Sequence[str], divisor: int = 1) -> pl.DataFrame:
    """One row a cell, in cell order: the key columns, then estimate, stderr, lower, upper, consistent, suppressed.

    Unit: contributions (device-hours, visits, trips, devices) over `divisor`. `estimate` is unbiased for the bounded
    sum and may be negative; [lower, upper] holds that sum 95 times in 100; `consistent` is whole, never negative, and
    adds up to the rounded sum of its time.
    """
    estimate = measured.values / (ONE * divisor)
    width = measured.mechanism.half_width / divisor
    return grid.frame(zone_ids).with_columns(
        estimate=pl.Series(estimate, dtype=pl.Float64),
        stderr=pl.lit(measured.mechanism.stderr / divisor, dtype=pl.Float64),
        lower=pl.Series(estimate - width, dtype=pl.Float64),
        upper=pl.Series(estimate + width, dtype=pl.Float64),
        consistent=pl.Series(consistent((estimate.reshape(-1, grid.time.bins),), ())[0].ravel(), dtype=pl.Float64),
        suppressed=pl.lit(value=False),
    )
