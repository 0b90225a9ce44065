"""The list as a file: what goes in comes out, and each way to be malformed gets its sentence."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from shoal.errors import DataError
from shoal.sensitive.listing import About, Listing, read, write

ABOUT = About("2026-03", date(2026, 3, 1), "OpenStreetMap", "ODbL-1.0")
SHAPES = [shapely.Point(1, 2), shapely.box(3, 4, 5, 6), shapely.MultiPolygon([shapely.box(7, 8, 9, 9.5)])]
LIST = Listing(ABOUT, ("a", None, "c"), ("medical", "religion", "children"), np.array(SHAPES, dtype=object))


@pytest.mark.parametrize("name", ["list.geojson", "list.json", "list.parquet"])
def test_what_goes_in_comes_out(tmp_path: Path, name: str) -> None:
    write(LIST, tmp_path / name)
    found = read(tmp_path / name)
    assert (found.about, found.ids, found.classes) == (LIST.about, LIST.ids, LIST.classes)
    assert shapely.equals_exact(found.shapes, LIST.shapes).all() and found.digest == LIST.digest


def test_the_digest_is_of_what_is_said_not_of_how() -> None:
    turned = Listing(ABOUT, LIST.ids[::-1], LIST.classes[::-1], LIST.shapes[::-1])
    near = replace(LIST, shapes=shapely.transform(LIST.shapes, lambda xy: xy + 1e-9))
    assert turned.digest == near.digest == LIST.digest
    others = [
        replace(LIST, about=replace(ABOUT, version="2")),
        replace(LIST, about=replace(ABOUT, reviewed=date(2026, 3, 2))),
        replace(LIST, classes=("medical", "religion", "adult")),
        replace(LIST, shapes=shapely.transform(LIST.shapes, lambda xy: xy + 1e-6)),
        LIST.only(["medical", "religion"]),
    ]
    assert len({LIST.digest, *(other.digest for other in others)}) == 1 + len(others)


def test_only_some_classes() -> None:
    found = LIST.only(["children", "medical"])
    assert found.classes == ("medical", "children") and found.ids == ("a", "c") and len(found) == 2
    assert found.shapes.tolist() == [SHAPES[0], SHAPES[2]]


def _change(path: list[Any], value: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        *way, last = path
        for step in way:
            document = document[step]
        if value is None and isinstance(last, str):
            document.pop(last)
        else:
            document[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_change(["sensitive_places"], None), "does not say what it is"),
        (_change(["sensitive_places", "version"], None), "does not say what it is"),
        (_change(["sensitive_places", "version"], "a\nb"), "does not say what it is"),
        (_change(["sensitive_places", "reviewed"], "yesterday"), "reviewed must be a date"),
        (_change(["features"], []), "there is no place in it"),
        (_change(["features"], None), "no GeoJSON feature collection"),
        (_change(["features", 1, "properties", "class"], "shops"), "place 2 has a `class` that is none of"),
        (_change(["features", 1, "properties", "class"], None), "place 2 has a `class` that is none of"),
        (_change(["features", 0, "properties", "id"], "x" * 300), "place 1 has an id"),
        (_change(["features", 2, "geometry"], {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}), "LineString"),
        (_change(["features", 2], {"type": "Feature", "properties": {"class": "adult"}, "geometry": None}), "no shape"),
        (_change(["features", 0, "geometry", "coordinates"], [1, 200]), "place 1 lies outside"),
        (_change(["features", 0, "geometry", "coordinates"], ["x", 2]), "no GeoJSON feature collection"),
        (
            _change(["features", 1, "geometry", "coordinates"], [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]),
            "place 2 crosses itself",
        ),
    ],
)
def test_each_way_to_be_malformed_gets_its_sentence(tmp_path: Path, change: Any, sentence: str) -> None:
    file = tmp_path / "list.geojson"
    write(LIST, file)
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))
    with pytest.raises(DataError, match=sentence) as caught:
        read(file)
    assert str(file) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["list.geojson", "list.parquet"])
@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"[]", b'{"features": 3}', b"PAR1"])
def test_bytes_that_are_no_list(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=r"can't be read|that can be read|does not say"):
        read(tmp_path / name)


def test_no_file_and_another_ending(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read(tmp_path / "list.geojson")
    with pytest.raises(DataError, match="ends in"):
        read(tmp_path / "list.shp")
