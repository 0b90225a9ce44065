"""The explorer's own files, and pages for people: from this package, nothing from elsewhere."""

import re
from html import escape
from pathlib import Path
from typing import Any

from shoal.serve.answers import Answer
from shoal.serve.lru import Lru

STATIC = Path(__file__).parent / "static"
"""What `web/` is built into; not part of the repository."""
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".arrow": "application/vnd.apache.arrow.stream",
    ".pbf": "application/x-protobuf",
    ".map": "application/json",
}
_NAME = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_@.-]*")
_MOST_BYTES = 64 << 20


class Files:
    """Files below one folder, by their path; none outside it, hidden, or of an unknown kind."""

    def __init__(self, folder: Path = STATIC) -> None:
        self.folder = folder.resolve()
        self._kept: Lru[tuple[str, int, int], Answer] = Lru(_MOST_BYTES)

    def find(self, path: str) -> Answer | None:
        """The file at `path`, with / between its parts; None where there is none."""
        parts = path.split("/")
        file = self.folder.joinpath(*parts)
        kind = TYPES.get(file.suffix)
        if kind is None or not all(_NAME.fullmatch(part) for part in parts):
            return None
        try:
            if not file.is_file() or not file.resolve().is_relative_to(self.folder):
                return None
            stamp = file.stat()
            key = (path, stamp.st_mtime_ns, stamp.st_size)
            answer = self._kept.get(key)
            if answer is None:
                answer = Answer.of(file.read_bytes(), kind)
                self._kept.put(key, answer, len(answer.body))
        except OSError:
            return None
        return answer


def missing() -> Answer:
    """What stands in place of an explorer that was not built."""
    body = """
<h1>The explorer was not built</h1>
<p>This copy of Shoal runs from its source, and the explorer's pages have not been made yet. In the folder of the
source, run</p>
<pre>make explorer</pre>
<p>or install the wheel, which holds them: <code>pip install shoal</code>. Then load this page again.</p>
<p>The API works: <a href="/api/releases">the releases</a>, <a href="/api/docs">its calls</a>.</p>
"""
    return _page("Shoal", body)


def docs(openapi: dict[str, Any]) -> Answer:
    """The calls of the API as a page, from its OpenAPI description; no script."""
    parts = [f"<h1>{escape(openapi['info']['title'])}</h1><p>{escape(openapi['info'].get('description', ''))}</p>"]
    parts.append('<p>For programs: <a href="/api/openapi.json">openapi.json</a>.</p>')
    for path, calls in openapi["paths"].items():
        for method, call in calls.items():
            parts.append(_call(path, method, call))
    return _page("Shoal: the API", "\n".join(parts))


def _call(path: str, method: str, call: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(p['name'])}</code></td><td>{escape(p['in'])}</td>"
        f"<td>{escape(p.get('description', p.get('schema', {}).get('description', '')))}</td></tr>"
        for p in call.get("parameters", ())
    )
    table = f"<table><tr><th>parameter</th><th>in</th><th>meaning</th></tr>{rows}</table>" if rows else ""
    answers = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(answer['description'])}</td>"
        f"<td>{'<br>'.join(escape(kind) for kind in answer.get('content', {}))}</td></tr>"
        for status, answer in call["responses"].items()
    )
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(call.get('summary', ''))}</p>{table}"
        f"<table><tr><th>status</th><th>meaning</th><th>types</th></tr>{answers}</table>"
    )


STYLE = """
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-top: 1px solid #8886; padding-top: 1rem; font-size: 1.1rem; }
table { border-collapse: collapse; margin: 0.75rem 0; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid #8883; }
pre { padding: 0.75rem; background: #8882; overflow-x: auto; }
"""


def style() -> Answer:
    """The style of these pages: the policy allows none inside a page."""
    return Answer.of(STYLE.encode(), "text/css; charset=utf-8")


def _page(title: str, body: str) -> Answer:
    text = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/api/docs.css"></head><body><main>{body}</main></body></html>\n'
    )
    return Answer.of(text.encode(), "text/html; charset=utf-8")
