"""docs/definitions.md holds every term that the code refers to, and the numbers that the code uses."""

import re
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from shoal.calendar import Calendar
from shoal.classes import DURATIONS, LENGTHS, Classes
from shoal.keys import DAYPARTS, TIME_NAMES, TimeKey
from shoal.plan import Period
from shoal.statistics import STATISTICS
from shoal.trajectories.home import LEAST
from shoal.trajectories.spans import EDGE
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8")
HEADINGS = set(re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE))


def below(heading: str) -> str:
    """Text between a heading and the next, on one line."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found, f"docs/definitions.md does not define {heading!r}"
    return " ".join(found[1].split())


def test_terms_that_the_code_refers_to_are_defined() -> None:
    cited = {
        (name, file.name)
        for file in (ROOT / "src").rglob("*.py")
        for name in re.findall(r'docs/definitions\.md, "([^"]+)"', file.read_text(encoding="utf-8"))
    }
    assert cited, "no docstring cites a definition: has the form of the citation changed?"
    assert {name for name, _ in cited} <= HEADINGS, sorted(c for c in cited if c[0] not in HEADINGS)


@pytest.mark.parametrize("name", STATISTICS)
def test_every_statistic_is_defined(name: str) -> None:
    cited = re.search(r'docs/definitions\.md, "([^"]+)"', STATISTICS[name].__doc__ or "")
    assert cited and cited[1] in HEADINGS
    assert re.search(rf"^Statistic `{name}`: ", TEXT, re.MULTILINE)


def test_every_statistic_says_whether_it_adds_up() -> None:
    """And truly so: a mean over units is what the code divides."""
    rows = re.findall(r"^\| (`.+?) \| (a .+?) \|", TEXT.split("### Sums and means")[1].split("\n## ")[0], re.MULTILINE)
    said: dict[str, set[str]] = {}
    for names, what in rows:
        for name in set(re.findall(r"`(\w+)`", names)) & set(STATISTICS):
            said.setdefault(name, set()).add(what)
    calendar = Calendar.from_period(Period(start=date(2026, 3, 2), end=date(2026, 3, 16), unit="week"), ZoneInfo("UTC"))
    divides = {
        name: {
            s.divisor_of(calendar, TimeKey.of(time, calendar))
            for time in (None, *(t for t in TIME_NAMES if t in s.times))
        }
        for name, s in STATISTICS.items()
    }
    wanted = {"a sum over the period": {1}, "a mean over the units": {2}}
    both = {"a number of that time", "a mean over the units"}
    assert said.keys() == divides.keys()
    for name, what in said.items():
        assert divides[name] == ({1, 2} if what == both else wanted[next(iter(what))]), name


@pytest.mark.parametrize(("classes", "name"), [(DURATIONS, "dwell"), (LENGTHS, "distance")])
def test_classes_are_those_of_the_code(classes: Classes, name: str) -> None:
    row = re.search(rf"^\| `{name}`[^|]*\| ([^|]*) \|", TEXT.split("\n## Class\n")[1], re.MULTILINE)
    assert row and tuple(re.findall(r"`([^`]+)`", row[1])) == classes.labels


@pytest.mark.parametrize("name", TIME_NAMES)
def test_every_time_key_is_defined(name: str) -> None:
    assert name.capitalize() in HEADINGS


def test_dayparts_have_the_hours_of_the_code() -> None:
    said = re.findall(r"^\| `(\w+)` \| (\d+) to (\d+) \|$", TEXT, re.MULTILINE)
    assert [(name, int(start), int(end)) for name, start, end in said] == [
        (name, hours.start, hours.stop) for name, hours in DAYPARTS.items()
    ]


def test_numbers_that_no_plan_can_change_are_those_of_the_code() -> None:
    assert f"counts for {EDGE // 60} minutes beside it" in below("Presence")
    assert f"under {LEAST // 3600} hours" in below("Home")
    assert "between 22:00 and 07:00" in below("Home")
    day = Period(start=date(2026, 3, 2), end=date(2026, 3, 3), unit="day")
    night = Calendar.from_period(day, ZoneInfo("UTC")).is_night
    assert set(night.nonzero()[0]) == {22, 23, *range(7)}
