"""Answers: tagged by what they hold, packed as asked for, each made once."""

import asyncio
import gzip
import threading

import pytest

from shoal.serve.answers import Answer, Kitchen, encoding_of
from shoal.serve.encode import MEDIA_TYPES, choose
from shoal.serve.lru import Lru
from shoal.serve.problems import Problem


def test_who_asks_while_it_is_made_waits_for_the_same_one() -> None:
    made, gate = [], threading.Event()

    def make() -> Answer:
        gate.wait(10)
        made.append(1)
        return Answer.of(b"x" * 5000, "text/plain")

    async def all_of_them() -> list[Answer]:
        kitchen = Kitchen()
        asking = [asyncio.create_task(kitchen.answer("key", make, code)) for code in [None] * 20 + ["gzip"] * 20]
        await asyncio.sleep(0.05)
        gate.set()
        answers = await asyncio.gather(*asking)
        return [*answers, await kitchen.answer("key", make, None)]

    answers = asyncio.run(all_of_them())
    assert len(made) == 1
    assert {answer.etag for answer in answers[:20]} == {answers[-1].etag}
    assert {gzip.decompress(answer.body) for answer in answers[20:40]} == {b"x" * 5000}


def test_a_failure_is_not_kept_and_one_that_goes_away_spoils_it_for_nobody() -> None:
    tries = []

    def make() -> Answer:
        tries.append(1)
        if len(tries) == 1:
            raise Problem(422, "no")
        return Answer.of(b"yes", "text/plain")

    async def all_of_them() -> None:
        kitchen = Kitchen()
        with pytest.raises(Problem):
            await kitchen.answer("key", make, None)
        one, two = (asyncio.create_task(kitchen.answer("key", make, None)) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        assert (await two).body == b"yes"

    asyncio.run(all_of_them())
    assert len(tries) == 2


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, None), ("", None), ("identity", None), ("gzip", "gzip"), ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip", "gzip"), ("gzip;q=0", None), ("*", "zstd"), ("br", None), ("gzip;q=x", None),
        ("identity;q=1, gzip;q=0.5", None), ("*;q=0", None), ("GZIP", "gzip"),
    ],
)  # fmt: skip
def test_the_encoding_is_the_askers_choice(header: str | None, wanted: str | None) -> None:
    assert encoding_of(header) == wanted


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, "json"), ("*/*", "json"), ("text/csv", "csv"), ("text/*", "csv"), ("application/json, text/csv", "json"),
        ("application/json;q=0.1, text/csv", "csv"), ("*/*;q=0.1, application/vnd.apache.parquet", "parquet"),
        ("application/vnd.apache.arrow.stream;q=0, */*", "json"), ("text/html, */*;q=0.8", "json"),
    ],
)  # fmt: skip
def test_the_type_is_the_askers_choice(header: str | None, wanted: str) -> None:
    assert choose(header, None, MEDIA_TYPES) == wanted
    assert choose(header, "parquet", MEDIA_TYPES) == "parquet"


@pytest.mark.parametrize("header", ["image/png", "text/csv;q=0", "nonsense", "*/*;q=0"])
def test_what_is_not_to_be_had_is_refused(header: str) -> None:
    with pytest.raises(Problem, match="application/json"):
        choose(header, None, MEDIA_TYPES)


def test_what_was_used_last_is_kept() -> None:
    kept: Lru[str, str] = Lru(10)
    kept.put("a", "A", 4)
    kept.put("b", "B", 4)
    assert kept.get("a") == "A"
    kept.put("c", "C", 4)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == ("A", None, "C")
    kept.put("huge", "H", 11)
    assert kept.get("huge") is None and kept.weight == 8
    kept.put("a", "AA", 1)
    assert (kept.get("a"), kept.weight, len(kept)) == ("AA", 5, 2)
    kept.drop("a")
    assert (kept.get("a"), kept.weight) == (None, 4)
