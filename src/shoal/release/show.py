"""A release in the terminal, and the same as plain JSON values."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from shoal.errors import UsageError
from shoal.release import sentences, words
from shoal.release.read import Release, Table

if TYPE_CHECKING:
    from rich.console import RenderableType

Row = dict[str, object]


def render(release: Release, statistic: str | None = None, top: int = 20) -> "RenderableType":
    """For Rich: the whole release, or the `top` rows of one statistic by their consistent value.

    Raises `UsageError` for an unknown statistic or a `top` below 1.
    """
    return _summary(release) if statistic is None else _top(release, release[statistic], top)


def as_json(release: Release, statistic: str | None = None, top: int = 20) -> dict[str, Any]:
    """The same as `render`, as values that `json.dumps` takes. Raises the same."""
    m = release.manifest
    answer: dict[str, Any] = {
        "id": m.id,
        "synthetic": m.synthetic,
        "source": m.source.name,
        "period": m.period.model_dump(mode="json"),
        "privacy": m.privacy.model_dump(mode="json"),
    }
    if statistic is None:
        answer["statistics"] = [
            {
                "statistic": s.statistic,
                "keys": list(s.keys),
                "rows": s.cells,
                "half_width": s.usual_width,
                "value": s.value,
            }
            for s in m.statistics
        ]
        return answer
    table = release[statistic]
    rows = [{name: _plain(value) for name, value in row.items()} for row in _largest(table, top)]
    return answer | {"statistic": statistic, "value": table.facts.value, "half_width": table.facts.usual_width,
                     "rows": len(table), "top": rows}  # fmt: skip


def _largest(table: Table, top: int) -> list[Row]:
    import polars as pl

    if top < 1:
        raise UsageError(f"--top must be at least 1, got {top}; it is the number of rows to show")
    usable = table.to_polars().filter(~pl.col("suppressed") & pl.col("consistent").is_not_null())
    # where the total is lost in noise all consistent values are 0; then the estimates say which are largest
    return usable.sort("consistent", "estimate", descending=True, maintain_order=True).head(top).to_dicts()


def _summary(release: Release) -> "RenderableType":
    from rich import box
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table as Grid
    from rich.text import Text

    m, p = release.manifest, release.manifest.privacy
    facts = Grid.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column()
    named = f" and {m.places.count:,} named places" if m.places is not None else ""
    several = f", {p.units} {p.unit}s in all" if p.units > 1 else ""
    for name, words_ in (
        ("period", f"{words.period(m.period)}, local time of {m.period.timezone}"),
        ("protects", f"one device over one {p.unit}{several}"),
        ("loss", f"epsilon {words.number(p.epsilon)}, delta {words.number(p.delta)}, rho {words.number(p.rho)}"),
        ("places", f"{m.zones.count:,} ({m.zones.kind}){named}"),
        ("purpose", f"{m.basis.purpose}; {m.basis.controller}"),
    ):
        facts.add_row(name, Text(words_))
    tables = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
    tables.add_column("statistic", style="bold", no_wrap=True)
    tables.add_column("one row for each")
    tables.add_column("rows", justify="right", no_wrap=True)
    tables.add_column("noise, 95 %", justify="right", no_wrap=True)
    tables.add_column("one number is")
    for s in m.statistics:
        tables.add_row(s.statistic, words.rows(s), f"{s.cells:,}", words.interval(s), Text(s.value))
    warning = [Text(sentences.synthetic(), style="bold yellow"), Text()] if m.synthetic else []
    return Panel(Group(*warning, facts, Text(), tables), title=Text(m.id), title_align="left", border_style="cyan")


def _top(release: Release, table: Table, top: int) -> "RenderableType":
    from rich import box
    from rich.console import Group
    from rich.table import Table as Grid
    from rich.text import Text

    facts, width = table.facts, table.facts.usual_width
    rows = _largest(table, top)
    names = _names(table)
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
    for key in table.keys:
        grid.add_column(key)
    for head in ("value", "estimate ±", "95 % interval"):
        grid.add_column(head, justify="right", no_wrap=True, style="bold" if head == "value" else "")
    for row in rows:
        keys = [_key(names, key in table.places, row[key]) for key in table.keys]
        numbers = {n: words.amount(v, width) for n, v in row.items() if isinstance(v, float)}
        grid.add_row(
            *(Text(key) for key in keys),
            numbers["consistent"],
            f"{numbers.get('estimate', '')} ±{words.amount(_half(row, width), width)}",
            f"{numbers.get('lower', '')} to {numbers.get('upper', '')}",
        )
    warning = [Text(sentences.synthetic(), style="bold yellow")] if release.manifest.synthetic else []
    first = Text.assemble((facts.statistic, "bold"), f"  {facts.value}")
    foot = Text(f"{len(rows):,} of {len(table):,} rows, the largest first", style="dim")
    return Group(*warning, first, grid, foot)


def _half(row: Row, usual: float) -> float:
    estimate, upper = row["estimate"], row["upper"]
    return upper - estimate if isinstance(estimate, float) and isinstance(upper, float) else usual


def _names(table: Table) -> dict[str, str]:
    """What to show for the id of a place that has a name or, a named place, a category."""
    facts, m = table.facts, table.release.manifest
    if facts.of_named_places and facts.level is None:
        places = zip(table.zones.ids, table.zones.names, table.zones.parents, strict=True)
        shown = {place: (f"{name} ({place})" if name else place, category) for place, name, category in places}
        return {place: f"{text}, {category}" if category else text for place, (text, category) in shown.items()}
    if (facts.level and not facts.is_end) or not m.zones.names:
        return {}
    return {zone: f"{name} ({zone})" for zone, name in zip(table.zones.ids, table.zones.names, strict=True) if name}


def _key(names: dict[str, str], is_place: bool, value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = str(value)
    if is_place and text in names:
        text = names[text]
    # names come from a file: no control characters reach the terminal
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, (date, datetime)) else value
