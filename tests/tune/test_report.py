"""What is suggested, as lines for the plan."""

from fractions import Fraction
from pathlib import Path

import pytest

from shoal.plan import Plan
from shoal.tune.report import Advice, Tried, Tuning, amount
from tests.contracts.hostile import PLAN_TEXT

WISHES = """
[statistics.flows]
share = 0.3
max_km = "1/3"
bound = 2
by = ["origin", "destination"]
[statistics.residents]
"""
TRIED = (Tried(1.5, 0.4, 3.0, 4.0, 5.0, True, True), Tried(2.0, 0.5, 6.0, 8.0, 10.0, False, False))


@pytest.fixture
def found(tmp_path: Path) -> Tuning:
    (tmp_path / "plan.toml").write_text(PLAN_TEXT + WISHES)
    advice = Advice("flows", None, 10.0, 99.0, TRIED, TRIED, Fraction("1.5"), Fraction(1000, 3))
    return Tuning.of(Plan.load(tmp_path / "plan.toml"), 5000, [advice, Advice("residents", "nothing to choose")])


def test_the_lines_are_the_plan_with_other_bounds(found: Tuning, tmp_path: Path) -> None:
    (tmp_path / "new.toml").write_text(PLAN_TEXT + found.lines)
    flows = Plan.load(tmp_path / "new.toml").statistics["flows"]
    assert (flows.bound, flows.total_bound) == (Fraction("1.5"), Fraction(1000, 3))
    assert flows.model_copy(update={"bound": Fraction(2), "total_bound": None}) == found.wishes["flows"]
    assert "residents" not in found.lines


def test_as_json(found: Tuning) -> None:
    facts = found.as_json()
    flows, residents = facts["statistics"]
    assert (flows["bound"], flows["bounds"][0]["error"], flows["bounds"][0]["own"]) == (1.5, 5.0, True)
    assert (residents["bound"], residents["reason"]) == (None, "nothing to choose")
    assert facts["plan"] == found.lines


def test_render(found: Tuning) -> None:
    from rich.console import Console

    console = Console(width=120)
    with console.capture() as page:
        console.print(found.render())
    text = page.get()
    assert (
        "*> 1.5" in " ".join(text.split())
        and "! 2 " in " ".join(text.split())
        and "residents: nothing to choose." in text
    )
    assert found.lines in "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


@pytest.mark.parametrize(("number", "text"), [(1.234, "1.23"), (45.67, "45.7"), (7890.4, "7,890"), (0.0, "0")])
def test_amount(number: float, text: str) -> None:
    assert amount(number) == text
