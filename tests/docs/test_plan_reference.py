"""docs/plan.md is the reference of the plan: no key may lack there, none may be invented, its example is a plan."""

import re
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shoal._sensitive import Sensitive
from shoal.keys import CLASS
from shoal.plan import (
    PLACE,
    Basis,
    Cleaning,
    Columns,
    Movement,
    Period,
    Places,
    Plan,
    Privacy,
    Publication,
    Purpose,
    Source,
    Statistic,
    Zones,
)
from shoal.statistics import STATISTICS
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
TABLES: dict[str, type[BaseModel]] = {
    "source": Source,
    "source.columns": Columns,
    "source.basis": Basis,
    "zones": Zones,
    "places": Places,
    "sensitive": Sensitive,
    "period": Period,
    "privacy": Privacy,
    "publication": Publication,
    "cleaning": Cleaning,
    "movement": Movement,
    "statistics.<name>": Statistic,
}
SUBTABLES = {"columns", "basis"}  # sections of their own
each_table = pytest.mark.parametrize("table", TABLES)


def section(table: str) -> str:
    """Text under the heading of `table`."""
    found = re.search(rf"^## `\[{re.escape(table)}\]`\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found, f"docs/plan.md has no section [{table}]"
    return found[1]


def rows(table: str) -> dict[str, list[str]]:
    """key -> default, unit, meaning, from the section's first table."""
    first = section(table).split("| statistic |")[0]
    cells = (re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in first.splitlines() if line.startswith("| `"))
    return {key.strip().strip("`"): [cell.strip() for cell in rest] for key, *rest in cells}


def keys(table: str) -> dict[str, FieldInfo]:
    return {name: field for name, field in TABLES[table].model_fields.items() if name not in SUBTABLES}


def example() -> str:
    found = re.search(r"^```toml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    assert found, "docs/plan.md has no example"
    return found[1]


def test_every_table_of_the_plan_is_here() -> None:
    assert set(Plan.model_fields) - {"file", "lines"} == {name.split(".")[0] for name in TABLES}


@each_table
def test_every_key_is_explained_and_none_is_invented(table: str) -> None:
    assert set(rows(table)) == set(keys(table))


@each_table
def test_every_row_says_default_unit_and_meaning(table: str) -> None:
    for key, cells in rows(table).items():
        assert len(cells) == 3, f"[{table}] {key}"
        default, _, meaning = cells
        assert default, f"[{table}] {key} has no default"
        assert meaning.endswith("."), f"[{table}] {key} has no meaning"


@each_table
def test_the_defaults_are_those_of_the_code(table: str) -> None:
    for key, field in keys(table).items():
        said = rows(table)[key][0].strip("`")
        where = f"[{table}] {key}: docs say {said!r}, the code {field.default!r}"
        if field.is_required():
            assert said == "required", where
        elif isinstance(field.default, bool):
            assert said == str(field.default).lower(), where
        elif isinstance(field.default, (int, Fraction)):
            assert Fraction(said) == field.default, where
        elif field.default in (None, ()):  # none at all, or one that another part of the code works out, in words
            assert said != "required", where
        else:
            assert said == field.default, where


@each_table
def test_every_key_stands_in_the_example(table: str) -> None:
    header = table.replace("<name>", "")  # [statistics.presence], [statistics.flows], ...
    parts = [part for part in re.split(r"^\[", example(), flags=re.MULTILINE) if part.startswith(header)]
    text = "\n".join(part for part in parts if header != "source" or part.startswith("source]"))
    for key in keys(table):
        assert re.search(rf"^(# )?{key} = ", text, re.MULTILINE), f"[{table}] {key} is not in the example"


def test_the_example_is_a_plan(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(example(), encoding="utf-8")
    assert Plan.load(file).source.name == "ride-app"


def test_every_purpose_is_listed() -> None:
    listed = re.search(r"^Purposes: (.*?)\.$", section("source.basis"), re.DOTALL | re.MULTILINE)
    assert listed
    assert re.findall(r"`([^`]+)`", listed[1]) == list(get_args(Purpose))


def test_every_statistic_is_listed_with_its_keys() -> None:
    tail = section("statistics.<name>").split("| statistic |")[1]
    listed: dict[str, tuple[list[str], str, list[str], bool]] = {}
    for line in tail.splitlines():
        if line.startswith("| `"):
            name, places, class_, times, trips = (cell.strip() for cell in line.strip().strip("|").split("|"))
            listed[name.strip("`")] = (
                re.findall(r"`(\w+)`", places),
                class_.strip("`"),
                re.findall(r"none|(?<=`)\w+(?=`)", times),
                trips[:3] == "yes",
            )
    wanted: dict[str, tuple[list[str], str, list[str], bool]] = {}
    for name, statistic in STATISTICS.items():
        default = [key for key in statistic.default_by if key not in (*statistic.places, CLASS)] or ["none"]
        others = [key for key in statistic.times if key not in default]
        wanted[name] = (
            [*statistic.places, *([PLACE] if statistic.by_place else [])],
            CLASS if statistic.classes else "",
            default + others,
            statistic.of_trips,
        )
    assert listed == wanted
