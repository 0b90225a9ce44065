"""Many runs of a method put together, kept as JSON, and shown as a table of Markdown."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.accuracy._case import Case, Kind, Method
from benchmarks.accuracy._metrics import goodness, score

Figures = dict[str, float]
OURS = "Shoal"
COLUMNS: dict[Kind, dict[str, str]] = {
    "presence": {"20 to 100": "%", "100 to 500": "%", "over 500": "%", "MAE": ".1f"},
    "regions": {"all": "%", "20 to 100": "%", "100 to 500": "%", "over 500": "%", "MAE": ".1f", "cells": ".1f"},
    "flows": {"top": "%", "false": "%", "inflated": "%", "published": ",.0f", "error": "%"},
    "visits": {"20 to 100": "%", "100 to 500": "%", "over 500": "%", "MAE": ".1f"},
}
"""Metrics shown of each kind of case, and how."""
HEADS = {
    "MAE": "mean absolute error",
    "all": "all above 0",
    "cells": "the same of zones",
    "top": "top 1,000 published",
    "false": "false",
    "inflated": "below a quarter",
    "error": "median error of the top 1,000",
}
COMPARED: dict[Kind, str] = {"presence": "MAE", "regions": "all", "flows": "top", "visits": "MAE"}
"""The metric by which methods are compared: for flows more is better."""


@dataclass(frozen=True, slots=True)
class Result:
    """Figures of one method on one case.

    version  which version of its numbers is the best (raw, clipped, consistent, ...): what is compared
    mean, spread  version -> metric -> mean and standard deviation over the runs
    """

    name: str
    setting: str
    runs: int
    version: str
    mean: dict[str, Figures]
    spread: dict[str, Figures]

    def at(self, metric: str) -> float:
        """The mean of `metric` for the best version; not a number where it has none."""
        return self.mean[self.version].get(metric, float("nan"))


def measured(case: Case, method: Method, seeds: Sequence[int]) -> Result:
    """Run `method` once a seed; the noise of OpenDP and of Spark is fresh in every run."""
    scores = [score(case, method(case, seed)) for seed in seeds]
    mean: dict[str, Figures] = {}
    spread: dict[str, Figures] = {}
    for version, figures in scores[0].items():
        every = {metric: [s[version][metric] for s in scores] for metric in figures}
        mean[version] = {metric: float(np.mean(values)) for metric, values in every.items()}
        spread[version] = {
            metric: float(np.std(values, ddof=min(1, len(seeds) - 1))) for metric, values in every.items()
        }
    best = min(mean, key=lambda version: goodness(case, mean[version]))
    return Result(method.name, method.setting, len(seeds), best, mean, spread)


def keep(file: Path, case: Case, results: Sequence[Result], about: str) -> None:
    """Write the results of `case` into `file`, beside those of other cases."""
    every = json.loads(file.read_text()) if file.exists() else {}
    about_case = {"title": case.title, "kind": case.kind, "about": about}
    every[case.name] = {**about_case, "results": [asdict(result) for result in results]}
    file.write_text(json.dumps(every, indent=1, sort_keys=True) + "\n")


def kept(file: Path, name: str) -> list[Result]:
    """The results that `file` has of the case `name`."""
    every = json.loads(file.read_text()) if file.exists() else {}
    return [Result(**result) for result in every.get(name, {}).get("results", [])]


def shown(file: Path) -> str:
    """Everything that `file` has, as Markdown."""
    every = json.loads(file.read_text())
    parts = [
        f"### {case['title']}\n\n{table(case['kind'], kept(file, name))}\n\n{name}: {case['about']}\n"
        for name, case in every.items()
    ]
    return "\n".join(parts)


def table(kind: Kind, results: Sequence[Result]) -> str:
    """One line a method (for regions one a version), the compared figure against that of the best peer at the end.

    The best peer is sought among those with all runs: the mean of two would be lucky more often than that of ten.
    """
    columns, compared = COLUMNS[kind], COMPARED[kind]
    names = ["who", "setting", "version", "runs", *(HEADS.get(c, c) for c in columns), "against the best peer"]
    lines = [_line(names), "|" + "---|" * len(names)]
    full = max((result.runs for result in results if result.name != OURS), default=0)
    peers = [result.at(compared) for result in results if result.name != OURS and result.runs == full]
    best = (max(peers) if kind == "flows" else min(peers)) if peers else float("nan")
    for result in results:
        versions = result.mean if kind == "regions" else [result.version]
        for one in (replace(result, version=version) for version in versions):
            figures = [_shown(one, column, form) for column, form in columns.items()]
            ratio = f"{one.at(compared) / best:.2f}" if best else ""
            lines.append(_line([one.name, one.setting, one.version, str(one.runs), *figures, ratio]))
    return "\n".join(lines)


def _line(words: Sequence[str]) -> str:
    return "| " + " | ".join(words) + " |"


def _shown(result: Result, metric: str, form: str) -> str:
    mean, spread = result.at(metric), result.spread[result.version].get(metric, 0.0)
    if np.isnan(mean):
        return ""
    if form == "%":
        return f"{100 * mean:.1f} ± {100 * spread:.1f} %"
    return f"{mean:{form}} ± {spread:{form}}"
