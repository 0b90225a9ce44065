"""Every command: help, version, --json, --quiet, results on stdout and words on stderr, and a quick start."""

import io
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import get_type_hints

import pytest

from shoal.cli import app
from tests.cli.shell import clean_environment, refused, shoal, shoal_process
from tests.cli.town import PLAN, Town, rows

ID = "2026-03-02-harbour-app"
OPTIONS = {
    "check": ("PLAN", "--tune", "--devices"),
    "release": ("PLAN", "--engine", "--out", "--workers", "--memory", "--temp", "--state", "--accounts"),
    "show": ("RELEASE", "STATISTIC", "--top"),
    "export": ("RELEASE", "STATISTIC", "--to"),
    "derive": ("RELEASE", "STATISTIC", "WHAT", "--share", "--census", "--by-parent", "--baseline", "--to"),
    "verify": ("RELEASE",),
    "budget": ("--state", "--accounts"),
    "keep": ("PLAN", "--state", "--accounts"),
    "retention": ("PLAN", "--folder", "--state", "--accounts"),
    "simulate": ("OUT", "--devices", "--days", "--seed", "--records-per-day"),
    "demo": ("--devices", "--days", "--out", "--no-serve"),
}
"""What the interface names, of the commands that are tested here."""
HEAVY = (
    "numba", "polars", "pyarrow", "pandas", "matplotlib", "geopandas", "opendp", "numpy", "sqlalchemy", "pyspark",
    "scipy", "shapely", "duckdb",
)  # fmt: skip


class TestHelp:
    def test_of_shoal(self) -> None:
        answer = shoal("--help")
        assert (answer.status, answer.err) == (0, "")
        for command in OPTIONS:
            assert command in answer.out

    def test_without_a_command(self) -> None:
        answer = shoal()
        assert answer.status == 2
        assert "Commands" in answer.out

    @pytest.mark.parametrize("command", OPTIONS)
    def test_of_a_command(self, command: str) -> None:
        answer = shoal(command, "--help")
        assert (answer.status, answer.err) == (0, "")
        for option in (*OPTIONS[command], "--json", "--quiet"):
            assert option in answer.out, option

    @pytest.mark.parametrize(
        "command", [c.name or getattr(c.callback, "__name__", "") for c in app.registered_commands]
    )
    def test_brackets_are_words_and_no_markup(self, command: str) -> None:
        """`[default: ...]` would be taken for a style and vanish."""
        said = next(c for c in app.registered_commands if command in (c.name, getattr(c.callback, "__name__", "")))
        hints = get_type_hints(said.callback, include_extras=True).values()
        helps = [getattr(part, "help", None) or "" for hint in hints for part in getattr(hint, "__metadata__", ())]
        wanted = re.findall(r"\[[a-z][^\]]*\]", " ".join(helps).replace("\\[", "["))
        shown = " ".join(shoal(command, "--help").out.replace("│", " ").split())
        assert [words for words in wanted if words not in shown] == []
        assert wanted or command != "release"

    def test_every_command_takes_json_and_quiet(self) -> None:
        for command in app.registered_commands:
            name = command.name or getattr(command.callback, "__name__", "")
            answer = shoal(name, "--help")
            assert "--json" in answer.out and "--quiet" in answer.out, name

    def test_version(self) -> None:
        answer = shoal("--version")
        assert (answer.status, answer.out, answer.err) == (0, version("shoal") + "\n", "")


def test_the_installed_program(town: Town) -> None:
    """The other tests call its function in this process."""
    answer = shoal_process("check", town.plan, "--json")
    assert (answer.status, answer.err, answer.json["source"]) == (0, "", "harbour-app")
    town.change("[privacy]", "[privacy")
    refused(shoal_process("release", town.plan), 2, "plan.toml: is not TOML", "mend that line")


def test_nothing_heavy_is_loaded_before_it_is_needed(tmp_path: Path) -> None:
    """Import, help, version and a misused command; in a fresh process, as others have loaded everything here."""
    script = f"""
import sys
import shoal
assert shoal.check and shoal.release and shoal.open
heavy = lambda: sorted(set({HEAVY!r}) & set(sys.modules))
assert not heavy(), heavy()
from shoal.cli import main
for words in (["--help"], ["--version"], ["release", "--help"], ["release"]):
    sys.argv = ["shoal", *words]
    try:
        main()
    except SystemExit:
        pass
    assert not heavy(), (words, heavy())
import shoal.engines
assert heavy(), "else this could not fail"
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=clean_environment(), check=False
    )
    assert done.returncode == 0, done.stderr


def commands(town: Town, out: Path) -> dict[str, tuple[object, ...]]:
    release = town.releases / ID
    return {
        "check": ("check", town.plan),
        "release": ("release", town.plan),
        "show": ("show", release),
        "show a statistic": ("show", release, "visits", "--top", 3),
        "export": ("export", release, "visits", "--to", out / "visits.csv"),
        "verify": ("verify", release),
        "budget": ("budget", town.folder),
        "simulate": ("simulate", out / "city", "--devices", 5, "--days", 1, "--seed", 1),
    }


EVERY = pytest.mark.parametrize(
    "name", ["check", "release", "show", "show a statistic", "export", "verify", "budget", "simulate"]
)


@EVERY
def test_json(released: Town, tmp_path: Path, name: str) -> None:
    """One object on stdout, and nothing on stderr."""
    answer = shoal(*commands(released, tmp_path)[name], "--json")
    assert (answer.status, answer.err) == (0, "")
    facts = answer.json
    expected = {
        "check": ("source", "harbour-app"),
        "release": ("folder", str(released.releases / ID)),
        "show": ("id", ID),
        "show a statistic": ("statistic", "visits"),
        "export": ("file", str(tmp_path / "visits.csv")),
        "verify": ("verified", True),
        "simulate": ("plan", str(tmp_path / "city" / "plan.toml")),
    }
    if name == "budget":
        assert [account["source"] for account in facts["accounts"]] == ["harbour-app"]
    else:
        key, value = expected[name]
        assert facts[key] == value
    if name == "show a statistic":
        assert len(facts["top"]) == 3


@EVERY
def test_quiet(released: Town, tmp_path: Path, name: str) -> None:
    """The result stays, the words go."""
    loud = shoal(*commands(released, tmp_path)[name])
    shutil.rmtree(tmp_path / "city", ignore_errors=True)
    quiet = shoal(*commands(released, tmp_path)[name], "--quiet")
    assert (quiet.status, quiet.err) == (0, "")
    assert quiet.out
    assert loud.status == 0
    assert set(quiet.out.splitlines()) <= set(loud.out.splitlines())
    if name == "release":
        assert "nothing is charged" in loud.err, "words go to stderr, without --quiet"


def test_demo(tmp_path: Path) -> None:
    answer = shoal("demo", "--devices", 40, "--days", 1, "--out", tmp_path / "demo", "--no-serve", "--json")
    assert (answer.status, answer.err) == (0, "")
    assert answer.json["synthetic"] is True
    assert Path(answer.json["folder"]).is_dir()


def test_a_terminal_without_our_signs(released: Town) -> None:
    """As under LC_ALL=C: what can't be written is replaced, not a crash."""
    paper = io.BytesIO()
    terminal = io.TextIOWrapper(paper, encoding="ascii", write_through=True)
    answer = shoal("check", released.plan, stdout=terminal)
    assert (answer.status, answer.err) == (0, "")
    assert "±" in shoal("check", released.plan).out
    assert b"presence" in paper.getvalue() and b"?" in paper.getvalue()


class TestRelease:
    def test_a_release_and_what_is_said_of_it(self, town: Town) -> None:
        answer = shoal("release", town.plan)
        assert answer.status == 0
        assert ID in answer.out and "about 360 rows" not in answer.out
        assert "about 360 rows" in answer.err, "what was read is for the operator, not for whoever gets the result"
        assert answer.err.splitlines()[-1] == str(town.releases / ID)

    def test_twice_is_once(self, town: Town, tmp_path: Path) -> None:
        """The same plan over the same records: the same release, charged once; elsewhere, a copy of it."""
        first, again = (shoal("release", town.plan, "--json") for _ in range(2))
        assert first.json == again.json
        assert town.charges() == 1
        elsewhere = shoal("release", town.plan, "--json", "--out", tmp_path / "elsewhere")
        assert elsewhere.json["folder"] == str(tmp_path / "elsewhere" / ID)
        assert files(tmp_path / "elsewhere" / ID) == files(town.releases / ID)
        assert town.charges() == 1

    def test_other_records_are_another_release(self, town: Town) -> None:
        """Else the test above could not fail."""
        first = shoal("release", town.plan, "--json").json
        town.csv(rows(seed=2))
        second = shoal("release", town.plan, "--json").json
        assert first["folder"] != second["folder"]
        assert town.charges() == 2

    def test_a_state_elsewhere(self, town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert shoal("release", town.plan, "--state", tmp_path / "a").status == 0
        monkeypatch.setenv("SHOAL_STATE", str(tmp_path / "b"))
        assert shoal("release", town.plan, "--out", tmp_path / "out").status == 0
        assert (town.charges(tmp_path / "a"), town.charges(tmp_path / "b"), town.state.exists()) == (1, 1, False)
        assert "harbour-app" in shoal("budget", town.folder).out
        assert "harbour-app" in shoal("budget", "--state", tmp_path / "a").out


class TestCheck:
    def test_without_records(self, town: Town) -> None:
        """It shows keys, bound, mechanism, scale and half width of each statistic from plan and zones alone."""
        before = shoal("check", town.plan)
        shutil.rmtree(town.folder / "records")
        answer = shoal("check", town.plan)
        assert (answer.status, answer.out) == (0, before.out)
        assert not town.state.exists(), "nothing to charge, nothing to keep"
        for text in ("zone x daypart", "zone x day", "epsilon 1", "gaussian", "L2", "bound", "scale", "95 %", "±"):
            assert text in answer.out, text

    def test_as_json(self, town: Town) -> None:
        facts = shoal("check", town.plan, "--json").json
        assert (facts["zones"], facts["unit"], facts["epsilon"], facts["delta"]) == (4, "day", 1.0, 1e-8)
        lines = {line["statistic"]: line for line in facts["lines"]}
        presence, visits = lines["presence"], lines["visits"]
        assert lines.keys() == {"presence", "presence.all", "visits", "visits.all"}
        assert (presence["keys"], presence["cells"]) == (["zone", "daypart"], 20)
        assert (visits["keys"], visits["cells"]) == (["zone", "day"], 4)
        for line in (presence, visits):
            assert line["mechanism"] in ("gaussian", "laplace")
            assert line["bound"] > 0 and line["scale"] > 0
            assert line["half_width"] == pytest.approx(1.96 * line["stderr"], rel=0.05)

    def test_says_what_the_release_then_says(self, town: Town) -> None:
        promised = {line["statistic"]: line for line in shoal("check", town.plan, "--json").json["lines"]}
        given = {line["statistic"]: line for line in shoal("release", town.plan, "--json").json["statistics"]}
        assert promised.keys() == given.keys()
        for name, line in given.items():
            if "." not in name:  # what was cut off is given back, and its noise with it; totals gain from each other
                assert line["half_width"] >= promised[name]["half_width"] * 0.9999
            assert (line["keys"], line["rows"]) == (promised[name]["keys"], promised[name]["cells"])

    def test_more_budget_is_more_precise(self, town: Town) -> None:
        widths = []
        for epsilon in ("0.5", "5"):
            town.plan.write_text(PLAN.replace("epsilon = 1.0", f"epsilon = {epsilon}"))
            widths.append(shoal("check", town.plan, "--json").json["lines"][0]["half_width"])
        assert widths[0] > 5 * widths[1]


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
