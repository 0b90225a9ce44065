"""The Spark engine gives the integers of the local engine, bit for bit, on executors in processes of their own."""

import random
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

import shoal
from shoal.design import Design
from shoal.engines import LocalEngine, SparkEngine
from shoal.errors import DataError, PlanError
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.sources import Tally
from tests.engines.spark_cluster import Cluster
from tests.engines.test_local import NUMBERED, ROWS, plan_of, silent, trips_text
from tests.pipeline import source
from tests.pipeline.source import Record

pytestmark = pytest.mark.xdist_group("spark")
Sums = dict[str, list[int]]
Counted = tuple[Sums, list[tuple[str, str]]]


def counted(plan: Plan, engine: Any, opened: Any = None) -> Counted:
    """The exact sums, and what the operator is told about the rows. opened: the plan's source, if it is open."""
    design, tally = Design.of(plan), Tally()
    sums = engine.sums(design, opened or engine.open(design), tally, lambda *_: None)
    return {name: open_sums(sealed).tolist() for name, sealed in sums.items()}, tally.summary()


def both(plan: Plan, cluster: Cluster, **arguments: Any) -> tuple[Counted, Counted]:
    return counted(plan, LocalEngine(workers=1)), counted(plan, SparkEngine(cluster.session, **arguments))


def test_formats_side_by_side(tmp_path: Path, cluster: Cluster) -> None:
    """Text and numbers, two CSV files whose columns stand in another order, one of them packed."""
    files = {"1.csv": ROWS[::4], "2.ndjson": ROWS[1::4], "3.parquet": ROWS[2::4]}
    plan = plan_of(tmp_path, files)
    turned = [",".join(reversed(source.COLUMNS))]
    turned += [f"{r.lon!r},{r.lat!r},{r.time},{r.device}" for r in ROWS[3::4]]
    import gzip

    (plan.folder / "records" / "4.csv.gz").write_bytes(gzip.compress("\r\n".join(turned).encode()))
    local, spark = both(plan, cluster)
    assert local == spark
    assert all(sum(cell > 0 for cell in cells) >= 15 for name, cells in spark[0].items() if "." not in name)
    assert counted(plan_of(tmp_path / "fewer", {"1.csv": ROWS[1:]}), LocalEngine())[0] != spark[0]  # one record shows


@pytest.mark.parametrize("partitions", [1, 5])
def test_any_number_of_parts_and_kinds_of_numbers(tmp_path: Path, cluster: Cluster, partitions: int) -> None:
    """Identifiers of five types, a timestamp of each kind, coordinates as decimals, dates that no clock shows."""
    plan = plan_of(tmp_path, {})
    (plan.folder / "records").mkdir()
    kinds: list[Any] = [pa.int64(), pa.uint64(), pa.uint32(), pa.decimal128(12, 0), pa.large_string()]
    for number, kind in enumerate(kinds):
        rows = NUMBERED[number :: len(kinds)]
        devices: list[Any] = [int(row.device) for row in rows]
        if pa.types.is_decimal(kind):
            devices = [Decimal(device) for device in devices]
        elif pa.types.is_large_string(kind):
            devices = [row.device for row in rows]
        micros = np.array([row.time for row in rows], dtype="datetime64[s]").astype("datetime64[us]")
        times: Any = [
            pa.array(micros, pa.timestamp("us", "UTC")),
            pa.array(micros - np.timedelta64(6, "h"), pa.timestamp("us")),  # on the wall clock in Mexico City
            pa.array([row.time for row in rows], pa.uint64()),
            pa.array([row.time for row in rows], pa.int64()),
            pa.array(micros, pa.timestamp("ms", "Europe/Vienna")),
        ][number]
        lat: Any = [row.lat for row in rows]
        if number == 2:
            lat = pa.array([Decimal(f"{row.lat:.7f}") for row in rows], pa.decimal128(12, 7))
        columns = [pa.array(devices, kind), times, lat, [row.lon for row in rows]]
        table = pa.table(dict(zip(source.COLUMNS, columns, strict=True)))
        pq.write_table(table, plan.folder / "records" / f"{number}.parquet")
    local, spark = both(plan, cluster, partitions=partitions)
    assert local == spark == (counted(plan_of(tmp_path / "text", {"all.csv": ROWS}), LocalEngine())[0], spark[1])


def test_uuids_in_bytes_and_what_spills(tmp_path: Path, cluster: Cluster) -> None:
    rows = [row for row in ROWS if "-" in row.device]
    assert len({row.device for row in rows}) >= 10
    plan = plan_of(tmp_path, {})
    (plan.folder / "records").mkdir()
    columns = [pa.array([uuid.UUID(row.device).bytes for row in rows], pa.binary(16))]
    columns += [pa.array([row[i] for row in rows]) for i in (1, 2, 3)]
    pq.write_table(pa.table(dict(zip(source.COLUMNS, columns, strict=True))), plan.folder / "records" / "a.parquet")
    local, spark = both(plan, cluster, memory=1 << 20)
    assert local == spark
    assert spark[0] == counted(plan_of(tmp_path / "text", {"all.csv": rows}), LocalEngine())[0]


def test_messy_rows_are_counted_alike(tmp_path: Path, cluster: Cluster) -> None:
    """Every reason, in every format, and records that are too inaccurate."""
    plan = plan_of(tmp_path, {"1.csv": ROWS[::3]}, numbers={"3.parquet": NUMBERED[2::3]})
    plan.file.write_text(plan.file.read_text().replace('lng"', 'lng"\naccuracy = "lng"').replace('"lng"', '"lng"', 1))
    folder = plan.folder / "records"
    with (folder / "1.csv").open("a") as sink:
        for line in ("", ",1551682800,20.6,-103.4", "a,,20.6,-103.4", "b,soon,20.6,-103.4", "c,1451682800,20.6,-103.4"):
            sink.write(line + "\r\n")
        sink.writelines(
            f"d{n},1551682800,{place}\n" for n, place in enumerate(("0,0", ",-103.4", "100,5", "95,-103", "x,y"))
        )
        sink.write('"e",1551682801,"20.62","-103.37"\n')
    lines = [row_text(row) for row in ROWS[1::3]]
    lines[5:5] = ['{"uid": null, "seen": 1551682800, "lat": 20.6, "lng": -103.4}', "", '{"uid": "f"}', "{}"] * 3
    (folder / "2.ndjson").write_text("\n".join(lines))
    local, spark = both(Plan.load(plan.file), cluster)
    assert local == spark
    assert len(local[1]) >= 7


def row_text(row: Record) -> str:
    return f'{{"uid": "{row.device}", "seen": {row.time}, "lat": {row.lat!r}, "lng": "{row.lon!r}"}}'


@pytest.mark.parametrize("ends", ["places", "zones"])
def test_trips(tmp_path: Path, cluster: Cluster, ends: str) -> None:
    plan = trips_plan(tmp_path, ends)
    local, spark = both(plan, cluster)
    assert local == spark
    assert all(sum(cells) > 0 for cells in spark[0].values())


def trips_plan(folder: Path, ends: str) -> Plan:
    dice = random.Random(3)
    places = ("start_lat", "start_lon", "end_lat", "end_lon")
    columns = ("device", "start", "end", *(places if ends == "places" else ("origin", "destination")))
    text = trips_text("2019-03-04", "2019-03-07", columns)
    (folder / "records").mkdir(parents=True)
    (folder / "plan.toml").write_text(text)
    plan = Plan.load(folder / "plan.toml")
    ids = [*Design.of(plan).zones.ids, "nowhere"]
    rows: list[Sequence[Any]] = []
    for _ in range(400):
        start = source.FIRST_DAY + dice.randrange(3 * source.DAY)
        own: Sequence[Any] = [dice.choice(ids), dice.choice(ids)]
        if ends == "places":
            own = [spot for _ in range(2) for spot in (dice.uniform(20.6, 20.68), dice.uniform(-103.42, -103.34))]
        rows.append((dice.randrange(40), start, start + dice.randrange(-50, 4000), *own))
    table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(columns)})
    pq.write_table(table.slice(0, 300), folder / "records" / "1.parquet")
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows[300:])]
    (folder / "records" / "2.csv").write_text("\n".join(lines))
    return plan


def test_named_places(tmp_path: Path, cluster: Cluster) -> None:
    """The places travel to the executors with the design."""
    plan = plan_of(tmp_path, {"all.csv": ROWS})
    boxes = [shapely.box(-103.41 + 0.02 * i, 20.61, -103.40 + 0.02 * i, 20.67) for i in range(3)]
    columns = {"id": ["a", "b", "c"], "kind": ["x", "y", "x"]}
    geopandas.GeoDataFrame(columns, geometry=boxes, crs=4326).to_file(tmp_path / "places.geojson")
    by = {"visits": ["place", "day"], "visitors": ["place"], "dwell": ["place", "class"]}
    text = plan.file.read_text().replace("[period]", '[places]\nfile = "places.geojson"\ncategory = "kind"\n[period]')
    text = text[: text.index("[statistics.")] + "".join(
        f"[statistics.{name}]\nby = {keys}\n" for name, keys in by.items()
    )
    plan.file.write_text(text)
    local, spark = both(Plan.load(plan.file), cluster)
    assert local == spark
    assert all(sum(local[0][name]) > 0 for name in by)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Path:
    """A plan whose records Spark has written, in its own way, and also as a table."""
    folder = tmp_path_factory.mktemp("addresses")
    plan_of(folder, {})
    table = pa.table({name: [row[i] for row in ROWS] for i, name in enumerate(source.COLUMNS)})
    for i in range(3):  # without a shuffle: what tests look for in those files must not come from here
        pq.write_table(table.slice(i * len(ROWS) // 3, len(ROWS) // 3 if i < 2 else None), folder / f"{i}.parquet")
        frame = cluster.session.read.parquet(f"file:{folder}/{i}.parquet")
        frame.write.mode("append").parquet(f"file:{folder}/records/spark")
        frame.write.mode("append").saveAsTable("shoal_records")
    source.write(folder / "text" / "1.csv", ROWS[::2])
    source.write(folder / "text" / "2.csv", ROWS[1::2])
    source.write(folder / "lines" / "1.ndjson", ROWS)
    return folder


@pytest.fixture(scope="module")
def expected(folder: Path) -> Counted:
    """What the local engine counts of the same records."""
    return counted(plan_of(folder / "local", {"all.csv": ROWS}), LocalEngine())


class TestAddresses:
    """What only Spark reads: folders of Parquet, tables by name, addresses with a scheme."""

    @pytest.mark.parametrize(
        "where",
        [
            'files = ["records/spark"]',
            'table = "shoal_records"',
            'files = ["file:{folder}/text/*.csv"]',
            'files = ["file:{folder}/lines/*.ndjson"]',
        ],
        ids=["folder", "table", "csv", "ndjson"],
    )
    def test_the_same_integers_and_the_same_digest_every_time(
        self, folder: Path, cluster: Cluster, expected: Counted, where: str
    ) -> None:
        plan = self.plan(folder, where)
        engine = SparkEngine(cluster.session)
        opened = engine.open(Design.of(plan))
        assert counted(plan, engine, opened) == expected
        key = bytes(range(32))
        digest = opened.fingerprint(key)
        again = SparkEngine(cluster.session, partitions=9).open(Design.of(plan))
        assert digest == again.fingerprint(key) != again.fingerprint(key[::-1])
        assert len(bytes.fromhex(digest)) == 32

    def test_the_digest_notices_one_record(self, folder: Path, cluster: Cluster) -> None:
        """One less, one twice, one changed: each is another source, and order is none."""
        found = []
        for number, rows in enumerate(
            (ROWS[::-1], ROWS[1:], [*ROWS, ROWS[5]], [ROWS[0]._replace(lat=20.6299999), *ROWS[1:]])
        ):
            source.write(folder / f"digest{number}" / "all.ndjson", rows)
            design = Design.of(self.plan(folder, f'files = ["file:{{folder}}/digest{number}/*.ndjson"]'))
            found.append(SparkEngine(cluster.session).open(design).fingerprint(bytes(32)))
        usual = Design.of(self.plan(folder, 'files = ["file:{folder}/lines/*.ndjson"]'))
        assert found[0] == SparkEngine(cluster.session).open(usual).fingerprint(bytes(32))
        assert len(set(found)) == 4

    @pytest.mark.parametrize(
        ("where", "kind", "words"),
        [
            ('files = ["s3x://bucket/a.parquet"]', PlanError, "can't be read by Spark"),
            ('files = ["file:{folder}/nothing/*.parquet"]', PlanError, "is not there"),
            ('table = "no_such_table"', PlanError, "is not there"),
            ('files = ["file:{folder}/text/*.csv", "file:{folder}/text/1.csv"]', PlanError, "name each once"),
            ('files = ["file:{folder}/mixed/*.csv"]', DataError, "don't all begin with the same names"),
            ('files = ["file:{folder}/quoted/*.csv"]', DataError, "a quoted value holds a line break"),
            ('files = ["file:{folder}/short/*.csv"]', DataError, "not as many values"),
            ('files = ["file:{folder}/bad/*.ndjson"]', DataError, "not one JSON object"),
            ('files = ["file:{folder}/headless/*.csv"]', PlanError, "seems to hold values"),
        ],
    )
    def test_one_sentence_for_a_mistake(
        self, folder: Path, cluster: Cluster, where: str, kind: type[Exception], words: str
    ) -> None:
        own = {
            "mixed/1.csv": "uid,seen,lat,lng\n1,1551682800,20.6,-103.4\n",
            "mixed/2.csv": "seen,uid,lat,lng\n1551682800,1,20.6,-103.4\n",
            "quoted/1.csv": 'uid,seen,lat,lng\n1,1551682800,20.6,-103.4\n"a\nb",1551682800,20.6,-103.4\n',
            "short/1.csv": "uid,seen,lat,lng\n1,1551682800,20.6,-103.4\n77777777,20.6,-103.4\n",
            "bad/1.ndjson": row_text(ROWS[0]) + "\n" * 2 + row_text(ROWS[1])[:-9] + "\n",
            "headless/1.csv": "77777777,1551682800,20.6,-103.4\n77777777,1551682800,20.6,-103.4\n",
        }
        for name, text in own.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        with pytest.raises(kind, match=words) as caught:
            counted(self.plan(folder, where), SparkEngine(cluster.session))
        said = str(caught.value)
        assert "\n" not in said and "77777777" not in said and "Traceback" not in said
        assert caught.value.__context__ is None or caught.value.__suppress_context__

    @staticmethod
    def plan(folder: Path, where: str) -> Plan:
        text = (
            (folder / "plan.toml").read_text().replace('files = ["records/*"]', where.replace("{folder}", str(folder)))
        )
        (folder / "other.toml").write_text(text)
        return Plan.load(folder / "other.toml")


def test_a_whole_release_and_the_same_again(tmp_path: Path, cluster: Cluster) -> None:
    """By the public face; asked twice it charges once, and asked of the local engine it is known too."""
    plan = plan_of(tmp_path, {"1.csv": ROWS[::2], "2.parquet": ROWS[1::2]})
    told: list[str] = []
    phases: dict[str, list[float]] = {}
    arguments: Mapping[str, Any] = {"state": tmp_path / "state", "out": tmp_path / "out", "tell": told.append}
    release = shoal.release(
        plan,
        engine=shoal.SparkEngine(cluster.session),
        progress=lambda phase, done, records=None: phases.setdefault(phase, []).append(done),
        **arguments,
    )
    assert sorted(release.manifest.statistics, key=str)
    assert list(phases)[:4] == ["Reading records", "Following movements", "Adding up", "Recognising the records"]
    assert all(done[-1] == 1 and max(done) == 1 for done in phases.values())
    again = shoal.release(plan, engine=LocalEngine(), progress=silent, **arguments)
    assert again.folder == release.folder and "nothing is charged" in told[-1]


def test_too_many_bad_rows_stop_the_run(tmp_path: Path, cluster: Cluster) -> None:
    plan = plan_of(tmp_path, {"all.csv": [row._replace(lat=row.lat + 90) for row in ROWS[::2]] + ROWS[:50]})
    plan.file.write_text(plan.file.read_text().replace("max_bad_rows = 1", "max_bad_rows = 0.5"))
    sentences = []
    for engine in (LocalEngine(), SparkEngine(cluster.session)):
        with pytest.raises(DataError) as caught:
            counted(Plan.load(plan.file), engine)
        sentences.append(str(caught.value))
    assert sentences[0] == sentences[1]
