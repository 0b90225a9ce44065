"""TOML with line numbers: `tomllib` reads the values, a light scan remembers where each key stands."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shoal.errors import PlanError

_TABLE = re.compile(r"^\s*\[\[?\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-.\"']+)\s*=")


def read(file: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """Read `file`; returns its tables and, for each dotted key, the line (from 1) on which it is set.

    Raises `PlanError` where the file is missing, is not UTF-8 or is not TOML.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PlanError(f"{file}: no such file; give the path of a plan, as in `shoal check plan.toml`") from None
    except IsADirectoryError:
        raise PlanError(f"{file}: is a folder; give the path of the plan inside it") from None
    except UnicodeDecodeError:
        raise PlanError(f"{file}: is not UTF-8 text; save the plan as UTF-8") from None
    except OSError as error:
        raise PlanError(f"{file}: can't be read ({error.strerror}); check its permissions") from None
    try:
        return tomllib.loads(text), _lines(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{file}: is not TOML: {error}; mend that line") from None


def _lines(text: str) -> dict[str, int]:
    """Line of each `table`, `table.key`; inline tables and multi-line values are found by their first line."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            table = _plain(header.group(1))
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault(f"{table}.{_plain(key.group(1))}".lstrip("."), number)
    return lines


def _plain(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))


def line_of(lines: Mapping[str, int], key: str) -> int | None:
    """Line of `key`, else of the nearest table around it, else None."""
    while key:
        if key in lines:
            return lines[key]
        key = key.rpartition(".")[0]
    return None
