"""The plan: what it accepts, and the one sentence for each thing it does not."""

import re
import textwrap
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.errors import PlanError
from shoal.plan import Period, Places, Plan, Unit, next_unit

TEXT = textwrap.dedent(
    """\
    [source]
    name = "ride-app"
    kind = "points"
    files = ["records/*.parquet"]
    timezone = "America/Mexico_City"
    [source.columns]
    device = "uid"
    time = "datetime"
    lat = "lat"
    lon = "lng"
    [source.basis]
    controller = "City of Guadalajara"
    legal_basis = "public dataset"
    purpose = "transport planning"
    [zones]
    kind = "h3"
    resolution = 8
    area = "area.geojson"
    [period]
    start = 2026-03-02
    end = 2026-03-09
    unit = "week"
    [privacy]
    epsilon = 0.1
    [statistics.presence]
    share = 4
    bound = 8.0
    [statistics.flows]
    by = ["origin", "destination"]
    """
)
Load = Callable[..., Plan]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(*changes: tuple[str, str]) -> Plan:
        text = TEXT
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "plan.toml").write_text(text)
        return Plan.load(tmp_path / "plan.toml")

    return load


def test_numbers_are_what_was_typed(load: Load) -> None:
    plan = load()
    assert plan.privacy.epsilon == Fraction(1, 10)
    assert plan.privacy.delta == Fraction(1, 10**8)
    assert plan.statistics["presence"].bound == 8
    assert plan.statistics["flows"].by == ("origin", "destination")


def test_a_plan_is_frozen(load: Load) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().privacy.epsilon = Fraction(9)


REFUSED = {
    "unknown key": ("share = 4", "shre = 4", 26, r"\[statistics.presence\] shre: .*nearest is `share`"),
    "unknown table": ("[zones]", "[zone]", 15, r"\[zone\]: .*nearest is `zones`"),
    "misspelt basis": ("[source.basis]", "[source.bais]", 11, r"\[source\] bais: .*nearest is `basis`"),
    "no basis": (
        '[source.basis]\ncontroller = "City of Guadalajara"\nlegal_basis = "public dataset"\n'
        'purpose = "transport planning"\n', "", 1, r"\[source\] basis: is missing; no basis, no release",
    ),
    "a purpose about persons": ("transport planning", "find a person", 14, r"\[source.basis\] purpose: should be"),
    "epsilon on real data": ("epsilon = 0.1", "epsilon = 11", 24, r"\[privacy\] epsilon: must be at most 10 for real"),
    "epsilon of nothing": ("epsilon = 0.1", "epsilon = 0", 24, r"\[privacy\] epsilon: must be a number above 0"),
    "epsilon as a word": ("epsilon = 0.1", 'epsilon = "much"', 24, r"\[privacy\] epsilon: must be a number"),
    "epsilon that is no number": ("epsilon = 0.1", "epsilon = nan", 24, r"\[privacy\] epsilon: must be a number"),
    "an exponent to fill the memory": (
        "epsilon = 0.1", 'epsilon = "1e999999999"', 24, r"\[privacy\] epsilon: must be a number",
    ),
    "a careless delta": ("epsilon = 0.1", "epsilon = 1\ndelta = 0.1", 25, r"\[privacy\] delta: .* at most 1e-05"),
    "places without a file": ("[period]", "[places]\n[period]", 19, r"\[places\] file: is missing"),
    "places of nowhere": ("[period]", '[places]\nfile = ""\n[period]', 20, r"\[places\] file: string should have"),
    "places with a parent": (
        "[period]", '[places]\nfile = "a.gpkg"\nparent = "x"\n[period]', 21, r"\[places\] parent: there is no such key",
    ),
    "wrong type": ("resolution = 8", 'resolution = "8"', 17, r"\[zones\] resolution: should be a valid integer"),
    "truth as a number": ("resolution = 8", "resolution = true", 17, r"\[zones\] resolution: .*valid integer"),
    "no files": ('["records/*.parquet"]', "[]", 4, r"\[source\] files: must not be empty"),
    "no such kind": ('kind = "points"', 'kind = "pings"', 3, r"\[source\] kind: should be 'points' or 'trips'"),
    "no such time zone": ("America/Mexico_City", "Mars/Olympus", 5, r"\[source\] timezone: 'Mars/Olympus' is no IANA"),
    "a name with a path": ('"ride-app"', '"../x"', 2, r"\[source\] name: must be letters, digits"),
    "a missing column": ('lon = "lng"\n', "", 6, r"\[source\] columns: a source of points needs lon too"),
    "a column of trips": ('lon = "lng"', 'lon = "lng"\nstart = "s"', 11, r"\[source.columns\] start: means nothing"),
    "days that are no weeks": ("2026-03-09", "2026-03-10", 21, r"\[period\] end: the period is 8 days, which is not"),
    "an end before the start": ("2026-03-09", "2026-03-01", 21, r"\[period\] end: must be after start"),
    "a month that begins late": ('"week"', '"month"', 21, r"\[period\] end: a period in months starts and ends"),
    "times instead of dates": ("2026-03-02", "2026-03-02T00:00:00", 20, r"\[period\] start: must be a date such as"),
    "the year 1970": ("start = 2026-03-02", "start = 1970-01-05", 20, r"\[period\] start: must lie between"),
    "two areas": ("resolution = 8", "resolution = 8\nbbox = [0, 0, 1, 1]", 19, r"\[zones\] area: .*one of them"),
    "a box upside down": ('area = "area.geojson"', "bbox = [1, 1, 0, 0]", 18, r"\[zones\] bbox: .*west < east"),
    "a box with a hole": ('area = "area.geojson"', "bbox = [1, 1, 0]", 18, r"\[zones\] bbox: must be four numbers"),
    "a share of nothing": ("share = 4", "share = 0", 26, r"\[statistics.presence\] share: must be a number above 0"),
    "no statistics": (TEXT[TEXT.index("[statistics.presence]") :], "", None, r"\[statistics\]: is missing"),
    "a cap below the plan": ('kind = "points"', 'kind = "points"\ncap = 0.05', 25, r"epsilon: is above the"),
    "a cap above the law": ('kind = "points"', 'kind = "points"\ncap = 11', 4, r"\[source\] cap: must be at most 10"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "message"), REFUSED.values(), ids=list(REFUSED))
def test_refused_in_one_sentence(load: Load, old: str, new: str, line: int | None, message: str) -> None:
    with pytest.raises(PlanError, match=message) as refusal:
        load((old, new))
    text = str(refusal.value)
    assert "plan.toml" in text and "\n" not in text
    assert line is None or f"line {line}:" in text, text
    assert refusal.value.exit_status == 2


def test_broken_toml_names_the_line(load: Load) -> None:
    with pytest.raises(PlanError, match=r"is not TOML: .*line 3"):
        load(('kind = "points"', 'kind = "points'))


@pytest.mark.parametrize(("make", "message"), [("missing", "no such file"), ("folder", "is a folder")])
def test_a_file_that_is_no_plan(tmp_path: Path, make: str, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        Plan.load(tmp_path / "none.toml" if make == "missing" else tmp_path)


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_bytes(TEXT.encode().replace(b"ride-app", b"ride-\xff"))
    with pytest.raises(PlanError, match="not UTF-8"):
        Plan.load(tmp_path / "plan.toml")


def test_a_simulation_may_spend_more(load: Load) -> None:
    synthetic = ('kind = "points"', 'kind = "points"\nsynthetic = true')
    assert load(synthetic, ("epsilon = 0.1", "epsilon = 1000")).privacy.epsilon == 1000
    with pytest.raises(PlanError, match="at most 1000"):
        load(synthetic, ("epsilon = 0.1", "epsilon = 1001"))


def test_the_public_digest_says_nothing_of_the_input(load: Load) -> None:
    plan, other = load(), load(('"records/*.parquet"', '"user-1234.csv"'), ('device = "uid"', 'device = "imsi"'))
    assert plan.digest() == other.digest()
    assert plan.full_digest() != other.full_digest()
    assert "records" not in str(plan.public()) and "uid" not in str(plan.public())
    assert plan.digest() != load(("share = 4", "share = 5")).digest()


def test_terms_of_publication_came_later(load: Load) -> None:
    """A plan without them, or with the usual ones, is the plan that it was before there were any."""
    usual = ("[statistics.presence]", '[publication]\nlicence = "CC-BY-4.0"\n[statistics.presence]')
    other = ("[statistics.presence]", '[publication]\nattribution = "The city"\n[statistics.presence]')
    assert "publication" not in load().public() and load(usual).digest() == load().digest()
    assert load(usual).full_digest() == load().full_digest()
    assert load(other).public()["publication"] == {"licence": "CC-BY-4.0", "attribution": "The city"}
    assert load(other).digest() != load().digest()


@pytest.mark.parametrize("licence", ["CC BY 4.0", "", "CC-BY-4.0 ", "MIT OR CC0-1.0", "-", "é", "A" * 65, "a\\n"])
def test_a_licence_is_one_identifier(load: Load, licence: str) -> None:
    with pytest.raises(PlanError, match=r"\[publication\] licence: must be one SPDX identifier such as 'CC-BY-4.0'"):
        load(("[statistics.presence]", f'[publication]\nlicence = "{licence}"\n[statistics.presence]'))


@pytest.mark.parametrize("licence", ["CC0-1.0", "ODbL-1.0", "LicenseRef-city-terms", "etalab-2.0", "MIT"])
def test_licences(load: Load, licence: str) -> None:
    plan = load(("[statistics.presence]", f'[publication]\nlicence = "{licence}"\n[statistics.presence]'))
    assert plan.publication.licence == licence


@pytest.mark.parametrize("key", ["controller", "legal_basis"])
def test_what_is_published_is_one_line(load: Load, key: str) -> None:
    """Refused here, before a record is read: a manifest can't hold it."""
    old = {"controller": "City of Guadalajara", "legal_basis": "public dataset"}[key]
    with pytest.raises(PlanError, match=rf"\[source.basis\] {key}: must be printable text on one line"):
        load((old, "two\\nlines"))


def test_a_source_of_trips_has_no_places(load: Load) -> None:
    trips = (
        ('kind = "points"', 'kind = "trips"'),
        ('time = "datetime"\nlat = "lat"\nlon = "lng"', 'start = "s"\nend = "e"\norigin = "o"\ndestination = "d"'),
    )
    assert load(*trips).places is None
    with pytest.raises(PlanError, match=r"plan.toml, line 20: \[places\]: need a source of points, for of a trip only"):
        load(*trips, PLACES)


OF_OLD = {
    "digest": "31f6f2a1e7897706626730cf24429bd7de3e34b3a39d61be77f5a4e564dcca85",
    "full_digest": "842c3168d638c305d43e05d958b48835051c627457596fc11278af83ff07d894",
}
"""Of TEXT, before there were places."""
PLACES = ("[period]", '[places]\nfile = "places.gpkg"\n[period]')


def test_a_plan_without_places_is_the_same_as_before_there_were_any(load: Load) -> None:
    """Or its releases and charges would not be known again."""
    plan = load()
    assert plan.places is None
    assert {name: getattr(plan, name)() for name in OF_OLD} == OF_OLD
    assert "places" not in plan.public()


def test_places_are_public_and_make_another_plan(load: Load) -> None:
    plan = load(PLACES)
    assert plan.places == Places(file="places.gpkg", layer=None, id="id", name=None, category=None)
    assert plan.public()["places"]["file"] == "places.gpkg"
    other = load(("[period]", '[places]\nfile = "places.gpkg"\ncategory = "kind"\n[period]'))
    for name in OF_OLD:
        assert len({getattr(each, name)() for each in (load(), plan, other)}) == 3


def test_equal_numbers_give_equal_digests(load: Load) -> None:
    assert load().digest() == load(("epsilon = 0.1", "epsilon = 0.10"), ("bound = 8.0", "bound = 8")).digest()


@given(
    start=st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    unit=st.sampled_from(["day", "week", "month"]),
    count=st.integers(1, 30),
)
def test_units_fill_the_period(start: date, unit: Unit, count: int) -> None:
    start = start.replace(day=1) if unit == "month" else start
    end = start
    for _ in range(count):
        end = next_unit(end, unit)
    starts = Period(start=start, end=end, unit=unit).unit_starts()
    assert len(starts) == count and starts[0] == start
    assert [next_unit(s, unit) for s in starts] == [*starts[1:], end]


def test_the_readme_shows_a_plan_that_loads(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    found = re.search(r"```toml\n(.*?)```", readme, re.DOTALL)
    assert found
    (tmp_path / "plan.toml").write_text(found.group(1))
    assert set(Plan.load(tmp_path / "plan.toml").statistics) == {"presence", "visits", "flows", "residents"}
