"""Writing: whole or not at all, whatever fails."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from shoal.errors import StateError
from shoal.release import write
from shoal.release.verify import require
from tests.release import make


def test_the_folder_is_as_documented(made: Path) -> None:
    names = {str(f.relative_to(made)) for f in made.rglob("*") if f.is_file()}
    tables = {f"tables/{name}.parquet" for name in make.BY}
    assert names == {"README.md", "manifest.json", "proof.json", "registry.yaml", "zones.parquet"} | tables
    assert made.name == "2026-03-02-ride-app"
    assert list(made.parent.iterdir()) == [made]  # nothing hidden is left


def test_same_release_gives_same_bytes(tmp_path: Path) -> None:
    one, two = (make.release_in(tmp_path / n / "r", make.plan_in(tmp_path / n)) for n in ("a", "b"))
    for file in one.rglob("*"):
        if file.is_file() and file.name != "proof.json":  # it says when
            assert file.read_bytes() == (two / file.relative_to(one)).read_bytes(), file.name


def test_taken_ids_are_counted_up(tmp_path: Path) -> None:
    plan = make.plan_in(tmp_path)
    names = [make.release_in(tmp_path / "r", plan).name for _ in range(3)]
    assert names == ["2026-03-02-ride-app", "2026-03-02-ride-app-2", "2026-03-02-ride-app-3"]


def test_an_id_taken_at_the_last_moment(tmp_path: Path) -> None:
    parent, zones = tmp_path / "r", make.squares()
    manifest, tables = make.parts(make.plan_in(tmp_path), zones, parent)
    (parent / manifest.id).mkdir(parents=True)  # empty, so that a bare rename would replace it
    folder = make.written(parent, manifest=manifest, tables=tables, zones=zones)
    assert folder.name == "2026-03-02-ride-app-2" and require(folder).id == folder.name
    assert f"shoal verify {folder.name}" in (folder / "README.md").read_text()


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    plan, parent = make.plan_in(tmp_path), tmp_path / "r"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        with pytest.raises(StateError, match=r"could not be written \(file too large\) and nothing was published"):
            make.release_in(parent, plan)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(parent.iterdir()) == []


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    plan = make.plan_in(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match=r"could not be written"):
        make.release_in(tmp_path / "file", plan)


def test_leftovers_of_dead_writers_go_and_others_stay(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    dead = tmp_path / f".x.{write._HOST}-{child.pid}.00000000.partial"
    alive = tmp_path / f".x.{write._HOST}-{os.getpid()}.00000000.partial"
    elsewhere = tmp_path / f".x.{'0' * 8}-{child.pid}.00000000.partial"
    strange = tmp_path / ".mine.partial"
    for folder in (dead, alive, elsewhere, strange):
        (folder / "tables").mkdir(parents=True)
    make.release_in(tmp_path, make.plan_in(tmp_path / "plan"))
    assert [f.exists() for f in (dead, alive, elsewhere, strange)] == [False, True, True, True]


def test_a_killed_writer_publishes_nothing(tmp_path: Path) -> None:
    script = (
        "import sys, os; from pathlib import Path; from tests.release import make\n"
        "from shoal.disk import Disk\n"
        "def stop(*a, **k): print('here', flush=True); import time; time.sleep(60)\n"
        "Disk.write_new = stop\n"
        "make.release_in(Path(sys.argv[1]) / 'r', make.plan_in(Path(sys.argv[1])))\n"
    )
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}"}
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None and child.stdout.readline() == b"here\n"
        child.kill()
    left = list((tmp_path / "r").iterdir())
    assert len(left) == 1 and left[0].name.endswith(".partial") and not (left[0] / "manifest.json").exists()
    for _ in range(50):
        if not write._alive(child.pid):
            break
        time.sleep(0.1)
    make.release_in(tmp_path / "r", make.plan_in(tmp_path))
    assert list((tmp_path / "r").iterdir()) == [tmp_path / "r" / "2026-03-02-ride-app"]


@pytest.mark.parametrize("mistake", ["order", "columns", "rows", "zones"])
def test_our_own_mistakes_are_not_written(tmp_path: Path, mistake: str) -> None:
    zones = make.squares()
    manifest, tables = make.parts(make.plan_in(tmp_path), zones, tmp_path)
    match mistake:
        case "order":
            tables = dict(reversed(tables.items()))
        case "columns":
            tables["visits"] = tables["visits"].with_columns(pl.col("estimate").cast(pl.Float32))
        case "rows":
            tables["visits"] = tables["visits"].head(3)
        case "zones":
            zones = make.squares(8)
    with pytest.raises(ValueError, match=r"."):
        write.write(tmp_path / "r", manifest=manifest, tables=tables, zones=zones)
    assert not (tmp_path / "r").exists()
