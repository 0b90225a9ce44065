"""The manifest: canonical, exact, and silent about the input."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from shoal.classes import DURATIONS
from shoal.plan import Plan
from shoal.privacy.mechanism import Mechanism
from shoal.release.manifest import Manifest
from shoal.release.statistic_facts import StatisticFacts
from tests.release import make


def test_round_trip_is_byte_for_byte(made: Path) -> None:
    data = (made / "manifest.json").read_bytes()
    assert Manifest.parse(data).to_bytes() == data
    assert data.endswith(b"}\n") and list(json.loads(data)) == sorted(json.loads(data))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d[:-1],
        lambda d: d + b"\n",
        lambda d: d.replace(b": ", b":", 1),
        lambda d: d.replace(b'"format": 1', b'"format": 1,\n  "format": 1'),
        lambda d: d.replace(b'"synthetic": false', b'"synthetic": 0'),
        lambda d: d.replace(b'"epsilon": "1",\n    "nei', b'"epsilon": "1e999999999",\n    "nei'),
        lambda d: d.replace(b'"rho": "', b'"rho": "1/0', 1),
        lambda d: d.replace(b"City of", b"City\\u001b[31m of"),
        lambda d: d.replace(b"City of", b"City\\ud800 of"),
        lambda d: d.replace(b'"half_width": 1', b'"half_width": NaN, "x": 1', 1),
        lambda d: b"[" * 200_000,
        lambda d: b"",
        lambda d: b"\xff",
    ],
)
def test_other_bytes_are_refused(made: Path, change: Callable[[bytes], bytes]) -> None:
    data = (made / "manifest.json").read_bytes()
    assert change(data) != data
    with pytest.raises(ValueError, match=r"."):
        Manifest.parse(change(data))


def test_nothing_describes_the_input(made: Path) -> None:
    for file in made.rglob("*"):
        if file.is_file():
            assert b"secret" not in file.read_bytes(), file.name
    plan = Manifest.parse((made / "manifest.json").read_bytes()).plan
    assert not {"files", "columns", "encoding", "separator", "time_unit"} & set(plan["source"])


def test_plan_hash_is_the_plans(tmp_path: Path) -> None:
    plan = make.plan_in(tmp_path)
    facts, _ = make.parts(plan, make.squares(), tmp_path)
    assert facts.plan_sha256 == plan.digest() and isinstance(plan, Plan)


def test_facts_follow_from_the_mechanism() -> None:
    noise = Mechanism("laplace", 1536, 4096)
    facts = StatisticFacts.of("visits", ("zone",), 7, noise, share=Fraction(1, 3), value="visits", divisor=4)
    assert (facts.norm, facts.bound, facts.rho, facts.share) == ("L1", "3/2", "9/128", "1/3")
    assert facts.stderr == pytest.approx(4 * 2**0.5 / 4) and facts.noise == noise
    assert facts.half_width == noise.half_width / 4


def test_classes_are_written_where_there_are_any() -> None:
    """So that a release from before there were classes is still what its hash says."""
    noise = Mechanism("gaussian", 1024, 4096)
    without = StatisticFacts.of("visits", ("zone",), 7, noise, share=Fraction(1), value="visits")
    assert "classes" not in json.loads(without.model_dump_json()) and "classes" not in without.model_dump(mode="json")
    keys = ("zone", "class")
    with_them = StatisticFacts.of("dwell", keys, 42, noise, share=Fraction(1), value="stays", classes=DURATIONS)
    assert [c["label"] for c in with_them.model_dump(mode="json")["classes"]] == list(DURATIONS.labels)
    for facts in (without, with_them):
        assert StatisticFacts.model_validate_json(facts.model_dump_json()) == facts
