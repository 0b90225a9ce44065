"""The calls of the API. Each is a question with its parameters; what is unknown is refused."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import anyio.to_thread
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from shoal.errors import VerificationError
from shoal.release.verify import CHECKS
from shoal.serve import problems, ranges
from shoal.serve.access import Grant
from shoal.serve.answers import AGAIN, FOREVER, Answer, encoding_of
from shoal.serve.archive import Archive
from shoal.serve.asked import Q, described, read
from shoal.serve.desk import Desk
from shoal.serve.encode import MEDIA_TYPES, choose
from shoal.serve.facts import entry
from shoal.serve.hot import Warm
from shoal.serve.opened import Opened
from shoal.serve.places import MEDIA_TYPES as ZONE_TYPES
from shoal.serve.places import ZonesQuestion
from shoal.serve.problems import Problem
from shoal.serve.question import Format, Formatted, TableQuestion, Versioned
from shoal.serve.shelf import unknown

ReleaseId = Annotated[
    str, Path(max_length=100, description="Id of a release, as listed.", examples=["2026-03-02-demo"])
]
Statistic = Annotated[str, Path(max_length=100, description="Name of a table, such as presence.")]


class ProblemBody(BaseModel):
    """RFC 9457: why there is no answer."""

    type: str
    title: str
    status: int
    detail: str
    """One sentence: what is wrong, where, what to do."""


class Bare(BaseModel):
    """A question without parameters."""


class TilesQuestion(BaseModel):
    """The parameters of the archive of tiles."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Annotated[
        str | None,
        Field(pattern="^[0-9a-f]{16}$", description="Version of the archive, as listed: its bytes never change."),
    ] = None


class ReleaseList(BaseModel):
    """The releases that the asker may see, the newest first."""

    releases: list[dict[str, Any]]
    basemap: str | None
    """Where the operator's own map is, from the root of the server; null where there is none. GeoJSON, or PMTiles where
    the address says so."""


class CheckOutcome(BaseModel):
    """One check of the verifier."""

    check: str
    holds: str
    passed: bool
    reason: str


class VerifyAnswer(BaseModel):
    """What the verifier found, just now."""

    release: str
    verified: bool
    summary: str
    checks: list[CheckOutcome]


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    words = {
        304: "What the asker has is still right.",
        401: "No valid token.",
        404: "There is no such release or table.",
        406: "Nothing that the Accept header asks for.",
        409: "The release does not verify, so nothing of it is shown.",
        413: "The API takes no body.",
        416: "A range of bytes that the file does not have.",
        422: "A parameter that can't be meant like this.",
        429: "Too many requests.",
        503: "The server can't answer just now.",
    }
    problem = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"description": words[status], "content": {} if status == 304 else problem} for status in statuses}


def _content(
    kinds: Mapping[Any, str], words: str, schema: dict[str, Any] | None = None
) -> dict[int | str, dict[str, Any]]:
    content: dict[str, Any] = {}
    for kind in kinds.values():
        name = kind.partition(";")[0]
        if name.endswith("json"):
            content[name] = {"schema": schema or {"type": "object"}}
        else:
            content[name] = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": words, "content": content}}


_JSON = {"json": "application/json"}
_OFTEN = (304, 401, 413, 422, 429, 503)
_PIECE: dict[int | str, dict[str, Any]] = {
    206: {
        "description": "The range of bytes that was asked for, or its first part.",
        "content": {ranges.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


def routes(desk: Desk) -> APIRouter:
    """All calls below /api, answered by `desk`."""
    api = APIRouter(prefix="/api", default_response_class=Response)

    @api.get(
        "/releases",
        summary="The releases of this server",
        tags=["releases"],
        responses=_content(_JSON, "The list.", {"$ref": "#/components/schemas/ReleaseList"}) | _refusals(*_OFTEN),
    )
    async def list_releases(request: Request) -> Response:
        _read(request, Bare)
        grant = grant_of(request)
        listed = await anyio.to_thread.run_sync(desk.shelf.listed)
        seen = [entry(one) for one in listed if grant.allows(one.id)]
        said = {"releases": seen, "basemap": _own_map(desk)}
        body = json.dumps(said, ensure_ascii=False)
        return _respond(request, Answer.of(body.encode(), "application/json").packed(_encoding(request)))

    @api.get(
        "/basemap",
        summary="The operator's own map, to draw below the numbers",
        tags=["releases"],
        responses=_content({"geojson": "application/geo+json"}, "GeoJSON.") | _refusals(*_OFTEN, 404),
    )
    async def basemap(request: Request) -> Response:
        _read(request, Bare)
        if not isinstance(desk.basemap, Answer):
            raise Problem(404, "this server has no GeoJSON of its own; its operator can give one with --basemap")
        return _respond(request, await desk.kitchen.whole(desk.basemap, _encoding(request)))

    @api.get(
        "/basemap.pmtiles",
        openapi_extra={"parameters": described(TilesQuestion)},
        summary="The operator's own map as an archive of tiles, to be read by ranges of bytes",
        tags=["releases"],
        responses=_content({"pmtiles": ranges.MEDIA_TYPE}, "The whole archive.")
        | _PIECE
        | _refusals(*_OFTEN, 404, 416),
    )
    async def tiles(request: Request) -> Response:
        question = _read(request, TilesQuestion)
        if not isinstance(desk.basemap, Archive) or question.v not in (None, desk.basemap.version):
            raise Problem(404, "this server has no such archive of tiles; its operator can give one with --basemap")
        return await ranges.piece(request, desk.basemap, forever=question.v is not None)

    @api.get(
        "/releases/{release}",
        openapi_extra={"parameters": described(Versioned)},
        summary="What a release is: its manifest, its tables, what it promises",
        tags=["releases"],
        responses=_content(_JSON, "The facts.") | _refusals(*_OFTEN, 404, 409),
    )
    async def release(request: Request, release: ReleaseId) -> Response:
        question = _read(request, Versioned)
        opened = await _open(request, release, question)
        return _respond(request, await desk.detail(opened, _encoding(request)), opened, question)

    @api.get(
        "/releases/{release}/zones",
        openapi_extra={"parameters": described(ZonesQuestion)},
        summary="The places that its numbers are about",
        tags=["tables"],
        responses=_content(ZONE_TYPES, "The places.") | _refusals(*_OFTEN, 404, 406, 409),
    )
    async def zones(request: Request, release: ReleaseId) -> Response:
        question = _read(request, ZonesQuestion)
        format_ = choose(request.headers.get("accept"), question.format, ZONE_TYPES)
        opened = await _open(request, release, question)
        answer = await desk.zones(opened, question, format_, _encoding(request))
        return _respond(request, answer, opened, question)

    @api.get(
        "/releases/{release}/tables/{statistic}",
        openapi_extra={"parameters": described(TableQuestion)},
        summary="Rows of a table, ascending by time",
        tags=["tables"],
        responses=_content(MEDIA_TYPES, "The rows.") | _refusals(*_OFTEN, 404, 406, 409),
    )
    async def table(request: Request, release: ReleaseId, statistic: Statistic) -> Response:
        question = _read(request, TableQuestion)
        format_ = _format(request, question)
        opened = await _open(request, release, question)
        answer = await desk.rows(opened, statistic, question, format_, _encoding(request))
        return _respond(request, answer, opened, question)

    @api.get(
        "/releases/{release}/totals/{statistic}",
        openapi_extra={"parameters": described(Formatted)},
        summary="The whole of a statistic over time, with its interval",
        tags=["tables"],
        responses=_content(MEDIA_TYPES, "The series.") | _refusals(*_OFTEN, 404, 406, 409),
    )
    async def totals(request: Request, release: ReleaseId, statistic: Statistic) -> Response:
        question = _read(request, Formatted)
        format_ = _format(request, question)
        opened = await _open(request, release, question)
        answer = await desk.totals(opened, statistic, format_, _encoding(request))
        return _respond(request, answer, opened, question)

    async def verify(request: Request, release: ReleaseId) -> Response:
        _read(request, Bare)
        if not grant_of(request).allows(release):
            raise unknown(release)
        return Response(
            await _verdict(desk, release), media_type="application/json", headers={"Cache-Control": "no-store"}
        )

    for method in ("GET", "POST"):
        api.add_api_route(
            "/releases/{release}/verify",
            verify,
            methods=[method],
            operation_id=f"verify_{method.lower()}",
            summary="Run the verifier now and say what each check found",
            tags=["releases"],
            responses=_content(_JSON, "What it found.", {"$ref": "#/components/schemas/VerifyAnswer"})
            | _refusals(401, 404, 409, 413, 422, 429),
        )

    async def _open(request: Request, release: str, question: Versioned) -> Opened:
        if not grant_of(request).allows(release):
            raise unknown(release)
        opened = await desk.open(release)
        if question.v is not None and not opened.version.startswith(question.v):
            raise Problem(404, f"{release} has no version {question.v}; it is {opened.version}")
        return opened

    return api


def grant_of(request: Request) -> Grant:
    """What the asker may see; put there by the guard. No grant, no answer."""
    grant = request.scope.get("shoal.grant")
    return grant if isinstance(grant, Grant) else Grant(())


def _own_map(desk: Desk) -> str | None:
    if isinstance(desk.basemap, Archive):
        return f"/api/basemap.pmtiles?v={desk.basemap.version}"
    return None if desk.basemap is None else "/api/basemap"


async def _verdict(desk: Desk, release: str) -> bytes:
    holds = {check.name: check.holds for check in CHECKS}
    try:
        verdict = await desk.verify(release)
    except VerificationError as error:
        raise Problem(409, str(error), more={"release": release}) from None
    checks = [
        CheckOutcome(check=o.name, holds=holds.get(o.name, ""), passed=o.passed, reason=o.reason)
        for o in verdict.outcomes
    ]
    passed = sum(o.passed for o in verdict.outcomes)
    said = "verified" if verdict.good else "does NOT verify"
    answer = VerifyAnswer(
        release=release,
        verified=verdict.good,
        summary=f"{release}: {said}, {passed} of {len(checks)} checks passed",
        checks=checks,
    )
    return answer.model_dump_json().encode()


def _read(request: Request, kind: type[Q]) -> Q:
    return read(kind, request.query_params.multi_items())


def _encoding(request: Request) -> Literal["zstd", "gzip"] | None:
    return cast("Literal['zstd', 'gzip'] | None", encoding_of(request.headers.get("accept-encoding")))


def _format(request: Request, question: Formatted) -> Format:
    return choose(request.headers.get("accept"), question.format, MEDIA_TYPES)


def _respond(
    request: Request, answer: Answer, opened: Opened | None = None, question: Versioned | None = None
) -> Response:
    """The answer with its headers, or 304 where the asker has it."""
    forever = question is not None and question.v is not None
    headers = {
        "ETag": answer.etag,
        "Cache-Control": f"private, {FOREVER if forever else AGAIN}",
        "Vary": "Accept, Accept-Encoding, Authorization",
        **dict(answer.headers),
    }
    following = headers.get("Shoal-Next-Offset")
    if following is not None:
        address = request.url.include_query_params(offset=following)
        headers["Link"] = f'<{address.path}?{address.query}>; rel="next"'
    if answer.encoding is not None:
        headers["Content-Encoding"] = answer.encoding
    whole = Response(answer.body, headers=headers | {"Content-Type": answer.media_type})
    if opened is not None:
        request.scope["shoal.warm"] = Warm(opened.id, opened.version, answer, tuple(whole.raw_headers))
    return Response(status_code=304, headers=headers) if answer.matches(request.headers.get("if-none-match")) else whole
