"""Commands that let others look: the explorer and its API over a folder of releases, and who may ask."""

from pathlib import Path
from typing import Annotated

import typer

from shoal.cli._app import AsJson, Quiet, app, give


@app.command()
def serve(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of releases, as in releases/.")],
    host: Annotated[str, typer.Option(help="Where to listen; all but this machine need tokens or OIDC.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 7390,
    name: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A host name that it answers to; may be repeated.")
    ] = None,
    rate: Annotated[float, typer.Option(min=0, help="Requests a second of one client; 0: no limit.")] = 100.0,
    browser: Annotated[bool, typer.Option("--open", help="Open the explorer in a browser.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The explorer and its API over DIR, which holds releases. Read-only. Stop with Ctrl-C."""
    from shoal.serve.server import Settings, open_in_browser
    from shoal.serve.server import serve as run

    settings = Settings(host=host, port=port, names=tuple(name or ()), rate=rate)

    def ready(address: str) -> None:
        give(as_json, lambda: {"address": address}, lambda: f"explorer at {address}, API at {address}api/docs")
        if browser:
            open_in_browser(address)

    run(folder, settings, ready)
