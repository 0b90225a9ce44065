"""The README of a release says what its reader must know."""

from pathlib import Path

from shoal.release import sentences
from shoal.release.hazards import answers
from shoal.release.read import Release
from shoal.release.readme import readme
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
    assert "SYNTHETIC" not in text and "Don't sum" not in text and "`class`" not in text and "`home`" not in text


def test_every_statistic_has_its_line(made: Path) -> None:
    text = (made / "README.md").read_text()
    for name in make.BY:
        meaning = make.MEANING[name]
        assert f"| `tables/{name}.parquet` |" in text and meaning in text


def test_a_synthetic_release_warns_first(tmp_path: Path) -> None:
    assert text_of(tmp_path, synthetic=True).splitlines()[2].startswith("> **SYNTHETIC")


def test_pairs_that_are_near(tmp_path: Path) -> None:
    assert "zones at most 1.2 km apart" in text_of(tmp_path, extra="max_km = 1.2\n")


def test_devices_are_not_to_be_summed_over_what_they_share(more: Release) -> None:
    text = (more.folder / "README.md").read_text()
    for part in (
        "- Don't sum `visitors` over zones or times:",
        "- Don't sum `catchment` over zones or times:",
        "- `home` is the zone where",
        "`catchment` has rows only for zones at most 1.2 km apart.",
    ):
        assert part in text, part
    assert text.count("Don't sum") == 2


def test_classes_stand_in_their_order(more: Release) -> None:
    text = (more.folder / "README.md").read_text()
    assert "- `dwell`: 0-30 min, 30-60 min, 60-120 min, 120-240 min, 240-480 min, 480+ min\n" in text
    assert "- `distance`: 0-1 km, 1-2 km, 2-5 km, 5-10 km, 10-20 km, 20-50 km, 50+ km\n" in text
    assert "| zone × class × daypart |" in text


def test_text_from_the_plan_is_no_markup(tmp_path: Path) -> None:
    facts, _ = make.parts(make.plan_in(tmp_path), make.squares(), tmp_path)
    basis = facts.basis.model_copy(update={"controller": "<script>|*x*"})
    assert r"\<script\>\|\*x\*" in readme(facts.model_copy(update={"basis": basis}))


def test_one_day_is_one_date(tmp_path: Path) -> None:
    text = text_of(tmp_path, end="2026-03-03", unit="day")
    assert text.startswith("# ride-app, 2026-03-02\n") and "The period holds one day." in text


def test_terms_and_licence(tmp_path: Path) -> None:
    facts, _ = make.parts(make.plan_in(tmp_path), make.squares(), tmp_path)
    text = readme(facts)
    assert "## Licence and terms of use\n\nLicence: CC-BY-4.0. Name as the source: City of Guadalajara." in text
    for term in sentences.TERMS:
        assert f"\n- {term}" in text
    assert "Licence" not in readme(facts.model_copy(update={"publication": None}))


def test_the_hazards_are_answered(tmp_path: Path) -> None:
    facts, _ = make.parts(make.plan_in(tmp_path), make.squares(), tmp_path)
    text = readme(facts)
    for answer in answers(facts):
        assert f"\n- **{answer.hazard}** *({answer.who})* " in text
