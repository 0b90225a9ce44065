"""The last report on a version of the code: found while it is young and passed, and never otherwise."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from shoal.ledger.audits import keep, passing

CODE, NOW = "a" * 64, datetime(2026, 3, 2, 12, tzinfo=UTC)


def report(verdict: str = "passed", made: datetime = NOW, code: str = CODE) -> bytes:
    return json.dumps({"verdict": verdict, "made": f"{made:%Y-%m-%dT%H:%M:%SZ}", "code": code}).encode()


def test_kept_and_found(tmp_path: Path) -> None:
    assert passing(tmp_path, CODE, NOW) is None
    file = keep(tmp_path, CODE, report())
    found = passing(tmp_path, CODE, NOW + timedelta(days=30))
    assert found is not None and found.made == NOW and found.sha256 == sha256(file.read_bytes()).hexdigest()
    assert passing(tmp_path, "b" * 64, NOW) is None


def test_a_later_failure_counts(tmp_path: Path) -> None:
    keep(tmp_path, CODE, report())
    keep(tmp_path, CODE, report("failed"))
    assert passing(tmp_path, CODE, NOW) is None


@pytest.mark.parametrize(
    "content",
    [
        report("void"),
        report(made=NOW - timedelta(days=31)),
        report(made=NOW + timedelta(days=1)),
        report(code="b" * 64),
        b"",
        b"[]",
        b'{"verdict": "passed"}',
        b"\xff",
    ],
)
def test_what_is_no_passing_audit(tmp_path: Path, content: bytes) -> None:
    keep(tmp_path, CODE, content)
    assert passing(tmp_path, CODE, NOW) is None
