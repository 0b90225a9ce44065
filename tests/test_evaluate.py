"""`shoal evaluate`: two-sided on invented releases, refused for real records, one sentence for a truth that is none."""

import json
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from shoal.api import release as shoal_release
from shoal.errors import DataError, RefusedError, ShoalError, UsageError
from shoal.evaluate import Evaluation, evaluate
from shoal.plan import Plan
from shoal.release import Release
from shoal.release.read import open_release
from shoal.simulate import simulate
from tests.cli.shell import shoal
from tests.release import make

NAMES = ("presence", "visits", "flows", "residents")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Of every statistic over 7 squares and a week, marked synthetic; no record was ever behind it."""
    folder = tmp_path_factory.mktemp("synthetic")
    return open_release(make.release_in(folder / "releases", make.plan_in(folder, synthetic=True)))


def write_truth(release: Release, folder: Path, value: pl.Expr | None = None) -> Path:
    """A folder of truth that agrees with the release, or is `value` of its columns."""
    folder.mkdir(exist_ok=True)
    for name in release:
        frame = release[name].to_polars()
        truth = frame.select(*release[name].keys, value=pl.col("estimate") if value is None else value)
        truth.write_parquet(folder / f"{name}.parquet")
    return folder


def lines(found: Evaluation) -> dict[str, tuple[float | None, float | None]]:
    return {line.statistic: (line.coverage, line.mean_absolute_error) for line in found.lines}


def test_a_truth_that_is_what_was_published_is_covered_without_error(release: Release, tmp_path: Path) -> None:
    found = evaluate(release, write_truth(release, tmp_path / "truth"))
    assert lines(found) == dict.fromkeys(NAMES, (1.0, 0.0))
    for line in found.lines:
        assert line.rows == release[line.statistic].facts.cells
        assert line.published == line.true
        assert set(line.median_relative_error.values()) <= {0.0, None}
        assert line.half_width == release[line.statistic].facts.half_width


@pytest.mark.parametrize("side", [1, -1])
def test_a_truth_just_beyond_the_intervals_is_not_covered(release: Release, tmp_path: Path, side: int) -> None:
    width = pl.col("upper") - pl.col("estimate")
    inside = evaluate(release, write_truth(release, tmp_path / "in", pl.col("estimate") + side * 0.999 * width))
    assert {line.coverage for line in inside.lines} == {1.0}
    beyond = evaluate(release, write_truth(release, tmp_path / "out", pl.col("estimate") + side * 1.001 * width))
    assert {line.coverage for line in beyond.lines} == {0.0}
    for line in beyond.lines:
        assert line.mean_absolute_error == pytest.approx(1.001 * line.half_width, rel=1e-4)


def test_a_share_of_shifted_rows_lowers_the_coverage_by_as_much(release: Release, tmp_path: Path) -> None:
    first = pl.int_range(pl.len()) < pl.len() // 4
    far = pl.col("estimate") + pl.when(first).then(10 * (pl.col("upper") - pl.col("lower"))).otherwise(0.0)
    for line in evaluate(release, write_truth(release, tmp_path / "truth", far)).lines:
        assert line.coverage == pytest.approx(1 - (line.rows // 4) / line.rows)


def test_errors_are_told_by_the_size_of_the_truth(release: Release, tmp_path: Path) -> None:
    """By hand: estimates are known, the truth is set so that a row's relative error follows from its class."""
    truth = write_truth(release, tmp_path / "truth")
    published = release["residents"].to_polars()["estimate"].to_list()
    true = [19.0, 20.0, 99.0, 100.0, 499.0, 500.0, 5000.0]
    keys = release["residents"].to_polars().select("zone")
    keys.with_columns(value=pl.Series(true)).write_parquet(truth / "residents.parquet")
    line = evaluate(release, truth).lines[-1]
    error = [abs(e - t) / t for e, t in zip(published, true, strict=True)]
    assert line.median_relative_error == {
        "20 to 100": pytest.approx((error[1] + error[2]) / 2),
        "100 to 500": pytest.approx((error[3] + error[4]) / 2),
        "over 500": pytest.approx((error[5] + error[6]) / 2),
    }
    assert line.true == sum(true)
    assert line.published == pytest.approx(sum(published))
    assert line.ratio == pytest.approx(sum(published) / sum(true))
    # nobody anywhere: no class has a row, and there is no ratio
    keys.with_columns(value=pl.lit(0.0)).write_parquet(truth / "residents.parquet")
    empty = evaluate(release, truth).lines[-1]
    assert set(empty.median_relative_error.values()) == {None}
    assert empty.ratio is None
    assert evaluate(release, truth).as_json()["statistics"][-1]["published_over_true"] is None


def test_order_and_time_unit_of_the_truth_do_not_matter(release: Release, tmp_path: Path) -> None:
    truth = write_truth(release, tmp_path / "truth")
    for name in NAMES:
        frame = pl.read_parquet(truth / f"{name}.parquet").sample(fraction=1.0, shuffle=True, seed=1)
        if name == "presence":
            frame = frame.with_columns(pl.col("hour").dt.convert_time_zone("UTC").dt.cast_time_unit("ms"))
        frame.select(reversed(frame.columns)).write_parquet(truth / f"{name}.parquet")
    assert lines(evaluate(release, truth)) == dict.fromkeys(NAMES, (1.0, 0.0))


def test_pairs_too_far_apart_for_the_release_are_left_out(tmp_path: Path) -> None:
    """As `shoal simulate` writes the truth: all pairs, whatever `max_km` says."""
    every = make.plan_in(tmp_path / "all", statistics={"flows": ("origin", "destination")}, synthetic=True)
    near = make.plan_in(
        tmp_path / "near", statistics={"flows": ("origin", "destination")}, synthetic=True, extra="max_km = 1.3\n"
    )
    whole, part = (open_release(make.release_in(tmp_path / f"r{i}", plan)) for i, plan in enumerate((every, near)))
    truth = write_truth(whole, tmp_path / "truth", pl.lit(30.0))
    line = evaluate(part, truth).lines[0]
    assert 0 < line.rows < whole["flows"].facts.cells
    assert line.true == 30.0 * line.rows
    with pytest.raises(DataError, match="has no row for"):
        evaluate(whole, write_truth(part, tmp_path / "short"))


def test_real_records_are_never_compared(tmp_path: Path) -> None:
    real = open_release(make.release_in(tmp_path / "releases", make.plan_in(tmp_path)))
    truth = write_truth(real, tmp_path / "truth")
    for folder in (truth, tmp_path / "nowhere"):  # refused before the truth is looked for
        with pytest.raises(RefusedError, match="marked synthetic") as caught:
            evaluate(real, folder)
        assert caught.value.exit_status == 3


def rewrite(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    return lambda file: change(pl.read_parquet(file)).write_parquet(file)


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (Path.unlink, "no such file"),
    "no parquet": (lambda file: file.write_bytes(b"PAR1 but then nothing"), "no Parquet file"),
    "other key": (rewrite(lambda f: f.rename({"day": "weekday"})), "zone, day, value"),
    "no value": (rewrite(lambda f: f.drop("value")), "zone, day, value"),
    "text as value": (rewrite(lambda f: f.with_columns(value=pl.lit("many"))), "finite number"),
    "null as value": (rewrite(lambda f: f.with_columns(value=pl.lit(None, pl.Float64))), "finite number"),
    "infinite": (rewrite(lambda f: f.with_columns(value=pl.lit(float("inf")))), "finite number"),
    "days as text": (rewrite(lambda f: f.with_columns(pl.col("day").cast(pl.String))), "same types"),
    "zone as number": (rewrite(lambda f: f.with_columns(zone=pl.lit(1))), "same types"),
    "a row less": (rewrite(lambda f: f.head(-1)), "no row for 1 of"),
    "another week": (rewrite(lambda f: f.with_columns(pl.col("day").dt.offset_by("7d"))), "no row for"),
    "a row more": (
        rewrite(lambda f: pl.concat([f, f.head(1).with_columns(day=date(2026, 4, 1))])),
        "not in the release",
    ),
    "a row twice": (rewrite(lambda f: pl.concat([f, f.head(1)])), "twice"),
}


@pytest.mark.parametrize(("spoil", "said"), SPOILT.values(), ids=SPOILT)
def test_a_truth_that_is_none_gets_one_sentence(
    release: Release, tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    truth = write_truth(release, tmp_path / "truth")
    evaluate(release, truth)
    spoil(truth / "visits.parquet")
    with pytest.raises(ShoalError, match=r"visits\.parquet") as caught:
        evaluate(release, truth)
    assert caught.value.exit_status == 1
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_folder_is_wrong_use(release: Release, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        evaluate(release, tmp_path / "nowhere")


def test_suppressed_rows_are_not_compared(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = write_truth(release, tmp_path / "truth")
    frame = release["visits"].to_polars()
    hidden = frame.with_columns(
        suppressed=pl.int_range(pl.len()) < 5,
        estimate=pl.when(pl.int_range(pl.len()) < 5).then(None).otherwise(pl.col("estimate")),
    )
    table = release["visits"]
    monkeypatch.setattr(
        type(table), "to_polars", lambda self: hidden if self.name == "visits" else _read(release, self)
    )
    line = next(x for x in evaluate(release, truth).lines if x.statistic == "visits")
    assert (line.rows, line.coverage, line.mean_absolute_error) == (frame.height - 5, 1.0, 0.0)


def _read(release: Release, table: object) -> pl.DataFrame:
    return pl.read_parquet(release.folder / "tables" / f"{getattr(table, 'name')}.parquet")  # noqa: B009


def test_words_and_json_say_the_same(release: Release, tmp_path: Path) -> None:
    found = evaluate(release, write_truth(release, tmp_path / "truth"))
    said = json.loads(json.dumps(found.as_json()))
    assert [line["statistic"] for line in said["statistics"]] == list(NAMES)
    assert said["synthetic"] is True
    page = StringIO()
    Console(width=200, file=page).print(found.render())
    text = page.getvalue()
    for word in (*NAMES, "SYNTHETIC", "100.0 %", "noise alone"):
        assert word in text


def test_the_truth_of_a_simulation_fits_its_release(tmp_path: Path) -> None:
    plan = simulate(tmp_path / "city", devices=150, days=1, seed=4, records_per_day=80)
    quiet: dict[str, Any] = {"progress": lambda *_: None, "tell": lambda _: None}
    found = evaluate(shoal_release(Plan.load(plan), **quiet), tmp_path / "city" / "truth")
    for line in found.lines:
        assert line.coverage is not None
        assert line.coverage > 0.9  # so few people that the noise hides all of them
        assert line.true > 0
    assert found.lines[0].true == pytest.approx(24 * 150, rel=0.2)  # presence adds up to the time that people are there


def test_the_command(release: Release, tmp_path: Path) -> None:
    truth = write_truth(release, tmp_path / "truth")
    words = shoal("evaluate", release.folder, truth)
    assert (words.status, words.err) == (0, "")
    assert "SYNTHETIC" in words.out
    answer = shoal("evaluate", release.folder, truth, "--json", "--quiet")
    assert answer.json == evaluate(release, truth).as_json()
    real = make.release_in(tmp_path / "releases", make.plan_in(tmp_path))
    refused = shoal("evaluate", real, truth)
    assert (refused.status, refused.out) == (3, "")
    assert refused.err.count("\n") == 1
