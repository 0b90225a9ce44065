"""Documents that we write ourselves: which standards are kept, which calls there are. And links that lead nowhere."""

from typing import Any

from shoal.serve.ogc.configuration import ABOUT, DEFAULT_FEATURES, MOST_FEATURES, TITLE

_FEATURES = "http://www.opengis.net/spec/ogcapi-features"
CONFORMS_TO = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    f"{_FEATURES}-1/1.0/conf/core",
    f"{_FEATURES}-1/1.0/conf/oas30",
    f"{_FEATURES}-1/1.0/conf/geojson",
    f"{_FEATURES}-2/1.0/conf/crs",
    f"{_FEATURES}-3/1.0/conf/queryables",
    f"{_FEATURES}-3/1.0/conf/queryables-query-parameters",
    f"{_FEATURES}-5/1.0/conf/schemas",
)
"""No HTML, and nothing that writes."""
OPENAPI_TYPE = "application/vnd.oai.openapi+json;version=3.0"
_GONE = ("processes", "job-list", "tiling-schemes", "service-doc")
"""Relations that pygeoapi always names and this server has not."""
_FORMATS = ("text/html", "application/ld+json")


def tidy(document: dict[str, Any]) -> dict[str, Any]:
    """The document without links to what this server does not have: pages in HTML, processes, tiles, a next page."""
    if "links" in document:
        document["links"] = [link for link in document["links"] if _leads_somewhere(link, document)]
    for one in document.get("collections", ()):
        tidy(one)
    return document


def _leads_somewhere(link: dict[str, Any], document: dict[str, Any]) -> bool:
    relation = str(link.get("rel", ""))
    if relation == "about":
        return True  # the explorer
    if relation == "next" and not document.get("features"):
        return False
    return link.get("type") not in _FORMATS and not relation.endswith(_GONE)


def conformance() -> dict[str, Any]:
    """Which parts of the standards are kept."""
    return {"conformsTo": list(CONFORMS_TO)}


def openapi(address: str) -> dict[str, Any]:
    """The calls, as OpenAPI 3.0 without a reference to another machine."""
    collection = {"name": "collectionId", "in": "path", "required": True, "schema": {"type": "string"}}
    item = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "openapi": "3.0.3",
        "info": {"title": TITLE, "description": ABOUT, "version": "1.0.0"},
        "servers": [{"url": address}],
        "paths": {
            "/": _call("getLandingPage", "What there is"),
            "/conformance": _call("getConformanceDeclaration", "Which standards are kept"),
            "/openapi": _call("getOpenapi", "This document"),
            "/collections": _call("getCollections", "The statistics of all releases"),
            "/collections/{collectionId}": _call("describeCollection", "One statistic", collection),
            "/collections/{collectionId}/queryables": _call("getQueryables", "By what to choose", collection),
            "/collections/{collectionId}/schema": _call("getSchema", "What a feature holds", collection),
            "/collections/{collectionId}/items": _call("getFeatures", "Features", collection, *_QUESTION),
            "/collections/{collectionId}/items/{featureId}": _call("getFeature", "One feature", collection, item),
        },
    }


def _call(name: str, summary: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    answers = {
        "200": {"description": "The answer.", "content": {"application/json": {"schema": {"type": "object"}}}},
        "400": {"description": "A parameter that is unknown or can't be meant."},
        "404": {"description": "There is no such thing here."},
    }
    return {"get": {"operationId": name, "summary": summary, "parameters": [*parameters, _F], "responses": answers}}


def _query(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


_F = _query("f", {"type": "string", "enum": ["json"]}, "JSON is all there is.")
_QUESTION = (
    _query(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MOST_FEATURES, "default": DEFAULT_FEATURES},
        "Features of a page.",
    ),
    _query("offset", {"type": "integer", "minimum": 0, "default": 0}, "Features before it."),
    _query(
        "bbox",
        {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}},
        "west,south,east,north in degrees: what meets that box.",
    )
    | {"style": "form", "explode": False},
    _query("datetime", {"type": "string"}, "A time or two with a slash; an hour is found by what reaches into it."),
    _query("properties", {"type": "string"}, "Only these properties, with commas."),
    _query("skipGeometry", {"type": "boolean", "default": False}, "No geometries."),
    _query("resulttype", {"type": "string", "enum": ["results", "hits"]}, "hits: only how many."),
)
