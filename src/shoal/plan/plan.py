"""A whole plan: its tables together, read from a file, and the digests by which it is known again."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from shoal import _toml
from shoal._complaints import at, place, sentence
from shoal._fields import Table
from shoal._sensitive import Sensitive
from shoal.errors import PlanError
from shoal.plan.source import Basis, Source
from shoal.plan.tables import Cleaning, Movement, Period, Places, Privacy, Publication, Statistic, Zones

_LATER = ("total_bound", "resolution", "target")
"""Keys of a statistic that plans did not have at first."""
_LATER_BASIS = ("expires", "collected", "consent", "consent_purpose", "consent_expires", "retention_days")
"""Likewise of `[source.basis]`."""


class Plan(Table):
    """A whole plan. Make one with `Plan.load`."""

    source: Source
    zones: Zones
    places: Places | None = None
    sensitive: Sensitive | None = None
    period: Period
    privacy: Privacy
    publication: Publication = Publication()
    cleaning: Cleaning = Cleaning()
    movement: Movement = Movement()
    statistics: Mapping[str, Statistic] = Field(min_length=1)
    file: Path = Field(exclude=True, repr=False)
    lines: Mapping[str, int] = Field(default_factory=dict, exclude=True, repr=False)

    @classmethod
    def load(cls, file: str | Path) -> Self:
        """Read and check the plan in `file`. Raises `PlanError`: one sentence with file, line and key."""
        file = Path(file)
        tables, lines = _toml.read(file)
        tables.pop("file", None), tables.pop("lines", None)
        try:
            return cls.model_validate({**tables, "file": file, "lines": lines})
        except ValidationError as error:
            raise sentence(error, cls, file, lines) from None

    @model_validator(mode="after")
    def _check(self) -> Self:
        most = self.source.max_epsilon
        if self.privacy.epsilon > most:
            kind = "a synthetic source" if self.source.synthetic else "real records"
            raise at("privacy.epsilon", f"must be at most {most} for {kind}, got {float(self.privacy.epsilon):g}")
        if self.privacy.epsilon > self.source.account_cap:
            raise at("privacy.epsilon", f"is above the account's cap of {float(self.source.account_cap):g}")
        if self.places is not None and self.source.kind == "trips":
            raise at(
                "places", "need a source of points, for of a trip only the zones of its ends are kept; remove them"
            )
        return self

    @property
    def folder(self) -> Path:
        """Folder of the plan; its relative paths start here."""
        return self.file.parent

    def error(self, key: str, message: str) -> PlanError:
        """A `PlanError` about `key` (dotted), with the file and, where known, the line."""
        return place(self.file, self.lines, key, message)

    def public(self) -> dict[str, Any]:
        """The plan as plain JSON values, without what describes the input (files, columns, ...). May be published."""
        secret = {"files", "table", "kept", "columns", "encoding", "separator", "time_unit"}
        return self._known_again(self.model_dump(mode="json", exclude={"source": secret}))

    def digest(self) -> str:
        """SHA-256 of `public` in canonical JSON, as hexadecimal text. Public."""
        return _digest(self.public())

    def full_digest(self) -> str:
        """SHA-256 of everything the plan says, the input's description too. Secret: for the key of a request only."""
        tables = self._known_again(self.model_dump(mode="json"))
        for name in ("table", "kept"):
            if not getattr(self.source, name):
                del tables["source"][name]
        return _digest(tables)

    def _known_again(self, tables: dict[str, Any]) -> dict[str, Any]:
        """`tables` without what came to the plan later and is not used: a plan is the same, whenever first asked."""
        for name in ("places", "sensitive"):
            if getattr(self, name) is None:
                del tables[name]
        if self.source.year_cap is None:
            del tables["source"]["year_cap"]
        basis = self.source.basis
        for name in _LATER_BASIS:
            if getattr(basis, name) == Basis.model_fields[name].default:
                del tables["source"]["basis"][name]
        if self.publication == Publication():
            del tables["publication"]
        for wish in tables["statistics"].values():
            for name in _LATER:
                if wish[name] is None:
                    del wish[name]
        return tables


def _digest(tables: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(tables, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
