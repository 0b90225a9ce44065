"""Commands about the transparency log: what it says, a copy for the public, corrections, a witness for others' logs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoal.cli._app import AccountsUrl, AsJson, Quiet, StateFolder, app, give
from shoal.errors import UsageError

if TYPE_CHECKING:
    from shoal.translog.note import VerifierKey

group = typer.Typer(invoke_without_command=True, help="The transparency log: checkpoint, entries, proofs, witnesses.")
app.add_typer(group, name="log")

Folder = Annotated[Path, typer.Option("--folder", help="Folder of the plans.")]


@group.callback()
def log(
    context: typer.Context,
    source: Annotated[
        str | None, typer.Option("--log", metavar="URL|DIR", help="Another's log; needs --key. Default: the state's.")
    ] = None,
    key: Annotated[str | None, typer.Option("--key", help="The log's key, or a file that holds it.")] = None,
    last: Annotated[int, typer.Option("--last", min=0, help="Entries to show, the newest.")] = 20,
    since: Annotated[
        Path | None, typer.Option("--since", metavar="FILE", help="An older checkpoint: does the log continue it?")
    ] = None,
    folder: Folder = Path(),
    state: StateFolder = None,
    accounts: AccountsUrl = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """What the log says: its checkpoint, its newest entries, and whether it continues an older checkpoint."""
    from shoal.ledger.entries import Entries
    from shoal.ledger.log_show import as_json as facts
    from shoal.ledger.log_show import render
    from shoal.release.trust import Trust
    from shoal.translog.reader import LogReader

    if context.invoked_subcommand is not None:
        return
    where: str | Path
    if source is None:
        from shoal.api import existing_state

        journal = existing_state(folder, state, accounts).journal
        journal.publish()
        where, vkey = journal.folder, journal.key.vkey
    else:
        where, vkey = source, _key(key)
    reader = LogReader(where, vkey)
    older = Trust.of(checkpoint=since, log=str(where)).older(required=True) if since is not None else None
    view = reader.view() if older is None else reader.follow(older)
    said = [] if older is None else [f"continues the checkpoint of {older.size:,} entries in {since}"]
    first = max(0, view.size - last)
    entries = [(first + n, Entries.parse(data)) for n, data in enumerate(view.entries(first, view.size))]
    give(as_json, lambda: facts(vkey, view, entries), lambda: render(vkey, view, entries, said))


@group.command()
def publish(
    to: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that a web server shows; made where missing.")],
    folder: Folder = Path(),
    state: StateFolder = None,
    accounts: AccountsUrl = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Copy the log's public files to DIR, so that anybody can read it: entries first, the checkpoint last."""
    from shoal.api import existing_state
    from shoal.translog.copy import copy_log

    journal = existing_state(folder, state, accounts).journal
    journal.publish()
    size = copy_log(journal.log, to)
    give(as_json, lambda: {"folder": str(to), "size": size}, lambda: f"{to}: {size:,} entries")


@group.command()
def correct(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="Id or folder of the wrong release.")],
    reason: Annotated[str, typer.Option("--reason", help="What is wrong, in one line; it is public.")],
    by: Annotated[str | None, typer.Option("--by", metavar="RELEASE", help="Id of the release to use instead.")] = None,
    folder: Folder = Path(),
    state: StateFolder = None,
    accounts: AccountsUrl = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Withdraw a wrong release: the log says so for ever. Nothing is deleted, and what was spent stays spent."""
    from shoal.api import existing_state
    from shoal.ledger.corrections import correct as withdraw

    entry = withdraw(existing_state(folder, state, accounts).journal, Path(release).name, reason, by)
    give(as_json, lambda: entry.model_dump(mode="json"), lambda: f"{entry.release} is withdrawn")


@group.command()
def witness(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What the witness remembers; made where missing.")],
    logs: Annotated[list[str], typer.Option("--log", metavar="KEY", help="A log's key, or its file; may be repeated.")],
    name: Annotated[str, typer.Option("--name", help="Of the witness, as in authority.example/w; fixed at first.")],
    host: Annotated[str, typer.Option("--host", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free.")] = 7380,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Cosign others' logs as long as each continues what was cosigned before (C2SP tlog-witness). Stop with Ctrl-C."""
    from shoal.ledger._files import create_once, make_folder, read_secret
    from shoal.translog.key import SEED, SigningKey
    from shoal.translog.note import COSIGNATURE
    from shoal.translog.service import serve

    keys = [_key(text) for text in logs]
    make_folder(folder)
    create_once(folder / "witness.key", SigningKey.make(name, COSIGNATURE).seed)
    create_once(folder / "witness.name", name.encode())
    known = (folder / "witness.name").read_text(encoding="utf-8")
    if known != name:
        raise UsageError(f"--name {name}: this witness is called {known}; a witness of another name needs a new folder")
    key = SigningKey.from_seed(name, read_secret(folder / "witness.key", SEED), COSIGNATURE)

    def ready(address: str) -> None:
        give(
            as_json,
            lambda: {"address": address, "key": str(key.vkey)},
            lambda: f"witness {key.vkey}\nat {address} for {', '.join(log.name for log in keys)}",
        )

    serve(folder, key, keys, host, port, ready)


def _key(text: str | None) -> "VerifierKey":
    from shoal.release.trust import Trust

    if text is None:
        raise UsageError("--log: another's log is believed under its key only; give it with --key")
    key = Trust.of(key=text).key
    assert key is not None  # noqa: S101 - `text` was given
    return key
