"""What the public log can say, a kind of entry each: canonical JSON that anyone can read and add up.

No entry holds a digest, a name, a size or a number of records: whoever knows all records but one could confirm a guess
about the last with it. Plans, documents and releases are public and are named by their SHA-256. From `account` and
`charge` entries alone a second accountant can work out what every account has left.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from secrets import token_hex
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from shoal.errors import VerificationError
from shoal.plan import Collected, Purpose, Unit

LARGEST = 65_535
"""Bytes of an entry (C2SP tlog-tiles: a length of 16 bits)."""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable text on one line")
    return text


def _tuple(value: object) -> object:
    return tuple(_tuple(v) for v in value) if isinstance(value, list) else value


def _day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_printable)]
SourceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Exact = Annotated[str, Field(pattern=r"^[0-9]{1,1500}(/[1-9][0-9]{0,1499})?$")]
"""A fraction, as `str(Fraction)` writes it."""
Day = Annotated[date, BeforeValidator(_day)]
ReleaseId = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d-[A-Za-z0-9][A-Za-z0-9_-]{0,79}$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Entry(_Model):
    """What all entries say: which kind, which one, when."""

    kind: str
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] = Field(default_factory=lambda: token_hex(8))
    """Random: two entries that say the same are two entries."""
    time: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")] = Field(
        default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    )
    """UTC."""

    def to_bytes(self) -> bytes:
        """Canonical JSON: sorted keys, no spaces, UTF-8. Raises `ValueError` where it is larger than a log takes."""
        data = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if len(data.encode()) > LARGEST:
            raise ValueError(f"an entry of the log has at most {LARGEST} bytes")
        return data.encode()


class SourceEntry(Entry):
    """A source is registered, or registered anew because its basis changed: whose it is, under which law, what for."""

    kind: Literal["source"] = "source"
    source: SourceName
    synthetic: bool
    controller: Text
    legal_basis: Text
    purpose: Purpose
    collected: Collected
    assessment_sha256: Sha256 | None = None
    expires: Day | None = None
    consent_sha256: Sha256 | None = None
    consent_purpose: Purpose | None = None
    consent_expires: Day | None = None
    retention_days: Annotated[int, Field(ge=1)] | None = None


class AssessmentEntry(Entry):
    """An assessment of the processing (DPIA) was approved for a source and a purpose."""

    kind: Literal["assessment"] = "assessment"
    source: SourceName
    purpose: Purpose
    sha256: Sha256


class AccountEntry(Entry):
    """An account is opened: its terms are fixed from now on."""

    kind: Literal["account"] = "account"
    source: SourceName
    timezone: Text
    unit: Unit
    synthetic: bool
    cap_epsilon: Exact
    cap_delta: Exact
    cap_rho: Exact
    year_rho: Exact


class Drawn(_Model):
    """What one measure costs one row, a device in a unit of the plan.

    apart  rows of different units never share a cell of it
    """

    rho: Exact
    noise: Literal["gaussian", "laplace"]
    apart: bool


class Cost(_Model):
    """What is taken from the account unit that begins on `start`."""

    start: Day
    rho: Exact


class ChargeEntry(Entry):
    """A charge, committed before its noise is drawn. `costs` follow from `units` and `measures`."""

    kind: Literal["charge"] = "charge"
    charge: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    source: SourceName
    plan_sha256: Sha256
    unit: Unit
    units: Annotated[tuple[tuple[Day, Day], ...], BeforeValidator(_tuple), Field(min_length=1)]
    """The plan's units in local dates, [start, end)."""
    measures: Mapping[Text, Drawn]
    costs: Annotated[tuple[Cost, ...], BeforeValidator(_tuple), Field(min_length=1)]


class RefusalEntry(Entry):
    """A plan was refused. Why in one word: the sentence is the operator's."""

    kind: Literal["refusal"] = "refusal"
    source: SourceName
    purpose: Purpose
    plan_sha256: Sha256
    reason: Literal["budget", "terms", "basis", "sensitive places"]


class ReleaseEntry(Entry):
    """A release, before anybody can read it."""

    kind: Literal["release"] = "release"
    release: ReleaseId
    source: SourceName
    charge: Text
    plan_sha256: Sha256
    manifest_sha256: Sha256


class CorrectionEntry(Entry):
    """A release is wrong. It stays where it is and as it is; whoever looks at the log learns why, and what to use."""

    kind: Literal["correction"] = "correction"
    release: ReleaseId
    manifest_sha256: Sha256
    reason: Text
    superseded_by: ReleaseId | None = None


class KeyDestroyedEntry(Entry):
    """The key of a source's kept records of one unit, [start, end) in local dates, was destroyed."""

    kind: Literal["key destroyed"] = "key destroyed"
    source: SourceName
    start: Day
    end: Day
    why: Literal["retention", "erasure"]


class OptOutEntry(Entry):
    """The list of devices that are never counted has a new version. How many they are is not said."""

    kind: Literal["opt-out list"] = "opt-out list"
    version: Annotated[int, Field(ge=1)]


_Any = Annotated[
    SourceEntry
    | AssessmentEntry
    | AccountEntry
    | ChargeEntry
    | RefusalEntry
    | ReleaseEntry
    | CorrectionEntry
    | KeyDestroyedEntry
    | OptOutEntry,
    Field(discriminator="kind"),
]


class Entries:
    """Reads entries of the log back."""

    _known: ClassVar[TypeAdapter[Any]] = TypeAdapter(_Any)

    @classmethod
    def parse(cls, data: bytes) -> Entry:
        """The entry in `data`. Raises `VerificationError` for anything that no Shoal writes."""
        try:
            found: Entry = cls._known.validate_json(data)
            if found.to_bytes() == data:
                return found
        except (ValidationError, ValueError):
            pass
        raise VerificationError("an entry of the log is none that Shoal writes; ask its operator for an unchanged log")


def facts_of(entry: Entry) -> dict[str, Any]:
    """The entry as JSON values, for showing."""
    return entry.model_dump(mode="json")


def unchanged(first: Entry, second: Entry) -> bool:
    """Do two entries say the same, but for which they are and when?"""
    return _said(first) == _said(second)


def _said(entry: Entry) -> dict[str, Any]:
    return entry.model_dump(exclude={"id", "time"})
