"""The demo: a simulated city, from records to a release, each step said as one would do it with one's own data."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from shoal import api
from shoal.errors import StateError, UsageError
from shoal.plan import Plan

if TYPE_CHECKING:
    from shoal.engines import Progress
    from shoal.release import Release

RECORDS_PER_DAY = 50.0
"""Of a device on average: half of what `shoal simulate` makes, so that the demo takes about a minute."""


def demo(
    out: Path, *, devices: int, days: int, progress: "Progress", tell: Callable[[str], None], silent: bool = False
) -> "Release":
    """Make (or find again) the city in `out`, release its statistics, and show them on stdout.

    A city that is already there is used again; then the plan is the same over the same records, so the release that
    comes out is the first one, and nothing is charged. `silent` shows nothing on stdout. Raises `UsageError` where
    `out` holds something else.
    """
    _refuse_another(out)
    paper = Console(highlight=False, quiet=silent)

    def step(title: str, command: str, own: str) -> None:
        paper.print(f"\n[bold]{title}[/bold]   [cyan]{command}[/cyan]")
        paper.print(f"[dim]With your own data: {own}[/dim]", soft_wrap=True)

    step(
        "1  Records",
        f"shoal simulate {out} --devices {devices} --days {days} --records-per-day {RECORDS_PER_DAY:g} --seed 1",
        "a folder of Parquet, CSV or NDJSON files with device, time, lat and lon.",
    )
    plan = _city(out, devices, days, progress)
    paper.print(f"{plan.file}: the plan, with a word on each line. The people in it are simulated.")

    step(
        "2  What would come out, and how precise?",
        f"shoal check {plan.file}",
        "write 25 lines of plan.toml; this reads no record.",
    )
    paper.print(api.check(plan).render())

    step("3  Release", f"shoal release {plan.file}", "the same; the budget is charged before any noise is drawn.")
    release = api.release(plan, progress=progress, tell=tell)
    paper.print(f"{release.folder}: the release, a folder that may be published as it is.")

    step("4  Look at it", f"shoal show {release.folder} visits", "the same; or `shoal export` to CSV, Excel, GeoJSON.")
    from shoal.release.show import render

    for statistic in release.statistics:
        paper.print(render(release, statistic, 5))
        paper.print()
    from shoal.release.overview import overview

    picture = overview(release, out / "overview.png")
    paper.print(f"[bold]{picture}[/bold]: the busiest hour and the largest flows, drawn from the release alone.")

    step(
        "5  Check that it is what it says", f"shoal verify {release.folder}", "the same; anyone who has the folder can."
    )
    from shoal.release.verify import verify

    outcomes = verify(release.folder)
    paper.print(f"{sum(o.passed for o in outcomes)} of {len(outcomes)} checks passed.")

    step("6  What is left", f"shoal budget {out}", "the same; when an account is spent, Shoal refuses.")
    from shoal.ledger.show import render as accounts

    paper.print(accounts(api.open_state(plan.folder, None).accounts.statement()))

    step("7  Explore", f"shoal serve {release.folder.parent} --open", "the same, over the folder of your releases.")
    return release


def explore(releases: Path) -> None:
    """The explorer over `releases`, in a browser where there is one, until Ctrl-C; on any free port if need be."""
    from shoal.serve.server import PORT, Settings, open_in_browser, serve

    paper = Console(highlight=False)

    def ready(address: str) -> None:
        paper.print(f"[bold]{address}[/bold]: the explorer; nothing of it leaves this machine. Ctrl-C ends it.")
        open_in_browser(address)

    try:
        serve(releases, Settings(port=PORT), ready)
    except StateError:  # another demo is still being looked at
        serve(releases, Settings(port=0), ready)


def _refuse_another(out: Path) -> None:
    """Raise `UsageError` where `out` holds a plan that is not a demo's."""
    file = out / "plan.toml"
    if not file.exists():
        return
    try:
        known = tomllib.loads(file.read_text(encoding="utf-8")).get("source", {}).get("name")
    except (OSError, ValueError):
        known = None
    if known != "simulated-city":
        raise UsageError(f"{out}: holds something other than a demo; choose another folder with --out")


def _city(out: Path, devices: int, days: int, progress: "Progress") -> Plan:
    """The plan of the city in `out`, simulated where there is none."""
    file = out / "plan.toml"
    if file.exists():
        return Plan.load(file)
    from shoal.simulate import simulate

    return Plan.load(
        simulate(out, devices=devices, days=days, seed=1, records_per_day=RECORDS_PER_DAY, progress=progress)
    )
