"""Bad arguments: one sentence, exit status 2 where they can't be meant, and nothing done."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import refused, shoal
from tests.cli.town import Town

ID = "2026-03-02-harbour-app"
Words = tuple[str, ...]
TOWN, RELEASE, NEW = "{town}", "{release}", "{new}"
"""Stand for the folder of a released town, its release, and a folder that is empty."""


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (("release", f"{TOWN}"), 2, ("is a folder", "the path of the plan inside it")),
        (("check", f"{TOWN}"), 2, ("is a folder", "the path of the plan inside it")),
        (("release", f"{NEW}/plan.toml"), 2, ("plan.toml: no such file", "`shoal check plan.toml`")),
        (("release", f"{TOWN}/plan.toml", "--memory", "much"), 2, ("--memory much", "such as 8GiB or 500MB")),
        (("release", f"{TOWN}/plan.toml", "--memory", "-8GiB"), 2, ("--memory -8GiB", "such as 8GiB or 500MB")),
        (("release", f"{TOWN}/plan.toml", "--memory", "nanGiB"), 2, ("--memory nanGiB", "such as 8GiB or 500MB")),
        (("release", f"{TOWN}/plan.toml", "--engine", "foo"), 2, ("--engine foo", "no such engine; use local")),
        (("release", f"{TOWN}/plan.toml", "--workers", "0"), 2, ("--workers", "1", "`shoal release --help`")),
        (("release", f"{TOWN}/plan.toml", "--workers", "two"), 2, ("--workers", "`shoal release --help`")),
        (("release",), 2, ("shoal release", "PLAN", "`shoal release --help`")),
        (("release", f"{TOWN}/plan.toml", "--memry", "1"), 2, ("--memry", "--memory", "`shoal release --help`")),
        (("release", "a.toml", "b.toml"), 2, ("unexpected", "b.toml", "`shoal release --help`")),
        (("relase", "a.toml"), 2, ("relase", "release", "`shoal --help`")),
        (("verify", f"{NEW}"), 3, ("manifest",)),
        (("verify", f"{NEW}/nothing"), 2, ("no such folder", "give the folder of a release")),
        (("verify", f"{TOWN}/plan.toml"), 2, ("no such folder", "give the folder of a release")),
        (("show", f"{NEW}"), 3, ("does not verify", "check `manifest`", "unchanged copy")),
        (("show", f"{NEW}/nothing"), 2, ("no such folder", "give the folder of a release")),
        (("show", f"{RELEASE}", "visit"), 2, ("no statistic 'visit'", "the nearest is 'visits'")),
        (("show", f"{RELEASE}", "visits", "--top", "0"), 2, ("--top", "1")),
        (("export", f"{RELEASE}", "visits", "--to", f"{NEW}/a.pdf"), 2, ("a.pdf", "must be one of .csv", ".xlsx")),
        (("export", f"{RELEASE}", "visits", "--to", f"{NEW}/b/a.csv"), 2, ("does not exist", "make it first")),
        (("export", f"{RELEASE}", "visits", "--to", f"{RELEASE}/a.csv"), 2, ("can't take another", "write elsewhere")),
        (
            ("export", f"{RELEASE}", "flows", "--to", f"{NEW}/a.csv"),
            2,
            ("no statistic 'flows'", "presence, presence.all, visits, visits.all"),
        ),
        (("export", f"{NEW}", "visits", "--to", f"{NEW}/a.csv"), 3, ("does not verify", "unchanged copy")),
        (("export", f"{RELEASE}", "visits"), 2, ("--to", "`shoal export --help`")),
        (("derive", f"{RELEASE}", "visits", "median"), 2, ("median", "shares", "`shoal derive --help`")),
        (("derive", f"{RELEASE}", "visits", "quantile"), 2, ("visits has no classes", "dwell, distance and gyration")),
        (("derive", f"{RELEASE}", "visits", "people"), 2, ("by a census", "--census FILE")),
        (("derive", f"{RELEASE}", "visits", "people", "--census", f"{NEW}/no.csv"), 1, ("no.csv", "can't be read")),
        (("derive", f"{RELEASE}", "visits", "shares", "--to", f"{NEW}/a.pdf"), 2, ("a.pdf", "must be one of .csv")),
        (("derive", f"{RELEASE}", "visits", "shares", "--to", f"{RELEASE}/a.csv"), 2, ("can't take another",)),
        (("derive", f"{RELEASE}", "visits", "change"), 2, ("needs an earlier release",)),
        (
            ("derive", f"{RELEASE}", "visits", "change", "--baseline", f"{RELEASE}"),
            2,
            ("is no earlier release", "lies before"),
        ),
        (("derive", f"{RELEASE}", "vists", "shares"), 2, ("no statistic 'vists'", "the nearest is 'visits'")),
        (("budget", f"{NEW}"), 2, ("there are no accounts yet", "--state")),
        (("budget", "--state", f"{TOWN}"), 2, ("there are no accounts yet", "--state")),
        (("simulate", f"{TOWN}", "--devices", "5", "--days", "1"), 2, ("must not exist or be an empty folder",)),
        (("simulate", f"{NEW}", "--devices", "0", "--days", "1"), 2, ("--devices must be 1 or more",)),
        (("simulate", f"{NEW}", "--devices", "5", "--days", "0"), 2, ("--days must be between 1 and 366",)),
        (("simulate", f"{NEW}", "--devices", "5", "--days", "1", "--seed", "-1"), 2, ("--seed must be",)),
        (
            ("simulate", f"{NEW}", "--devices", "5", "--days", "1", "--start", "Monday"),
            2,
            ("--start Monday", "2026-03-02"),
        ),
        (
            ("simulate", f"{NEW}", "--devices", "5", "--days", "1", "--records-per-day", "nan"),
            2,
            ("--records-per-day",),
        ),
        (("simulate", f"{NEW}", "--days", "1"), 2, ("--devices", "`shoal simulate --help`")),
        (("demo", "--no-serve", "--out", f"{TOWN}"), 2, ("something other than a demo", "--out")),
    ],
    ids=lambda value: "-".join(value).replace("/", "_") if isinstance(value, tuple) else str(value),
)
def test_bad_arguments(released: Town, tmp_path: Path, command: Words, status: int, words: Words) -> None:
    before = contents(released.folder)
    folders = {"town": released.folder, "release": released.releases / ID, "new": tmp_path}
    answer = shoal(*(word.format(**folders) for word in command))
    if command[0] == "verify" and status == 3:  # the one refusal that is the command's result
        assert answer.status == status and all(word in answer.out for word in words)
        assert "does NOT verify" in answer.out
    else:
        refused(answer, status, *words)
    assert contents(released.folder) == before
    assert list(tmp_path.iterdir()) == []
    as_json = shoal(*(word.format(**folders) for word in command), "--json")
    assert as_json.status == status
    if "checks" not in as_json.json:
        assert as_json.json == {"error": answer.err.removesuffix("\n"), "status": status}


def contents(folder: Path) -> dict[str, float]:
    return {str(file): file.stat().st_mtime_ns for file in sorted(folder.rglob("*")) if not file.is_dir()}


def test_too_little_memory(town: Town) -> None:
    refused(shoal("release", town.plan, "--memory", "1KB"), 2, "at least 1.5 GiB", "--memory 8GiB")
    assert (town.found(), town.charges()) == ([], 0)
    assert shoal("release", town.plan, "--memory", "1.5GiB").status == 0


def test_a_folder_for_temporary_records_that_is_not_there(town: Town) -> None:
    refused(shoal("release", town.plan, "--temp", str(town.folder / "gone")), 2, "gone", "no such folder")
    assert (town.found(), town.charges()) == ([], 0)


def change_an_estimate(folder: Path) -> None:
    file = folder / "tables" / "visits.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def lower_epsilon(folder: Path) -> None:
    file = folder / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["privacy"]["epsilon"] = "1/10"
    file.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    "spoil",
    [
        change_an_estimate,
        lower_epsilon,
        lambda folder: (folder / "tables" / "visits.parquet").unlink(),
        lambda folder: (folder / "tables" / "more.parquet").write_text("x"),
        lambda folder: (folder / "manifest.json").write_text("{"),
    ],
    ids=["a changed number", "a changed epsilon", "a missing table", "a file too many", "a broken manifest"],
)
def test_a_release_that_was_changed(released: Town, tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    """Nothing is shown or exported of it, and `verify` says what is wrong with it."""
    copy = Path(shutil.copytree(released.releases / ID, tmp_path / ID))
    assert shoal("verify", copy).status == 0
    spoil(copy)
    answer = shoal("verify", copy)
    assert (answer.status, answer.err) == (3, "")
    assert "FAILED" in answer.out and "does NOT verify" in answer.out
    assert shoal("verify", copy, "--json").json["verified"] is False
    refused(shoal("show", copy), 3, str(copy), "does not verify", "unchanged copy")
    refused(shoal("export", copy, "visits", "--to", tmp_path / "visits.csv"), 3, "does not verify")
    assert not (tmp_path / "visits.csv").exists()
