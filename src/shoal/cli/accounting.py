"""Commands about what is left and what spent it."""

from pathlib import Path
from typing import Annotated

import typer

from shoal.cli._app import AccountsUrl, AsJson, Quiet, StateFolder, app, give


@app.command()
def budget(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Folder of the plans.")] = Path(),
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="PLAN", help="What this plan would cost, and leave."),
    ] = None,
    state: StateFolder = None,
    accounts: AccountsUrl = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The accounts: what each source and period has left, and what spent it."""
    from shoal.api import existing_state
    from shoal.ledger.show import as_json as facts
    from shoal.ledger.show import render, render_standing, standing_as_json

    if plan is not None:
        from shoal.api import standing

        found = standing(plan, state=state, accounts=accounts)
        give(as_json, lambda: standing_as_json(found), lambda: render_standing(found))
        return
    statement = existing_state(folder, state, accounts).accounts.statement()
    give(as_json, lambda: facts(statement), lambda: render(statement))
