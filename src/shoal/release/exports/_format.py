"""What a format of exports is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shoal.errors import UsageError
from shoal.release.read import Release, Table

Write = Callable[[Release, Table | None, Path, str], Mapping[str, bytes]]
"""(release, table or None: all of it, file to write, name that the file will have) -> files beside it, by name."""


@dataclass(frozen=True)
class Format:
    """One format of exports.

    ending  chooses it; the longest ending that fits wins
    holds   "table": one statistic; "release": a whole release; "either"
    write   writes the file; raises `OSError` where the disk fails
    """

    ending: str
    holds: Literal["table", "release", "either"]
    write: Write


def of_table(ending: str, write: Callable[[Release, Table, Path], None], beside: "Beside | None" = None) -> Format:
    """A format that holds one table, perhaps with files beside it."""

    def both(release: Release, table: Table | None, to: Path, name: str) -> Mapping[str, bytes]:
        if table is None:
            raise UsageError(f"{name}: a {ending} file holds one statistic; name it")
        write(release, table, to)
        return {} if beside is None else beside(release, table, name)

    return Format(ending, "table", both)


Beside = Callable[[Release, Table, str], Mapping[str, bytes]]
"""(release, table, name of the file) -> files beside it, by name."""
