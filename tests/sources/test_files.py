"""Which files a plan means."""

from pathlib import Path

import pytest

from shoal.errors import DataError, PlanError
from shoal.sources.files import ending, expand
from tests.sources import make


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def names(folder: Path, *patterns: str) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in expand(make.plan(folder, patterns))]


def test_patterns_are_relative_to_the_plan_sorted_and_each_file_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "r/b.csv", "r/a.csv.gz", "r/deep/c.ndjson", "r/d.parquet", "r/e.txt")
    monkeypatch.chdir("/")
    (tmp_path / "r/link.csv").symlink_to(tmp_path / "r/b.csv")
    found = names(tmp_path, "r/*.csv", "r/**/*.ndjson", "r/*.gz", "r/b.csv", str(tmp_path / "r/d.parquet"))
    assert found == ["r/a.csv.gz", "r/b.csv", "r/d.parquet", "r/deep/c.ndjson"]


def test_a_name_with_brackets_is_taken_literally(tmp_path: Path) -> None:
    folder = tmp_path / "[2026]"
    touch(folder, "a[1].csv")
    assert names(folder, "a[1].csv") == ["a[1].csv"]
    assert names(folder, "*.csv") == ["a[1].csv"]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("gone/*.csv", "matches no file"), ("r/*", "ending is none of .parquet, .csv"), ("r", "names the folder")],
)
def test_a_pattern_that_can_not_be_meant_is_a_mistake_of_the_plan(tmp_path: Path, pattern: str, words: str) -> None:
    touch(tmp_path, "r/e.txt")
    with pytest.raises(PlanError) as caught:
        names(tmp_path, pattern)
    assert words in str(caught.value)
    assert f"plan.toml, line 4: [source] files: {pattern!r}" in str(caught.value)


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "a.csv")
    (tmp_path / "b.csv").touch()
    with pytest.raises(DataError, match=r"b\.csv: is empty"):
        names(tmp_path, "*.csv")


def test_endings_do_not_mind_case() -> None:
    assert [ending(Path(n)) for n in ("A.CSV", "a.csv.GZ", "a.gz", "a.parquet", "a.ndjson", "csv")] == [
        ".csv", ".csv.gz", None, ".parquet", ".ndjson", None
    ]  # fmt: skip
