"""Commands about what is left and what spent it."""

from pathlib import Path
from typing import Annotated

import typer

from shoal.cli._app import AccountsUrl, AsJson, Quiet, StateFolder, app, give


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
    give(as_json, lambda: facts(statement), lambda: render(statement))
