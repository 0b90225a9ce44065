"""The peers that are a few lines of NumPy and OpenDP, and the twins that stand for the two that are slow.

Google's mobility reports (arXiv 2004.04145): a few (category, place) pairs of each device and day at random, one count
in each, Laplace noise for as many. Its other gates (areas of 3 km2, 100 people) only withhold, so they are left out.

Key sampling with OpenDP, and Tumult: a few cells of each device at random, at most so many rows in each, discrete
Gaussian noise of the norm that this leaves, accounted in zCDP and converted by OpenDP as Shoal's is.

dp_mobility_report: a few rows of each device at random, Laplace noise for as many, whole numbers, negatives put to 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from benchmarks.accuracy._bounding import Limits, truncated
from benchmarks.accuracy._case import Case, Estimates
from benchmarks.accuracy._case import Kind as CaseKind
from benchmarks.accuracy._noise import Kind, Noise, by_numpy, by_opendp, gaussian_scale
from shoal.privacy.accounting import rho_for


@dataclass(frozen=True, slots=True)
class Sampling:
    """Rows dropped at random until a device fits `limits`, then noise of one scale for every cell of the grid.

    regions  share of the budget that measures the totals of regions apart, with limits of their own; 0: none
    clips    does the library itself put negatives to 0?
    """

    name: str
    kind: Kind
    limits: Limits
    regions: float = 0.0
    region_limits: Limits | None = None
    clips: bool = False
    noise: Noise = by_opendp

    @property
    def setting(self) -> str:
        coarse = f", {self.regions:.0%} of the budget for regions" if self.region_limits else ""
        return f"{self.kind.capitalize()}, {self.limits}{coarse}"

    def scale(self, case: Case, limits: Limits, share: float) -> float:
        """Of the noise in every cell, for a share of the budget."""
        if self.kind == "laplace":
            return limits.l1 / (float(case.epsilon) * share)
        return gaussian_scale(limits.l2, rho_for(case.epsilon, case.delta)) / sqrt(share)

    def stderr(self, case: Case) -> float:
        """Standard deviation of the noise in every cell."""
        return self.scale(case, self.limits, 1 - self.regions) * (2**0.5 if self.kind == "laplace" else 1.0)

    def __call__(self, case: Case, seed: int) -> Estimates:
        rng = np.random.default_rng(seed)
        scale = self.scale(case, self.limits, 1 - self.regions)
        cells = self.noise(truncated(case, self.limits, rng), self.kind, scale, rng)
        published = {}
        if self.region_limits is not None:
            coarse = case.coarse()
            scale = self.scale(case, self.region_limits, self.regions)
            published["regions"] = self.noise(truncated(coarse, self.region_limits, rng), self.kind, scale, rng)
        return Estimates(np.maximum(cells, 0) if self.clips else cells, self.stderr(case), {}, published)


@dataclass(frozen=True, slots=True)
class Family:
    """A peer before it is tuned.

    kinds          of noise that it knows
    cells, rows    can it limit the cells of a device (and rows in each)? rows, whatever their cells?
    """

    name: str
    kinds: tuple[Kind, ...]
    cells: bool
    rows: bool
    clips: bool = False

    def settings(self, case: Case) -> list[Sampling]:
        """All settings that are tried. Where everyone has one row in a cell, limits of rows are those of cells."""
        several = (1, 2, 3) if case.weight.max(initial=1) > 1 else (1,)
        most = TRIED[case.kind]
        limits = [Limits(cells, rows) for cells in most for rows in several] if self.cells else []
        if self.rows and (not self.cells or len(several) > 1):
            limits += [Limits(0, rows) for rows in most]
        tried = [Sampling(self.name, kind, one, clips=self.clips) for kind in self.kinds for one in limits]
        if case.kind == "regions" and not self.clips:
            tried += [with_regions(method, 0.5) for method in tried]
        return tried


TRIED: dict[CaseKind, tuple[int, ...]] = {
    "presence": (1, 2, 4, 8, 12, 14, 16, 18, 20, 22, 24),
    "regions": (8, 12, 14, 16, 18, 20, 22, 24),
    "flows": (1, 2, 4, 8, 16),
    "visits": (4, 8, 12, 16, 20, 24, 32, 48),
}
"""Kind of case -> the most cells of a device, or rows, that are tried."""
GOOGLE = Family("Google's design (OpenDP, Laplace)", ("laplace",), cells=True, rows=False)
OPENDP = Family("OpenDP, key sampling", ("gaussian",), cells=True, rows=False)
TUMULT = Family("twin of Tumult Analytics", ("gaussian", "laplace"), cells=True, rows=True)
REPORT = Family("twin of dp_mobility_report", ("laplace",), cells=False, rows=True, clips=True)


def tuned(family: Family, case: Case, judge: Callable[[Case, Estimates], float], seeds: Sequence[int]) -> Sampling:
    """The setting with the smallest mean of `judge` over `seeds`, with NumPy's noise; it publishes with OpenDP's."""

    def mean(method: Sampling) -> float:
        trial = replace(method, noise=by_numpy)
        return float(np.mean([judge(case, trial(case, seed)) for seed in seeds]))

    return min(family.settings(case), key=mean)


def with_regions(method: Sampling, share: float) -> Sampling:
    """The same with totals of regions measured apart: a device-hour is in one region, so the limits are the same."""
    return replace(method, regions=share, region_limits=method.limits)
