"""Commands that make something: a city, a preview, a release."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoal.cli._app import AccountsUrl, AsJson, PlanFile, Quiet, StateFolder, app, give
from shoal.errors import UsageError

if TYPE_CHECKING:
    from shoal.plan import Plan


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
    give(as_json, result.as_json, result.render)


def _tune(plan: "Plan", devices: int | None, as_json: bool, quiet: bool) -> None:
    from shoal._progress import Bars
    from shoal.tune import tune as try_bounds
    from shoal.tune.run import DEVICES

    with Bars(quiet=quiet or as_json) as bars:
        found = try_bounds(plan, devices=devices or DEVICES, progress=bars)
    give(as_json, found.as_json, found.render)


@app.command()
def release(
    plan: PlanFile,
    engine: Annotated[str, typer.Option(help="local | spark: by Spark's own configuration.")] = "local",
    out: Annotated[Path | None, typer.Option(help="Folder of releases.  \\[default: releases beside the plan]")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads.  \\[default: all cores]")] = None,
    memory: Annotated[str, typer.Option(help="Memory that the run may take; what is more goes to --temp.")] = "8GiB",
    temp: Annotated[
        Path | None, typer.Option(help="Folder for temporary records, encrypted.  \\[default: $TMPDIR, else /var/tmp]")
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
    give(as_json, lambda: {"folder": str(done.folder), **facts(done)}, lambda: render(done))
    if not as_json and not quiet:
        typer.echo(f"\n{done.folder}", err=True)


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
    give(as_json, lambda: {"plan": str(plan)}, lambda: f"{plan}")


@app.command()
def demo(
    devices: Annotated[int, typer.Option(help="Phones in the city.")] = 100_000,
    days: Annotated[int, typer.Option(help="Days, from a Monday.")] = 7,
    out: Annotated[Path, typer.Option(help="Folder to make.")] = Path("demo"),
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Open the explorer at the end, where there is a terminal.")
    ] = True,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Simulate a city, release its statistics, show them; then the explorer over them, until Ctrl-C."""
    import sys

    from shoal._progress import Bars
    from shoal.demo import demo as run
    from shoal.release.show import as_json as facts

    with Bars(quiet=quiet or as_json) as bars:
        done = run(out, devices=devices, days=days, progress=bars, tell=bars.tell, silent=as_json)
    if as_json:
        typer.echo(json.dumps({"folder": str(done.folder), **facts(done)}, default=str))
    elif serve and sys.stdin.isatty() and sys.stdout.isatty():
        from shoal.demo import explore

        explore(done.folder.parent)


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
