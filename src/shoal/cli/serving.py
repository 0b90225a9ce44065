"""Commands that let others look: the explorer and its API over a folder of releases, and who may ask."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoal.cli._app import AsJson, Quiet, app, give
from shoal.errors import UsageError

if TYPE_CHECKING:
    from shoal.serve.access import Access
    from shoal.serve.faults import Tell
    from shoal.serve.tokens import Token

group = typer.Typer(no_args_is_help=True, help="Tokens for those who may look at a server: create, list, revoke.")
app.add_typer(group, name="token")

TokensFile = Annotated[
    Path, typer.Option("--tokens", metavar="FILE", envvar="SHOAL_TOKENS", help="File of the tokens' hashes.")
]


@app.command()
def serve(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of releases, as in releases/.")],
    host: Annotated[str, typer.Option(help="Where to listen; all but this machine need tokens or OIDC.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 7390,
    tokens: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Let in who brings one of these; see `shoal token`.")
    ] = None,
    oidc_issuer: Annotated[
        str | None, typer.Option("--oidc-issuer", metavar="URL", help="Let in who brings a token of this issuer.")
    ] = None,
    oidc_audience: Annotated[
        str | None, typer.Option("--oidc-audience", metavar="NAME", help="Whom its tokens must be for.")
    ] = None,
    oidc_keys: Annotated[
        str | None,
        typer.Option("--oidc-keys", metavar="URL|FILE", help="Its keys (JWKS); default: as its discovery says."),
    ] = None,
    oidc_claim: Annotated[
        str | None, typer.Option("--oidc-claim", metavar="NAME", help="Claim with the releases; default: all.")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A host name that it answers to; may be repeated.")
    ] = None,
    basemap: Annotated[
        Path | None, typer.Option(metavar="FILE", help="GeoJSON or PMTiles of your own to draw below the numbers.")
    ] = None,
    rate: Annotated[float, typer.Option(min=0, help="Requests a second of one client; 0: no limit.")] = 100.0,
    browser: Annotated[bool, typer.Option("--open", help="Open the explorer in a browser.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The explorer and its API over DIR, which holds releases. Read-only. Stop with Ctrl-C."""
    from shoal.serve.server import Settings, open_in_browser
    from shoal.serve.server import serve as run

    ways = _ways(_tell, tokens, oidc_issuer, oidc_audience, oidc_keys, oidc_claim)
    settings = Settings(
        host=host, port=port, ways=ways, names=tuple(name or ()), rate=rate, basemap=basemap, tell=_tell
    )

    def ready(address: str) -> None:
        give(as_json, lambda: {"address": address}, lambda: f"explorer at {address}, API at {address}api/docs")
        if browser:
            open_in_browser(address)

    run(folder, settings, ready)


def _tell(text: str) -> None:
    """What the operator should know, while it serves."""
    from shoal._progress import say

    for line in text.splitlines():
        say(line)


def _ways(
    tell: "Tell", tokens: Path | None, issuer: str | None, audience: str | None, keys: str | None, claim: str | None
) -> "tuple[Access, ...]":
    ways: list[Access] = []
    if tokens is not None:
        from shoal.serve.tokens import TokenFile

        ways.append(TokenFile(tokens, tell))
    if issuer is not None:
        from shoal.serve.oidc import Oidc

        ways.append(Oidc(issuer, audience or "", keys, claim, tell))
    elif audience is not None or keys is not None or claim is not None:
        raise UsageError("--oidc-issuer is missing: the other options of OIDC say how to check its tokens")
    return tuple(ways)


@group.command("create")
def create_token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is; for you alone.")],
    release: Annotated[
        list[str], typer.Option("--release", metavar="ID", help="Id that it opens, or a pattern: '2026-*'; repeat it.")
    ],
    tokens: TokensFile = Path("shoal-tokens.json"),
    days: Annotated[int, typer.Option(help="For how long it is valid.")] = 90,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a token. It is shown once, now, and kept nowhere: the file holds its hash."""
    from shoal.serve.tokens import create

    text, token = create(tokens, name, tuple(release), days)
    give(
        as_json,
        lambda: {"token": text, **_facts(token)},
        lambda: f"{text}\nopens {', '.join(token.releases)} until {token.expires:%Y-%m-%d}; it is not shown again",
    )


@group.command("list")
def list_tokens(
    tokens: TokensFile = Path("shoal-tokens.json"),
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The tokens of a file: whose they are, what they open, until when. Not the tokens themselves."""
    from shoal.serve.tokens import listed

    found = listed(tokens)
    give(
        as_json,
        lambda: {"tokens": [_facts(token) for token in found]},
        lambda: "\n".join(_line(token) for token in found) or "there are none",
    )


@group.command("revoke")
def revoke_token(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `shoal token list` shows it.")],
    tokens: TokensFile = Path("shoal-tokens.json"),
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a token open nothing any more, from the next request on."""
    from shoal.serve.tokens import revoke

    token = revoke(tokens, id_)
    give(as_json, lambda: _facts(token), lambda: f"{token.id} ({token.name}) is revoked")


def _facts(token: "Token") -> dict[str, Any]:
    from datetime import UTC, datetime

    facts = token.model_dump(mode="json", exclude={"sha256"})
    return facts | {"state": token.state(datetime.now(UTC))}


def _line(token: "Token") -> str:
    facts = _facts(token)
    return f"{token.id}  {facts['state']:8}  until {token.expires:%Y-%m-%d}  {', '.join(token.releases)}  {token.name}"
