"""Where questions become answers: the shelf, the tables in memory, the answers that were made before."""

import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from shoal.release.read import Table
from shoal.serve import facts
from shoal.serve.answers import Answer, Kitchen
from shoal.serve.apart import Verdict
from shoal.serve.archive import Archive
from shoal.serve.cube import STANDING_OUT, Cube, cube_of
from shoal.serve.encode import MEDIA_TYPES, encode, most_rows
from shoal.serve.lru import Lru
from shoal.serve.opened import ChangedError, Opened
from shoal.serve.places import MEDIA_TYPES as ZONE_TYPES
from shoal.serve.places import ZoneFormat, ZonesQuestion, encode_zones
from shoal.serve.problems import Problem
from shoal.serve.question import Format, Page, TableQuestion, ask
from shoal.serve.shared import Shared
from shoal.serve.shelf import Shelf
from shoal.serve.totals import source_of, totals

MOST_TABLES = min(4 << 30, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4)
"""Bytes of tables that stay in memory."""
FEW_ROWS = 20_000
"""Of one time, in Arrow, are put together in about two milliseconds."""
FEW_ROWS_AS_TEXT = 500
VERIFIERS = 2
"""Verifications at a time, of opening and on demand each: every one takes a processor for seconds."""
MOST_CELLS_AHEAD = 20_000_000
"""Rows of a table that is read before anybody asks for it."""


class Desk:
    """Answers questions about the releases of one shelf."""

    def __init__(self, shelf: Shelf, basemap: Answer | Archive | None = None) -> None:
        self.shelf = shelf
        self.basemap = basemap
        self.kitchen = Kitchen()
        self._opening: Shared[Opened] = Shared(VERIFIERS)
        self._verifying: Shared[Verdict] = Shared(VERIFIERS)
        self._cubes: Lru[tuple[str, str], Cube] = Lru(MOST_TABLES)
        self._loading: dict[tuple[str, str], threading.Lock] = {}
        self._lock = threading.Lock()

    async def open(self, release: str) -> Opened:
        """The release, verified. Raises `Problem`."""
        opened = self.shelf.ready(release)
        return opened if opened is not None else await self._opening.run(release, lambda: self._open(release))

    async def verify(self, release: str) -> Verdict:
        """Run the verifier now; who asks meanwhile hears the same. Raises `Problem` and `VerificationError`."""
        return await self._verifying.run(release, lambda: self.shelf.verify(release))

    def prepare(self) -> None:
        """Open the newest release and read its tables, so that who looks first need not wait. Says nothing."""
        with suppress(Problem):
            for listed in self.shelf.listed()[:1]:
                self._open(listed.id)

    def _open(self, release: str) -> Opened:
        opened = self.shelf.open(release)
        threading.Thread(target=self._read, args=(opened,), daemon=True).start()
        return opened

    def _read(self, opened: Opened) -> None:
        """Bring the tables of single places into memory, as far as they are of a usual size."""
        with suppress(ChangedError):  # whoever asks for it will hear
            for facts_ in opened.manifest.statistics:
                if facts_.level is None and facts_.cells <= MOST_CELLS_AHEAD:
                    self._cube(opened, opened.table(facts_.statistic))

    async def detail(self, opened: Opened, encoding: str | None) -> Answer:
        """What the release says of itself."""

        def make() -> Answer:
            return Answer.of(json.dumps(facts.detail(opened), ensure_ascii=False).encode(), "application/json")

        return await self._made(opened, ("detail",), make, encoding)

    async def zones(self, opened: Opened, question: ZonesQuestion, format_: ZoneFormat, encoding: str | None) -> Answer:
        """The places of the release, or of one of its tables."""

        def make() -> Answer:
            zones = opened.release.places if question.of is None else opened.table(question.of).zones
            return Answer.of(encode_zones(zones, question, format_), ZONE_TYPES[format_])

        return await self._made(opened, ("zones", _canonical(question), format_), make, encoding)

    async def rows(
        self, opened: Opened, statistic: str, question: TableQuestion, format_: Format, encoding: str | None
    ) -> Answer:
        """Rows of a table."""

        def make() -> Answer:
            table = opened.table(statistic)
            if question.cells == "64" and format_ in ("csv", "json"):
                raise Problem(
                    422, f"cells=64 is for Arrow and Parquet: readers of {format_} lose digits of such integers"
                )
            page = ask(self._cube(opened, table), question, opened.manifest.period.timezone, most_rows(format_))
            about = {"release": opened.id, "statistic": statistic, "value": table.facts.value}
            return Answer.of(encode(page, format_, about), MEDIA_TYPES[format_], _paging(page))

        quick = self._is_quick(opened, statistic, question, format_)
        key = ("rows", statistic, _canonical(question), format_)
        return await self._made(opened, key, make, encoding, quick=quick)

    def _is_quick(self, opened: Opened, statistic: str, question: TableQuestion, format_: Format) -> bool:
        """Are these rows of one time of a table in memory, few enough to be written within a few milliseconds?"""
        cube = self._cubes.get((opened.version, statistic))
        few = FEW_ROWS if format_ == "arrow" else FEW_ROWS_AS_TEXT
        if cube is None or (STANDING_OUT in (question.columns or "") and not cube.judged):
            return False
        return cube.rows <= few and (cube.bins == 1 or len(question.time) == 1)

    async def totals(self, opened: Opened, statistic: str, format_: Format, encoding: str | None) -> Answer:
        """How a statistic as a whole goes over time."""

        def make() -> Answer:
            asked = opened.table(statistic)
            source, how = source_of(opened.release, statistic)
            table = opened.table(source)
            rows = totals(self._cube(opened, table), laplace=table.facts.mechanism == "laplace")
            about = {
                "release": opened.id,
                "statistic": statistic,
                "source": source,
                "how": how,
                "title": facts.title(asked.facts),
                "value": table.facts.value,
                "time": table.sheet.grid.time.name,
                "timezone": opened.manifest.period.timezone,
            }
            page = Page(rows, 0, int(rows.num_rows))
            return Answer.of(encode(page, format_, about), MEDIA_TYPES[format_], (("Shoal-Source", source),))

        return await self._made(opened, ("totals", statistic, format_), make, encoding)

    async def _made(
        self,
        opened: Opened,
        key: tuple[Any, ...],
        make: Callable[[], Answer],
        encoding: str | None,
        *,
        quick: bool = False,
    ) -> Answer:
        try:
            return await self.kitchen.answer((opened.id, opened.version, *key), make, encoding, quick=quick)
        except ChangedError as error:
            raise self.shelf.spoilt(opened.id, str(error)) from None

    def _cube(self, opened: Opened, table: Table) -> Cube:
        """A table in memory; who asks for one that is being read waits for it."""
        key = (opened.version, table.name)
        with self._lock:
            lock = self._loading.setdefault(key, threading.Lock())
        with lock:
            cube = self._cubes.get(key)
            if cube is None:
                cube = cube_of(table, opened.numbers(table))
                self._cubes.put(key, cube, cube.size)
        with self._lock:
            self._loading.pop(key, None)
        return cube


def _canonical(question: TableQuestion | ZonesQuestion) -> str:
    """The same text for the same question, whatever the order of its parameters."""
    return question.model_dump_json(exclude={"v", "format"}, exclude_defaults=True)


def _paging(page: Page) -> tuple[tuple[str, str], ...]:
    counts = (("Shoal-Rows", str(page.table.num_rows)), ("Shoal-Rows-Total", str(page.total)))
    return counts if page.next is None else (*counts, ("Shoal-Next-Offset", str(page.next)))
