"""What the OpenAPI description promises is what the server does: schemathesis makes up requests, right and wrong."""

from collections import Counter
from contextlib import suppress
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
CALLS = 9
bounded = settings(
    max_examples=5,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""The same few requests in every run."""


@pytest.fixture(scope="module")
def described(client: httpx.Client) -> dict[str, Any]:
    found = client.get("/api/openapi.json").json()
    assert isinstance(found, dict)
    return found


def test_made_up_requests_are_answered_as_promised(client: httpx.Client, described: dict[str, Any], first: str) -> None:
    base = str(client.base_url).rstrip("/")
    statuses: Counter[int] = Counter()
    calls = 0
    for found in schemathesis.openapi.from_dict(described).get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        calls += 1
        ids = {"release": "2026-03-02-none" if operation.path.endswith("/verify") else first, "statistic": "visits"}
        known = {name: value for name, value in ids.items() if f"{{{name}}}" in operation.path}
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @bounded
            @given(case=operation.as_strategy(mode, **({"path_parameters": known} if known else {})))
            def ask(case: Any) -> None:
                answer = case.call_and_validate(base_url=base, checks=CHECKS)
                statuses[answer.status_code] += 1

            with suppress(Unsatisfiable):  # a call without parameters can't be asked wrongly
                ask()
    assert calls == CALLS
    assert statuses[200] > 5 and statuses[422] > 5, statuses
