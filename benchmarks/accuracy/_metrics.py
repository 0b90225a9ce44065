"""How far estimates lie from the truth."""

from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.accuracy._case import Case, Estimates, Float64, Int64

BRACKETS = {"20 to 100": (20, 100), "100 to 500": (100, 500), "over 500": (500, np.inf)}
TOP = 1000
FALSE_SHARE = 0.01
"""Of the published pairs, at most this share may be false."""
THRESHOLDS = np.arange(0.5, 12.01, 0.1)
"""Where pairs may be cut, in standard deviations of the noise."""


def cell_errors(truth: Float64, estimate: Float64) -> dict[str, float]:
    """Mean absolute error over all cells, and the median relative error over the cells of each true size.

    truth, estimate  float64[cells]
    "all" is over the cells whose truth is above 0; a bracket without cells is left out.
    """
    error = np.abs(estimate - truth)
    out = {"MAE": float(error.mean())}
    for name, (low, high) in {**BRACKETS, "all": (1, np.inf)}.items():
        inside = (truth >= low) & (truth < high)
        if inside.any():
            out[name] = float(np.median(error[inside] / truth[inside]))
            out[f"within 10 % {name}"] = float((error[inside] <= 0.1 * truth[inside]).mean())
    return out


@dataclass(frozen=True, slots=True)
class Pairs:
    """What a threshold publishes: share of the true top pairs, and how wrong that is.

    false     share of the published pairs whose true count is 0
    inflated  share of the published pairs that are below a quarter of what is said of them, the false ones among them
    error     median relative error of the true top pairs; one that is not published is wrong by all of it
    """

    threshold: float
    published: int
    top: float
    false: float
    inflated: float
    error: float


def pairs_at(truth: Float64, estimate: Float64, threshold: float) -> Pairs:
    """Pairs whose estimate is at least `threshold` and above 0 are published; truth, estimate: float64[pairs]."""
    top = np.argsort(-truth, kind="stable")[:TOP]
    shown = np.flatnonzero((estimate >= threshold) & (estimate > 0))
    return _pairs(truth, estimate, top, shown, threshold)


def best_pairs(truth: Float64, estimate: Float64, stderr: float) -> Pairs:
    """The lowest threshold with false pairs under `FALSE_SHARE`: found with the truth, for every method alike."""
    top = np.argsort(-truth, kind="stable")[:TOP]
    shown = np.flatnonzero((estimate >= THRESHOLDS[0] * stderr) & (estimate > 0))
    for threshold in THRESHOLDS * stderr:
        shown = shown[estimate[shown] >= threshold]
        pairs = _pairs(truth, estimate, top, shown, threshold)
        if pairs.false < FALSE_SHARE:
            break
    return pairs


def _pairs(truth: Float64, estimate: Float64, top: Int64, shown: Int64, threshold: float) -> Pairs:
    said = np.zeros(truth.size)
    said[shown] = estimate[shown]
    count = max(shown.size, 1)
    return Pairs(
        threshold=float(threshold),
        published=shown.size,
        top=float((said[top] > 0).mean()),
        false=float((truth[shown] == 0).sum() / count),
        inflated=float((truth[shown] < estimate[shown] / 4).sum() / count),
        error=float(np.median(np.abs(said[top] - truth[top]) / np.maximum(truth[top], 1))),
    )


def score(case: Case, estimates: Estimates) -> dict[str, dict[str, float]]:
    """Figures of each version of what was published: version -> metric -> value.

    Of `regions`, the figures are those of totals by region: the published ones, and each version's cells added up.
    """
    truth = case.truth
    if case.kind == "flows":
        versions = {"raw": estimates.cells, **estimates.views}
        return {name: asdict(best_pairs(truth, cells, estimates.stderr)) for name, cells in versions.items()}
    if case.kind == "regions":
        total = case.by_region(truth)
        sums = {f"sum of {name}": case.by_region(cells) for name, cells in estimates.versions()}
        cells = min(float(np.abs(version - truth).mean()) for _, version in estimates.versions())
        return {n: {**cell_errors(total, v), "cells": cells} for n, v in {**sums, **estimates.regions}.items()}
    return {version: cell_errors(truth, cells) for version, cells in estimates.versions()}


def goodness(case: Case, figures: dict[str, float]) -> float:
    """One number that is smaller for the better method: what limits and versions are chosen by."""
    if case.kind == "flows":
        return -figures["top"] if figures["false"] < FALSE_SHARE else 1.0
    return figures["all"] if case.kind == "regions" else figures["MAE"]
