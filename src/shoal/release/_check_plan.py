"""The check of `verify` that holds the manifest against the plan in it."""

import hashlib
import json
import re
from fractions import Fraction
from typing import Any

from pydantic import ValidationError

from shoal.plan import PLACE, Plan
from shoal.privacy.mechanism import ONE
from shoal.release._checks import Failed, Folder
from shoal.release._silent import wrong_list

_HUGE = re.compile(r'"\s*[-+]?[0-9._]*[eE][-+]?[0-9_]{4,}\s*"')
"""A number that would fill the memory once it is written out exactly."""


def plan(folder: Folder) -> None:
    m = folder.manifest
    canonical = json.dumps(m.plan, sort_keys=True, separators=(",", ":")).encode()
    if hashlib.sha256(canonical).hexdigest() != m.plan_sha256:
        raise Failed("plan_sha256 is not the hash of the plan")
    said = read_plan(m.plan)
    pairs: dict[str, tuple[object, object]] = {
        "synthetic": (m.synthetic, said.source.synthetic),
        "source.name": (m.source.name, said.source.name),
        "source.kind": (m.source.kind, said.source.kind),
        "basis.controller": (m.basis.controller, said.source.basis.controller),
        "basis.legal_basis": (m.basis.legal_basis, said.source.basis.legal_basis),
        "basis.purpose": (m.basis.purpose, said.source.basis.purpose),
        "basis.assessment_sha256": (m.basis.assessment_sha256 is None, said.source.basis.assessment is None),
        "basis.consent_sha256": (m.basis.consent_sha256 is None, said.source.basis.consent is None),
        "basis.collected": (m.basis.collected, said.source.basis.collected),
        "basis.expires": (m.basis.expires, said.source.basis.expires),
        "basis.consent_expires": (m.basis.consent_expires, said.source.basis.consent_expires),
        "basis.retention_days": (m.basis.retention_days, said.source.basis.retention_days),
        "zones.kind": (m.zones.kind, said.zones.kind),
        "period.start": (m.period.start, said.period.start),
        "period.end": (m.period.end, said.period.end),
        "period.unit": (m.period.unit, said.period.unit),
        "period.timezone": (m.period.timezone, said.source.timezone),
        "privacy.unit": (m.privacy.unit, said.period.unit),
        "privacy.epsilon": (Fraction(m.privacy.epsilon), said.privacy.epsilon),
        "privacy.delta": (Fraction(m.privacy.delta), said.privacy.delta),
        "places": (m.places is not None, said.places is not None),
        "statistics": (sorted(s.statistic for s in m.statistics if s.level is None), sorted(said.statistics)),
    }
    for facts in m.statistics:
        asked = said.statistics.get(facts.base)
        if asked is None:
            break
        name = f"statistics.{facts.statistic}"
        pairs[f"{name}.share"] = Fraction(facts.share), asked.share
        pairs[f"{name}.place"] = facts.of_named_places, PLACE in (asked.by or ())
        if asked.by is not None:
            other = {"origin", "destination", "home", "zone"} - {facts.level} if facts.is_end else set()
            pairs[f"{name}.keys"] = sorted(facts.keys), sorted(set(asked.by) - other)
        if asked.max_km is not None and facts.level is None:
            pairs[f"{name}.max_km"] = facts.max_km and Fraction(facts.max_km), asked.max_km
        if (
            asked.bound is not None and facts.level is None
        ):  # Laplace: an L1 norm that follows from the plan's L2 norm and is never smaller
            least = max(1, int(asked.bound * ONE))
            found = facts.bound_fixed if facts.mechanism == "gaussian" else min(facts.bound_fixed, least)
            pairs[f"{name}.bound_fixed"] = found, least
    if differ := [name for name, (one, other) in pairs.items() if one != other]:
        raise Failed(f"{differ[0]} is not what the plan in the manifest says")
    if reason := wrong_list(m, said):
        raise Failed(reason)
    if not m.id.startswith(f"{m.period.start}-{m.source.name}"):
        raise Failed("the id is not made of the period's start and the source's name")


def read_plan(tables: dict[str, Any]) -> Plan:
    """The published plan under the same rules as any plan; columns and files, which are not published, are made up."""
    source = tables.get("source")
    if not isinstance(source, dict) or {"files", "columns", "encoding", "separator", "time_unit"} & set(source):
        raise Failed("the plan must hold its source without files, columns and their format")
    if _HUGE.search(json.dumps(tables)):
        raise Failed("the plan in the manifest holds a number of absurd size")
    names = ["device", "time", "lat", "lon"] if source.get("kind") == "points" else None
    columns = {name: name for name in names or ["device", "start", "end", "origin", "destination"]}
    whole = {**tables, "source": {**source, "files": ["-"], "columns": columns}, "file": "plan.toml", "lines": {}}
    try:
        return Plan.model_validate_json(json.dumps(whole))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"] if str(part).isprintable())[:80]
        raise Failed(f"the plan in the manifest is not valid{f', key {where}' if where else ''}") from None
