"""A wrong release is withdrawn in words that stay; nothing else changes."""

from pathlib import Path

import pytest

from shoal.errors import UsageError
from shoal.ledger.corrections import correct
from shoal.ledger.state import State
from tests.ledger.requests import SHA, request


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State.open(tmp_path / "state")
    for number in (1, 2):
        charge = state.accounts.charge(request(key=f"{number}{number}")).charge
        state.accounts.released(charge, f"2026-03-02-r{number}", SHA)
    return state


def test_it_is_told_and_nothing_is_paid_back(state: State) -> None:
    before = state.accounts.statement()
    entry = correct(state.journal, "2026-03-02-r1", "zones were swapped", "2026-03-02-r2")
    assert state.journal.latest("correction", "2026-03-02-r1") == entry
    assert (entry.manifest_sha256, entry.superseded_by) == (SHA, "2026-03-02-r2")
    assert state.accounts.statement() == before and state.accounts.find("11") == "2026-03-02-r1"


@pytest.mark.parametrize(
    ("release", "reason", "by", "sentence"),
    [
        ("2026-03-02-r9", "wrong", None, "2026-03-02-r9: the log knows no such release"),
        ("2026-03-02-r1", "wrong", "2026-03-02-r9", "2026-03-02-r9: the log knows no such release"),
        ("2026-03-02-r1", "wrong", "2026-03-02-r1", "can't take its own place"),
        ("2026-03-02-r1", " ", None, "--reason: must be one line"),
        ("2026-03-02-r1", "two\nlines", None, "--reason: must be one line"),
        ("2026-03-02-r1", "x" * 2001, None, "--reason: must be one line"),
    ],
)
def test_what_can_be_wrong(state: State, release: str, reason: str, by: str | None, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        correct(state.journal, release, reason, by)
    assert state.journal.find("correction") == []
