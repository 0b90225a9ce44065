"""What all commands share: the app itself, the options that many take, and how a result is printed."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoal._failures import Sentences

if TYPE_CHECKING:
    from rich.console import RenderableType


app = typer.Typer(
    cls=Sentences,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="The plan, a TOML file.")]
ReleaseFolder = Annotated[Path, typer.Argument(metavar="RELEASE", help="Folder of a release.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars and no words but errors.")]
StateFolder = Annotated[
    Path | None, typer.Option("--state", help="Folder of accounts and keys.  \\[default: $SHOAL_STATE, else .shoal]")
]
AccountsUrl = Annotated[
    str | None,
    typer.Option(
        "--accounts",
        help="URL of the accounts' database; $SHOAL_ACCOUNTS_WAIT is how many seconds to wait for one that is locked.  "
        "\\[default: $SHOAL_ACCOUNTS, else SQLite]",
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("shoal"))
        raise typer.Exit


@app.callback()
def _shoal(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """See the shoal, never the fish: statistics of places and populations under differential privacy."""


def give(as_json: bool, value: Callable[[], dict[str, Any]], words: Callable[[], "RenderableType"]) -> None:
    """The result on stdout: JSON, or words for a person."""
    if as_json:
        typer.echo(json.dumps(value(), default=str))
    else:
        from rich.console import Console
        from rich.text import Text

        from shoal._progress import plain

        said = words()
        terminal = sys.stdout.isatty()
        paper = Console(highlight=False, width=None if terminal else 120, soft_wrap=not terminal)
        if isinstance(said, str):  # not as markup: a reason may speak of [privacy]
            said = Text("\n".join(map(plain, said.split("\n"))))
        paper.print(said)
