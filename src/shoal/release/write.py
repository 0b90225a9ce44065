"""Writing a release: a whole folder, or none."""

import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from shoal.disk import Disk, Files
from shoal.errors import DiskError, StateError
from shoal.plan import Plan
from shoal.release import _geoparquet, _store
from shoal.release.manifest import Facts, Manifest
from shoal.release.readme import readme
from shoal.release.registry import registry
from shoal.release.statistic_facts import ESTIMATES

if TYPE_CHECKING:
    import polars as pl

    from shoal.zones._base import Zones

_PARTIAL = re.compile(r"\..+\.(?P<host>[0-9a-f]{8})-(?P<pid>\d+)\.[0-9a-f]{8}\.partial")
_HOST = sha256(socket.gethostname().encode()).hexdigest()[:8]


def write(
    parent: Path,
    *,
    manifest: Facts,
    tables: Mapping[str, "pl.DataFrame"],
    zones: "Zones",
    places: "Zones | None" = None,
    disk: Files | None = None,
) -> Path:
    """Write the release `manifest.id` below `parent` and give its folder, <parent>/<id>.

    tables  one for each statistic of the manifest: its key columns, then float64 estimate, stderr, lower, upper,
            consistent, then bool suppressed; rows in the order of the grid
    places  the named places, where a statistic is counted by them

    Everything is written and synced in a hidden folder beside the target, the manifest last, which is then renamed:
    a release is there whole or not at all. Where the id was taken in the meantime, the next free one is used.
    Raises `StateError` where the disk is full or may not be written to; nothing is left behind then.
    """
    _check(manifest, tables, zones, places)
    disk = disk or Disk()
    partial = _partial(parent, manifest.id)
    try:
        disk.make_folder(parent)
        _sweep(parent)
        with _gone_if_it_fails(partial):
            disk.make_folder(partial / "tables")
            put = _writer(disk, partial)
            files = {f"tables/{name}.parquet": _store.table_to_bytes(table) for name, table in tables.items()}
            files["zones.parquet"] = _geoparquet.to_bytes(zones)
            if places is not None:
                files["places.parquet"] = _geoparquet.to_bytes(places, _store.PLACE_COLUMNS)
            hashes = {name: put(name, data) for name, data in files.items()}
            return _finish(disk, partial, parent, manifest, hashes)
    except DiskError as error:
        raise StateError(
            f"{parent}: the release could not be written ({error.reason}) and nothing was published; make room or "
            "choose another folder, then ask for the same plan again"
        ) from None


def place(folder: Path, parent: Path, disk: Files | None = None) -> Path:
    """Copy the release in `folder` below `parent` under its own name, whole or not at all; gives the copy's folder.

    Where it stands there already, nothing is done. Raises `StateError` where another release has that name, or where
    the disk is full or may not be written to.
    """
    target, disk = parent / folder.name, disk or Disk()
    try:
        if os.path.lexists(target):
            if (target / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes():
                return target
            raise StateError(f"{target}: another release stands there; ask for the plan again with another --out")
        disk.make_folder(parent)
        _sweep(parent)
        partial = _partial(parent, folder.name)
        with _gone_if_it_fails(partial):
            disk.make_folder(partial / "tables")
            put = _writer(disk, partial)
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    put(str(file.relative_to(folder)), file.read_bytes())
            disk.rename(partial, target)
    except (OSError, DiskError) as error:
        reason = error.reason if isinstance(error, DiskError) else (error.strerror or "the disk failed").lower()
        raise StateError(
            f"{target}: can't be written ({reason}); the release is made and paid for: ask for the plan again with "
            "another --out, it costs nothing"
        ) from None
    return target


def release_id(plan: Plan, parent: Path) -> str:
    """A free id for a release of `plan` below `parent`: <start>-<source>, with -2, -3, ... where that is taken."""
    return _free(f"{plan.period.start}-{plan.source.name}", parent)


def _free(stem: str, parent: Path) -> str:
    number, name = 1, stem
    while os.path.lexists(parent / name):
        number += 1
        name = f"{stem}-{number}"
    return name


def _check(manifest: Facts, tables: Mapping[str, "pl.DataFrame"], zones: "Zones", places: "Zones | None") -> None:
    """Our own callers' mistakes, which no user can make."""
    import polars as pl

    if list(tables) != [s.statistic for s in manifest.statistics]:
        raise ValueError("tables and the manifest's statistics must be the same, in the same order")
    if manifest.zones.sha256 != zones.digest:
        raise ValueError("the manifest speaks of other zones")
    if (manifest.places and manifest.places.sha256) != (places and places.digest):
        raise ValueError("the manifest speaks of other named places")
    for facts in manifest.statistics:
        table = tables[facts.statistic]
        values = dict.fromkeys(ESTIMATES, pl.Float64()) | {"suppressed": pl.Boolean()}
        if table.columns != [*facts.keys, *values] or any(table.schema[name] != kind for name, kind in values.items()):
            raise ValueError(f"{facts.statistic}: the columns must be the keys, {', '.join(values)}")
        if table.height != facts.cells:
            raise ValueError(f"{facts.statistic}: {table.height} rows, the manifest says {facts.cells}")


def _finish(disk: Files, partial: Path, parent: Path, manifest: Facts, files: dict[str, str]) -> Path:
    """What holds the id (README, registry.yaml, manifest), then the rename; the next id if somebody was faster."""
    stem = f"{manifest.period.start}-{manifest.source.name}"
    put = _writer(disk, partial)
    while True:
        files["README.md"] = put("README.md", readme(manifest).encode())
        if manifest.publication is not None:
            files["registry.yaml"] = put("registry.yaml", registry(manifest).encode())
        put("manifest.json", Manifest.complete(manifest, files).to_bytes())
        target = parent / manifest.id
        try:
            if not os.path.lexists(target):  # a rename would replace an empty folder
                disk.rename(partial, target)
                return target
        except DiskError:
            if not os.path.lexists(target):
                raise
        manifest = manifest.model_copy(update={"id": _free(stem, parent)})
        for name in ("README.md", "registry.yaml", "manifest.json"):
            disk.remove(partial / name)


def _writer(disk: Files, partial: Path) -> Callable[[str, bytes], str]:
    """Writes files below a folder that nobody looks at yet, each forced to the disk; gives their SHA-256."""

    def put(name: str, data: bytes) -> str:
        disk.write_new(partial / name, data)
        return sha256(data).hexdigest()

    return put


@contextmanager
def _gone_if_it_fails(partial: Path) -> Iterator[None]:
    try:
        yield
    except (Exception, KeyboardInterrupt):
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _partial(parent: Path, name: str) -> Path:
    return parent / f".{name}.{_HOST}-{os.getpid()}.{token_hex(4)}.partial"


def _sweep(parent: Path) -> None:
    """Remove what killed runs of this machine left; a folder whose writer may live is left alone."""
    for entry in parent.iterdir():
        found = _PARTIAL.fullmatch(entry.name)
        if found and found["host"] == _HOST and not _alive(int(found["pid"])) and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
