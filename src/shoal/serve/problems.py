"""What goes wrong, as RFC 9457 says it: a status, and one sentence on what is wrong and what to do."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818  # the name that RFC 9457 gives it
    """An answer that says why there is none. The sentence is for anybody: no path of this machine, no secret.

    status   of HTTP
    detail   one sentence: what is wrong, where, what to do
    headers  to send along, such as Retry-After
    more     other members of the JSON object
    """

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None, more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def body(self) -> bytes:
        """The JSON object."""
        members = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        return json.dumps(members | self.more, ensure_ascii=False).encode()
