"""What a release says of itself, as the list of releases and the trust panel need it."""

from typing import TYPE_CHECKING, Any

from shoal.keys import CLASS
from shoal.release import sentences, words
from shoal.release._grid import split_keys
from shoal.release.statistic_facts import ESTIMATES
from shoal.serve.cube import SUPPRESSED
from shoal.serve.shelf import Listed
from shoal.serve.times import said

if TYPE_CHECKING:
    from shoal.release.manifest import Manifest
    from shoal.release.statistic_facts import StatisticFacts
    from shoal.serve.opened import Opened

TITLES = {
    "presence": "Devices present",
    "visits": "Visits",
    "visitors": "Visitors",
    "dwell": "Length of stays",
    "flows": "Trips from zone to zone",
    "residents": "Residents",
    "catchment": "Where visitors live",
    "distance": "Distance travelled",
    "gyration": "Width of the day's activity",
    "stay_home": "Staying at home",
}
_LEVELS = {None: "", "region": " by region", "all": " in all"}


def entry(found: Listed) -> dict[str, Any]:
    """One release in the list: as its manifest says, which is not verified before the release is opened."""
    m = found.manifest
    answer: dict[str, Any] = {
        "id": found.id,
        "version": found.version,
        "verified": found.verified,
        "problem": found.problem or None,
    }
    if m is None:
        return answer
    return answer | {
        "source": m.source.name,
        "period": {"start": m.period.start.isoformat(), "end": m.period.end.isoformat()},
        "unit": m.privacy.unit,
        "timezone": m.period.timezone,
        "synthetic": m.synthetic,
        "statistics": [s.statistic for s in m.statistics if s.level is None],
        "epsilon": m.privacy.epsilon,
        "zones": {"kind": m.zones.kind, "count": m.zones.count},
        "published": m.created,
        "controller": m.basis.controller,
        "purpose": m.basis.purpose,
        "licence": None if m.publication is None else m.publication.licence,
    }


def detail(opened: "Opened") -> dict[str, Any]:
    """The manifest as published, and beside it what a reader needs to ask for the tables and to trust them."""
    m = opened.manifest
    west, south, east, north = opened.bounds
    return {
        "id": m.id,
        "version": opened.version,
        "verified": True,
        "title": f"{m.source.name}, {words.period(m.period)}",
        "manifest": m.model_dump(mode="json"),
        "bbox": [west, south, east, north],
        "tables": {s.statistic: _table(opened, s) for s in m.statistics},
        "words": _words(m),
    }


def _table(opened: "Opened", s: "StatisticFacts") -> dict[str, Any]:
    places, time = split_keys(s.keys)
    sheet = opened.release[s.statistic].sheet
    return {
        "title": title(s),
        "value": s.value,
        "unit": s.value.removeprefix("sum over the zones of a region: ").removeprefix("sum over all zones: "),
        "base": s.base,
        "level": s.level,
        "keys": list(s.keys),
        "places": list(places),
        "time": time,
        "times": said(time, sheet.grid.time.values.to_arrow() if time else None),
        "classes": [c.model_dump(mode="json") for c in s.classes],
        "columns": [*s.keys, *ESTIMATES, SUPPRESSED],
        "rows": s.cells,
        "rows_at_each_time": int(sheet.grid.places.shape[0]) * max(1, len(s.classes)),
        "half_width": s.half_width,
        "usual_width": s.usual_width,
        "noise": words.interval(s),
        "mechanism": s.mechanism,
        "pairs": s.pairs,
        "suppression": s.suppression,
        "merged": s.areas is not None,
        "of_named_places": s.of_named_places,
    }


def title(s: "StatisticFacts") -> str:
    """What to call a table on a page."""
    name = TITLES.get(s.base, s.base.replace("_", " ").capitalize())
    if s.is_end:
        return f"{name}, by {s.level}"
    by_class = ", by class" if CLASS in s.keys and s.base not in ("dwell", "distance", "gyration") else ""
    return f"{name}{by_class}{_LEVELS.get(s.level, '')}"


def _words(m: "Manifest") -> dict[str, Any]:
    p = m.privacy
    return {
        "period": f"{words.period(m.period)}, local time of {m.period.timezone}",
        "protects": p.neighbours,
        "epsilon": words.number(p.epsilon),
        "delta": words.number(p.delta),
        "rho": words.number(p.rho),
        "several_units": p.several_units,
        "synthetic": sentences.synthetic() if m.synthetic else None,
        "estimate": "unbiased, for sums and averages; may be negative",
        "interval": "lower and upper hold the number without noise in 95 of 100 cases",
        "consistent": "never negative and adding up, for showing single numbers",
        "suppressed": "not shown, which does not mean zero",
        "not_protected": list(m.not_protected),
        "post_processing": list(m.post_processing),
        "log": m.log,
        "charge": m.account.charge,
    }
