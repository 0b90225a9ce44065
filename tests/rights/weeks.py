"""A source of three days whose records are kept: plans over files and over what is kept, and what they come to."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shoal.design import Design
from shoal.engines import LocalEngine
from shoal.kept import Shelf, Span
from shoal.ledger import State
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.rights import keep as keeping
from shoal.sources import Tally
from tests.engines.test_local import plan_of
from tests.pipeline.source import Record

Sums = dict[str, list[int]]
TERM = "retention_days = 30\n"


def silent(*_: object) -> None:
    pass


def plan(folder: Path, files: Mapping[str, Sequence[Record]], **more: Any) -> Plan:
    """A plan over files, with a term."""
    return changed(
        plan_of(folder, files, **more), ('purpose = "transport planning"\n', f'purpose = "transport planning"\n{TERM}')
    )


def changed(found: Plan, *changes: tuple[str, str]) -> Plan:
    text = found.file.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    found.file.write_text(text)
    return Plan.load(found.file)


def over_kept(found: Plan, *changes: tuple[str, str]) -> Plan:
    """The same over what is kept."""
    file = found.folder / "kept.toml"
    text = found.file.read_text()
    for old, new in (('files = ["records/*"]\n', "kept = true\n"), *changes):
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text)
    return Plan.load(file)


def keep(found: Plan, state: State) -> tuple[Span, ...]:
    return keeping.keep(found, state=state, progress=silent, tell=silent)


def sums(found: Plan, state: State | None = None, engine: Any = None) -> Sums:
    """Exact sums, for the test alone; `state`: of what is kept there."""
    design, engine = Design.of(found), engine or LocalEngine(workers=2)
    opened = engine.open(design) if state is None else engine.open_kept(design, Shelf(state.folder, found.source.name))
    totals = engine.sums(design, opened, Tally(), silent)
    return {name: open_sums(sealed).tolist() for name, sealed in totals.items()}


def on_day(monkeypatch: pytest.MonkeyPatch, day: str) -> None:
    """What day it is, for keeping and for retention."""
    for module in ("keep", "retention"):
        monkeypatch.setattr(f"shoal.rights.{module}.today", lambda: date.fromisoformat(day))
