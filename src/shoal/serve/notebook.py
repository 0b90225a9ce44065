"""The explorer as a page of its own: one file of HTML that holds code, basemap and numbers, and asks for nothing."""

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shoal.errors import UsageError
from shoal.release._file import write_file
from shoal.serve import pages
from shoal.serve.carried import Held, carried, hold
from shoal.serve.cube import cube_of
from shoal.serve.opened import Opened
from shoal.serve.problems import Problem
from shoal.serve.surroundings import surroundings
from shoal.serve.times import bins_of

if TYPE_CHECKING:
    from shoal.release.read import Release

PLACE = "<!--shoal-data-->"
"""Where the page's data go; web/scripts/alone.ts writes it."""
HEIGHT = 640
"""Pixels of the page within a notebook."""


@dataclass(frozen=True, eq=False)
class MapPage:
    """A map of a release: shows itself in notebooks, and can be saved as one file that works without any network.

    release  verified
    names    of the tables; the first is shown first
    first    index of the time that is shown first
    place    the place that is chosen first
    """

    release: "Release"
    names: tuple[str, ...]
    first: int = 0
    place: str | None = None

    @property
    def note(self) -> str:
        """What the page leaves out, in a sentence; empty where it holds all."""
        return self._held[1]

    @cached_property
    def html(self) -> str:
        """The whole page."""
        template = _template()
        held, note = self._held
        main = held[0]
        folder = self.release.folder
        opened = Opened(folder, self.release.manifest, _version(folder))
        data = carried(opened, held) | {"note": note or None, "surroundings": surroundings(opened.bounds)}
        times = data["release"]["tables"][main.table.name]["times"]
        data["open"] = {
            "statistic": main.table.name,
            "time": times[self.first - int(main.times[0])] if times else None,
            "class": None,
            "place": self.place,
        }
        # in a script, < can only end or open something
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        title = f"<title>{escape(data['release']['title'])}</title>"
        page = template.replace("<title>Shoal</title>", title, 1)
        return page.replace(PLACE, f'<script type="application/json" id="shoal-data">{text}</script>', 1)

    def save(self, file: str | os.PathLike[str]) -> Path:
        """Write the page to `file` (.html) and return it. Raises `UsageError`."""
        to = Path(file)
        write_file(self.release, to, (".html",), self._write)
        return to

    def _write(self, file: Path) -> None:
        file.write_text(self.html, encoding="utf-8", newline="")

    @cached_property
    def _held(self) -> tuple[list[Held], str]:
        return hold(self.release, self.names, self.first)

    def _repr_html_(self) -> str:
        """The page in a frame: what it does stays in there, and the notebook's styles stay outside."""
        page = escape(self.html, quote=True)
        title = escape(f"{self.release.id}: {self.names[0]}")
        frame = f'<iframe srcdoc="{page}" title="{title}" style="width:100%;height:{HEIGHT}px;border:0"></iframe>'
        return f"{frame}<p>{escape(self.note)}</p>" if self.note else frame

    def __repr__(self) -> str:
        return f"<MapPage of {self.release.id}: {self.names[0]}; show it in a notebook, or .save('map.html')>"


def map_page(release: "Release", statistic: str | None = None, *, place: str | None = None, **time: object) -> MapPage:
    """A map of `release`. Raises `UsageError`.

    statistic  shown first; default: the first of the plan. All others are there too, as far as they fit
    place      id of the place that is chosen first
    time       at most one key with its value, as in hour="2026-03-04T08:00", day="2026-03-04", daypart="morning"
    """
    name = statistic or release.statistics[0]
    table = release[name]
    if place is not None and place not in table.zones.ids:
        raise UsageError(f"{name} has no place {place[:60]!r}; release.zones lists them")
    names = [name, *(other for other in release.statistics if other != name)]
    names += [regions for other in names if (regions := f"{other}.region") in release]
    return MapPage(
        release, tuple(names), _first(release, name, {key: value for key, value in time.items() if value}), place
    )


def _first(release: "Release", name: str, asked: dict[str, object]) -> int:
    """Index of the time that is asked for; else of the fullest."""
    table = release[name]
    cube = cube_of(table, table.to_polars())
    if not asked:
        return int(np.argmax(np.nansum(cube.numbers["consistent"], axis=1)))
    (key, value), *more = asked.items()
    if more or key != cube.time:
        has = f"it is by {cube.time}" if cube.time else "it has no times"
        raise UsageError(f"{name} can't be shown by {', '.join(asked)}: {has}")
    said = value.isoformat() if isinstance(value, date) else str(value)
    try:
        found = bins_of(cube, release.manifest.period.timezone, [said], None, None)
    except Problem as problem:
        raise UsageError(f"{name}: {problem.detail}") from None
    return int(found[0]) if found is not None else 0


def _template() -> str:
    file = pages.STATIC / "notebook.html"
    if not file.is_file():
        raise UsageError(
            "this copy of Shoal has no explorer, which is built when Shoal is installed; in its source, run: "
            "python web/build.py"
        )
    return file.read_text(encoding="utf-8")


def _version(folder: Path) -> str:
    return hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
