"""Commands about people's rights: who is never counted, what is kept, and for how long."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoal.cli._app import AccountsUrl, AsJson, PlanFile, Quiet, StateFolder, app, give
from shoal.errors import UsageError

if TYPE_CHECKING:
    from shoal.rights.optout import Receipt

optout = typer.Typer(no_args_is_help=True, help="Devices that are never counted: add, remove, count; never listed.")
app.add_typer(optout, name="optout")

Named = Annotated[Path, typer.Argument(metavar="FILE", help="One identifier a line, or a CSV file with --column.")]
ReceiptFile = Annotated[
    Path | None,
    typer.Option("--receipt", metavar="FILE", help="Where to write the proof that the change stands in the log."),
]
Column = Annotated[str | None, typer.Option("--column", help="FILE is CSV, and this column holds the identifiers.")]


@optout.command()
def add(
    file: Named,
    column: Column = None,
    receipt: ReceiptFile = None,
    state: StateFolder = None,
    accounts: AccountsUrl = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Devices in FILE are in no number computed from now on. Whether they were known is not said."""
    from shoal.api import open_state
    from shoal.rights.named import Named as Devices
    from shoal.rights.optout import opt_out

    named, opened = Devices.read(file, column), open_state(Path(), state, accounts)
    _answer(opt_out(opened, named), opened.folder, receipt, as_json)


@optout.command()
def remove(
    file: Named,
    column: Column = None,
    receipt: ReceiptFile = None,
    state: StateFolder = None,
    accounts: AccountsUrl = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Devices in FILE are counted again. Whether they were on the list is not said."""
    from shoal.api import open_state
    from shoal.rights.named import Named as Devices
    from shoal.rights.optout import opt_in

    named, opened = Devices.read(file, column), open_state(Path(), state, accounts)
    _answer(opt_in(opened, named), opened.folder, receipt, as_json)


@optout.command()
def count(
    state: StateFolder = None, accounts: AccountsUrl = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """How many devices were named; one that was named twice counts twice."""
    from shoal.api import existing_state
    from shoal.ledger.optouts import OptOutList

    found = existing_state(Path(), state, accounts)
    total = OptOutList(found.folder, found.accounts.database).count()
    numbers = {"version": total.version, "count": total.total, "added": total.added, "removed": total.removed}
    give(
        as_json,
        lambda: numbers,
        lambda: (
            f"{total.total:,} devices: {total.added:,} added, {total.removed:,} removed, each as often as it was "
            f"named; version {total.version}"
        ),
    )


@app.command()
def keep(
    plan: PlanFile,
    state: StateFolder = None,
    accounts: AccountsUrl = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Keep the records of PLAN's period, sealed, each unit under a key of its own; for plans with `kept = true`."""
    from shoal._progress import Bars
    from shoal.api import open_state
    from shoal.plan import Plan
    from shoal.rights.keep import keep as put

    loaded = Plan.load(plan)
    with Bars(quiet=quiet or as_json) as bars:
        spans = put(loaded, state=open_state(loaded.folder, state, accounts), progress=bars, tell=bars.tell)
    units = [{"start": str(span.start), "end": str(span.end)} for span in spans]
    source, unit = loaded.source.name, loaded.period.unit
    begins = ", ".join(unit["start"] for unit in units)
    give(
        as_json,
        lambda: {"source": source, "unit": unit, "units": units},
        lambda: f"Kept of {source}: the {unit}s that begin on {begins}.",
    )


@app.command()
def retention(
    plans: Annotated[
        list[Path] | None, typer.Argument(metavar="[PLAN]...", help="Plans whose files are looked at, too.")
    ] = None,
    folder: Annotated[
        list[Path] | None,
        typer.Option("--folder", metavar="DIR", help="Folder of records to look at; may be named often."),
    ] = None,
    state: StateFolder = None,
    accounts: AccountsUrl = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Destroy kept records that are due, keys first; name what is older than allowed. Exit status 1 where any is."""
    from shoal.api import existing_state
    from shoal.plan import Plan
    from shoal.rights.retention import retain

    loaded = [Plan.load(plan) for plan in plans or ()]
    for one in folder or ():
        if not one.is_dir():
            raise UsageError(f"--folder {one}: there is no such folder; name one that holds files of records")
    found = existing_state(loaded[0].folder if loaded else Path(), state, accounts)
    outcome = retain(found, loaded, folder or ())
    destroyed = [{"source": s, "start": str(span.start), "end": str(span.end)} for s, span in outcome.destroyed]
    overdue = [{"path": str(o.path), "why": o.why, "days": o.days, "allowed": o.allowed} for o in outcome.overdue]
    lines = [f"destroyed  {one['source']}, {one['start']} up to and without {one['end']}" for one in destroyed]
    lines += [f"overdue    {o.path}, {o.days} days old: {o.why}" for o in outcome.overdue]
    give(
        as_json,
        lambda: {"destroyed": destroyed, "overdue": overdue},
        lambda: "\n".join(lines) or "Nothing is due, and nothing is older than allowed.",
    )
    if overdue:
        raise typer.Exit(1)


def _answer(receipt: "Receipt", state: Path, file: Path | None, as_json: bool) -> None:
    if file is not None:
        file.write_bytes(bytes(receipt.proof))
    version, position = receipt.entry.version, receipt.proof.index
    facts: dict[str, Any] = {
        "version": version,
        "state": str(state),
        "position": position,
        "entry": receipt.entry.model_dump(mode="json"),
    }
    give(
        as_json,
        lambda: facts | ({} if file is None else {"receipt": str(file)}),
        lambda: f"The list of opt-outs in {state} has version {version}; entry {position} of its log.",
    )
