"""Which folders are releases, and that each is opened only as it was verified."""

import shutil
from pathlib import Path

import pytest

from shoal.errors import UsageError
from shoal.serve.desk import Desk
from shoal.serve.opened import ChangedError
from shoal.serve.problems import Problem
from shoal.serve.shelf import Shelf


@pytest.fixture
def folder(shelf_folder: Path, first: str, tmp_path: Path) -> Path:
    """A folder with one release, to do harm to."""
    shutil.copytree(shelf_folder / first, tmp_path / "releases" / first)
    return tmp_path / "releases"


def test_a_good_one_is_opened_once(folder: Path, first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(folder)
    assert [(one.id, one.verified) for one in shelf.listed()] == [(first, None)]
    opened = shelf.open(first)
    assert [(one.id, one.verified) for one in shelf.listed()] == [(first, True)]
    monkeypatch.setattr("shoal.serve.shelf.verify_apart", None)
    assert shelf.open(first) is opened is shelf.ready(first)


def test_a_folder_that_is_a_release_is_served_alone(folder: Path, first: str) -> None:
    assert [one.id for one in Shelf(folder / first).listed()] == [first]
    assert Shelf(folder / first).open(first).id == first


def test_a_table_that_changes_later_is_not_shown(folder: Path, first: str) -> None:
    shelf = Shelf(folder)
    opened = shelf.open(first)
    file = folder / first / "tables" / "visits.parquet"
    good = file.read_bytes()
    shutil.copy(folder / first / "tables" / "presence.parquet", file)
    with pytest.raises(ChangedError, match=r"tables/visits\.parquet is not the file"):
        opened.numbers(opened.table("visits"))
    opened.numbers(opened.table("presence"))
    problem = shelf.spoilt(first, "tables/visits.parquet is not the file that was verified")
    assert problem.status == 409
    with pytest.raises(Problem, match="has changed since"):
        shelf.open(first)
    file.write_bytes(good)
    assert shelf.open(first).numbers(opened.table("visits")).height == 49, "mended, it is verified and opened again"


def test_another_manifest_is_verified_anew(folder: Path, first: str) -> None:
    shelf = Shelf(folder)
    version = shelf.open(first).version
    manifest = folder / first / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"north"', '"south"').replace("ride-app", "ride-apq", 1))
    with pytest.raises(Problem) as refused:
        shelf.open(first)
    assert refused.value.status == 409
    assert shelf.listed()[0].version != version


def test_one_that_failed_is_not_verified_at_every_request(
    folder: Path, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / first / "README.md").write_text("changed")
    shelf = Shelf(folder)
    with pytest.raises(Problem):
        shelf.open(first)
    monkeypatch.setattr("shoal.serve.shelf.verify_apart", None)
    for _ in range(2):
        with pytest.raises(Problem, match=r"README\.md"):
            shelf.open(first)


def test_what_is_no_release_of_this_folder_is_not_opened(folder: Path, first: str, tmp_path: Path) -> None:
    outside = shutil.copytree(folder / first, tmp_path / "2026-03-02-outside")
    (folder / "2026-03-02-outside").symlink_to(outside)
    shutil.copytree(folder / first, folder / "2026-03-02-renamed")
    shutil.copytree(folder / first, folder / ".hidden")
    (folder / "2026-03-02-broken").mkdir()
    (folder / "2026-03-02-broken" / "manifest.json").write_text("{")
    shelf = Shelf(folder)
    listed = {one.id: one.problem for one in shelf.listed()}
    assert set(listed) == {first, "2026-03-02-renamed", "2026-03-02-broken"}
    assert "give the folder that name" in listed["2026-03-02-renamed"]
    for release, status in (
        ("2026-03-02-outside", 404),
        (".hidden", 404),
        ("../releases/" + first, 404),
        ("", 404),
        ("2026-03-02-renamed", 409),
        ("2026-03-02-broken", 409),
    ):
        with pytest.raises(Problem) as refused:
            shelf.open(release)
        assert refused.value.status == status
    assert shelf.open(first).id == first


def test_no_folder_no_shelf(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such folder"):
        Shelf(tmp_path / "none")
    folder = tmp_path / "releases"
    folder.mkdir()
    shelf = Desk(Shelf(folder)).shelf
    assert shelf.listed() == []
    folder.rmdir()
    with pytest.raises(Problem) as refused:
        shelf.listed()
    assert refused.value.status == 503
