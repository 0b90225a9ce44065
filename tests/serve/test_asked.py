"""Addresses as questions: what may be repeated is, what may not is refused, and OpenAPI says what is taken."""

import pytest

from shoal.serve.asked import MOST_PARAMETERS, described, read
from shoal.serve.problems import Problem
from shoal.serve.question import Formatted, TableQuestion


def test_parameters_become_a_question() -> None:
    asked = [("zone", "a"), ("limit", "5"), ("zone", "b,c"), ("from", "2026-03-02"), ("class", "x"), ("v", "0" * 8)]
    found = read(TableQuestion, asked)
    wanted = (["a", "b,c"], 5, "2026-03-02", ["x"], "0" * 8)
    assert (found.zone, found.limit, found.from_, found.class_, found.v) == wanted
    assert read(TableQuestion, []) == TableQuestion()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ([("limits", "5")], "the nearest is 'limit'"),
        ([("from_", "2026-03-02")], "the nearest is 'from'"),
        ([("limit", "5"), ("limit", "6")], "more than once"),
        ([("limit", "0")], "'limit'"),
        ([("offset", "-1")], "'offset'"),
        ([("floats", "16")], "'floats'"),
        ([("v", "../..")], "'v'"),
        ([("zone", "a")] * (MOST_PARAMETERS + 1), "more than 2,000 parameters"),
    ],
)
def test_what_can_not_be_meant_is_refused(asked: list[tuple[str, str]], words: str) -> None:
    with pytest.raises(Problem, match=words) as refused:
        read(TableQuestion, asked)
    assert refused.value.status == 422 and "\n" not in refused.value.detail


def test_what_is_described_is_what_is_taken() -> None:
    names = [each["name"] for each in described(TableQuestion)]
    assert {"zone", "class", "from", "format", "v"} <= set(names)
    for name in names:
        asked = {"limit": "1", "offset": "1", "floats": "32", "format": "csv", "cells": "64", "v": "0" * 8}.get(
            name, "x"
        )
        assert read(TableQuestion, [(name, asked)]) != TableQuestion()
    assert [each["name"] for each in described(Formatted)] == ["v", "format"]
    assert all(each["description"] for each in described(TableQuestion))
