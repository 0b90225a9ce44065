"""Neighbours are treated alike: every statistic, key, option and source, recorded and replayed without one device."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import Phase, given, settings

from shoal import deny, pipeline
from shoal._arrays import Float64
from shoal.design import Design
from shoal.ends import Selection, select
from shoal.estimate import Estimated
from shoal.keys import Grid
from shoal.ledger import State
from shoal.plan import Plan
from shoal.privacy import bounding
from shoal.privacy._open import open_sums
from shoal.privacy.bounding import Bounded
from shoal.privacy.contributions import Contributions
from shoal.privacy.mechanism import ONE, Mechanism
from shoal.privacy.sums import ExactSums
from shoal.release import _checks
from shoal.rights import keep as keeping
from shoal.rights.named import Named
from shoal.rights.optout import opt_out
from shoal.statistics import STATISTICS, _pairs
from tests.contracts import hostile
from tests.pipeline import source
from tests.pipeline.replay import DivergedError, Run, run
from tests.pipeline.source import DAY, FIRST_DAY, Record
from tests.sensitive.make import write_list

Row = Sequence[Any]
"""Device, time, and more: a record or a trip."""

HOPPER, LONE, HOMEBODY = "00000007", "00000008", "00000009"
SPOTS = [(20.615 + 0.008 * (i % 7), -103.405 + 0.011 * (i * 3 % 5)) for i in range(14)]


def _usual() -> list[Record]:
    """A few that live and work; one that is everywhere by day, longer than any bound; one at home; one seen once."""
    rows = source.records(devices=8, days=2)
    for step in range(2 * 288):
        time, hour = FIRST_DAY + 300 * step, step % 288 / 12
        spot = SPOTS[0 if hour < 6 or hour > 21 else step // 7 % len(SPOTS)]
        rows += [Record(HOPPER, time + 1, *spot), Record(HOMEBODY, time + 2, 20.6223457, -103.3712345)]
    return [*rows, Record(LONE, FIRST_DAY + 45_345, 20.6623457, -103.3512345)]


def _trips() -> list[Row]:
    dice = random.Random(3)
    rows: list[Row] = []

    def spot() -> tuple[float, float]:
        return dice.uniform(20.61, 20.67), dice.uniform(-103.41, -103.35)

    for device in [*map(str, range(10)), *[HOPPER] * 20]:
        start = FIRST_DAY + dice.randrange(2 * DAY - 4000)
        rows.append((device, start, start + dice.randrange(60, 4000), *spot(), *spot()))
    return [*rows, (LONE, FIRST_DAY + 500, FIRST_DAY + 900, *spot(), *spot())]


ROWS = _usual()
EVERY_DAY, FIRST = (FIRST_DAY, FIRST_DAY + 7 * DAY), (FIRST_DAY, FIRST_DAY + DAY)
SECOND = (FIRST_DAY + DAY, FIRST_DAY + 2 * DAY)
USUAL = ROWS[0].device
BASIS = 'purpose = "transport planning"\n'


def wishes(*names: str, **more: str) -> str:
    """These statistics with a bound that a busy device breaks; more: `name="a line of its table"`."""
    small = {name: "bound = 1\n" if name in ("residents", "gyration") else "bound = 1.5\n" for name in STATISTICS}
    return "".join(f"[statistics.{name}]\n{small[name]}{more.get(name, '')}\n" for name in names)


def named_places(folder: Path) -> None:
    boxes = [shapely.box(-103.41 + 0.02 * i, 20.61, -103.40 + 0.02 * i, 20.67) for i in range(3)]
    columns = {"id": ["a", "b", "c"], "kind": ["x", "y", "x"]}
    geopandas.GeoDataFrame(columns, geometry=boxes, crs=4326).to_file(folder / "places.geojson")


def squares(folder: Path) -> None:
    """Zones with parents, and a sensitive place that isolates one of them."""
    x, y = np.meshgrid([-103.41, -103.38], [20.61, 20.64])
    boxes = [shapely.box(a, b, a + 0.03, b + 0.03) for a, b in zip(x.ravel(), y.ravel(), strict=True)]
    columns = {"id": list("abcd"), "of": ["w", "w", "e", "e"]}
    geopandas.GeoDataFrame(columns, geometry=boxes, crs=4326).to_file(folder / "zones.geojson")
    write_list(folder / "list.geojson", [boxes[0], shapely.Point(-103.36, 20.655)])


def stations(folder: Path) -> None:
    lines = [f"s{i},{lat},{lon}" for i, (lat, lon) in enumerate(SPOTS[:9])]
    (folder / "stations.csv").write_text("\n".join(["id,lat,lon", *lines]))


def kept(folder: Path, state: State) -> None:
    """The records are kept; the plan is then over what is kept."""
    file = folder / "plan.toml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "today", lambda: date(2019, 3, 7))
        keeping.keep(Plan.load(file), state=state, progress=silent, tell=silent)
    file.write_text(file.read_text().replace('files = ["records/*"]\n', "kept = true\n"))


def opted_out(_: Path, state: State) -> None:
    opt_out(state, Named([HOPPER, USUAL]))


def denied(folder: Path, state: State) -> None:
    (folder / "denied.csv").write_text(f"lat,lon\n{SPOTS[5][0]},{SPOTS[5][1]}\n")
    deny.add(state, folder / "denied.csv")


def silent(*_: object) -> None:
    """Neither bars nor words."""


@dataclass(frozen=True)
class Case:
    """A plan over some records, and the rows without which it is replayed.

    gone      device, and from when to when: all its records there, which is one unit of the plan
    changes   of the text of the plan
    files     writes what the plan names beside the records
    prepare   what happens in the state before
    still     True: what goes does not count in the first place, so that no sum may move
    """

    statistics: str
    rows: Sequence[Row] = tuple(ROWS)
    gone: tuple[tuple[str, tuple[int, int]], ...] = ((HOPPER, FIRST), (HOMEBODY, FIRST))
    changes: tuple[tuple[str, str], ...] = ()
    files: Callable[[Path], None] = silent
    prepare: Callable[[Path, State], None] = silent
    top_down: bool = False
    still: bool = False

    def build(self, folder: Path, gone: tuple[str, tuple[int, int]] | None = None) -> tuple[Plan, State]:
        """The plan and its state in a folder of their own, without what is gone."""
        own = folder / "input"
        (own / "records").mkdir(parents=True)
        self.files(own)
        text = source.plan_text()
        for old, new in (*self.changes, (text[text.index("[statistics.") :], self.statistics)):
            assert old in text, old
            text = text.replace(old, new)
        (own / "plan.toml").write_text(text)
        who, (begin, end) = gone or ("", (0, 0))
        left = [row for row in self.rows if not (row[0] == who and begin <= row[1] < end)]
        columns = source.COLUMNS if isinstance(left[0], Record) else TRIP_COLUMNS
        lines = [",".join(columns), *(",".join(map(str, row)) for row in left)]
        (own / "records" / "a.csv").write_text("\n".join(lines))
        state = State.open(folder / "state")
        self.prepare(own, state)
        return Plan.load(own / "plan.toml"), state

    def run(self, folder: Path, gone: tuple[str, tuple[int, int]] | None = None, **more: Any) -> Run:
        with pytest.MonkeyPatch.context() as patch:
            if self.top_down:
                patch.setattr(_pairs, "LARGE", 0)
            plan, state = self.build(folder, gone)
            return run(plan, state.folder, folder / "out", **more)


TRIP_COLUMNS = ("device", "start", "end", "start_lat", "start_lon", "end_lat", "end_lon")
OF_TRIPS = (
    ('kind = "points"\nfiles', 'kind = "trips"\nfiles'),
    ('device = "uid"\ntime = "seen"\nlat = "lat"\nlon = "lng"', "\n".join(f'{c} = "{c}"' for c in TRIP_COLUMNS)),
    ('kind = "h3"\nresolution = 8\nbbox = [-103.41, 20.61, -103.35, 20.67]', 'kind = "points"\nfile = "stations.csv"'),
)
OF_SQUARES = (
    (
        'kind = "h3"\nresolution = 8\nbbox = [-103.41, 20.61, -103.35, 20.67]',
        'kind = "polygons"\nfile = "zones.geojson"\nparent = "of"\n[sensitive]\nfile = "list.geojson"',
    ),
)
TERM = ((BASIS, f"{BASIS}retention_days = 30\n"),)
FEW = wishes("presence", "visits", "residents")
CASES = {
    "all ten": Case(
        wishes(*STATISTICS),
        gone=((HOPPER, FIRST), (LONE, EVERY_DAY), (HOMEBODY, SECOND)),
    ),
    "all ten, a week": Case(
        wishes(*STATISTICS),
        gone=((HOPPER, EVERY_DAY), (HOMEBODY, EVERY_DAY)),
        changes=(('unit = "day"', 'unit = "week"'), ("end = 2019-03-06", "end = 2019-03-11")),
    ),
    "by other keys": Case(
        wishes(
            *STATISTICS,
            presence='by = ["zone", "daypart"]',
            visits='by = ["zone", "hour"]',
            visitors='by = ["zone", "weekday"]',
            dwell='by = ["zone", "class", "day"]',
            flows='by = ["origin", "destination", "hour"]\nmax_km = 2',
            catchment='by = ["home", "zone", "daypart"]\nmax_km = 3',
            distance='by = ["home", "class", "day"]',
            stay_home='by = ["home", "weekday"]',
        )
    ),
    "seen once": Case(wishes("presence", "visits", "flows", "residents"), gone=((LONE, EVERY_DAY), (HOPPER, FIRST))),
    "zones merged": Case(wishes("presence", "visits", presence='resolution = "auto"', visits='resolution = "auto"')),
    "pairs top-down": Case(wishes("flows", "catchment"), top_down=True),
    "named places": Case(
        wishes(
            "visits",
            "visitors",
            "dwell",
            visits='by = ["place", "day"]',
            visitors='by = ["place"]',
            dwell='by = ["place", "class"]',
        ),
        changes=(("[period]", '[places]\nfile = "places.geojson"\ncategory = "kind"\n[period]'),),
        files=named_places,
    ),
    "trips": Case(
        wishes("visits", "visitors", "flows"),
        rows=tuple(_trips()),
        gone=((HOPPER, FIRST), (LONE, EVERY_DAY)),
        changes=OF_TRIPS,
        files=stations,
    ),
    "polygons, sensitive": Case(wishes("presence", "flows", "catchment"), changes=OF_SQUARES, files=squares),
    "denied": Case(FEW, prepare=denied),
    "kept": Case(FEW, changes=TERM, prepare=kept),
    "opted out": Case(FEW, gone=((HOPPER, FIRST), (USUAL, EVERY_DAY)), prepare=opted_out, still=True),
}


@pytest.mark.parametrize("name", list(CASES))
def test_a_neighbour_is_treated_alike(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    whole = case.run(tmp_path / "whole")
    assert whole.events == ["charge", *["draw"] * len(whole.draws)]
    farthest: dict[str, float] = {}
    for number, gone in enumerate(case.gone):
        other = case.run(tmp_path / str(number), gone, played=whole)
        assert whole.same_as(other) == []
        for measure, share in whole.moved(other).items():
            farthest[measure] = max(share, farthest.get(measure, 0.0))
    assert max(farthest.values()) <= (0 if case.still else 1), farthest
    # else it would say little: what was taken away is most of what the bound allows, in every statistic
    assert case.still or all(farthest[measure] > 0.5 for measure in farthest if "." not in measure), farthest


def test_every_statistic_option_and_kind_of_zones_has_its_case() -> None:
    """A new statistic is among them by itself; a new key of a statistic's table reminds its author of this file."""
    from shoal.plan import Statistic

    known = {"share", "bound", "total_bound", "resolution", "target", "by", "max_km"}
    assert set(Statistic.model_fields) == known
    texts = [case.statistics for case in CASES.values()]
    assert all(any(f"{key} = " in text for text in texts) for key in ("bound", "resolution", "by", "max_km"))


@given(devices=hostile.people())
@settings(max_examples=2, derandomize=True, database=None, phases=[Phase.generate])
def test_of_hostile_devices(tmp_path_factory: pytest.TempPathFactory, devices: list[np.ndarray]) -> None:
    """At the poles, everywhere at once, a hundred thousand times: the devices of the contract tests, from files on."""
    rows = [Record(str(n), int(t), lat / 1e7, lon / 1e7) for n, d in enumerate(devices) for t, lat, lon in d.tolist()]
    folder = tmp_path_factory.mktemp("hostile")

    def carried_out(name: str, left: list[Record], played: Run | None) -> Run:
        own = folder / name
        text = hostile.PLAN_TEXT.replace("none.parquet", "a.csv").replace(
            '"Europe/Vienna"', '"Europe/Vienna"\ntime_unit = "s"'
        )
        source.write(own / "a.csv", left)
        text = text.replace('"d"', '"uid"').replace('"t"', '"seen"').replace('lon = "lon"', 'lon = "lng"')
        (own / "plan.toml").write_text(text + wishes(*STATISTICS))
        return run(Plan.load(own / "plan.toml"), own / "state", own / "out", played=played)

    whole = carried_out("whole", rows, None)
    first = [row for row in rows if not (row.device == "0" and row.time < hostile.MIDNIGHT)]
    if first:  # files without a record are refused, as they say nothing
        other = carried_out("other", first, whole)
        assert whole.same_as(other) == [] and max(whole.moved(other).values()) <= 1


Bug = Callable[[], AbstractContextManager[object]]


@contextmanager
def patched(room: Any, name: str, fault: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, name, fault)
        yield


def unbounded() -> AbstractContextManager[object]:
    """No bounding."""
    return patched(bounding, "bound", lambda rows, _: Bounded(rows.first, rows.cell, rows.weight))


def bounded_by_day() -> AbstractContextManager[object]:
    """Every day of a week is held to the bound, not the week: here of `presence` by hour."""
    honest = bounding.bound

    def by_day(rows: Contributions, mechanism: Mechanism) -> Bounded:
        weight, day = rows.weight.copy(), rows.cell % (7 * 24) // 24
        for one in range(7):
            chosen = day == one
            first = np.concatenate([[0], np.cumsum(chosen)])[rows.first]
            weight[chosen] = honest(Contributions(first, rows.cell[chosen], rows.weight[chosen]), mechanism).weight
        return Bounded(rows.first, rows.cell, weight)

    return patched(bounding, "bound", by_day)


def crowd_counts_double() -> AbstractContextManager[object]:
    """A row counts for more where others are: what one device adds depends on the rest."""
    honest = bounding.bound

    def looking(rows: Contributions, mechanism: Mechanism) -> Bounded:
        own = honest(rows, mechanism)
        crowd = np.bincount(own.cell) if own.cell.size else np.zeros(1, dtype=np.int64)
        return Bounded(own.first, own.cell, own.weight * crowd[own.cell])

    return patched(bounding, "bound", looking)


def second_look() -> AbstractContextManager[object]:
    """After the noise the exact sums are looked at again: where nobody was the estimate is a little less."""
    honest = pipeline._drawn

    def peeping(design: Design, sums: dict[str, ExactSums], *more: Any) -> dict[str, Estimated]:
        found = honest(design, sums, *more)
        rows = found["presence"].rows
        few, numbers = open_sums(sums["presence"]) < ONE // 100, ("estimate", "lower", "upper")
        less = {name: rows[name].to_numpy() - few * rows["stderr"].to_numpy() / 4 for name in numbers}
        rows = rows.with_columns(**less)
        object.__setattr__(found["presence"], "rows", rows)
        return found

    return patched(pipeline, "_drawn", peeping)


def noise_by_count() -> AbstractContextManager[object]:
    """The noise follows the records: less of it where there are many."""
    honest = pipeline._drawn

    def fitting(design: Design, sums: dict[str, ExactSums], *more: Any) -> dict[str, Estimated]:
        for measure in design.measures:
            more_noise = int(open_sums(sums[measure.name]).sum()) % 7
            object.__setattr__(measure.mechanism, "scale", measure.mechanism.scale + more_noise)
        return honest(design, sums, *more)

    return patched(pipeline, "_drawn", fitting)


def keys_of_the_data() -> AbstractContextManager[object]:
    """Pairs are measured where somebody was."""
    exact: list[ExactSums] = []
    honest = pipeline._top_down

    def noting(design: Design, measures: Any, sums: dict[str, ExactSums], paid: Any) -> dict[str, Estimated]:
        exact[:] = [sums[m.name] for m in measures[1:]]
        return honest(design, measures, sums, paid)

    def peeping(grid: Grid, totals: Sequence[Float64], stderr: Sequence[float]) -> Selection:
        looked = [
            open_sums(sums).reshape(len(total), -1).sum(axis=1) for sums, total in zip(exact, totals, strict=True)
        ]
        return select(grid, [np.where((one > 0)[:, None], 1e9, -1e9) for one in looked], stderr)

    @contextmanager
    def both() -> Iterator[None]:
        checks = patched(_checks, "are_selected", lambda *_: True)
        with patched(pipeline, "_top_down", noting), patched(pipeline, "select", peeping), checks:
            yield

    return both()


PRESENCE = Case(wishes("presence"), gone=((HOPPER, FIRST),))
WEEK = Case(wishes("presence"), gone=((HOPPER, EVERY_DAY),), changes=CASES["all ten, a week"].changes)
ONE_DAY = Case(wishes("flows"), rows=[row for row in ROWS if row.time < FIRST[1]], top_down=True)
LONELY = Case(wishes("presence"), gone=((LONE, EVERY_DAY),))


@pytest.mark.parametrize(
    ("bug", "case", "found"),
    [
        (unbounded, PRESENCE, "moved"),
        (bounded_by_day, WEEK, "moved"),
        (crowd_counts_double, PRESENCE, "moved"),
        (second_look, LONELY, "tables/presence.parquet"),
        (noise_by_count, PRESENCE, "diverged"),
        (keys_of_the_data, ONE_DAY, "diverged"),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_a_seeded_fault_is_caught(tmp_path: Path, bug: Bug, case: Case, found: str) -> None:
    whole = case.run(tmp_path / "whole", bug=bug())
    try:
        other = case.run(tmp_path / "other", case.gone[0], played=whole, bug=bug())
    except DivergedError:
        assert found == "diverged"
        return
    seen = whole.same_as(other) + (["moved"] if max(whole.moved(other).values()) > 1 else [])
    assert found in seen
