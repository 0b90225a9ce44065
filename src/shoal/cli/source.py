"""Commands about sources: their basis, registered in the public log."""

from pathlib import Path
from typing import Annotated

import typer

from shoal.cli._app import AccountsUrl, AsJson, PlanFile, Quiet, StateFolder, app, give

group = typer.Typer(no_args_is_help=True, help="Sources: whose they are, on which basis, what for.")
app.add_typer(group, name="source")


@group.command()
def register(
    plan: PlanFile,
    state: StateFolder = None,
    accounts: AccountsUrl = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Enter the source of PLAN, its basis and its documents' hashes into the log; refused where the basis fails."""
    from shoal.api import open_state
    from shoal.ledger.log_show import words
    from shoal.ledger.registration import register as enter
    from shoal.plan import Plan

    loaded = Plan.load(plan)
    opened = open_state(loaded.folder, state, accounts)
    with opened.refusals_of(loaded):
        entry = enter(opened.journal, loaded)
    give(as_json, lambda: entry.model_dump(mode="json"), lambda: words(entry))


@group.command("list")
def list_(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Folder of the plans.")] = Path(),
    state: StateFolder = None,
    accounts: AccountsUrl = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The registered sources and the basis of each, as it stands now."""
    from shoal.api import existing_state
    from shoal.ledger.log_show import words

    found = existing_state(folder, state, accounts).journal.find("source")
    newest = {getattr(entry, "source", ""): entry for _, entry in found}
    give(
        as_json,
        lambda: {"sources": [entry.model_dump(mode="json") for entry in newest.values()]},
        lambda: "\n".join(map(words, newest.values())) or "No source is registered yet.",
    )
