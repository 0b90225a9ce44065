"""Audits on record: the last report on each version of the code, and whether it passed of late."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from shoal.disk import Disk
from shoal.ledger._files import make_folder

DAYS = 30
"""After so many days an audit is no longer spoken of."""


@dataclass(frozen=True)
class Audit:
    """An audit that passed: when it was made (UTC), and the SHA-256 of its report."""

    made: datetime
    sha256: str


def keep(state: Path, code: str, report: bytes) -> Path:
    """Keep the report (JSON with `verdict` and `made`) on the code of this digest, in place of an earlier one.

    One that failed takes the place of one that passed: what counts is the last. Raises `StateError`.
    """
    file = _file(state, code)
    make_folder(file.parent)
    Disk(0o600, 0o700).replace(file, report)
    return file


def passing(state: Path, code: str, now: datetime) -> Audit | None:
    """The last audit of the code of this digest, where it passed and is not older than `DAYS`.

    A report that can't be read is none: it must not stop a release, which says so.
    """
    try:
        report = _file(state, code).read_bytes()
        found = json.loads(report)
        made = datetime.strptime(found["made"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        passed = found["verdict"] == "passed" and found["code"] == code
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Audit(made, sha256(report).hexdigest()) if passed and made <= now <= made + timedelta(days=DAYS) else None


def _file(state: Path, code: str) -> Path:
    return state / "audits" / f"{code}.json"
