"""Bad plans, zones and records: one sentence, the right exit status, nothing published, nothing charged.

Afterwards the same command over the mended input works, in the same folder and from the same accounts.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pytest
import shapely

from tests.cli.shell import refused, shoal
from tests.cli.town import COLUMNS, Rows, Town, as_csv, rows, squares, with_

Spoil = Callable[[Town], object]


@dataclass(frozen=True)
class Case:
    """One kind of bad input.

    status  what `shoal release` ends with
    words   what its sentence names: the place, and what to do
    """

    name: str
    status: int
    spoil: Spoil
    words: tuple[str, ...]


def case(name: str, status: int, spoil: Spoil, *words: str) -> Case:
    return Case(name, status, spoil, words)


def plan(name: str, old: str, new: str, *words: str) -> Case:
    """A fault of the plan."""
    return Case(name, 2, lambda town: town.change(old, new), ("plan.toml", *words))


def trips(town: Town) -> None:
    old = 'time = "seen"\nlat = "lat"\nlon = "lng"'
    town.change(
        old, 'start = "seen"\nend = "seen"\nstart_lat = "lat"\nstart_lon = "lng"\nend_lat = "lat"\nend_lon = "lng"'
    )
    town.change('kind = "points"', 'kind = "trips"')


def polygons(text: str) -> tuple[str, str]:
    return 'kind = "polygons"\nfile = "districts.geojson"\nid = "code"\nname = "label"\n', text


BY = 'by = ["zone", "daypart"]'
PLANS = [
    plan("broken TOML", "[privacy]", "[privacy", "is not TOML", "line 24", "mend that line"),
    case("plan in another encoding", 2, lambda t: t.plan.write_bytes(b'name = "M\xe9xico"'), "plan.toml", "UTF-8"),
    plan("unknown key", "epsilon =", "epsilonn =", "line 25", "[privacy] epsilonn", "the nearest is `epsilon`"),
    plan("unknown table", "[privacy]", "[privatcy]", "[privatcy]", "the nearest is `privacy`"),
    plan("wrong type", "epsilon = 1.0", "epsilon = true", "line 25", "[privacy] epsilon", "must be a number above 0"),
    plan("text where a list belongs", '["records/*"]', '"records/*"', "line 4", "[source] files", "must be a list"),
    plan("epsilon 11 on real records", "epsilon = 1.0", "epsilon = 11", "line 25", "at most 10 for real records"),
    plan("epsilon 0", "epsilon = 1.0", "epsilon = 0", "line 25", "must be a number above 0"),
    plan("epsilon not a number", "epsilon = 1.0", "epsilon = nan", "line 25", "must be a number above 0"),
    plan("delta too large", "1e-8", "0.01", "line 26", "[privacy] delta", "at most 1e-05"),
    case(
        "no basis",
        2,
        lambda t: t.plan.write_text(t.plan.read_text().partition("[source.basis]")[0] + ZONES_ON),
        "[source] basis",
        "no basis, no release",
    ),
    plan("purpose about a person", "transport planning", "find one person", "line 14", "[source.basis] purpose", "'"),
    plan("no such time zone", "America/Mexico_City", "America/Mexiko", "line 5", "[source] timezone", "IANA"),
    plan("period not whole units", 'unit = "day"', 'unit = "week"', "line 22", "not whole weeks", "move `end`"),
    plan("period ends before it starts", "end = 2026-03-03", "end = 2026-03-01", "line 22", "must be after start"),
    plan("period in 1970", "start = 2026-03-02", "start = 1970-03-02", "[period] start", "between 1990 and 2100"),
    plan("period in 2106", "end = 2026-03-03", "end = 2106-03-03", "[period]", "between 1990 and 2100"),
    plan("period with a time", "start = 2026-03-02", "start = 2026-03-02T00:00:00", "[period] start", "without a time"),
    plan("unknown statistic", "[statistics.visits]", "[statistics.visit]", "[statistics] visit", "visits"),
    plan("no statistic", "share = 2", "share = 0", "[statistics.visits] share", "must be a number above 0"),
    plan("unknown by-key", BY, 'by = ["zone", "hours"]', "[statistics.presence] by", "'hours'", "hour"),
    plan("two time keys", BY, 'by = ["zone", "hour", "day"]', "[statistics.presence] by", "one"),
    case("presence from trips", 2, trips, "[statistics", "presence", "trips"),
    plan(
        "zones too fine", *polygons('kind = "h3"\nresolution = 15\nbbox = [-104, 20, -103, 21]\n'), "[zones]", "coarser"
    ),
    plan(
        "area without zones", *polygons('kind = "h3"\nresolution = 3\nbbox = [-103.4, 20.6, -103.39, 20.61]\n'), "zone"
    ),
    plan(
        "area file missing", *polygons('kind = "h3"\nresolution = 8\narea = "area.geojson"\n'), "line", "area.geojson"
    ),
    plan("bbox turned round", *polygons('kind = "h3"\nresolution = 8\nbbox = [-103, 20, -104, 21]\n'), "west < east"),
]
ZONES_ON = '[zones]\nkind = "polygons"\nfile = "districts.geojson"\nid = "code"\n'


def projected(code: int) -> Spoil:
    """The zones as metres in another coordinate system, which the file names."""

    def spoil(town: Town) -> None:
        frame = gpd.GeoDataFrame.from_features(squares(), crs=4326).to_crs(code)
        frame.to_file(town.folder / "districts.geojson", driver="GeoJSON")

    return spoil


def metres(town: Town) -> None:
    """The same, but the file says nothing of it, as GeoJSON after RFC 7946 does."""
    frame = gpd.GeoDataFrame.from_features(squares(), crs=4326).to_crs(3857)
    town.zones(json.loads(frame.to_json(drop_id=True))["features"])


def properties(**more: Any) -> Spoil:
    return lambda town: town.zones([f | {"properties": f["properties"] | more} for f in squares()])


def write_zones(text: str) -> Spoil:
    return lambda town: (town.folder / "districts.geojson").write_text(text)


def dots(town: Town) -> None:
    town.zones([f | {"geometry": {"type": "Point", "coordinates": [-103.39, 20.61]}} for f in squares()])


FILE = "districts.geojson"
ZONES = [
    case("no zone file", 2, lambda t: (t.folder / FILE).unlink(), "[zones] file", "there is no file", FILE),
    plan("zone file of no known format", FILE, "districts.kml", "[zones] file", ".geojson"),
    case("zones in Web Mercator", 1, projected(3857), FILE, "EPSG:3857", "ogr2ogr"),
    case("zones in UTM", 1, projected(32613), FILE, "EPSG:32613", "ogr2ogr"),
    case("zones in metres that nobody mentions", 1, metres, FILE, "outside -180..180", "ogr2ogr"),
    case("zone file not GeoJSON", 1, write_zones("code,label\nz00,Square\n"), FILE, "export it again"),
    case("zone file cut off", 1, write_zones('{"type": "FeatureCollection", "featu'), FILE, "export it again"),
    case("zone file empty", 1, write_zones(""), FILE, "export it again"),
    case("no zone in the zone file", 1, lambda t: t.zones([]), FILE, "no feature"),
    case("zones that are points", 1, dots, FILE, "Point", "must be Polygon"),
    case(
        "duplicate zone ids", 1, properties(code="z1"), FILE, "'code'", "more than once", "make every zone's id its own"
    ),
    case("zone id missing", 1, properties(code=None), FILE, "'code'", "ids are missing", "give every zone an id"),
    plan("no such id column", 'id = "code"', 'id = "kode"', "[zones] id", "no column 'kode'", "the nearest is 'code'"),
]


def lines(change: Callable[[list[str]], object]) -> Spoil:
    """Spoil the lines of the CSV file."""

    def spoil(town: Town) -> None:
        found = as_csv(rows()).splitlines()
        change(found)
        town.fresh("day.csv").write_text("\n".join(found) + "\n")

    return spoil


def set_line(number: int, text: str) -> Spoil:
    def change(found: list[str]) -> None:
        found[number - 1] = text

    return lines(change)


def cut_parquet(town: Town) -> None:
    file = town.parquet(rows())
    file.write_bytes(file.read_bytes()[:-100])


def damaged_parquet(town: Town) -> None:
    file = town.parquet(rows())
    content = bytearray(file.read_bytes())
    content[4:40] = bytes(36)
    file.write_bytes(content)


def cut_gzip(town: Town) -> None:
    file = town.gz(rows())
    file.write_bytes(file.read_bytes()[:-200])


def mixed_ids(town: Town) -> None:
    """Text in one file, UUIDs of 16 bytes in the other."""
    import uuid

    import pyarrow as pa
    import pyarrow.parquet as pq

    town.csv(rows())
    ids = pa.array([uuid.uuid5(uuid.NAMESPACE_DNS, row["uid"]).bytes for row in rows()], pa.binary(16))
    table = pa.Table.from_pylist(rows())
    pq.write_table(table.set_column(0, "uid", ids), town.add("day.parquet"))


def csv(**columns: Any) -> Spoil:
    return lambda town: town.csv(with_(rows(), **columns))


def parquet(**columns: Any) -> Spoil:
    return lambda town: town.parquet(with_(rows(), **columns))


def half(value: Callable[[dict[str, Any]], object]) -> Rows:
    """Every other row gets another latitude."""
    return [row | ({"lat": value(row)} if number % 2 else {}) for number, row in enumerate(rows())]


def vienna(town: Town) -> None:
    """North of 16 degrees, east of 48: a place there is, but not this one."""
    town.zones([f | {"geometry": shapely.geometry.mapping(shapely.box(16.3, 48.1, 16.4, 48.2))} for f in squares()[:1]])
    town.csv(with_(rows(), lat=lambda row: row["lat"] - 4.3, lng=lambda row: row["lng"] + 151.5))


def number(row: dict[str, Any]) -> int:
    return 1_772_000_000 + len(row["seen"])


def latin(town: Town) -> None:
    file = town.folder / "records" / "day.csv"
    file.write_bytes(file.read_text().encode("latin-1"))


def both(*spoils: Spoil) -> Spoil:
    return lambda town: [spoil(town) for spoil in spoils]


UNIT = ('timezone = "America', 'time_unit = "ms"\ntimezone = "America')
RECORDS = [
    plan("wrong column", 'device = "uid"', 'device = "user"', "line 7", "[source.columns] device", "'user'", "nearest"),
    plan("no file matches", "records/*", "recrods/*", "line 4", "[source] files", "'recrods/*'", "check the path"),
    plan("files name a folder", "records/*", "records", "[source] files", "folder", "/*.parquet"),
    case("unknown ending", 2, lambda t: t.fresh("day.xlsx").write_text("x"), "[source] files", "day.xlsx", ".ndjson"),
    case("empty file", 1, lambda t: t.fresh("day.csv").write_text(""), "day.csv", "is empty", "export it again"),
    case("only names of columns", 1, lambda t: t.csv([]), "day.csv", "holds no rows", "check the export"),
    case("truncated Parquet", 1, cut_parquet, "day.parquet", "was cut off", "copy or export it again"),
    case("damaged Parquet", 1, damaged_parquet, "day.parquet", "damaged", "copy or export it again"),
    case(
        "CSV called Parquet",
        1,
        lambda t: t.fresh("a.parquet").write_text(as_csv(rows())),
        "a.parquet",
        "mend its ending",
    ),
    case("truncated csv.gz", 1, cut_gzip, "day.csv.gz", "cut off", "copy or export it again"),
    case(
        "CSV called gzip", 1, lambda t: t.fresh("a.csv.gz").write_text(as_csv(rows())), "a.csv.gz", "not a whole gzip"
    ),
    case("stray quote", 1, set_line(9, 'quokka-7"1,2026-03-02T01:02:37,20.61,-103.39'), "day.csv, line 9", "quote"),
    case("open quote", 1, set_line(9, '"quokka-71,2026-03-02T01:02:37,20.61,-103.39'), "day.csv, line 9", "quote"),
    case("ragged row", 1, set_line(9, "quokka-71,20.6171,-103.39"), "day.csv, line 9", "3 values", "4 columns", "mend"),
    case("another encoding", 1, both(csv(uid="México"), latin), "day.csv", "utf-8", "[source] encoding"),
    case("column twice", 1, lines(lambda f: f.__setitem__(0, "uid,seen,lat,lat,lng")), "day.csv"),
    case("no names of columns", 2, lines(lambda f: f.pop(0)), "[source.columns]", "add a row of names"),
    case(
        "another separator", 2, lambda t: t.fresh("a.csv").write_text(as_csv(rows()).replace(",", ";")), "a.csv", "uid"
    ),
    case(
        "broken line in NDJSON", 1, lambda t: t.ndjson(rows(), tail='{"uid": "quokka-71", "se'), "day.ndjson, line 361"
    ),
    case("NDJSON of lists", 1, lambda t: t.fresh("a.ndjson").write_text('["quokka-71"]\n'), "a.ndjson, line 1", "mend"),
    case("NaN coordinates everywhere", 1, parquet(lat=float("nan"), lng=float("nan")), "100 %", "no position", "check"),
    case("no coordinates in half of the rows", 1, lambda t: t.parquet(half(lambda _: None)), "50 %", "max_bad_rows"),
    case("words for coordinates", 1, csv(lat=lambda row: row["uid"]), "100 %", "no position", "[source.columns]"),
    case("all times 1970", 1, csv(seen="1970-01-01T00:00:37"), "100 %", "outside the period", "[period]"),
    case("all times 2106", 1, csv(seen="2106-02-07T06:28:37Z"), "100 %", "outside the period", "[period]"),
    case(
        "lat and lon swapped",
        1,
        csv(lat=lambda r: r["lng"], lng=lambda r: r["lat"]),
        "look swapped",
        "[source.columns]",
    ),
    case("lat and lon swapped where both are possible", 1, vienna, "day.csv", "look swapped", "[source.columns]"),
    case("metres for degrees", 1, csv(lat=2_345_671.0, lng=-11_509_371.0), "100 %", "out of range"),
    case("float ids", 1, parquet(uid=7171.5), "day.parquet", "'uid'", "fractions", "convert it"),
    case("mixed kinds of ids", 1, mixed_ids, "day.parquet", "UUIDs", "day.csv", "in one way in all files"),
    case("no ids", 1, csv(uid=""), "100 %", "no device", "[source.columns] device"),
    case("whole numbers without time_unit", 2, parquet(seen=number), "[source] time_unit", "'ms'", "since 1970"),
    case("seconds called milliseconds", 1, both(parquet(seen=number), lambda t: t.change(*UNIT)), "time_unit", "100 %"),
    case("unreadable times", 1, csv(seen="half past quokka"), "day.csv", "'seen'", "2026-03-02T08:00:00Z"),
    case(
        "times that are dates", 1, parquet(seen=__import__("datetime").date(2026, 3, 2)), "day.parquet", "dates without"
    ),
    case(
        "second file without a column", 1, lambda t: t.add("z.csv").write_text("uid,seen\n"), "z.csv", "'lat'", "unlike"
    ),
]


def test_there_is_something_to_spoil(released: Town) -> None:
    """Else the cases below would all fail for one and the same reason."""
    assert released.charges() == 1
    assert released.found() == ["2026-03-02-harbour-app"]
    assert len(rows()) == 360
    assert set(rows()[0]) == set(COLUMNS)


def test_every_kind_has_a_name_of_its_own() -> None:
    names = [c.name for c in PLANS + ZONES + RECORDS]
    assert len(names) == len(set(names)) >= 25


def named(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("bad", cases, ids=lambda c: c.name.replace(" ", "_"))


@named(PLANS + ZONES)
def test_bad_plan_or_zones(town: Town, bad: Case) -> None:
    bad.spoil(town)
    sentence = refused(shoal("check", town.plan), bad.status, *bad.words)
    assert refused(shoal("release", town.plan), bad.status) == sentence, "check and release say the same"
    assert_untouched(town)
    assert_mended(town)


@named(RECORDS)
def test_bad_records(town: Town, bad: Case) -> None:
    bad.spoil(town)
    assert shoal("check", town.plan).status == 0, "check reads no record"
    refused(shoal("release", town.plan), bad.status, *bad.words)
    assert_untouched(town)
    assert_mended(town)


def assert_untouched(town: Town) -> None:
    assert (town.found(), town.found(town.state / "releases"), town.charges()) == ([], [], 0)


def assert_mended(town: Town) -> None:
    town.fresh("day.csv")
    town.mend()
    answer = shoal("release", town.plan)
    assert answer.status == 0, answer.err
    assert (town.found(), town.charges()) == (["2026-03-02-harbour-app"], 1)
