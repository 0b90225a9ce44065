"""The README of a release says what its reader must know."""

from pathlib import Path

import pytest

from shoal.release import words
from shoal.release.words import amount, readme
from tests.release import make


def text_of(folder: Path, **wishes: object) -> str:
    plan = make.plan_in(folder, **wishes)  # type: ignore[arg-type]
    return readme(make.parts(plan, make.squares(), folder)[0])


def test_the_essentials(made: Path) -> None:
    text = (made / "README.md").read_text()
    for part in (
        "# ride-app, 2026-03-02 to 2026-03-08",
        "one device over one week",
        "Add or remove all records of one device in one week.",
        "epsilon = 1,",
        "rho-zCDP",
        "pays k times",
        "carries no phone",
        "two devices",
        "that is normal",
        "`shoal verify 2026-03-02-ride-app`",
    ):
        assert part in text, part
    assert "SYNTHETIC" not in text and "Don't sum `visitors`" not in text


def test_every_statistic_has_its_line(made: Path) -> None:
    text = (made / "README.md").read_text()
    for name, meaning in make.MEANING.items():
        assert f"| `tables/{name}.parquet` |" in text and meaning in text


def test_a_synthetic_release_warns_first(tmp_path: Path) -> None:
    assert text_of(tmp_path, synthetic=True).splitlines()[2].startswith("> **SYNTHETIC")


def test_pairs_that_are_near(tmp_path: Path) -> None:
    assert "zones at most 1.2 km apart" in text_of(tmp_path, extra="max_km = 1.2\n")


def test_visitors_are_not_to_be_summed(tmp_path: Path) -> None:
    facts, _ = make.parts(make.plan_in(tmp_path), make.squares(), tmp_path)
    visitors = facts.statistics[1].model_copy(update={"statistic": "visitors"})
    assert "Don't sum `visitors`" in readme(facts.model_copy(update={"statistics": (visitors,)}))


def test_text_from_the_plan_is_no_markup(tmp_path: Path) -> None:
    facts, _ = make.parts(make.plan_in(tmp_path), make.squares(), tmp_path)
    basis = facts.basis.model_copy(update={"controller": "<script>|*x*"})
    assert r"\<script\>\|\*x\*" in readme(facts.model_copy(update={"basis": basis}))


def test_one_day_is_one_date(tmp_path: Path) -> None:
    text = text_of(tmp_path, end="2026-03-03", unit="day")
    assert text.startswith("# ride-app, 2026-03-02\n") and "The period holds one day." in text


@pytest.mark.parametrize(
    ("value", "width", "expected"),
    [(1234.56, 193.0, "1,235"), (12.34, 2.5, "12.3"), (0.5, 0.25, "0.50"), (-0.2, 30.0, "0"), (-3.0, 20.0, "-3")],
)
def test_digits_follow_the_noise(value: float, width: float, expected: str) -> None:
    assert amount(value, width) == expected


def test_exact_numbers_are_read_as_people_do() -> None:
    assert words.number("1/100000000") == "1e-08" and words.number("1") == "1"
