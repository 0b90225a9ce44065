"""No identifier, record or exact sum leaves the run: not on disk, not in words, not in an error, not in an object.

The search (`traces`) is itself tested below: it finds each kind of secret where one was planted.
"""

import gc
import hashlib
import logging
import os
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

import shoal
from shoal import pipeline
from shoal.buckets import POINT, Buckets, PointBucket, Sealer
from shoal.buckets._pages import Pool
from shoal.buckets.partition import partition
from shoal.buckets.spill import Spill
from shoal.design import Design
from shoal.engines import LocalEngine, _bucket
from shoal.engines._bucket import bounded
from shoal.engines._totals import Totals
from shoal.intake import Intake, Pseudonymizer
from shoal.intake._batches import PseudonymousPoints
from shoal.ledger import State
from shoal.plan import Plan
from shoal.privacy import bounding
from shoal.privacy._open import open_sums
from shoal.privacy.contributions import Contributions
from shoal.privacy.mechanism import ONE
from shoal.privacy.sums import ExactSums
from shoal.release.overview import overview
from shoal.release.read import Release
from shoal.sources import PointBatch, Tally, open_source
from shoal.sources import points as source_points
from shoal.sources.fingerprint import Fingerprint
from shoal.trajectories import Spans, Stays, Trajectories, Trips, from_points
from tests.cli.shell import Answer
from tests.cli.shell import shoal as command
from tests.pipeline import source, traces
from tests.pipeline.house import House
from tests.pipeline.traces import Traces

ROWS = source.records()
WATCH = """
import os, sys
log = os.open("../opened", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def heard(event, told):
    if event == "open" and isinstance(told[0], (str, bytes, os.PathLike)) and told[2] & (os.O_WRONLY | os.O_RDWR):
        os.write(log, os.fsencode(told[0]) + b"\\n")
    if event in ("sqlite3.connect", "tempfile.mkstemp", "tempfile.mkdtemp"):
        os.write(log, os.fsencode(told[0]) + b"\\n")
sys.addaudithook(heard)
"""
"""Writes down every file that Python code opens to write."""
SECRET_TYPES = (
    *(
        ExactSums,
        Buckets,
        Pseudonymizer,
        PointBatch,
        PseudonymousPoints,
        PointBucket,
        Trajectories,
        Spans,
        Stays,
        Trips,
    ),
    Contributions,
)


@dataclass(frozen=True)
class Whole:
    """A whole run that was watched.

    secret  of the records and their sums: nowhere
    public  and of the input's files: nowhere in what is published
    said    on stdout and stderr
    opened  files that Python code opened to write or made, whether they are still there or not
    """

    house: House
    plan: Path
    secret: Traces
    public: Traces
    totals: Mapping[str, list[int]]
    said: str
    opened: list[str]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    house = House.build(tmp_path_factory.mktemp("whole") / "house", ROWS)
    plan = house.plan()
    design = Design.of(Plan.load(plan))
    sums = LocalEngine().sums(design, open_source(design.plan, design.calendar, design.zones), Tally(), silent)
    totals = {name: open_sums(sum_).tolist() for name, sum_ in sums.items()}
    secret = traces.of_records(ROWS) | traces.of_totals(totals)
    run = house.start(*house.arguments(plan), first=WATCH)
    said = "".join(words.decode() for words in run.communicate())
    assert run.returncode == 0, said
    opened = (house.root / "opened").read_text().splitlines()
    return Whole(house, plan, secret, secret | traces.of_input(house.input), totals, said, opened)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House.build(tmp_path / "house", ROWS)


@pytest.fixture(scope="module")
def release(whole: Whole) -> Release:
    return shoal.open(next(whole.house.out.iterdir()))


class TestSearch:
    """It can fail."""

    def test_finds_every_file_of_the_input(self, whole: Whole) -> None:
        found = whole.secret.under(whole.house.input)
        for file in (whole.house.input / "records").iterdir():
            assert {f"{kind} in {file}" for kind in ("identifier", "position", "time")} <= set(found)

    @pytest.mark.parametrize("kind", ["identifier", "position", "time", "count", "sums", "digest", "size", "name"])
    def test_finds_what_is_planted(self, whole: Whole, tmp_path: Path, kind: str) -> None:
        for number, planted in enumerate(plants(whole, kind)):
            folder = tmp_path / str(number)
            folder.mkdir()
            (folder / "clean").write_bytes(b"nothing to be seen")
            assert whole.public.under(folder) == []
            (folder / "dirty").write_bytes(
                b"abc " + planted + b" def" if isinstance(planted, bytes) else planted.encode()
            )
            assert whole.public.under(folder), f"{kind} {number}"

    def test_finds_it_packed_in_a_table_a_database_and_a_name(self, whole: Whole, tmp_path: Path) -> None:
        frame = pl.DataFrame({"who": [ROWS[0].device] * 50})
        frame.write_parquet(tmp_path / "packed.parquet", compression="zstd")
        frame.write_parquet(tmp_path / f"{ROWS[0].device}.bin", compression="zstd")
        assert len(whole.secret.under(tmp_path)) == 2

    def test_digits_in_a_digest_are_chance(self, whole: Whole) -> None:
        number = next(row.device for row in ROWS if "-" not in row.device)
        assert whole.secret.within(f"device {number}") == {"identifier"}
        assert whole.secret.within(f"a{number}f") == whole.secret.within(f"0.{number}") == set()

    def test_a_count_in_a_signature_is_chance(self, whole: Whole) -> None:
        code, count = "Az91cMJwS0Bq2LqW6gGWQ4CwlKcd+hp", len(ROWS)
        assert whole.secret.within(f"key {code}/{count}+Xk0fWb=") == set()
        for told in (f"{count}/2000", f"read {code} of {count}", f"rows={count}", f"/data/{'records/' * 9}{count}/a"):
            assert whole.secret.within(told) == {"exact count"}, told


class TestWholeRun:
    def test_leaves_nothing_on_disk(self, whole: Whole) -> None:
        assert whole.secret.under(*whole.house.written) == []
        assert len(list(whole.house.out.rglob("tables/*.parquet"))) == 12  # it was there to be seen

    def test_opens_nothing_but_its_own_files(self, whole: Whole) -> None:
        """No temporary file, not for a moment: a run that is killed would leave it behind."""
        state, out = re.escape(str(whole.house.state)), re.escape(str(whole.house.out))
        kernels = re.escape(os.environ.get("NUMBA_CACHE_DIR", "/dev/null"))
        partial = rf"{state}/releases/\.2019-03-04-kestrel\.[^/]+\.partial"
        known = [
            rf"{state}/digest\.key\.[0-9a-f]+\.tmp",
            rf"{state}/accounts\.sqlite(\.[0-9a-f]+\.tmp)?",
            rf"{state}/log\.(key|name)\.[0-9a-f]+\.tmp",
            rf"{state}/log/\.(lock|draft)",
            rf"{state}/releases/\.2019-03-04-kestrel\.proof\.partial",
            rf"{state}/locks/[0-9a-f]+\.lock",
            rf"{partial}/(manifest\.json|README\.md|zones\.parquet|tables/[a-z]+(\.region|\.all)?\.parquet)",
            rf"{partial}/registry\.yaml",
            rf"{out}/\.2019-03-04-kestrel\.[^/]+\.partial/[a-zA-Z./]+",  # a copy of what was released
            rf"({out}|{state}/releases)",  # a file without a name: is there room?
            rf"(.*/__pycache__|{kernels})(/.*)?|/dev/null",
        ]
        strange = {path for path in whole.opened if not any(re.fullmatch(pattern, path) for pattern in known)}
        assert strange == set()
        assert any(path.endswith("manifest.json") for path in whole.opened)  # it was watched

    def test_says_nothing_but_a_rounded_count(self, whole: Whole) -> None:
        assert whole.secret.within(whole.said) == set()
        assert "about 2,000 rows" in whole.said and len(ROWS) != 2000

    def test_a_release_knows_nothing_of_the_input(self, whole: Whole, release: Release, tmp_path: Path) -> None:
        """Path, names, sizes, digests and row counts: also in Parquet's and PNG's own notes."""
        assert whole.public.under(release.folder) == []
        overview(release, tmp_path / "overview.png")
        assert whole.public.under(tmp_path) == []

    def test_a_release_holds_noisy_sums(self, whole: Whole, release: Release) -> None:
        for facts in release.manifest.statistics:
            noisy = np.rint(release[facts.statistic].to_polars()["estimate"].to_numpy() * ONE * facts.divisor)
            same = int((noisy == np.array(whole.totals[facts.statistic])).sum())
            # less than one in 20,000 agrees by chance; of at most 2,304 cells, 9 below 1e-10
            assert facts.scale_fixed > 10_000 and same < 9, facts.statistic

    def test_says_nothing_as_json_or_in_the_log(
        self, whole: Whole, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Also where every library says all that it has to say."""
        with caplog.at_level(logging.DEBUG):
            done = command(*house.arguments(house.plan()), "--json")
        folder = done.json["folder"]
        told = [done]
        told += [command(*words, "--json") for words in (("show", folder), ("verify", folder), ("check", house.plan()))]
        told += [command("budget", "--state", house.state, "--json"), command(*house.arguments(house.plan()), "--json")]
        assert [answer.status for answer in told] == [0] * 6
        assert [found for answer in told for found in whole.secret.within(answer.out + answer.err)] == []
        assert whole.secret.within(caplog.text) == set()


def spoil_csv(house: House) -> None:
    """The first of three files ends in a row with a value too many."""
    with file(house, "1").open("a") as sink:
        sink.write(f"{ROWS[0].device},{ROWS[0].time},{ROWS[0].lat},{ROWS[0].lon},{ROWS[1].device}\n")


def spoil_quote(house: House) -> None:
    with file(house, "1").open("a") as sink:
        sink.write(f'"{ROWS[0].device},{ROWS[0].time},{ROWS[0].lat},{ROWS[0].lon}\n')


def spoil_ndjson(house: House) -> None:
    text = file(house, "2").read_text()
    file(house, "2").write_text(text[: text.rindex(",")])


def spoil_nested(house: House) -> None:
    with file(house, "2").open("a") as sink:
        sink.write(f'[["{ROWS[0].device}", {ROWS[0].lat}]]\n')


def spoil_parquet(house: House) -> None:
    data = bytearray(file(house, "3").read_bytes())
    data[4:600] = bytes(596)
    file(house, "3").write_bytes(data)


def spoil_tail(house: House) -> None:
    file(house, "3").write_bytes(file(house, "3").read_bytes()[:-50])


def spoil_names(house: House) -> None:
    """No row of names: the first record stands in their place."""
    file(house, "1").write_text(file(house, "1").read_text().partition("\n")[2])


def spoil_keys(house: House) -> None:
    """Identifiers as keys of objects."""
    lines = [f'{{"{row.device}": [{row.time}, {row.lat}, {row.lon}]}}\n' for row in ROWS[:50]]
    file(house, "2").write_text("".join(lines))


def spoil_columns(house: House) -> None:
    """Identifiers as names of columns."""
    devices = sorted({row.device for row in ROWS})
    pq.write_table(pa.table({device: [1.5] for device in devices}), file(house, "3"))


def spoil_positions(house: House) -> None:
    source.write(file(house, "1"), [row._replace(lat=row.lat + 90) for row in ROWS])


def spoil_times(house: House) -> None:
    text = file(house, "2").read_text()
    file(house, "2").write_text(re.sub(r'"seen": (\d+)', r'"seen": "at \1"', text))


def spoil_ids(house: House) -> None:
    """UUIDs in 16 bytes beside text."""
    rows = [row for row in ROWS if "-" in row.device]
    ids = pa.array([uuid.UUID(row.device).bytes for row in rows], pa.binary(16))
    columns = {"uid": ids, "seen": [r.time for r in rows], "lat": [r.lat for r in rows], "lng": [r.lon for r in rows]}
    pq.write_table(pa.table(columns), file(house, "3"))


def spoil_nothing(house: House) -> None:
    """What fails lies elsewhere."""


def spend_all(house: House) -> None:
    """Leaves less in the account than the plan asks for.

    The account is small instead of the first plan greedy: where much is spent there is little noise, and now and then
    two neighbouring numbers come out as they are.
    """
    assert command(*house.arguments(house.plan("first", cap=SMALL))).status == 0


SMALL = "0.3"
"""Enough for one plan, not for two."""


FAILURES: list[tuple[Callable[[House], None], tuple[str, ...], int, str]] = [
    (spoil_csv, (), 1, "1-plover.csv"),
    (spoil_quote, (), 1, "1-plover.csv"),
    (spoil_ndjson, (), 1, "2-osprey.ndjson"),
    (spoil_nested, (), 1, "2-osprey.ndjson"),
    (spoil_parquet, (), 1, "3-merlin.parquet"),
    (spoil_tail, (), 1, "3-merlin.parquet"),
    (spoil_names, (), 2, "1-plover.csv"),
    (spoil_keys, (), 1, "2-osprey.ndjson"),
    (spoil_columns, (), 1, "3-merlin.parquet"),
    (spoil_positions, (), 1, "can't be used"),
    (spoil_times, (), 1, ""),
    (spoil_ids, (), 1, "16 bytes"),
    (spoil_nothing, ("--memory", "20kB"), 2, "--memory"),
    (spend_all, (), 3, "left"),
]


@pytest.mark.parametrize(
    ("spoil", "words", "status", "where"), FAILURES, ids=[f[0].__name__ + "".join(f[1]) for f in FAILURES]
)
def test_an_error_says_what_is_wrong_and_nothing_else(
    whole: Whole, house: House, spoil: Callable[[House], None], words: tuple[str, ...], status: int, where: str
) -> None:
    """Whichever room it comes from; nothing is charged, published or left."""
    spoil(house)
    before = len(house.charges()), sorted(house.out.iterdir())
    plan = house.plan(cap=SMALL) if spoil is spend_all else house.plan()
    answer = command(*house.arguments(plan), *words, "--json")
    assert answer.status == status, answer.err
    assert where in answer.err and "Traceback" not in answer.err and answer.err.count("\n") == 1
    assert whole.secret.within(answer.err) == whole.secret.within(answer.out) == set(), "not shown, as it would leak"
    assert (len(house.charges()), sorted(house.out.iterdir())) == before
    assert whole.secret.under(*house.written) == []


def fail(*arguments: object, **more: object) -> None:
    """A bug that tells all."""
    own = [row.device for row in ROWS]  # a local variable
    try:
        raise KeyError(own[0])
    except KeyError as error:
        raise RuntimeError(f"{ROWS[0]}, {own}, {arguments}") from error


BUGS: list[tuple[Any, str]] = [
    (source_points, "identifiers"),
    (Pseudonymizer, "__call__"),
    (partition.__globals__, "_count"),
    (_bucket, "from_points"),
    (bounding, "_scale_rows"),
    (bounding, "_add"),
    (pipeline, "measure"),
    (pipeline, "tables"),
    (pipeline, "write"),
]


@pytest.mark.parametrize(("room", "name"), BUGS, ids=[name for _, name in BUGS])
def test_a_bug_of_ours_shows_where_and_no_value(
    whole: Whole, house: House, monkeypatch: pytest.MonkeyPatch, room: Any, name: str
) -> None:
    patch: Callable[..., None] = monkeypatch.setitem if isinstance(room, dict) else monkeypatch.setattr
    patch(room, name, fail)
    answer = command(*house.arguments(house.plan()))
    assert answer.status == 1
    assert "fault of Shoal's" in answer.err and "test_leaks.py" in answer.err
    assert whole.secret.within(answer.err) == whole.secret.within(answer.out) == set()
    assert list(house.out.iterdir()) == []
    assert whole.secret.under(*house.written) == []


def test_no_object_shows_what_it_holds(whole: Whole, release: Release, tmp_path: Path) -> None:
    """`repr`, `str`, `format`, and what a notebook or a terminal would show."""
    seen = dict(objects(whole, release, tmp_path))
    for name, thing in seen.items():
        assert whole.secret.within("\n".join(shown(thing))) == set(), name
    state: State = seen["State"]
    for thing in (state, state.accounts, seen["Request"]):
        told = "\n".join(shown(thing))
        assert state.digest_key.hex() not in told and str(state.digest_key) not in told
        assert seen["Request"].key not in told
    # the search would see an array where an object showed one
    batch = seen["PointBatch"]
    for array in (batch.device, batch.time, batch.lat):
        assert whole.secret.within(repr(SimpleNamespace(own=array)))


def test_nothing_that_is_handed_out_leads_to_a_record_or_a_sum(whole: Whole, release: Release, tmp_path: Path) -> None:
    """By attributes, slots and containers, private ones too."""
    ours = {
        "Plan",
        "Preview",
        "Release",
        "Table",
        "State",
        "Accounts",
        "Design",
        "Source",
        "Tally",
        "Paid",
        "LocalEngine",
    }
    seen = dict(objects(whole, release, tmp_path))
    for name in sorted(ours):
        assert not [type(thing).__name__ for thing in reachable(seen[name]) if isinstance(thing, SECRET_TYPES)], name
    assert any(isinstance(thing, ExactSums) for thing in reachable(SimpleNamespace(deep=[{"in": seen["ExactSums"]}])))


def test_nothing_secret_outlives_the_run(house: House) -> None:
    def alive() -> list[object]:
        gc.collect()
        return [thing for thing in gc.get_objects() if type(thing) in SECRET_TYPES]

    before = alive()  # of other tests; kept, so that no new one takes the place of an old one

    def new() -> set[str]:
        return {type(thing).__name__ for thing in alive() if not any(thing is old for old in before)}

    done = shoal.release(Plan.load(house.plan()), state=house.state, out=house.out, progress=silent, tell=silent)
    assert done.statistics and new() == set()
    kept = ExactSums(np.zeros(1, np.int64))
    assert new() == {type(kept).__name__}


def test_the_public_names_offer_no_way_to_sums() -> None:
    """Nothing that `import shoal` names takes or gives exact sums, but an engine, whose sums are sealed."""
    users = [name for name in shoal.__all__ if "ExactSums" in str(getattr(getattr(shoal, name), "__annotations__", ""))]
    methods = {f"{name}.{key}" for name in shoal.__all__ for key, value in vars(getattr(shoal, name)).items()
               if isinstance(value, FunctionType) and "ExactSums" in str(value.__annotations__)}  # fmt: skip
    assert users == []
    assert {method for method in methods if "._" not in method} == {"LocalEngine.sums", "SparkEngine.sums"}
    assert not [name for name in dir(ExactSums) if not name.startswith("_") and name != "merge"]


def objects(whole: Whole, release: Release, folder: Path) -> Iterator[tuple[str, Any]]:
    """One of each kind that the Python interface or a room hands out, made from the records."""
    plan = Plan.load(whole.plan)
    design = Design.of(plan)
    state = State.open(whole.house.state)
    opened, tally = open_source(plan, design.calendar, design.zones), Tally()
    batches = list(opened.batches(tally))
    admitted = [Intake(pseudonymizer := Pseudonymizer(), plan.cleaning.max_accuracy).admit_points(b) for b in batches
                if isinstance(b, PointBatch)]  # fmt: skip
    buckets = Buckets("points", design.calendar.unit_start, 1 << 30)
    for points in admitted:
        buckets.add(points)
    full = repr(buckets)
    bucket = buckets.take(0) if len(buckets) else None
    assert isinstance(bucket, PointBucket)
    found = from_points(bucket, design.zones, design.calendar, plan.cleaning, plan.movement)
    sums = LocalEngine().sums(design, opened, Tally(), silent)
    totals = Totals(design)
    for name, rows in bounded(design, bucket):
        totals.add(name, rows)
    request = replace(pipeline.request_of(design), key=pipeline._request_key(design, opened, state, silent))
    along = Fingerprint(opened.files, state.digest_key)
    other = State.open(folder / "state")
    table = release["presence"]
    named = {"Table of presence": table, "preview": shoal.check(plan), "buckets that are full": full}
    yield from named.items()
    for thing in (
        *(plan, plan.source, shoal.check(plan), release, table, release.manifest, release.places, design, design.zones),
        *(state, state.accounts, *state.accounts.statement(), other.accounts.check(request), request),
        *(
            other.accounts.charge(request),
            opened,
            tally,
            LocalEngine(),
            Intake(pseudonymizer, plan.cleaning.max_accuracy),
        ),
        *(batches[0], admitted[0], pseudonymizer, buckets, bucket, found, found.stays, found.trips, found.spans, sums),
        *(sums["presence"], *design.statistics, *(s.contribution(found) for s in design.statistics)),
        *(along, totals, *(rows for _, rows in bounded(design, bucket)), Sealer(), Spill(POINT, 8, folder), Pool()),
    ):
        yield type(thing).__name__, thing


def shown(thing: Any) -> list[str]:
    """What a person may get to see of an object."""
    console = Console(width=500, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(thing)
    html = thing._repr_html_() if hasattr(thing, "_repr_html_") else ""
    return [repr(thing), str(thing), f"{thing}", repr([thing]), html, console.export_text()]


def reachable(start: Any) -> Iterator[Any]:
    """Everything that can be had from an object by its attributes and what it contains."""
    waiting, known = [start], {id(start): start}
    while waiting:
        thing = waiting.pop()
        yield thing
        parts: list[Any] = list(vars(thing).values()) if hasattr(thing, "__dict__") else []
        if type(thing).__module__.startswith("shoal"):
            parts += [getattr(thing, slot) for kind in type(thing).__mro__ for slot in slots(kind)]
        if isinstance(thing, Mapping):
            parts += [*thing.keys(), *thing.values()]
        elif isinstance(thing, (list, tuple, set, frozenset)):
            parts += thing
        for part in parts:
            if id(part) not in known and not isinstance(part, (type, ModuleType, FunctionType, str, bytes, int, float)):
                known[id(part)] = part
                waiting.append(part)


def slots(kind: type) -> list[str]:
    own = vars(kind).get("__slots__", ())
    names = [own] if isinstance(own, str) else list(own)
    return [f"_{kind.__name__}{name}" if name.startswith("__") and not name.endswith("__") else name for name in names]


def plants(whole: Whole, kind: str) -> list[bytes | str]:
    """Secrets of a kind, in several spellings."""
    word = next(row for row in ROWS if "-" in row.device)
    number = next(row for row in ROWS if "-" not in row.device)
    record = whole.house.input / "records" / "1-plover.csv"
    day = int(number.device)
    match kind:
        case "identifier":
            own = uuid.UUID(word.device)
            return [word.device, word.device.upper(), own.hex, own.bytes, own.bytes_le, own.bytes.hex(), number.device,
                    day.to_bytes(8, "little"), day.to_bytes(8, "big"), day.to_bytes(8, "little").hex(),
                    np.float64(day).tobytes(), hashlib.sha256(word.device.encode()).hexdigest(),
                    hashlib.md5(number.device.encode()).digest()]  # fmt: skip
        case "position":
            return [str(word.lat), f"{word.lon:.6f}", f"{word.lat:.9f}", np.float64(word.lon).tobytes(),
                    np.array([word.lat * 1e7, word.lon * 1e7]).round().astype("<i4").tobytes(),
                    str(round(word.lat * 1e7))]  # fmt: skip
        case "time":
            local = source.local_text(word.time)
            return [local, local.replace("T", " "), str(word.time), str(word.time * 1000),
                    word.time.to_bytes(8, "little"), (word.time * 10**6).to_bytes(8, "little")]  # fmt: skip
        case "count":
            return [f"{len(ROWS)} rows", f"rows: {len(ROWS):,}."]
        case "sums":
            cells = whole.totals["presence"]
            at = next(i for i in range(len(cells)) if all(c > ONE and c % ONE for c in cells[i : i + 2]))
            pair = np.array(cells[at : at + 2])
            return [pair.tobytes(), (pair / ONE).tobytes(), str(pair.tolist()), f"{sum(cells):,}"]
        case "digest":
            return [hashlib.new(name, record.read_bytes()).hexdigest() for name in traces.HASHES]
        case "size":
            return [f"{record.stat().st_size} bytes"]
        case _:
            return [record.name, str(whole.house.input)]


def file(house: House, number: str) -> Path:
    return next((house.input / "records").glob(f"{number}-*"))


def silent(*_: object) -> None:
    """Neither bars nor words."""


def test_answers_are_whole(house: House) -> None:
    """`command` catches what is printed; else the tests above would see nothing."""
    answer: Answer = command(*house.arguments(house.plan()))
    assert "about 2,000 rows" in answer.err and "presence" in answer.out
