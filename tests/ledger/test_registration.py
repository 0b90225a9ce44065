"""Sources are registered on a basis that holds, and refused on one that does not, whatever the reason."""

import hashlib
from datetime import date, timedelta
from pathlib import Path

import pytest

from shoal.errors import BasisError, PlanError, RefusedError
from shoal.ledger import registration
from shoal.ledger.entries import AssessmentEntry, Entry, RefusalEntry, SourceEntry
from shoal.ledger.registration import refuse_basis, register
from shoal.ledger.state import State
from shoal.plan import Plan
from tests.release import make

TODAY = date(2026, 11, 25)
CLOCK = registration.today


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "today", lambda: TODAY)


def plan_with(folder: Path, *lines: str) -> Plan:
    """A plan whose basis says these lines too."""
    file = make.plan_in(folder).file
    text = file.read_text().replace("[zones]", "".join(f"{line}\n" for line in lines) + "[zones]")
    file.write_text(text)
    return Plan.load(file)


def test_what_stands_in_the_log(tmp_path: Path) -> None:
    (tmp_path / "dpia.pdf").write_bytes(b"We thought about it.")
    (tmp_path / "consent.pdf").write_bytes(b"They agreed.")
    state = State.open(tmp_path / "state")
    plan = plan_with(
        tmp_path, 'assessment = "dpia.pdf"', "expires = 2027-01-31", 'collected = "app"', 'consent = "consent.pdf"',
        'consent_purpose = "transport planning"', "consent_expires = 2026-11-25", "retention_days = 30",
    )  # fmt: skip
    assert register(state.journal, plan) == register(state.journal, plan)  # said once
    (_, source), (_, assessment) = state.journal.find("source") + state.journal.find("assessment")
    digest = hashlib.sha256(b"We thought about it.").hexdigest()
    assert isinstance(source, SourceEntry) and isinstance(assessment, AssessmentEntry)
    assert (source.assessment_sha256, source.consent_sha256) == (digest, hashlib.sha256(b"They agreed.").hexdigest())
    assert (source.expires, source.retention_days, source.collected) == (date(2027, 1, 31), 30, "app")
    assert (assessment.sha256, assessment.purpose) == (digest, "transport planning")


def test_a_basis_that_changes_is_told_again(tmp_path: Path) -> None:
    state = State.open(tmp_path / "state")
    for days in ("30", "30", "10", "30"):
        register(state.journal, plan_with(tmp_path, f"retention_days = {days}"))
    assert [getattr(entry, "retention_days", None) for _, entry in state.journal.find("source")] == [30, 10, 30]


CONSENT = ('consent = "consent.pdf"', 'consent_purpose = "transport planning"')
REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "expired": (("expires = 2026-11-24",), "its basis expired on 2026-11-24"),
    "consent expired": ((*CONSENT, "consent_expires = 2026-11-24"), "evidence of consent expired on 2026-11-24"),
    "auction": (('collected = "auction"',), "advertising auctions are refused without evidence"),
    "auction, for something else": (
        ('collected = "auction"', 'consent = "consent.pdf"', 'consent_purpose = "urban planning"'),
        "agreed to urban planning, not to transport planning",
    ),
    "auction, expired": (('collected = "auction"', *CONSENT, "consent_expires = 2020-01-01"), "consent expired"),
}
ACCEPTED: dict[str, tuple[str, ...]] = {
    "the last day": ("expires = 2026-11-25",),
    "consent on its last day": (*CONSENT, "consent_expires = 2026-11-25"),
    "auction with consent": ('collected = "auction"', *CONSENT),
    "nothing said": (),
}


@pytest.mark.parametrize(("lines", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused_and_logged(tmp_path: Path, lines: tuple[str, ...], reason: str) -> None:
    (tmp_path / "consent.pdf").write_bytes(b"They agreed.")
    state, plan = State.open(tmp_path / "state"), plan_with(tmp_path, *lines)
    with pytest.raises(BasisError, match=reason) as refusal, state.refusals_of(plan):
        register(state.journal, plan)
    assert refusal.value.exit_status == 3
    assert state.journal.find("source") == []
    ((_, entry),) = state.journal.find("refusal")
    assert isinstance(entry, RefusalEntry)
    assert (entry.source, entry.reason, entry.purpose) == ("ride-app", "basis", "transport planning")
    assert entry.plan_sha256 == plan.digest()


@pytest.mark.parametrize("lines", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(tmp_path: Path, lines: tuple[str, ...]) -> None:
    (tmp_path / "consent.pdf").write_bytes(b"They agreed.")
    refuse_basis(plan_with(tmp_path, *lines), TODAY)


def test_the_clock_is_asked() -> None:
    assert abs(CLOCK() - date.today()) <= timedelta(days=1)


MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "evidence without a file": (
        ('consent_purpose = "urban planning"',),
        "evidence that is not named",
    ),
    "evidence of nothing": (('consent = "consent.pdf"',), "needs `consent_purpose` beside it"),
    "a purpose about a person": (('consent = "c"', 'consent_purpose = "finding people"'), "consent_purpose"),
    "collected somehow": (('collected = "found"',), "collected"),
    "kept for no time": (("retention_days = 0",), "retention_days"),
    "an hour": (("expires = 2027-01-01T10:00:00",), "expires"),
}


@pytest.mark.parametrize(("lines", "reason"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_in_the_plan(tmp_path: Path, lines: tuple[str, ...], reason: str) -> None:
    with pytest.raises(PlanError, match=reason):
        plan_with(tmp_path, *lines)


@pytest.mark.parametrize("document", ["assessment", "consent"])
def test_a_document_that_is_not_there(tmp_path: Path, document: str) -> None:
    more = ('consent_purpose = "urban planning"',) if document == "consent" else ()
    plan = plan_with(tmp_path, f'{document} = "missing.pdf"', *more)
    with pytest.raises(PlanError, match=rf"source.basis. {document}.*missing.pdf can't be read"):
        register(State.open(tmp_path / "state").journal, plan)


def test_other_errors_are_no_refusals(tmp_path: Path) -> None:
    state, plan = State.open(tmp_path / "state"), plan_with(tmp_path)

    def fail(error: Exception) -> None:
        with pytest.raises(type(error)), state.refusals_of(plan):
            raise error

    fail(PlanError("a typo"))
    fail(ValueError("a bug"))
    assert state.journal.find("refusal") == []
    fail(RefusedError("the unit is longer"))
    found: list[tuple[int | None, Entry]] = state.journal.find("refusal")
    assert [getattr(entry, "reason", None) for _, entry in found] == ["terms"]


def test_plans_that_say_nothing_new_keep_their_digest(tmp_path: Path) -> None:
    """What came to the basis later changes no plan that does not use it: it is known again."""
    assert "collected" not in plan_with(tmp_path).public()["source"]["basis"]
    assert plan_with(tmp_path, 'collected = "app"').digest() != make.plan_in(tmp_path).digest()
