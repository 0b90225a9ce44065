"""The manifest: what a release is, as frozen models; nothing in it describes the input."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field

from shoal.plan import Plan, Unit
from shoal.release import sentences
from shoal.release._facts import FactsBase, Sentences, Sha256, Text, as_tuple
from shoal.release.plan_facts import (
    AccountFacts,
    AuditFacts,
    BasisFacts,
    PeriodFacts,
    PlacesFacts,
    PrivacyFacts,
    PublicationFacts,
    SourceFacts,
    ZonesFacts,
)
from shoal.release.sensitive_facts import SensitiveFacts
from shoal.release.statistic_facts import StatisticFacts

if TYPE_CHECKING:
    from shoal.sensitive import Sensitive
    from shoal.zones._base import Zones


class Facts(FactsBase):
    """All that a manifest says before the files are written. Make one with `Facts.of`."""

    later: ClassVar[Mapping[str, object]] = {
        "publication": None,
        "places": None,
        "sensitive": None,
        "opt_outs": None,
        "log": None,
        "audit": None,
    }

    format: Literal[1] = 1
    id: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d-[A-Za-z0-9][A-Za-z0-9_-]{0,79}$")]
    created: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    """UTC."""
    shoal: Text
    """Version."""
    code: Sha256
    """SHA-256 of the code that made it."""
    synthetic: bool
    source: SourceFacts
    basis: BasisFacts
    publication: PublicationFacts | None = None
    """None: an older release, which says nothing of its terms and has no registry.yaml."""
    plan: dict[str, Any]
    """`Plan.public`."""
    plan_sha256: Sha256
    zones: ZonesFacts
    places: PlacesFacts | None = None
    """None: no statistic is counted by named places."""
    opt_outs: Annotated[int, Field(ge=1)] | None = None
    """Version of the list of devices that are not counted, as in the log; None: there was no list."""
    sensitive: SensitiveFacts | None = None
    """None: made before Shoal knew of sensitive places."""
    period: PeriodFacts
    privacy: PrivacyFacts
    account: AccountFacts
    log: Text | None = None
    """Public key of the log in which the release stands (C2SP signed-note)."""
    audit: AuditFacts | None = None
    """None: made before Shoal attacked its own releases."""
    statistics: Annotated[tuple[StatisticFacts, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    post_processing: Sentences = ()
    not_protected: Sentences = sentences.NOT_PROTECTED

    @classmethod
    def of(
        cls,
        plan: Plan,
        zones: "Zones",
        *,
        id: str,
        shoal: str,
        code: str,
        charge: str,
        account_unit: Unit,
        statistics: Sequence[StatisticFacts],
        rho: Fraction | None = None,
        basis: BasisFacts | None = None,
        log: str | None = None,
        audit: AuditFacts | None = None,
        post_processing: Sequence[str] = (),
        created: datetime | None = None,
        places: "Zones | None" = None,
        opt_outs: int | None = None,
        sensitive: "Sensitive | None" = None,
    ) -> Self:
        """The facts of a release of `plan` over `zones`; `rho` (per unit) is the sum over statistics if not given."""
        total = sum((Fraction(s.rho) for s in statistics), Fraction(0)) if rho is None else rho
        unit, said = plan.period.unit, plan.source.basis
        made = (created or datetime.now(UTC)).astimezone(UTC)
        return cls(
            id=id,
            created=f"{made:%Y-%m-%dT%H:%M:%SZ}",
            shoal=shoal,
            code=code,
            synthetic=plan.source.synthetic,
            source=SourceFacts(name=plan.source.name, kind=plan.source.kind),
            basis=basis or BasisFacts(controller=said.controller, legal_basis=said.legal_basis, purpose=said.purpose),
            publication=PublicationFacts.of(plan),
            plan=plan.public(),
            plan_sha256=plan.digest(),
            zones=ZonesFacts(
                kind=plan.zones.kind,
                count=len(zones),
                sha256=zones.digest,
                names=any(name is not None for name in zones.names),
                parents=any(parent is not None for parent in zones.parents),
            ),
            places=None if places is None else PlacesFacts.of(places),
            opt_outs=opt_outs,
            sensitive=SensitiveFacts.of(plan, sensitive, zones.ids, made.date()),
            period=PeriodFacts(start=plan.period.start, end=plan.period.end, unit=unit, timezone=plan.source.timezone),
            privacy=PrivacyFacts(
                unit=unit,
                neighbours=sentences.neighbours(unit),
                epsilon=str(plan.privacy.epsilon),
                delta=str(plan.privacy.delta),
                rho=str(total),
                units=len(plan.period.unit_starts()),
                several_units=sentences.several_units(unit),
            ),
            account=AccountFacts(charge=charge, unit=account_unit),
            log=log,
            audit=audit,
            statistics=tuple(statistics),
            post_processing=tuple(post_processing),
        )

    def find(self, statistic: str) -> StatisticFacts:
        """Facts of one statistic. Raises `KeyError`."""
        return {s.statistic: s for s in self.statistics}[statistic]


class Manifest(Facts):
    """The facts and the SHA-256 of every other file of the folder, by relative path."""

    files: Mapping[Text, Sha256]

    @classmethod
    def complete(cls, facts: Facts, files: Mapping[str, str]) -> Self:
        """The manifest of a folder that holds `files`."""
        return cls(**{name: getattr(facts, name) for name in Facts.model_fields}, files=dict(files))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read canonical JSON. Raises `ValueError` for anything else: other bytes have no one meaning."""
        manifest = cls.model_validate_json(data)
        if manifest.to_bytes() != data:
            raise ValueError("is not written in canonical form")
        return manifest

    def to_bytes(self) -> bytes:
        """Canonical JSON: sorted keys, two spaces, UTF-8, a newline at the end."""
        tables = self.model_dump(mode="json")
        return (json.dumps(tables, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
