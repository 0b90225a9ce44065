"""The whole server as one ASGI application: the explorer at /, the API below /api, OGC API Features below /ogc."""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shoal.serve import pages
from shoal.serve.access import Access, Public
from shoal.serve.answers import AGAIN, FOREVER, Answer, Kitchen, encoding_of
from shoal.serve.basemap import basemap_of
from shoal.serve.desk import Desk
from shoal.serve.faults import App, Faults, Receive, Scope, Send, Tell, untold
from shoal.serve.guard import Guard
from shoal.serve.hot import Hot
from shoal.serve.limits import Limiter
from shoal.serve.problems import MEDIA_TYPE, Problem
from shoal.serve.routes import ProblemBody, ReleaseList, VerifyAnswer, routes
from shoal.serve.shelf import Shelf

TITLE = "Shoal"
ABOUT = (
    "Statistics of places and populations under differential privacy, read-only. A release is verified before anything "
    "of it is shown. Errors are application/problem+json with one sentence."
)


def application(
    folder: Path,
    *,
    access: Access | None = None,
    limiter: Limiter | None = None,
    names: Iterable[str] = (),
    static: Path = pages.STATIC,
    ahead: bool = False,
    basemap: Path | None = None,
    tell: Tell = untold,
) -> App:
    """Everything that `shoal serve` answers, for the released folders in `folder`. Raises `UsageError`.

    access   who may see what; default: everybody everything
    limiter  how often one client may ask
    names    host names that it answers to, beside localhost and addresses in numbers
    static   the explorer's files
    ahead    verify the newest release and read its tables now, not when somebody asks
    basemap  GeoJSON or PMTiles to draw below the numbers
    tell     takes a sentence for whoever runs the server
    """
    desk = Desk(Shelf(folder), None if basemap is None else basemap_of(basemap))
    if ahead:
        threading.Thread(target=desk.prepare, daemon=True).start()
    inner = _calls(desk, tell)
    _add_pages(inner, pages.Files(static), desk.kitchen)
    _add_ogc(inner, desk)
    return Guard(Hot(inner, desk.shelf), access or Public(), limiter or Limiter(), tuple(names), tell)


def _calls(desk: Desk, tell: Tell) -> FastAPI:
    from importlib.metadata import version

    app = FastAPI(
        title=TITLE,
        description=ABOUT,
        version=version("shoal"),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.include_router(routes(desk))
    app.add_middleware(Faults, tell=tell)  # Starlette's own would answer in plain text and pass the error's words on
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _unknown)
    return app


def _add_pages(app: FastAPI, files: pages.Files, kitchen: Kitchen) -> None:
    described = _openapi(app)
    openapi = Answer.of(json.dumps(described).encode(), "application/json")
    docs = pages.docs(described)

    async def give(request: Request, answer: Answer, *, forever: bool = False) -> Response:
        packed = await kitchen.whole(answer, encoding_of(request.headers.get("accept-encoding")))
        return _static(request, packed, forever=forever)

    @app.get("/api/openapi.json", include_in_schema=False)
    async def description(request: Request) -> Response:
        return await give(request, openapi)

    @app.get("/api/docs", include_in_schema=False)
    async def calls(request: Request) -> Response:
        return await give(request, docs)

    @app.get("/api/docs.css", include_in_schema=False)
    async def style(request: Request) -> Response:
        return await give(request, pages.style())

    @app.get("/", include_in_schema=False)
    async def explorer(request: Request) -> Response:
        return await give(request, files.find("index.html") or pages.missing())

    @app.get("/{path:path}", include_in_schema=False)
    async def file(request: Request, path: str) -> Response:
        found = None if path.startswith(("api/", "ogc")) else files.find(path)
        if found is None:
            raise Problem(404, "there is nothing at this address; the explorer is at /, the API's calls at /api/docs")
        # the build puts a digest into the name of whatever lies in assets
        return await give(request, found, forever=path.startswith("assets/"))


def _add_ogc(app: FastAPI, desk: Desk) -> None:
    """OGC API Features at /ogc, where its library is installed; who asks stands in the scope, under `shoal.grant`."""
    if find_spec("pygeoapi") is None:
        return
    from starlette.routing import Mount, Route

    from shoal.serve.ogc import ogc_application

    answers = _Called(ogc_application(desk.shelf))
    app.router.routes[:0] = [Route("/ogc", answers), Mount("/ogc", app=answers)]


@dataclass(frozen=True, slots=True)
class _Called:
    """An ASGI application as an object: a function would be taken for an endpoint."""

    app: App

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def _openapi(app: FastAPI) -> dict[str, Any]:
    found = app.openapi()
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for model in (ProblemBody, ReleaseList, VerifyAnswer):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return found


def _static(request: Request, answer: Answer, *, forever: bool = False) -> Response:
    headers = {
        "ETag": answer.etag,
        "Cache-Control": f"public, {FOREVER if forever else AGAIN}",
        "Vary": "Accept-Encoding",
    }
    if answer.matches(request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    if answer.encoding is not None:
        headers["Content-Encoding"] = answer.encoding
    return Response(answer.body, headers=headers | {"Content-Type": answer.media_type})


async def _problem(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101  # registered for no other
    return Response(problem.body(), problem.status, problem.headers, MEDIA_TYPE)


async def _misread(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for no other
    first = error.errors()[0]
    name, reason = str(first["loc"][-1])[:60], str(first["msg"])[:200]
    said = f"the {name} can't be meant like this: {reason[:1].lower()}{reason[1:]}"
    return await _problem(request, Problem(422, said))


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for no other
    if error.status_code == 405:
        return await _problem(request, Problem(405, "this API only reads; use GET", dict(error.headers or {})))
    return await _problem(request, Problem(404, "there is nothing at this address; /api/docs lists the calls"))
