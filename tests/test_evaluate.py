"""`shoal evaluate`: two-sided on invented releases, refused for real records, one sentence for a truth that is none."""

import json
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from shoal.api import release as shoal_release
from shoal.calendar import Calendar
from shoal.errors import DataError, RefusedError, ShoalError, UsageError
from shoal.evaluate import ADD_UP, Evaluation, evaluate
from shoal.keys import TimeKey
from shoal.plan import Plan
from shoal.release import Release
from shoal.release.read import open_release
from shoal.simulate import simulate
from shoal.simulate.truth_tables import PER_UNIT
from shoal.statistics import STATISTICS
from tests.cli.shell import shoal
from tests.release import make

NAMES = ("presence", "visits", "flows", "residents")

LEAST = 0.8
"""Of a hundred intervals of 95 % fewer hold the truth once in 10^7 times; where so few people are, the noise hides all
that bounds take away."""


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


@pytest.mark.parametrize("time", ["day", "hour", "week"])
def test_a_release_by_week_is_compared_with_the_truth_of_its_days(tmp_path: Path, time: str) -> None:
    """March 2026 begins on a Sunday and ends on a Tuesday."""
    period = {"start": "2026-03-01", "end": "2026-04-01", "unit": "month"}
    plan = make.plan_in(tmp_path, statistics={"visits": ("zone", "week")}, synthetic=True, **period)
    release = open_release(make.release_in(tmp_path / "releases", plan))
    times = TimeKey.of("hour" if time == "hour" else "day", Calendar.from_plan(plan)).values
    local = pl.col(time).dt.date() if time == "hour" else pl.col(time)
    rows = release["visits"].to_polars().select("zone", "week", value="estimate")
    if time != "week":
        rows = rows.join(
            pl.DataFrame({time: times})
            .with_columns(week=local.dt.truncate("1w"))
            .with_columns(n=pl.len().over("week")),
            on="week",
        ).select("zone", time, value=pl.col("value") / pl.col("n"))
    (tmp_path / "truth").mkdir()
    rows.write_parquet(tmp_path / "truth" / "visits.parquet")
    (line,) = evaluate(release, tmp_path / "truth").lines
    assert (line.rows, line.coverage) == (42, 1.0)
    assert line.mean_absolute_error == pytest.approx(0, abs=1e-9)
    if time != "week":
        pl.concat([rows, rows.head(1)]).write_parquet(tmp_path / "truth" / "visits.parquet")
        with pytest.raises(DataError, match=rf"visits\.parquet: it needs one row for each zone and {time}"):
            evaluate(release, tmp_path / "truth")


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


@pytest.fixture
def whole(tmp_path: Path) -> Release:
    """A release without time keys."""
    by = {"visits": ("zone",), "visitors": ("zone",), "dwell": ("zone", "class")}
    plan = make.plan_in(tmp_path / "whole", statistics=by, synthetic=True)
    return open_release(make.release_in(tmp_path / "whole" / "releases", plan))


def halves(file: Path) -> None:
    """Give the truth in `file` a time key: a quarter in the morning, the rest at night."""
    frame = pl.read_parquet(file)
    parts = [
        frame.select(pl.exclude("value"), pl.lit(part).alias("daypart"), pl.col("value") * share)
        for part, share in (("morning", 0.25), ("night", 0.75))
    ]
    pl.concat(parts).sample(fraction=1.0, shuffle=True, seed=2).write_parquet(file)


def test_what_adds_up_over_time_is_added_up(whole: Release, tmp_path: Path) -> None:
    truth = write_truth(whole, tmp_path / "truth")
    for name in ("visits", "dwell"):
        halves(truth / f"{name}.parquet")
    for line in evaluate(whole, truth).lines:
        assert (line.coverage, line.rows) == (1.0, whole[line.statistic].facts.cells)
        assert line.mean_absolute_error == pytest.approx(0.0, abs=1e-9)
    short = pl.read_parquet(truth / "dwell.parquet").head(-1)
    short.write_parquet(truth / "dwell.parquet")
    with pytest.raises(DataError, match=r"dwell\.parquet: it lacks times"):
        evaluate(whole, truth)


def test_devices_counted_once_a_time_are_never_added_up(whole: Release, tmp_path: Path) -> None:
    truth = write_truth(whole, tmp_path / "truth")
    halves(truth / "visitors.parquet")
    with pytest.raises(DataError, match=r"visitors\.parquet: its columns must be"):
        evaluate(whole, truth)


def test_a_time_that_the_release_has_too_is_not_added_up(release: Release, tmp_path: Path) -> None:
    truth = write_truth(release, tmp_path / "truth")
    halves(truth / "visits.parquet")
    with pytest.raises(DataError, match=r"visits\.parquet: its columns must be"):
        evaluate(release, truth)


def test_adding_up_fits_what_the_statistics_say(tmp_path: Path) -> None:
    """A statistic adds up over time if, without a time key, it is no mean over the units."""
    plan = make.plan_in(tmp_path, start="2026-03-02", end="2026-03-16")
    calendar = Calendar.from_plan(plan)
    time = TimeKey.of(None, calendar)
    assert {name for name, s in STATISTICS.items() if s.divisor_of(calendar, time) == 1} == set(ADD_UP)


@pytest.mark.parametrize("name", ["visitors", "visits"])
def test_a_mean_over_other_units_is_refused(whole: Release, tmp_path: Path, name: str) -> None:
    truth = write_truth(whole, tmp_path / "truth")
    rows = pq.read_table(truth / f"{name}.parquet")
    pq.write_table(rows.replace_schema_metadata({PER_UNIT: "week"}), truth / f"{name}.parquet")
    assert evaluate(whole, truth).lines[0].coverage == 1.0
    pq.write_table(rows.replace_schema_metadata({PER_UNIT: "day"}), truth / f"{name}.parquet")
    with pytest.raises(DataError, match=rf"{name}\.parquet: it counts a device once a day, the release once a week"):
        evaluate(whole, truth)


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
    for word in (*NAMES, "SYNTHETIC", "100.0 %", "what phones did not see"):
        assert word in text


def test_the_truth_of_a_simulation_fits_its_release(tmp_path: Path) -> None:
    plan = simulate(tmp_path / "city", devices=150, days=1, seed=4, records_per_day=80)
    quiet: dict[str, Any] = {"progress": lambda *_: None, "tell": lambda _: None}
    found = evaluate(shoal_release(Plan.load(plan), **quiet), tmp_path / "city" / "truth")
    for line in found.lines:
        assert line.coverage is not None
        assert line.rows < 100 or line.coverage > LEAST
        assert line.true > 0
    assert found.lines[0].true == pytest.approx(24 * 150, rel=0.2)  # presence adds up to the time that people are there


@pytest.mark.parametrize("days", [1, 7])
def test_a_plan_of_all_statistics_with_their_usual_keys(tmp_path: Path, days: int) -> None:
    plan = simulate(tmp_path / "city", devices=60, days=days, seed=4, records_per_day=40)
    text = plan.read_text()
    tables = "".join(f"[statistics.{name}]\n" for name in STATISTICS)
    for name in ("flows", "catchment"):  # near pairs only: each is a draw of noise
        tables = tables.replace(f"[statistics.{name}]\n", f"[statistics.{name}]\nmax_km = 2\n")
    plan.write_text(text[: text.index("[statistics.")] + tables)
    quiet: dict[str, Any] = {"progress": lambda *_: None, "tell": lambda _: None}
    found = evaluate(shoal_release(Plan.load(plan), **quiet), tmp_path / "city" / "truth")
    names = [f"{name}{level}" for name in STATISTICS for level in ("", ".region", ".all")]
    assert [line.statistic for line in found.lines] == names
    for line in found.lines:
        assert line.true > 0
        assert line.coverage is not None
        assert line.rows < 100 or line.coverage > LEAST
    if days > 1:
        other = text.replace('unit = "week"', 'unit = "day"')
        plan.write_text(other[: other.index("[statistics.")] + "[statistics.visitors]\n")
        with pytest.raises(DataError, match="once a week, the release once a day"):
            evaluate(shoal_release(Plan.load(plan), **quiet), tmp_path / "city" / "truth")


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
