"""Numbers and periods in words."""

import pytest

from shoal.release import words
from shoal.release.words import amount


@pytest.mark.parametrize(
    ("value", "width", "expected"),
    [(1234.56, 193.0, "1,235"), (12.34, 2.5, "12.3"), (0.5, 0.25, "0.50"), (-0.2, 30.0, "0"), (-3.0, 20.0, "-3")],
)
def test_digits_follow_the_noise(value: float, width: float, expected: str) -> None:
    assert amount(value, width) == expected


def test_exact_numbers_are_read_as_people_do() -> None:
    assert words.number("1/100000000") == "1e-08" and words.number("1") == "1"
