"""The command that says how easily devices are told apart in the records of a plan."""

from fractions import Fraction
from typing import Annotated

import typer

from shoal.cli._app import AccountsUrl, AsJson, PlanFile, Quiet, StateFolder, app, give
from shoal.errors import UsageError


@app.command()
def unicity(
    plan: PlanFile,
    points: Annotated[int, typer.Option(min=1, max=12, help="Random hours at which somebody is known to be.")] = 4,
    draws: Annotated[int, typer.Option(min=1, max=1000, help="Sets of hours that are tried in every unit.")] = 20,
    epsilon: Annotated[str, typer.Option(metavar="E", help="What every unit of PLAN pays for it.")] = "0.1",
    state: StateFolder = None,
    accounts: AccountsUrl = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """What share of the devices in the records is alone with its zones at a few random hours. A noisy number, charged
    to the account each time."""
    from shoal._progress import Bars
    from shoal.api import open_state
    from shoal.plan import Plan
    from shoal.unicity import unicity as count

    try:
        price = Fraction(epsilon)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"--epsilon {epsilon}: must be a number such as 0.1") from None
    loaded = Plan.load(plan)
    with Bars(quiet=quiet or as_json) as bars:
        found = count(
            loaded,
            state=open_state(loaded.folder, state, accounts),
            progress=bars,
            tell=bars.tell,
            points=points,
            draws=draws,
            epsilon=price,
        )
    give(as_json, found.as_json, found.render)
