"""The transparency log for a person: its checkpoint, and its entries in words."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from shoal.ledger.entries import (
    AccountEntry,
    AssessmentEntry,
    ChargeEntry,
    CorrectionEntry,
    Entry,
    KeyDestroyedEntry,
    OptOutEntry,
    RefusalEntry,
    ReleaseEntry,
    SourceEntry,
)
from shoal.translog.note import VerifierKey
from shoal.translog.view import View

if TYPE_CHECKING:
    from rich.console import Group

Numbered = Sequence[tuple[int, Entry]]


def as_json(key: VerifierKey, view: View, entries: Numbered) -> dict[str, Any]:
    """Checkpoint and entries as JSON values."""
    return {
        "key": str(key),
        "size": view.size,
        "root": view.checkpoint.root.hex(),
        "checkpoint": str(view.note),
        "entries": [{"index": index, **entry.model_dump(mode="json")} for index, entry in entries],
    }


def render(key: VerifierKey, view: View, entries: Numbered, said: Iterable[str] = ()) -> "Group":
    """The same for a terminal; `said`: sentences in between."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    head = f"{key.name}: {view.size:,} entries, root {view.checkpoint.root.hex()[:16]}..."
    cosigned = len(view.note.signatures) - 1
    parts: list[Text | Table] = [
        Text(head, style="bold"),
        Text(f"key {key}", style="dim"),
        Text(f"{cosigned} witnesses have cosigned this checkpoint" if cosigned else "no witness has cosigned it"),
        *map(Text, said),
        Text(),
    ]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column, side in (("number", "right"), ("time, UTC", "left"), ("entry", "left"), ("what", "left")):
        table.add_column(column, justify="right" if side == "right" else "left")
    for index, entry in entries:
        table.add_row(str(index), entry.time[:16].replace("T", " "), entry.kind, words(entry))
    return Group(*parts, table)


def words(entry: Entry) -> str:
    """What an entry says, in a clause."""
    match entry:
        case SourceEntry():
            until = f", until {entry.expires}" if entry.expires else ""
            return f"{entry.source}: {entry.controller}, {entry.legal_basis}, for {entry.purpose}{until}"
        case AssessmentEntry():
            return f"{entry.source}: assessment {entry.sha256[:12]}... approved for {entry.purpose}"
        case AccountEntry():
            epsilon, rho, year = map(_number, (entry.cap_epsilon, entry.cap_rho, entry.year_rho))
            return f"{entry.source}: a device may lose epsilon {epsilon} (rho {rho}) a {entry.unit}, rho {year} a year"
        case ChargeEntry():
            most = _number(max((cost.rho for cost in entry.costs), key=Fraction))
            units = f"{len(entry.costs)} units" if len(entry.costs) > 1 else "the unit"
            return f"{entry.source}: rho {most} of {units} from {entry.costs[0].start}, charge {entry.charge}"
        case RefusalEntry():
            return f"{entry.source}: a plan for {entry.purpose} was refused, because of its {entry.reason}"
        case ReleaseEntry():
            return f"{entry.release}, paid by charge {entry.charge}"
        case CorrectionEntry():
            instead = f"; use {entry.superseded_by}" if entry.superseded_by else ""
            return f"{entry.release} is withdrawn: {entry.reason}{instead}"
        case KeyDestroyedEntry():
            return f"{entry.source}: kept records from {entry.start} up to {entry.end} can't be read any more"
        case OptOutEntry():
            return f"version {entry.version} of the list of devices that are never counted"
    return ""


def _number(exact: str) -> str:
    return f"{float(Fraction(exact)):.4g}"
