"""Sources and their basis: registered in the log before a record is read, and refused where the basis does not hold.

A basis says whose the records are, under which law and for what they are used, and on which documents that rests. It
stands in the plan; here it is checked against the calendar and told to the public. Documents are named by their hash.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self

from shoal.errors import BasisError
from shoal.ledger.entries import AssessmentEntry, Entry, SourceEntry
from shoal.ledger.journal import Journal
from shoal.plan import Plan


@dataclass(frozen=True)
class Documents:
    """SHA-256 of the documents that a basis names, hexadecimal. They are about the processing, not about records."""

    assessment: str | None
    consent: str | None

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Read and hash them. Raises `PlanError` where one can't be read."""
        return cls(_sha256(plan, "assessment"), _sha256(plan, "consent"))


def register(journal: Journal, plan: Plan) -> SourceEntry:
    """Register the source of `plan` on its basis, or anew where the basis changed; what stands in the log then.

    Raises `BasisError` where the basis does not hold today, `PlanError` where a document can't be read.
    """
    documents = Documents.of(plan)
    refuse_basis(plan, today())
    basis = plan.source.basis
    entry = SourceEntry(
        source=plan.source.name,
        synthetic=plan.source.synthetic,
        controller=basis.controller,
        legal_basis=basis.legal_basis,
        purpose=basis.purpose,
        collected=basis.collected,
        assessment_sha256=documents.assessment,
        expires=basis.expires,
        consent_sha256=documents.consent,
        consent_purpose=basis.consent_purpose,
        consent_expires=basis.consent_expires,
        retention_days=basis.retention_days,
    )
    with_it: list[Entry] = [entry]
    if documents.assessment is not None:
        with_it.append(AssessmentEntry(source=plan.source.name, purpose=basis.purpose, sha256=documents.assessment))
    standing = journal.record_changes(plan.source.name, with_it)[0]
    assert isinstance(standing, SourceEntry)  # noqa: S101 - the first of `with_it`
    return standing


def refuse_basis(plan: Plan, on: date) -> None:
    """Raise `BasisError` where the basis of `plan` does not hold on this day."""
    source, basis = plan.source, plan.source.basis
    name = f"source {source.name}: "
    if basis.expires is not None and basis.expires < on:
        raise BasisError(
            f"{name}its basis expired on {basis.expires}; have it renewed, then set [source.basis] expires"
        )
    if basis.consent_expires is not None and basis.consent_expires < on:
        raise BasisError(
            f"{name}the evidence of consent expired on {basis.consent_expires}; get new evidence, then set "
            "[source.basis] consent and consent_expires"
        )
    if basis.collected == "auction":
        if basis.consent is None:
            raise BasisError(
                f"{name}records from advertising auctions are refused without evidence that the people in them agreed "
                "to this purpose; name it in [source.basis] consent and consent_purpose, or use another source"
            )
        if basis.consent_purpose != basis.purpose:
            raise BasisError(
                f"{name}the people in records from advertising auctions agreed to {basis.consent_purpose}, not to "
                f"{basis.purpose}; use them for that, or use another source"
            )


def today() -> date:
    """In UTC."""
    return datetime.now(UTC).date()


def _sha256(plan: Plan, document: str) -> str | None:
    name = getattr(plan.source.basis, document)
    if name is None:
        return None
    try:
        return hashlib.sha256((plan.folder / name).read_bytes()).hexdigest()
    except OSError as error:
        raise plan.error(f"source.basis.{document}", f"{name} can't be read ({error.strerror})") from None
