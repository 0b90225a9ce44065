"""The parameters of an address as a question, and as OpenAPI describes them.

FastAPI could read them by itself; it takes a millisecond for a question of fifteen parameters, which is as long as the
answer takes.
"""

import typing
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shoal.serve.problems import Problem

Q = TypeVar("Q", bound=BaseModel)
MOST_PARAMETERS = 2000


def read(kind: type[Q], parameters: Iterable[tuple[str, str]]) -> Q:
    """The question that `parameters` ask, in the order of the address. Raises `Problem` (422)."""
    lists = _lists(kind)
    found: dict[str, Any] = {}
    for number, (name, value) in enumerate(parameters):
        if number >= MOST_PARAMETERS:
            raise Problem(422, f"there are more than {MOST_PARAMETERS:,} parameters; ask for less at once")
        if lists.get(name, False):
            found.setdefault(name, []).append(value)
        elif name in found:
            raise Problem(422, f"the parameter {name[:60]!r} stands in the address more than once; give it once")
        else:
            found[name] = value
    for name in found:
        if name not in lists:
            raise Problem(422, _unknown(name, lists))
    try:
        return kind.model_validate(found, by_alias=True, by_name=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name, reason = str(first["loc"][0])[:60], str(first["msg"])[:200]
        raise Problem(
            422, f"the parameter {name!r} can't be meant like this: {reason[:1].lower()}{reason[1:]}"
        ) from None


def described(kind: type[BaseModel]) -> list[dict[str, Any]]:
    """What OpenAPI says of the parameters."""
    schema = kind.model_json_schema(by_alias=True)
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": each.get("description", ""),
            "schema": {key: value for key, value in each.items() if key not in ("description", "title")},
        }
        for name, each in schema.get("properties", {}).items()
    ]


@cache
def _lists(kind: type[BaseModel]) -> dict[str, bool]:
    """By the name of each parameter: may it be repeated?"""
    return {
        field.alias or name: typing.get_origin(field.annotation) is list for name, field in kind.model_fields.items()
    }


def _unknown(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, sorted(known), 1, 0.0)
    return f"there is no parameter {name[:60]!r} here" + (f"; the nearest is {near[0]!r}" if near else "")
