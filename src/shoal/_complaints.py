"""Complaints about a plan: what pydantic found becomes one sentence with file, line and key."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from shoal import _toml
from shoal.errors import PlanError


class KeyedError(ValueError):
    """A complaint about a key below the table that is being checked."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def at(key: str, message: str) -> KeyedError:
    return KeyedError(key, message)


def place(file: Path, lines: Mapping[str, int], key: str, message: str) -> PlanError:
    line = _toml.line_of(lines, key)
    table, _, last = key.rpartition(".")
    name = f"[{table}] {last}" if table else f"[{last}]"
    return PlanError(f"{file}{f', line {line}' if line else ''}: {name}: {message}")


def sentence(error: ValidationError, model: type[BaseModel], file: Path, lines: Mapping[str, int]) -> PlanError:
    """The complaint that explains most: a misspelt key explains a missing one, so it goes first."""
    order = {"extra_forbidden": 0, "missing": 1}
    first = min(error.errors(), key=lambda e: order.get(e["type"], 2))
    where = [str(part) for part in first["loc"] if not isinstance(part, int)]
    message = re.sub(r"^(Value error|Input|Assertion failed), ?", "", first["msg"])
    match first["type"]:
        case "extra_forbidden":
            known = _known(model, where[:-1])
            near = get_close_matches(where[-1], known, 1, 0.0)
            message = f"there is no such key; the nearest is `{near[0]}`" if near else "there is no such key"
        case "missing":
            message = "is missing" + ("; no basis, no release" if where[-1] == "basis" else "")
            if where[-1] in ("controller", "legal_basis", "purpose"):
                message += "; a source without its basis is not used"
        case "value_error":
            cause: Any = first.get("ctx", {}).get("error")
            if isinstance(cause, KeyedError):
                where += cause.key.split(".")
        case "string_pattern_mismatch":
            message = "must be letters, digits, - and _, at most 64, beginning with a letter or digit"
        case "tuple_type":
            message = f"must be a list in brackets, got {first['input']!r}"
        case "date_type":
            message = f"must be a date such as 2026-03-02, without a time and without quotes, got {first['input']}"
        case "too_short":
            message = "must not be empty"
        case _:
            message = f"{message[0].lower()}{message[1:]}, got {first['input']!r}".replace("input should", "should")
    return place(file, lines, ".".join(where), message)


def _known(model: type[BaseModel], path: list[str]) -> list[str]:
    """Keys of the table at `path` below `model`, for the nearest-name hint."""
    names = iter(path)
    for name in names:
        found = model.model_fields.get(name)
        if found is None:
            break
        kinds = [found.annotation, *get_args(found.annotation)]
        model = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), model)
        if get_origin(found.annotation) is Mapping:
            next(names, None)  # any name may stand here, as in [statistics.presence]
    return [name for name, field in model.model_fields.items() if not field.exclude]
