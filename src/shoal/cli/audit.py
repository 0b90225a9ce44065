"""The command of the audit."""

import json
from pathlib import Path
from typing import Annotated

import typer

from shoal.cli._app import AsJson, PlanFile, Quiet, app, give
from shoal.errors import UsageError


@app.command()
def audit(
    plan: PlanFile,
    full: Annotated[
        bool, typer.Option("--full/--quick", help="Many releases and canaries, for a night; or a few minutes.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the report there too, as JSON and as a page."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Attack a simulated copy of what PLAN would publish; opens no record.

    Exit status 3 where an attack is above what the guarantee allows, 1 where the audit says nothing.
    """
    from shoal._progress import Bars
    from shoal.audit import audit as attack
    from shoal.plan import Plan

    if out is not None and out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: this is a file; name a folder")
    with Bars(quiet=quiet or as_json) as bars:
        found = attack(Plan.load(plan), full=full, progress=bars)
    give(as_json, found.as_json, found.render)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "audit.json").write_text(json.dumps(found.as_json(), indent=1) + "\n", encoding="utf-8")
    status = {"passed": 0, "void": 1, "failed": 3}[found.verdict]
    if status:
        raise typer.Exit(status)
