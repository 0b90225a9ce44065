"""Commands about sensitive places: the public list, and the operator's private one."""

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from shoal.cli._app import AsJson, Quiet, StateFolder, app, give
from shoal.errors import UsageError

sensitive = typer.Typer(no_args_is_help=True, help="Sensitive places: the public list, and the private one.")
deny = typer.Typer(no_args_is_help=True, help="The private list of places: kept as keyed hashes, and never listed.")
app.add_typer(sensitive, name="sensitive")
sensitive.add_typer(deny, name="deny")

ListFile = Annotated[Path, typer.Argument(metavar="FILE", help="A list, .geojson or .parquet.")]
PlacesFile = Annotated[Path, typer.Argument(metavar="FILE", help="CSV with the columns lat and lon, in degrees.")]


@sensitive.command()
def convert(
    extract: Annotated[
        Path, typer.Argument(metavar="IN", help="OpenStreetMap or Overture: .geojson .gpkg .osm.pbf .parquet")
    ],
    to: Annotated[Path, typer.Option(metavar="FILE", help="The list to write: .geojson or .parquet")],
    reviewed: Annotated[
        str | None, typer.Option(metavar="DATE", help="When somebody checked that it is complete.  [default: today]")
    ] = None,
    version: Annotated[str | None, typer.Option(metavar="V", help="Its version.  [default: the date]")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a list of sensitive places from an extract of OpenStreetMap or Overture."""
    from shoal.sensitive.convert import convert as extracted
    from shoal.sensitive.listing import ENDINGS, write

    if to.suffix.lower() not in ENDINGS:
        raise UsageError(f"--to {to}: a list ends in {', '.join(ENDINGS)}")
    day = datetime.now(UTC).date() if reviewed is None else _date(reviewed)
    found = extracted(extract, day, version or day.isoformat())
    write(found, to)
    counts = Counter(found.classes)
    give(
        as_json,
        lambda: {"file": str(to), "places": len(found), "classes": dict(counts), "sha256": found.digest},
        lambda: f"{to}: {len(found):,} places, reviewed {day}",
    )


@sensitive.command()
def show(file: ListFile, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """What a list holds: places by class, its version and review."""
    from shoal.sensitive.classes import NAMES, WORDS
    from shoal.sensitive.listing import read

    found = read(file)
    counts = Counter(found.classes)
    lines = [f"{counts[name]:>9,}  {name}: {WORDS[name]}" for name in NAMES if counts[name]]
    about = found.about
    head = f"{len(found):,} places, version {about.version}, reviewed {about.reviewed}; {about.source}, {about.licence}"
    give(
        as_json,
        lambda: {
            **about.as_json(),
            "places": len(found),
            "classes": {name: counts[name] for name in NAMES if counts[name]},
            "sha256": found.digest,
        },
        lambda: "\n".join([head, *lines, f"sha256 {found.digest}"]),
    )


@deny.command()
def add(file: PlacesFile, state: StateFolder = None, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Put the places in FILE on the private list: no record near them is used from now on."""
    from shoal import deny as private
    from shoal.api import open_state

    _say(as_json, private.add(open_state(Path(), state), file))


@deny.command()
def remove(file: PlacesFile, state: StateFolder = None, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Take the places in FILE off it, by the coordinates with which they were put there."""
    from shoal import deny as private
    from shoal.api import existing_state

    _say(as_json, private.remove(existing_state(Path(), state), file))


@deny.command()
def count(state: StateFolder = None, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """How many places were named; one that was named twice counts twice."""
    from shoal import deny as private
    from shoal.api import existing_state

    _say(as_json, private.count(existing_state(Path(), state)))


def _say(as_json: bool, places: int) -> None:
    words = f"{places:,} places: added less removed, each as often as it was named"
    give(as_json, lambda: {"count": places}, lambda: words)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--reviewed {text}: must be a date such as 2026-03-02") from None
