"""Commands that read a release: in the terminal, as files for other tools, against its proof or the truth."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from shoal.cli._app import AsJson, Quiet, ReleaseFolder, app, give
from shoal.errors import UsageError

Derived = Literal["shares", "quantile", "density", "people", "change", "standing-out"]


@app.command()
def show(
    release: ReleaseFolder,
    statistic: Annotated[str | None, typer.Argument(metavar="[STATISTIC]", help="One of its statistics.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Rows to show, largest first.")] = 10,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """A release in the terminal."""
    from shoal.api import open_
    from shoal.release.show import as_json as facts
    from shoal.release.show import render

    found = open_(release)
    give(as_json, lambda: facts(found, statistic, top), lambda: render(found, statistic, top))


@app.command()
def export(
    release: ReleaseFolder,
    statistic: Annotated[
        str | None,
        typer.Argument(metavar="[STATISTIC]", help="One of its statistics; .gpkg and .dcat.jsonld take all."),
    ] = None,
    *,
    to: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="By the ending: .csv .parquet .geojson .arrow .xlsx .gpkg .sdmx.csv .sdmx.xml .flowmap.zip "
            ".kepler.csv .kepler.json .dcat.jsonld",
        ),
    ],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """A statistic of a release, or all of it, as a file for other tools."""
    from shoal.api import open_
    from shoal.release.exports import export as write

    write(open_(release), statistic, to)
    give(as_json, lambda: {"file": str(to)}, lambda: f"{to}")


@app.command()
def derive(
    release: ReleaseFolder,
    statistic: Annotated[str, typer.Argument(metavar="STATISTIC", help="One of its statistics.")],
    what: Annotated[
        Derived, typer.Argument(metavar="WHAT", help="shares, quantile, density, people, change, standing-out.")
    ],
    share: Annotated[
        float | None,
        typer.Option(help="quantile: people below it [0.5]; standing-out: rows that may be noise [0.01]."),
    ] = None,
    census: Annotated[Path | None, typer.Option(metavar="FILE", help="people: CSV with zone, population.")] = None,
    by_parent: Annotated[bool, typer.Option("--by-parent", help="people: each parent's zones apart.")] = False,
    baseline: Annotated[
        list[Path] | None, typer.Option(metavar="RELEASE", help="change: an earlier release; may be named often.")
    ] = None,
    to: Annotated[Path | None, typer.Option(metavar="FILE", help=".csv or .parquet; default: CSV on stdout.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Shares, medians, densities, people, change, what stands out: from published numbers, with intervals."""
    from shoal.api import open_
    from shoal.release.derived import as_rows, write
    from shoal.release.derived import derive as numbers

    found = open_(release)
    earlier = [open_(one) for one in baseline or ()]
    frame = numbers(found[statistic], what, share=share, census=census, by_parent=by_parent, earlier=earlier)
    if to is not None:
        write(found, frame, to)
        give(as_json, lambda: {"file": str(to)}, lambda: f"{to}")
    else:
        give(as_json, lambda: {"rows": as_rows(frame)}, lambda: frame.write_csv().rstrip())


@app.command()
def verify(
    release: ReleaseFolder,
    key: Annotated[
        str | None, typer.Option("--key", metavar="KEY", help="The publisher's key, or its file, from another way.")
    ] = None,
    log: Annotated[
        str | None, typer.Option("--log", metavar="URL|DIR", help="The log as it is now: paid for? withdrawn?")
    ] = None,
    witnesses: Annotated[
        Path | None, typer.Option("--witnesses", metavar="POLICY", help="Who must have cosigned (C2SP tlog-policy).")
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FILE", help="With --log: one that you keep; the newer takes its place."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Check a release: hashes, schema, completeness, budget arithmetic, log. Exit status 3 where it fails.

    All that is offline. What you bring yourself (a key, the log, a policy, a checkpoint) is held against it as well.
    """
    from shoal.release.trust import Trust
    from shoal.release.verify import verify as outcomes

    if not release.is_dir():
        raise UsageError(f"{release}: no such folder; give the folder of a release, as in releases/2026-03-02-demo")
    found = outcomes(release, Trust.of(key=key, log=log, witnesses=witnesses, checkpoint=checkpoint))
    good = all(outcome.passed for outcome in found)
    listed = [{"check": o.name, "passed": o.passed, "reason": o.reason} for o in found]
    lines = [f"{'passed' if o.passed else 'FAILED'}  {o.name}{f': {o.reason}' if o.reason else ''}" for o in found]
    verdict = f"{release.name}: {'verified' if good else 'does NOT verify'}, {len(found)} checks"
    give(
        as_json,
        lambda: {"release": release.name, "verified": good, "checks": listed},
        lambda: "\n".join(([] if quiet else lines) + [verdict]),
    )
    if not good:
        raise typer.Exit(3)


@app.command()
def evaluate(
    release: ReleaseFolder,
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="Folder of the truth, as `shoal simulate` writes it.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Error and interval coverage of a RELEASE against the truth; only for sources marked synthetic."""
    from shoal.api import open_
    from shoal.evaluate import evaluate as compare

    result = compare(open_(release), truth)
    give(as_json, result.as_json, result.render)
