"""An audit from the command line on a small town: it passes, leaves its report, and the next release says so."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shoal import api
from shoal.audit import canary, run, verdict
from shoal.audit.attacks.knock import Knock
from shoal.audit.attacks.membership import Membership
from shoal.audit.attacks.zero import Zero
from shoal.audit.page import page
from shoal.audit.world import Size, world
from shoal.plan import Plan
from tests.audit.plans import plan_in
from tests.cli.shell import shoal

QUIET: dict[str, Any] = {"progress": lambda *_: None, "tell": lambda _: None}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "FEW", 500)
    monkeypatch.setattr(run, "QUICK", Size(120, 108, 2, sequences=0))
    for room, chance in ((canary, "ALARM"), (verdict, "ALL")):  # a test must not fail once in a hundred runs
        monkeypatch.setattr(room, chance, 1e-9)
    monkeypatch.setattr(run, "ATTACKS", (Membership(),))


@pytest.mark.usefixtures("small")
def test_audit_and_gate(tmp_path: Path) -> None:
    plan, state, out = plan_in(tmp_path), tmp_path / "state", tmp_path / "report"
    answer = shoal("audit", plan.file, "--json", "--state", state, "--out", out)
    assert answer.status == 0, answer.err
    said = json.loads(answer.out)
    assert said["verdict"] == "passed" and len(said["canaries"]) == 3 and len(said["attacks"]) == 7
    assert all(line["controls"]["exact"]["value"] >= 0.95 for line in said["attacks"])
    assert not (tmp_path / "nowhere").exists()
    html = (out / "audit.html").read_text()
    assert html.count("<svg") == 7 and "http" not in html
    (kept,) = (state / "audits").iterdir()
    assert kept.name == f"{said['code']}.json" and kept.read_bytes() == (out / "audit.json").read_bytes()

    (tmp_path / "nowhere").mkdir()
    (tmp_path / "nowhere" / "a.csv").write_text("d,t,a,o\nx,2026-03-02T08:00:00Z,48.2,16.38\n")
    done = api.release(
        Plan.load(plan.file), state=state, out=tmp_path / "out", progress=lambda *_: None, tell=lambda _: None
    )
    audit = done.manifest.audit
    assert audit is not None and audit.made == said["made"] and audit.report_sha256 is not None
    assert "passed an audit by attack" in (done.folder / "README.md").read_text()
    kept.unlink()
    other = plan_in(tmp_path, epsilon=4)
    done = api.release(other, state=state, out=tmp_path / "out", **QUIET)
    assert done.manifest.audit is not None and done.manifest.audit.made is None
    assert '"made": null' in (done.folder / "manifest.json").read_text()
    assert "passed no audit by attack" in (done.folder / "README.md").read_text()


@pytest.mark.usefixtures("small")
def test_other_verdicts_have_other_statuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_in(tmp_path, statistics="[statistics.flows]\n")
    found = run.audit(plan)
    caught = replace(found.canaries[0], chance=0.0)
    for word, status, report in (
        ("failed", 3, replace(found, canaries=(caught,))),
        ("void", 1, replace(found, findings=(replace(found.findings[0], controls={"exact": found.findings[0].auc}),))),
    ):
        assert report.verdict == word
        monkeypatch.setattr("shoal.audit.audit", lambda *_, report=report, **__: report)
        answer = shoal("audit", plan.file, "--state", tmp_path / word)
        assert (answer.status, word.upper() in answer.out) == (status, True)
        assert word.upper() in page(report)


def test_attacks_with_less_knowledge(sparse: Callable[[int], Plan]) -> None:
    """They must find devices in exact numbers, and must not in a release."""
    with world(sparse(1), Size(120, 108, 3, sequences=0)) as town:
        findings, _ = verdict.judge([*Knock().run(town), *Zero().run(town)])
    assert len(findings) == 3
    for found in findings:
        assert min(found.inside, found.outside) > 100, "of 324 half, but for luck; of few every area is possible"
        assert abs(found.auc.value - 0.5) < 6 * 0.5 / min(found.inside, found.outside) ** 0.5
        if found.needed:
            assert found.controls["exact"].value > 0.9
