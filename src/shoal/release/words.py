"""Words for what a release holds: periods, numbers, intervals, rows, classes."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from shoal.release.plan_facts import PeriodFacts
from shoal.release.statistic_facts import StatisticFacts


def period(facts: PeriodFacts) -> str:
    """The period in words; the last day included, because that is how people say it."""
    last = last_day(facts)
    return f"{facts.start}" if last == facts.start else f"{facts.start} to {last}"


def last_day(facts: PeriodFacts) -> date:
    """The last day of the period."""
    return facts.end - timedelta(days=1)


def number(text: str) -> str:
    """An exact number as people read it."""
    return f"{float(Fraction(text)):.4g}"


def amount(value: float, half_width: float) -> str:
    """`value` with no more digits than its interval deserves."""
    digits = 0 if half_width >= 10 else 1 if half_width >= 1 else 2 if half_width >= 0.1 else 3
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text  # no "-0"


def interval(facts: StatisticFacts) -> str:
    """The usual 95 % half width of a statistic's numbers, as ±x."""
    return f"±{amount(facts.usual_width, facts.usual_width)}"


def unit(facts: StatisticFacts, source: Literal["points", "trips"]) -> str:
    """What a statistic of such a source counts, in a word."""
    if facts.base == "presence":
        return "devices" if "hour" in facts.keys else "device-hours"
    if facts.base == "visits" and source == "trips":
        return "arrivals"
    return _UNITS.get(facts.base, "counts")


def rows(facts: StatisticFacts) -> str:
    """What the rows of a statistic are: `zone x hour`."""
    return " × ".join(facts.keys)


def classes(facts: StatisticFacts) -> str:
    """The classes of a statistic in their order: `0-1 km, 1-2 km, ...`."""
    return ", ".join(c.label for c in facts.classes)


def escape(text: str) -> str:
    """`text` as Markdown shows it: none of its characters is markup."""
    return "".join(f"\\{c}" if c in r"\`*_[]<>|#" else c for c in text)


_UNITS = {
    "visits": "stays",
    "visitors": "devices",
    "dwell": "stays",
    "flows": "trips",
    "residents": "devices",
    "catchment": "devices",
    "distance": "device-days",
    "gyration": "devices",
    "stay_home": "device-days",
}
