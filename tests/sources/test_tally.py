"""The tally: rounded counts for the operator, and the limit that stops a release."""

import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.errors import DataError
from shoal.sources import Reason, Tally
from shoal.sources.tally import about
from tests.sources import make

FIFTH = Fraction(1, 5)


def tally(rows: int, swapped: int = 0, **bad: int) -> Tally:
    made = Tally()
    made.saw(rows, swapped=swapped)
    for name, count in bad.items():
        made.add(Reason[name], count)
    return made


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "fewer than 10"),
        (9, "fewer than 10"),
        (10, "about 10"),
        (99, "about 99"),
        (1263, "about 1,300"),
        (104, "about 100"),
        (996, "about 1,000"),
        (2_449_999, "about 2,400,000"),
    ],
)
def test_counts_are_told_in_two_digits(count: int, words: str) -> None:
    assert about(count) == words


@given(st.integers(10, 10**12))
def test_a_rounded_count_has_two_digits_and_is_near(count: int) -> None:
    told = int(about(count).removeprefix("about ").replace(",", ""))
    assert len(str(told).rstrip("0")) <= 2
    assert abs(told - count) <= 0.05 * count


def test_codes_are_counted_by_reason() -> None:
    made = Tally()
    made.saw(5, np.array([0, 1, 1, 7, 0], np.uint8))
    made.saw(3, np.zeros(3, np.uint8))
    made.saw(2)
    assert made.rows == 10
    assert made.bad == {Reason.NO_DEVICE: 2, Reason.OUT_OF_RANGE: 1}


def test_the_summary_shows_no_exact_number() -> None:
    made = tally(12_345, NO_TIME=1_263, OUT_OF_RANGE=3)
    made.add("less accurate than [cleaning] max_accuracy", 518)
    assert made.summary() == [
        ("rows", "about 12,000"),
        ("no time", "about 1,300"),
        ("position out of range", "fewer than 10"),
        ("less accurate than [cleaning] max_accuracy", "about 520"),
    ]
    assert not any(exact in repr(made) for exact in ("12345", "1263", "518"))


def test_exactly_the_limit_passes_and_one_more_row_stops(tmp_path: Path) -> None:
    plan = make.plan(tmp_path, ["x.csv"])
    tally(1000, NO_TIME=150, NO_DEVICE=50).check(FIFTH, plan)
    with pytest.raises(DataError, match="can't be used"):
        tally(1000, NO_TIME=151, NO_DEVICE=50).check(FIFTH, plan)


def test_words_of_other_rooms_are_not_bad_rows(tmp_path: Path) -> None:
    made = tally(10)
    made.add("too fast", 10)
    made.check(FIFTH, make.plan(tmp_path, ["x.csv"]))


def test_the_sentence_names_shares_and_the_key_to_mend(tmp_path: Path) -> None:
    made = tally(1_000_003, OUTSIDE_PERIOD=380_123, NO_DEVICE=30_777, NO_TIME=4_001, NO_POSITION=11)
    with pytest.raises(DataError) as caught:
        made.check(FIFTH, make.plan(tmp_path, ["x.csv"]))
    said = str(caught.value)
    assert "41 % of the rows can't be used (38 % outside the period, 3 % no device, 0.4 % no time)" in said
    assert "more than the 20 % allowed; check [period]" in said
    assert said.endswith("or raise [source] max_bad_rows")
    assert not any(exact in said for exact in ("380", "1000003", "30777", "4001"))


@pytest.mark.parametrize("swapped", [400, 100])
def test_swapped_coordinates_are_recognised(tmp_path: Path, swapped: int) -> None:
    with pytest.raises(DataError) as caught:
        tally(1000, swapped, OUT_OF_RANGE=500).check(FIFTH, make.plan(tmp_path, ["x.csv"]))
    assert ("lat and lon look swapped" in str(caught.value)) == (swapped == 400)


def test_no_row_at_all_stops(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="hold no rows"):
        Tally().check(FIFTH, make.plan(tmp_path, ["x.csv"]))


def test_threads_lose_no_count() -> None:
    made = Tally()
    codes = np.array([0, 2], np.uint8)

    def count() -> None:
        for _ in range(2000):
            made.saw(2, codes)
            made.add(Reason.UNKNOWN_ZONE, 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (made.rows, made.bad) == (16_000, {Reason.NO_TIME: 8000, Reason.UNKNOWN_ZONE: 8000})
