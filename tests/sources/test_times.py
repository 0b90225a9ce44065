"""Times: every kind against `datetime` and `zoneinfo`, above all where the clock changes."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.calendar import Calendar
from shoal.plan import Period
from shoal.sources import Reason, _iso
from shoal.sources.times import _UNITS, Clock, _readings
from tests.sources import naive

ZONES = ["Europe/Vienna", "America/Mexico_City", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "UTC"]


def clock(zone: str, start: date, end: date, unit: str | None = None) -> Clock:
    calendar = Calendar.from_period(Period(start=start, end=end, unit="day"), ZoneInfo(zone))
    tables = _readings(calendar.timezone, calendar.start - 2 * 86_400, calendar.end + 370 * 86_400)
    return Clock(*tables, unit=None if unit is None else _UNITS[unit])


YEAR = {zone: clock(zone, date(2015, 1, 1), date(2016, 1, 1)) for zone in ZONES}
VIENNA = clock("Europe/Vienna", date(2026, 3, 2), date(2026, 11, 1))


def read(made: Clock, array: pa.Array) -> list[object]:
    """Seconds, or the reason in words."""
    seconds, code = made.seconds(array)
    return [Reason(c).text if c else int(s) for s, c in zip(seconds, code, strict=True)]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def expected(value: int | str | None) -> object:
    if value is None:
        return "time that does not exist"
    return "unreadable time" if value == "unreadable" else value


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-02T08:00:00Z", "2026-03-02T08:00:00+00:00"),
        ("2026-03-02t08:00:00z", "2026-03-02T08:00:00+00:00"),
        ("2026-03-02 08:00:00 UTC", "2026-03-02T08:00:00+00:00"),
        ("2026-03-02T08:00:00+02:00", "2026-03-02T06:00:00+00:00"),
        ("2026-03-02T08:00:00-0330", "2026-03-02T11:30:00+00:00"),
        ("2026-03-02 08:00:00+01", "2026-03-02T07:00:00+00:00"),
        ("2026-03-02 08:00:00.999999+01:00", "2026-03-02T07:00:00+00:00"),
        ("2026-03-02 08:00:00", "2026-03-02T07:00:00+00:00"),
        ("  2026-03-02T08:00:59.9 ", "2026-03-02T07:00:59+00:00"),
        ("2026-03-02T08:00", "2026-03-02T07:00:00+00:00"),
        ("2026-07-02T08:00:00", "2026-07-02T06:00:00+00:00"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59+00:00"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00+00:00"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00+00:00"),
    ],
)
def test_iso_text_in_all_its_forms(text: str, instant: str) -> None:
    assert read(VIENNA, pa.array([text])) == [at(instant)]


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02",
        "2026-02-30T08:00:00",
        "2026-13-02T08:00:00",
        "2026-03-02T24:00:00",
        "2026-03-02T08:60:00",
        "x",
        "2026-03-02T08:00:00.",
        "2026-03-02T08:00:00+1",
        "2026-03-02T08:00:00+25:00",
        "2026-03-02T08:00:00 CET",
        "02/03/2026 08:00:00",
        "2025-02-29T08:00:00",
        "1900-02-29T08:00:00",
        "2026-03-02T08:00:0",
        "2026-03-02T08:00:00ZZ",
        "1772438400",
        "2026-03-02_08:00:00",
        "20260302T080000",
        "2026-03-02T08:00:\u0660\u0660",
        "2026-03-02T08:00:00+01:",
        "-",
    ],
)
def test_other_text_is_unreadable(text: str) -> None:
    assert read(VIENNA, pa.array([text])) == ["unreadable time"]


def test_one_column_may_mix_forms_nulls_and_blanks() -> None:
    array = pa.array(["2026-03-02T08:00:00Z", None, "2026-03-02 09:00:00", " ", "", "soon"])
    want = [at("2026-03-02T08:00:00+00:00")] * 3
    assert read(VIENNA, array) == [want[0], "no time", want[2], "no time", "no time", "unreadable time"]
    assert read(VIENNA, array.slice(2, 2)) == [want[2], "no time"]


def test_the_hour_set_back_is_the_earlier_and_the_hour_set_forward_does_not_exist() -> None:
    texts = ["2026-10-25 01:59:59", "2026-10-25 02:00:00", "2026-10-25 02:59:59", "2026-10-25 03:00:00"]
    assert read(VIENNA, pa.array(texts)) == [
        at("2026-10-25T01:59:59+02:00"),
        at("2026-10-25T02:00:00+02:00"),
        at("2026-10-25T02:59:59+02:00"),
        at("2026-10-25T03:00:00+01:00"),
    ]
    later, code = VIENNA.seconds(pa.array(texts), fold=1)
    assert later.tolist()[1:3] == [at("2026-10-25T02:00:00+01:00"), at("2026-10-25T02:59:59+01:00")]
    assert not code.any()
    spring = ["2026-03-29 01:59:59", "2026-03-29 02:00:00", "2026-03-29 02:59:59", "2026-03-29 03:00:00"]
    gone = "time that does not exist"
    assert read(VIENNA, pa.array(spring)) == [
        at("2026-03-29T01:59:59+01:00"), gone, gone, at("2026-03-29T03:00:00+02:00")
    ]  # fmt: skip
    assert read(VIENNA, pa.array(["2026-03-29 02:30:00Z"])) == [at("2026-03-29T02:30:00+00:00")]


def test_a_day_that_a_country_skipped_does_not_exist() -> None:
    samoa = clock("Pacific/Apia", date(2011, 12, 1), date(2012, 2, 1))
    texts = ["2011-12-29 23:59:59", "2011-12-30 12:00:00", "2011-12-31 00:00:00"]
    assert read(samoa, pa.array(texts)) == [
        at("2011-12-29T23:59:59-10:00"), "time that does not exist", at("2011-12-31T00:00:00+14:00")
    ]  # fmt: skip


def test_clocks_that_change_twice_within_weeks_are_followed() -> None:
    """Morocco goes back to winter time for Ramadan, from 14 June to 19 July in 2015."""
    morocco = clock("Africa/Casablanca", date(2015, 6, 12), date(2015, 8, 1))
    texts = ["2015-06-12 12:00:00", "2015-06-30 12:00:00", "2015-07-25 12:00:00"]
    hours = ["2015-06-12T12:00:00+01:00", "2015-06-30T12:00:00+00:00", "2015-07-25T12:00:00+01:00"]
    assert read(morocco, pa.array(texts)) == [at(hour) for hour in hours]


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2015, 12, 31)) | st.sampled_from(
        [datetime(2015, m, d, h, n) for m, d in [(3, 8), (3, 29), (4, 5), (10, 4), (10, 25), (11, 1)]
         for h in range(5) for n in (0, 29, 30, 59)]
    ),
    st.sampled_from(ZONES),
    st.sampled_from([0, 1]),
)  # fmt: skip
def test_local_timestamps_agree_with_zoneinfo(wall: datetime, zone: str, fold: int) -> None:
    want = expected(naive.local(wall, ZoneInfo(zone), fold))
    for unit in ("us", "ns"):
        seconds, code = YEAR[zone].seconds(pa.array([wall], pa.timestamp(unit)), 1 if fold else 0)
        assert (Reason(code[0]).text if code[0] else int(seconds[0])) == want
    assert read(YEAR[zone], pa.array([wall.isoformat()])) == [expected(naive.local(wall, ZoneInfo(zone)))]


digits = st.integers(0, 99).map(lambda n: f"{n:02}")
offsets = st.sampled_from(["", "Z", " UTC", "z", " "]) | st.builds(
    "{}{}{}{}".format, st.sampled_from("+- "), digits, st.sampled_from(["", ":"]), digits | st.just("")
)
texts = st.builds(
    "{}-{}-{}{}{}:{}{}{}".format,
    st.sampled_from(["2015", "2016", "1969", "0001", "15", "9999"]),
    digits, digits, st.sampled_from(["T", " ", "t", "x", ""]), digits, digits,
    st.just("") | digits.map(lambda s: f":{s}") | st.just(":30.25"), offsets,
)  # fmt: skip


@given(texts | st.text(max_size=24), st.sampled_from(ZONES))
def test_text_agrees_with_its_slow_twin(text: str, zone: str) -> None:
    want = naive.iso(text, ZoneInfo(zone))
    got = read(YEAR[zone], pa.array([text]))[0]
    if (
        isinstance(want, int)
        and not 1_420_000_000 < want < 1_450_000_000
        and not text.rstrip().endswith(("Z", "z", "C"))
    ):
        assert isinstance(got, int)  # outside the clock's years the nearest offset will do
        assert abs(got - want) <= 86_400
    else:
        assert got == (expected(want) if text.strip(" ") else "no time")


@pytest.mark.parametrize(
    ("unit", "value"), [("s", 1_772_438_400), ("ms", 1_772_438_400_999), ("us", 1_772_438_400_999_999)]
)
@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64(), pa.float64(), pa.string()])
def test_numbers_count_in_the_plans_unit(unit: str, value: int, kind: pa.DataType) -> None:
    made = clock("Europe/Vienna", date(2026, 3, 2), date(2026, 3, 9), unit)
    assert read(made, pa.array([value, None]).cast(kind)) == [1_772_438_400, "no time"]


@given(st.integers(-(10**17), 10**17), st.sampled_from(["s", "ms", "us"]), st.sampled_from(["", ".0", ".000", ".5"]))
def test_numbers_as_text_are_rounded_down(value: int, unit: str, tail: str) -> None:
    made = Clock(VIENNA.wall, VIENNA.offset, _UNITS[unit])
    down = value - 1 if value < 0 and tail == ".5" else value
    assert read(made, pa.array([f"{value}{tail}"])) == [down // _UNITS[unit]]


def test_odd_numbers_are_no_times() -> None:
    made = Clock(VIENNA.wall, VIENNA.offset, 1)
    values = pa.array([1.9, -0.5, float("nan"), float("inf"), 1e300, None])
    assert read(made, values) == [1, -1, "no time", "unreadable time", "unreadable time", "no time"]
    assert read(made, pa.array(["9" * 40, "+", "1e9", "0x10", "+5"])) == ["unreadable time"] * 4 + [5]
    assert read(made, pa.array(["2026-03-02T08:00:00Z", "7"])) == [1_772_438_400, 7]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_any_unit_with_a_zone_are_instants(unit: str) -> None:
    scale = _UNITS[unit]
    array = (
        pa.array([1_772_438_400 * scale, -1, None]).cast(pa.timestamp(unit)).cast(pa.timestamp(unit, "America/Lima"))
    )
    assert read(VIENNA, array) == [1_772_438_400, -1, "no time"]


def test_buffers_of_nothing() -> None:
    offsets, data = _iso.buffers(pa.array([], pa.large_string()))
    assert (offsets.tolist(), data.size) == ([0], 0)


def test_the_clock_knows_both_changes_of_a_year() -> None:
    assert [np.diff(w[1:]).size for w in YEAR["Europe/Vienna"].wall] == [5, 5]
    assert [w.size for w in YEAR["Asia/Kathmandu"].wall] == [1, 1]
    assert timedelta(seconds=int(YEAR["Asia/Kathmandu"].offset[0][0])) == timedelta(hours=5, minutes=45)


def test_files_of_one_zone(tmp_path: Path) -> None:
    """A clock made from a plan is the same as one made by hand."""
    from tests.sources import make

    made = make.plan(tmp_path, ["x.csv"], period=("2026-03-02", "2026-11-01"))
    built = Clock.from_plan(made, Calendar.from_plan(made))
    assert [a.tolist() for a in (*built.wall, *built.offset)] == [a.tolist() for a in (*VIENNA.wall, *VIENNA.offset)]
