"""SDMX-CSV and SDMX-ML, read again by pysdmx against the structure beside them, and by SDMX's own schemas."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pysdmx.io import get_datasets, read_sdmx

from shoal.errors import UsageError
from shoal.release.exports import export
from shoal.release.read import Release
from tests.release import make


def read(file: Path) -> Any:
    """The dataset of a file; refused where a value is not of its code list or type."""
    ending = file.name.partition(".")[2]
    structure = file.with_name(file.name.removesuffix(f".{ending}") + ".sdmx-structure.xml")
    (dataset,) = get_datasets(file, structure, validate=True)
    return dataset


def definition(folder: Path) -> Any:
    message = read_sdmx(folder / "t.sdmx-structure.xml", validate=True)
    return message.get_data_structure_definitions()[0]


@pytest.mark.parametrize("ending", ["csv", "xml"])
@pytest.mark.parametrize("name", ["presence", "visits", "flows", "residents"])
def test_numbers_come_back(release: Release, tmp_path: Path, name: str, ending: str) -> None:
    dataset, table = read(export(release, name, tmp_path / f"t.sdmx.{ending}")), release[name].to_polars()
    back = dataset.data
    assert back["OBS_VALUE"].tolist() == table["estimate"].to_list()
    assert back["LOWER_95"].tolist() == table["lower"].to_list()
    assert back["UPPER_95"].tolist() == table["upper"].to_list()
    assert back["CONSISTENT"].tolist() == table["consistent"].to_list()
    assert dataset.attributes["UNIT_MEASURE"] == {"visits": "STAYS", "flows": "TRIPS"}.get(name, "DEVICES")
    assert "one device over one week" in dataset.attributes["PRIVACY"]
    times = {
        "presence": "2026-03-02T01:00:00-06:00/PT1H",
        "visits": "2026-03-03",
        "flows": "2026-03-02/P7D",
        "residents": "2026-03-02/P7D",
    }
    assert back["TIME_PERIOD"][1] == times[name]


@pytest.mark.parametrize("name", list(make.MORE))
def test_every_kind_of_key(more: Release, tmp_path: Path, name: str) -> None:
    back = read(export(more, name, tmp_path / "t.sdmx.csv")).data
    found = definition(tmp_path)
    assert [d.id for d in found.components.dimensions][-1] == "TIME_PERIOD"
    for component in found.components.dimensions:
        codes = None if component.local_codes is None else {code.id for code in component.local_codes}
        assert codes is None or set(back[component.id]) <= codes
    if name == "distance":
        names = [code.name for code in found.components["CLASS"].local_codes]
        assert names == ["0-1 km", "1-2 km", "2-5 km", "5-10 km", "10-20 km", "20-50 km", "50+ km"]
        assert set(back["CLASS"]) >= {"0-1_km", "50_OR_MORE_km"}
    if name == "visitors":
        assert back["WEEKDAY"][0] == "Monday"


def test_the_structure(release: Release, tmp_path: Path) -> None:
    export(release, "flows", tmp_path / "t.sdmx.xml")
    found = definition(tmp_path)
    assert [d.id for d in found.components.dimensions] == ["ORIGIN", "DESTINATION", "DAYPART", "TIME_PERIOD"]
    assert [m.id for m in found.components.measures] == ["OBS_VALUE"]
    levels = {a.id: a.attachment_level for a in found.components.attributes}
    assert levels["OBS_STATUS"] == levels["LOWER_95"] == "O" and levels["UNIT_MEASURE"] == "D"
    status = found.components["OBS_STATUS"].local_codes
    assert (status.agency, status.id, status.version) == ("SDMX", "CL_OBS_STATUS", "2.2")
    zones = {code.id: code.name for code in found.components["ORIGIN"].local_codes}
    assert zones["z00"] == "District 0 <é>" and zones["z02"] == "z02"
    assert "epsilon 1" in found.description and "95 % confidence" in found.description


@pytest.mark.parametrize("ending", ["csv", "xml"])
def test_suppressed_is_a_status_and_no_number(withheld: Release, tmp_path: Path, ending: str) -> None:
    back = read(export(withheld, "presence", tmp_path / f"t.sdmx.{ending}")).data
    gone = back["ZONE"] == "z03"
    assert back["OBS_VALUE"].isna().tolist() == gone.tolist()
    assert set(back.loc[gone, "OBS_STATUS"]) == {"Q"} and set(back.loc[gone, "CONF_STATUS"]) == {"N"}
    table = withheld["presence"].to_polars().filter(~pl.col("suppressed"))
    unclear = table.filter((pl.col("lower") <= 0) & (pl.col("upper") >= 0)).height
    assert 0 < unclear < table.height
    assert Counter(back.loc[~gone, "OBS_STATUS"]) == {"U": unclear, "A": table.height - unclear}
    assert set(back.loc[~gone, "CONF_STATUS"]) == {"F"}


def test_zones_that_can_be_no_codes(tmp_path: Path) -> None:
    zones = make.squares(2)
    odd = make.Squares(("Städte: 1", "b c"), zones.names, zones.parents, zones.shapes)
    odd = make.Squares(tuple(sorted(odd.ids)), odd.names, odd.parents, odd.shapes)
    release_ = Release(*_made(tmp_path, odd))
    back = read(export(release_, "residents", tmp_path / "t.sdmx.xml")).data
    assert sorted(back["ZONE"]) == sorted(odd.ids)
    assert definition(tmp_path).components["ZONE"].local_codes is None


def _made(folder: Path, zones: make.Squares) -> Any:
    from shoal.release.manifest import Manifest

    made = make.release_in(folder / "r", make.plan_in(folder, statistics={"residents": ("zone",)}), zones)
    return made, Manifest.parse((made / "manifest.json").read_bytes())


def test_without_pysdmx_one_sentence(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysdmx.io", None)
    with pytest.raises(UsageError, match=r"install it: pip install 'shoal\[sdmx\]'$"):
        export(release, "visits", tmp_path / "t.sdmx.csv")
    assert list(tmp_path.iterdir()) == []
