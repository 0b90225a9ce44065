"""What pygeoapi is told: the collections that there are, in memory, for one question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shoal.calendar import first_instant
from shoal.release import sentences, words
from shoal.release.manifest import Manifest
from shoal.serve.facts import title
from shoal.serve.ogc.features import Features
from shoal.serve.opened import Opened

DEFAULT_FEATURES = 1000
MOST_FEATURES = 10_000
"""Of one page."""
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
TITLE = "Shoal: statistics of places under differential privacy"
ABOUT = "Released tables as features: a zone, or a pair of zones, at a time, with its number and the interval of it."


@dataclass(frozen=True)
class Collection:
    """One statistic of a release, as the list of collections shows it. Made of a release that was verified."""

    id: str
    title: str
    description: str
    keywords: tuple[str, ...]
    box: tuple[float, float, float, float]
    start: datetime
    end: datetime


def collections_of(opened: Opened) -> tuple[Collection, ...]:
    """A collection for each statistic of a release, by single zones."""
    return tuple(collection(opened, name) for name in opened.release.statistics)


def collection(opened: Opened, statistic: str) -> Collection:
    """The collection of one table."""
    m, facts = opened.manifest, opened.table(statistic).facts
    zone = ZoneInfo(m.period.timezone)
    return Collection(
        id=f"{opened.id}.{statistic}",
        title=f"{'SYNTHETIC: ' if m.synthetic else ''}{title(facts)}: {m.source.name}, {words.period(m.period)}",
        description=_about(m, f"{facts.value}. Noise {words.interval(facts)} at 95 %: lower and upper."),
        keywords=("mobility", "differential privacy", statistic),
        box=opened.bounds,
        start=datetime.fromtimestamp(first_instant(m.period.start, zone), UTC),
        end=datetime.fromtimestamp(first_instant(m.period.end, zone) - 1, UTC),
    )


def _about(m: Manifest, what: str) -> str:
    p = m.privacy
    loss = f"Epsilon {words.number(p.epsilon)}, delta {words.number(p.delta)} for one device over one {p.unit}."
    terms = "" if m.publication is None else f" Licence {m.publication.licence}: name {m.publication.attribution}."
    warning = f"{sentences.synthetic()} " if m.synthetic else ""
    return f"{warning}{what} {loss} A row that is suppressed has no number, which does not mean zero.{terms}"


def configuration(
    address: str, collections: Sequence[Collection], features: Mapping[str, Features] | None = None
) -> dict[str, Any]:
    """The configuration of pygeoapi at `address`; `features` by the collection's id where they are asked for."""
    return {
        "server": {
            "url": address,
            "encoding": "utf-8",
            "languages": ["en-US"],
            "pretty_print": False,
            "limits": {"default_items": DEFAULT_FEATURES, "max_items": MOST_FEATURES, "on_exceed": "throttle"},
        },
        "logging": {"level": "CRITICAL"},
        "metadata": {
            "identification": {
                "title": TITLE,
                "description": ABOUT,
                "keywords": ["mobility", "differential privacy"],
                "url": address.removesuffix("ogc"),
                "terms_of_service": None,
            },
            "license": {"name": "see each collection", "url": None},
            "provider": {"name": "Shoal", "url": None},
            "contact": {},
        },
        "resources": {one.id: _resource(one, (features or {}).get(one.id)) for one in collections},
    }


def _resource(one: Collection, features: Features | None) -> dict[str, Any]:
    provider: dict[str, Any] = {
        "type": "feature",
        "name": "shoal.serve.ogc.provider.TableProvider",
        "data": features,
        "id_field": "id",
        "storage_crs": CRS84,
    }
    if features is not None and features.cube.time == "hour":
        provider["time_field"] = "hour"
    return {
        "type": "collection",
        "title": one.title,
        "description": one.description,
        "keywords": list(one.keywords),
        "links": [],
        "extents": {
            "spatial": {"bbox": list(one.box), "crs": CRS84},
            "temporal": {"begin": one.start, "end": one.end},
        },
        "providers": [provider],
    }
