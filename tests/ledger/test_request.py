"""A malformed request is a bug of ours and is refused before it reaches an account."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from tests.ledger.requests import request, units


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rho": {"presence": 0.1}}, "exact Fraction, got float"),
        ({"cap_rho": 1}, "exact Fraction, got int"),
        ({"rho": {"presence": Fraction(-1)}}, "above 0"),
        ({"cap_delta": Fraction(0)}, "above 0"),
        ({"rho": {}}, "must name every statistic"),
        ({"laplace": frozenset({"flows"})}, "must name every statistic"),
        ({"apart": frozenset({"flows"})}, "must name every statistic"),
        ({"units": ()}, "whole units of one week"),
        ({"units": ((date(2026, 3, 2), date(2026, 3, 8)),)}, "whole units of one week"),
        ({"units": units(date(2026, 3, 2), "week", 2)[::-1]}, "ascending"),
        ({"units": (*units(date(2026, 3, 2), "week", 1), *units(date(2026, 3, 8), "week", 1))}, "ascending"),
    ],
)
def test_malformed(change: Mapping[str, Any], sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=sentence):
        replace(request(), **change)


def test_the_secret_key_is_not_shown() -> None:
    assert "5ec4e7" not in repr(request(key="5ec4e7"))


def test_what_was_asked_for_cannot_change() -> None:
    rho = {"presence": Fraction(1, 10)}
    asked = request(rho=rho)
    rho["presence"] = Fraction(0)
    assert asked.rho == {"presence": Fraction(1, 10)}
    with pytest.raises(TypeError):
        asked.rho["presence"] = Fraction(0)  # type: ignore[index]
