"""Which files a source consists of."""

import os
from contextlib import suppress
from glob import glob
from pathlib import Path
from typing import Literal

from shoal.errors import DataError
from shoal.plan import Plan

Ending = Literal[".parquet", ".csv", ".csv.gz", ".ndjson"]
ENDINGS: tuple[Ending, ...] = (".parquet", ".csv", ".csv.gz", ".ndjson")


def expand(plan: Plan) -> tuple[Path, ...]:
    """The files that the patterns of `[source] files` name, sorted, each once.

    Raises `PlanError` for a pattern without a file, a folder or an unknown ending; `DataError` for a file that is empty
    or can't be read.
    """
    found: dict[str, Path] = {}
    for pattern in plan.source.files:
        names = _match(plan, pattern)
        if not names:
            raise plan.error("source.files", f"{pattern!r} matches no file in {plan.folder.absolute()}; check the path")
        for name in names:
            path = plan.folder / name
            if path.is_dir():
                raise plan.error("source.files", f"{pattern!r} names the folder {path}; write '{name}/*.parquet' or so")
            if ending(path) is None:
                known = ", ".join(ENDINGS)
                raise plan.error("source.files", f"{pattern!r} names {path}, whose ending is none of {known}")
            _readable(path)
            found.setdefault(os.path.realpath(path), path)  # two patterns may name a file; its rows count once
    return tuple(sorted(found.values()))


def found(plan: Plan) -> list[Path]:
    """The files that the patterns name now, whatever they hold; none where they name none."""
    names = {name for pattern in plan.source.files for name in _match(plan, pattern)}
    return sorted(path for path in (plan.folder / name for name in names) if path.is_file())


def ending(path: Path) -> Ending | None:
    """Format of a file by its name, None for an unknown one."""
    name = path.name.lower()
    return next((e for e in sorted(ENDINGS, key=len, reverse=True) if name.endswith(e)), None)


def fetch(path: Path) -> None:
    """Let the system read a file into its cache: the disk then works while another file is computed on."""
    if not hasattr(os, "posix_fadvise"):  # not on macOS
        return
    with suppress(OSError), path.open("rb", buffering=0) as stream:  # who reads it will tell
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


def _match(plan: Plan, pattern: str) -> list[str]:
    if (plan.folder / pattern).exists():  # a name may hold brackets
        return [pattern]
    return sorted(glob(pattern, root_dir=plan.folder, recursive=True))  # noqa: PTH207 - Path.glob refuses absolute patterns


def _readable(path: Path) -> None:
    try:
        with path.open("rb") as stream:
            first = stream.read(1)
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror}); check its permissions") from None
    if not first:
        raise DataError(f"{path}: is empty; copy or export it again, or leave it out of [source] files")
