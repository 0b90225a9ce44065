"""The command line: results on stdout, words and bars on stderr, the exit status from the error's type.

0 done, 1 failed, 2 wrong use, 3 refused. A command only translates: what it does is done by the room of its name.
"""

import gc
import json
import sys
from collections.abc import Callable
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from shoal._failures import Sentences
from shoal.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from shoal.plan import Plan

app = typer.Typer(
    cls=Sentences,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="The plan, a TOML file.")]
ReleaseFolder = Annotated[Path, typer.Argument(metavar="RELEASE", help="Folder of a release.")]
Derived = Literal["shares", "quantile", "density", "people", "change", "standing-out"]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars and no words but errors.")]
StateFolder = Annotated[
    Path | None, typer.Option("--state", help="Folder of accounts and keys.  [default: $SHOAL_STATE, else .shoal]")
]
AccountsUrl = Annotated[
    str | None,
    typer.Option(
        "--accounts",
        help="URL of the accounts' database; $SHOAL_ACCOUNTS_WAIT is how many seconds to wait for one that is locked.  "
        "[default: $SHOAL_ACCOUNTS, else SQLite]",
    ),
]


def main() -> None:
    """Entry point of the `shoal` command."""
    gc.set_threshold(200_000, 10, 10)  # imports make no garbage, and looking for it takes a fifth of a second
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no plus-minus sign gets a question mark
    app(prog_name="shoal")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("shoal"))
        raise typer.Exit


@app.callback()
def _shoal(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """See the shoal, never the fish: statistics of places and populations under differential privacy."""


def _print(as_json: bool, value: Callable[[], dict[str, Any]], words: Callable[[], "RenderableType"]) -> None:
    """The result on stdout: JSON, or words for a person."""
    if as_json:
        typer.echo(json.dumps(value(), default=str))
    else:
        from rich.console import Console
        from rich.text import Text

        from shoal._progress import plain

        said = words()
        terminal = sys.stdout.isatty()
        paper = Console(highlight=False, width=None if terminal else 120, soft_wrap=not terminal)
        if isinstance(said, str):  # not as markup: a reason may speak of [privacy]
            said = Text("\n".join(map(plain, said.split("\n"))))
        paper.print(said)


@app.command()
def check(
    plan: PlanFile,
    tune: Annotated[
        bool, typer.Option("--tune", help="Try bounds on simulated cities, and say which are the best; a minute or so.")
    ] = False,
    devices: Annotated[
        int | None,
        typer.Option(min=1, help="With --tune: about how many devices the source has in one unit; 100000 if not said."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """What PLAN would publish and how precise it would be; reads no record."""
    from shoal.api import check as preview
    from shoal.plan import Plan

    if devices is not None and not tune:
        raise UsageError("--devices: says something only with --tune; add that, or leave it out")
    if tune:
        _tune(Plan.load(plan), devices, as_json, quiet)
        return
    result = preview(Plan.load(plan))
    _print(as_json, result.as_json, result.render)


def _tune(plan: "Plan", devices: int | None, as_json: bool, quiet: bool) -> None:
    from shoal._progress import Bars
    from shoal.tune import tune as try_bounds
    from shoal.tune.run import DEVICES

    with Bars(quiet=quiet or as_json) as bars:
        found = try_bounds(plan, devices=devices or DEVICES, progress=bars)
    _print(as_json, found.as_json, found.render)


@app.command()
def release(
    plan: PlanFile,
    engine: Annotated[str, typer.Option(help="local | spark: by Spark's own configuration.")] = "local",
    out: Annotated[Path | None, typer.Option(help="Folder of releases.  [default: releases beside the plan]")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads.  [default: all cores]")] = None,
    memory: Annotated[str, typer.Option(help="Memory that the run may take; what is more goes to --temp.")] = "8GiB",
    temp: Annotated[
        Path | None, typer.Option(help="Folder for temporary records, encrypted.  [default: $TMPDIR, else /var/tmp]")
    ] = None,
    state: StateFolder = None,
    accounts: AccountsUrl = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Carry out PLAN: read, add up, charge, draw noise, publish a release."""
    from shoal import api
    from shoal._progress import Bars
    from shoal.engines import LocalEngine, SparkEngine
    from shoal.plan import Plan
    from shoal.release.show import as_json as facts
    from shoal.release.show import render

    if engine not in ("local", "spark"):
        raise UsageError(f"--engine {engine}: there is no such engine; use local or spark")
    if engine == "spark" and workers is not None:
        raise UsageError("--workers: with --engine spark the cluster's configuration says that; leave it out")
    loaded = Plan.load(plan)
    size = _bytes(memory)
    used = SparkEngine() if engine == "spark" else LocalEngine(workers=workers, memory=size, temp=temp)
    with Bars(quiet=quiet or as_json) as bars:
        done = api.release(loaded, out=out, state=state, accounts=accounts, engine=used, progress=bars, tell=bars.tell)
    _print(as_json, lambda: {"folder": str(done.folder), **facts(done)}, lambda: render(done))
    if not as_json and not quiet:
        typer.echo(f"\n{done.folder}", err=True)


@app.command()
def show(
    release: ReleaseFolder,
    statistic: Annotated[str | None, typer.Argument(metavar="[STATISTIC]", help="One of its statistics.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Rows to show, largest first.")] = 10,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """A release in the terminal."""
    from shoal.api import open_
    from shoal.release.show import as_json as facts
    from shoal.release.show import render

    found = open_(release)
    _print(as_json, lambda: facts(found, statistic, top), lambda: render(found, statistic, top))


@app.command()
def export(
    release: ReleaseFolder,
    statistic: Annotated[str, typer.Argument(metavar="STATISTIC", help="One of its statistics.")],
    to: Annotated[Path, typer.Option(metavar="FILE", help="By the ending: .csv .parquet .geojson .arrow .xlsx")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """A statistic of a release as a file for other tools."""
    from shoal.api import open_
    from shoal.release.export import export as write

    write(open_(release), statistic, to)
    _print(as_json, lambda: {"file": str(to)}, lambda: f"{to}")


@app.command()
def derive(
    release: ReleaseFolder,
    statistic: Annotated[str, typer.Argument(metavar="STATISTIC", help="One of its statistics.")],
    what: Annotated[
        Derived, typer.Argument(metavar="WHAT", help="shares, quantile, density, people, change, standing-out.")
    ],
    share: Annotated[
        float | None,
        typer.Option(help="quantile: people below it [0.5]; standing-out: rows that may be noise [0.01]."),
    ] = None,
    census: Annotated[Path | None, typer.Option(metavar="FILE", help="people: CSV with zone, population.")] = None,
    by_parent: Annotated[bool, typer.Option("--by-parent", help="people: each parent's zones apart.")] = False,
    baseline: Annotated[
        list[Path] | None, typer.Option(metavar="RELEASE", help="change: an earlier release; may be named often.")
    ] = None,
    to: Annotated[Path | None, typer.Option(metavar="FILE", help=".csv or .parquet; default: CSV on stdout.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Shares, medians, densities, people, change, what stands out: from published numbers, with intervals."""
    from shoal.api import open_
    from shoal.release.derived import as_rows, write
    from shoal.release.derived import derive as numbers

    found = open_(release)
    earlier = [open_(one) for one in baseline or ()]
    frame = numbers(found[statistic], what, share=share, census=census, by_parent=by_parent, earlier=earlier)
    if to is not None:
        write(found, frame, to)
        _print(as_json, lambda: {"file": str(to)}, lambda: f"{to}")
    else:
        _print(as_json, lambda: {"rows": as_rows(frame)}, lambda: frame.write_csv().rstrip())


@app.command()
def verify(release: ReleaseFolder, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Check a release offline: hashes, schema, completeness, budget arithmetic. Exit status 3 where it fails."""
    from shoal.release.verify import verify as outcomes

    if not release.is_dir():
        raise UsageError(f"{release}: no such folder; give the folder of a release, as in releases/2026-03-02-demo")
    found = outcomes(release)
    good = all(outcome.passed for outcome in found)
    listed = [{"check": o.name, "passed": o.passed, "reason": o.reason} for o in found]
    lines = [f"{'passed' if o.passed else 'FAILED'}  {o.name}{f': {o.reason}' if o.reason else ''}" for o in found]
    verdict = f"{release.name}: {'verified' if good else 'does NOT verify'}, {len(found)} checks"
    _print(
        as_json,
        lambda: {"release": release.name, "verified": good, "checks": listed},
        lambda: "\n".join(([] if quiet else lines) + [verdict]),
    )
    if not good:
        raise typer.Exit(3)


@app.command()
def budget(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Folder of the plans.")] = Path(),
    state: StateFolder = None,
    accounts: AccountsUrl = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The accounts: what each source and period has left, and what spent it."""
    from shoal.api import existing_state
    from shoal.ledger.show import as_json as facts
    from shoal.ledger.show import render

    statement = existing_state(folder, state, accounts).accounts.statement()
    _print(as_json, lambda: facts(statement), lambda: render(statement))


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make.")],
    devices: Annotated[int, typer.Option(help="Phones in the city.")],
    days: Annotated[int, typer.Option(help="Days, from a Monday.")],
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same bytes.")] = None,
    records_per_day: Annotated[float, typer.Option(help="Mean records of a device a day.")] = 100.0,
    start: Annotated[str, typer.Option(help="First day.")] = "2026-03-02",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Simulate a city: records, zones, population, a ready plan, and the truth."""
    from shoal._progress import Bars
    from shoal.simulate import simulate as build

    with Bars(quiet=quiet or as_json) as bars:
        plan = build(
            out,
            devices=devices,
            days=days,
            seed=seed,
            records_per_day=records_per_day,
            start=_date(start),
            progress=bars,
        )
    _print(as_json, lambda: {"plan": str(plan)}, lambda: f"{plan}")


@app.command()
def demo(
    devices: Annotated[int, typer.Option(help="Phones in the city.")] = 100_000,
    days: Annotated[int, typer.Option(help="Days, from a Monday.")] = 7,
    out: Annotated[Path, typer.Option(help="Folder to make.")] = Path("demo"),
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Open the explorer at the end, once there is one.")
    ] = True,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Simulate a city, release its statistics, show them."""
    from shoal._progress import Bars
    from shoal.demo import demo as run
    from shoal.release.show import as_json as facts

    with Bars(quiet=quiet or as_json) as bars:
        done = run(out, devices=devices, days=days, progress=bars, tell=bars.tell, silent=as_json)
    if as_json:
        typer.echo(json.dumps({"folder": str(done.folder), **facts(done)}, default=str))


@app.command()
def evaluate(
    release: ReleaseFolder,
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="Folder of the truth, as `shoal simulate` writes it.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Error and interval coverage of a RELEASE against the truth; only for sources marked synthetic."""
    from shoal.api import open_
    from shoal.evaluate import evaluate as compare

    result = compare(open_(release), truth)
    _print(as_json, result.as_json, result.render)


def _bytes(text: str) -> int:
    """8GiB, 500MB, 1024: a number of bytes."""
    units = {"": 1, "B": 1}
    for power, letter in enumerate("KMGT", start=1):
        units |= {f"{letter}IB": 1024**power, f"{letter}B": 1000**power, letter: 1024**power}
    number = text.rstrip("BKMGTIbkmgti ")
    try:
        size = int(float(number) * units[text[len(number) :].strip().upper()])
    except (KeyError, ValueError, OverflowError):
        size = 0
    if size < 1:
        raise UsageError(f"--memory {text}: must be a size such as 8GiB or 500MB")
    return size


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--start {text}: must be a date such as 2026-03-02") from None


if __name__ == "__main__":
    main()
