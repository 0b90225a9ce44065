"""`shoal check PLAN --tune`: what it prints, and which words it refuses."""

from pathlib import Path

import pytest

from shoal.plan import Plan
from shoal.tune import city, run
from tests.cli.shell import refused, shoal
from tests.cli.town import Town


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(city, "DEVICE_DAYS", 200)
    monkeypatch.setattr(run, "FACTORS", (0.5, 1.0))
    monkeypatch.setattr(run, "TOTAL_FACTORS", (1.0,))


def folder(town: Town) -> list[Path]:
    return sorted(town.folder.rglob("*"))


def test_json(town: Town) -> None:
    before = folder(town)
    answer = shoal("check", town.plan, "--tune", "--devices", 70_000, "--json")
    assert (answer.status, answer.err) == (0, "")
    facts = answer.json
    assert (facts["devices"], facts["simulated"], facts["source"]) == (70_000, 200, "harbour-app")
    assert [s["statistic"] for s in facts["statistics"]] == ["presence", "visits"]
    for statistic in facts["statistics"]:
        assert statistic["bound"] in [tried["bound"] for tried in statistic["bounds"]]
        assert {"bound", "kept", "noise", "left", "error", "corrected", "own"} == set(statistic["totals"][0])
    assert folder(town) == before, "no state, no release"


def test_words(town: Town) -> None:
    """On a plan whose records can't be read, as they are not."""
    for file in (town.folder / "records").iterdir():
        file.write_bytes(b"\0")
    text = town.plan.read_text()
    answer = shoal("check", town.plan, "--tune", "--quiet")
    assert (answer.status, answer.err) == (0, "")
    assert "100,000 devices in one day" in answer.out
    lines = answer.out[answer.out.index("[statistics.presence]") :]
    town.plan.write_text(text[: text.index("[statistics.presence]")] + lines)
    found = Plan.load(town.plan).statistics
    assert list(found) == ["presence", "visits"] and all(wish.bound and wish.total_bound for wish in found.values())
    assert found["presence"].by == ("zone", "daypart") and found["presence"].share == 4


class TestRefused:
    def test_devices_without_tune(self, town: Town) -> None:
        refused(shoal("check", town.plan, "--devices", 5), 2, "--devices", "--tune")

    def test_no_devices(self, town: Town) -> None:
        refused(shoal("check", town.plan, "--tune", "--devices", 0), 2, "--devices")

    def test_trips(self, town: Town) -> None:
        town.change('kind = "points"', 'kind = "trips"')
        town.change(
            'time = "seen"\nlat = "lat"\nlon = "lng"', 'start = "a"\nend = "b"\norigin = "o"\ndestination = "d"'
        )
        town.change('[statistics.presence]\nshare = 4\nby = ["zone", "daypart"]\n', "")
        refused(shoal("check", town.plan, "--tune"), 2, "[source] kind", "trips", "--tune")

    def test_a_bound_that_can_t_be(self, town: Town) -> None:
        town.change("share = 2", "share = 2\nbound = 5\ntotal_bound = 2")
        refused(shoal("check", town.plan, "--tune"), 2, "total_bound")
