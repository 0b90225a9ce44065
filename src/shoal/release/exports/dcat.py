""".dcat.jsonld: what a catalogue of open data asks of a release, as DCAT 3 (W3C, 2024) in JSON-LD.

The mandatory and recommended properties are those of DCAT-AP 3. Distributions are named relative to the release's
folder, so the file is to lie in the folder that holds it, or beside where it is published.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from shoal.release import sentences, words
from shoal.release.exports._format import Format
from shoal.release.exports._notes import guarantee
from shoal.release.read import Release, Table

CONTEXT: Final[Mapping[str, str]] = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "gsp": "http://www.opengis.net/ont/geosparql#",
    "prov": "http://www.w3.org/ns/prov#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_EU = "http://publications.europa.eu/resource/authority"
_MEDIA = "http://www.iana.org/assignments/media-types/"
_LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
_STEPS = {"hour": "PT1H", "day": "P1D", "week": "P7D"}


def _write(release: Release, _: Table | None, to: Path, _name: str) -> Mapping[str, bytes]:
    text = json.dumps(dataset(release), indent=2, ensure_ascii=False, allow_nan=False)
    to.write_text(text + "\n", encoding="utf-8")
    return {}


DCAT = Format(".dcat.jsonld", "release", _write)


def dataset(release: Release) -> dict[str, Any]:
    """The release as a `dcat:Dataset`."""
    m = release.manifest
    warning = f"{sentences.synthetic()} " if m.synthetic else ""
    publisher = {"@type": "foaf:Agent", "foaf:name": m.basis.controller}
    tree: dict[str, Any] = {
        "@context": dict(CONTEXT),
        "@id": f"urn:shoal:release:{m.id}",
        "@type": "dcat:Dataset",
        "dct:identifier": m.id,
        "dct:title": _text(f"{'SYNTHETIC: ' if m.synthetic else ''}{m.source.name}, {words.period(m.period)}"),
        "dct:description": _text(f"{warning}{_what(release)} {_privacy(release)}"),
        "dct:publisher": publisher,
        "dct:creator": publisher,
        "dct:issued": _typed(m.created, "dateTime"),
        "dct:language": {"@id": f"{_EU}/language/ENG"},
        "dct:accrualPeriodicity": {"@id": f"{_EU}/frequency/NEVER"},
        "dct:accessRights": {"@id": f"{_EU}/access-right/PUBLIC"},
        "dct:temporal": _period(release),
        "dct:spatial": _area(release),
        "dcat:version": m.created[:10],
        "dcat:keyword": [_text(word) for word in ("mobility", "differential privacy", *release.statistics)],
        "dcat:theme": {"@id": f"{_EU}/data-theme/TRAN"},
        "dcat:distribution": [_distribution(release, release[table]) for table in release.tables]
        + [_zones_file(release)],
        "dpv:hasTechnicalMeasure": {"@id": "dpv:DifferentialPrivacy"},
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "dct:description": _text(f"Shoal {m.shoal}, for {m.basis.purpose}; legal basis: {m.basis.legal_basis}"),
        },
    }
    return tree | _rights(release)


def _rights(release: Release) -> dict[str, Any]:
    """Licence and terms; an older release says nothing of them."""
    publication = release.manifest.publication
    if publication is None:
        return {}
    terms = f"Name as the source: {publication.attribution}. {' '.join(publication.terms)}"
    return {
        "dct:license": _licence(publication.licence),
        "dct:rights": {"@type": "dct:RightsStatement", "dct:description": _text(terms)},
    }


def _licence(spdx: str) -> dict[str, Any]:
    if spdx.startswith("LicenseRef-"):  # the publisher's own: there is no address to give
        return {"@type": "dct:LicenseDocument", "dct:identifier": spdx}
    return {"@id": _LICENCES.get(spdx, f"http://spdx.org/licenses/{spdx}"), "@type": "dct:LicenseDocument"}


def _what(release: Release) -> str:
    tables = "; ".join(f"{name}: {release[name].facts.value}" for name in release.statistics)
    return f"Statistics of places with a 95 % interval for every number. {tables}."


def _privacy(release: Release) -> str:
    p = release.manifest.privacy
    return (
        f"Differential privacy: {guarantee(release)['privacy']}. {p.neighbours} {p.several_units} "
        f"{' '.join(release.manifest.not_protected)}"
    )


def _period(release: Release) -> dict[str, Any]:
    period = release.manifest.period
    return {
        "@type": "dct:PeriodOfTime",
        "dcat:startDate": _typed(f"{period.start}", "date"),
        "dcat:endDate": _typed(words.last_day(period).isoformat(), "date"),
    }


def _area(release: Release) -> dict[str, Any]:
    import shapely

    box = shapely.box(*shapely.total_bounds(release.places.shapes))
    return {
        "@type": "dct:Location",
        "dcat:bbox": {"@type": "gsp:wktLiteral", "@value": shapely.to_wkt(box, rounding_precision=6)},
    }


def _distribution(release: Release, table: Table) -> dict[str, Any]:
    about = _text(f"One row for each {words.rows(table.facts)}; noise {words.interval(table.facts)} at 95 %.")
    made = _file(release, f"tables/{table.name}.parquet", f"{table.name}: {table.facts.value}")
    made["dct:description"] = about
    step = _STEPS.get(table.keys[-1])
    return made if step is None else made | {"dcat:temporalResolution": _typed(step, "duration")}


def _zones_file(release: Release) -> dict[str, Any]:
    return _file(release, "zones.parquet", "the places that the numbers are about, with their geometry")


def _file(release: Release, path: str, title: str) -> dict[str, Any]:
    """A file of the release as a distribution."""
    address = {"@id": f"{release.id}/{path}"}
    made: dict[str, Any] = {
        "@type": "dcat:Distribution",
        "dct:title": _text(title),
        "dcat:accessURL": address,
        "dcat:downloadURL": address,
        "dcat:mediaType": {"@id": f"{_MEDIA}application/vnd.apache.parquet"},
        "dcat:byteSize": _typed(str((release.folder / path).stat().st_size), "nonNegativeInteger"),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": _typed(release.manifest.files[path], "hexBinary"),
        },
    }
    publication = release.manifest.publication
    return made if publication is None else made | {"dct:license": _licence(publication.licence)}


def _text(words: str) -> dict[str, str]:
    return {"@value": words, "@language": "en"}


def _typed(value: str, kind: str) -> dict[str, str]:
    return {"@value": value, "@type": f"xsd:{kind}"}
