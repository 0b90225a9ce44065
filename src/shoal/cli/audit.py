"""The command of the audit."""

import json
from pathlib import Path
from typing import Annotated

import typer

from shoal.cli._app import AsJson, PlanFile, Quiet, StateFolder, app, give
from shoal.errors import UsageError


@app.command()
def audit(
    plan: PlanFile,
    full: Annotated[
        bool, typer.Option("--full/--quick", help="Many releases and canaries, for a night; or a few minutes.")
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write audit.json and audit.html there.")] = None,
    state: StateFolder = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Attack a simulated copy of what PLAN would publish; opens no record, charges nothing.

    Exit status 3 where an attack is above what the guarantee allows, 1 where the audit says nothing.
    """
    from shoal import api
    from shoal._progress import Bars
    from shoal.audit import audit as attack
    from shoal.audit.page import page
    from shoal.ledger.audits import keep
    from shoal.plan import Plan

    if out is not None and out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: this is a file; name a folder")
    loaded = Plan.load(plan)
    with Bars(quiet=quiet or as_json) as bars:
        found = attack(loaded, full=full, progress=bars)
    report = (json.dumps(found.as_json(), indent=1) + "\n").encode()
    keep(api.open_state(loaded.folder, state).folder, found.code, report)
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
            (out / "audit.json").write_bytes(report)
            (out / "audit.html").write_text(page(found), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"--out {out}: can't be written ({error.strerror}); name another folder") from None
    give(as_json, found.as_json, found.render)
    if status := {"passed": 0, "void": 1, "failed": 3}[found.verdict]:
        raise typer.Exit(status)
