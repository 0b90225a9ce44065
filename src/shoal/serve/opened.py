"""A release that was verified, opened: its files are read once more only if they are still those of the manifest."""

import hashlib
import io
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from shoal.release import _store
from shoal.release.manifest import Manifest
from shoal.release.read import Release, Table
from shoal.release.statistic_facts import ESTIMATES
from shoal.serve.cube import SUPPRESSED
from shoal.serve.problems import Problem

if TYPE_CHECKING:
    import polars as pl

    from shoal.zones._base import Zones


class ChangedError(Exception):
    """A file is not the one that was verified; the message says which."""


class Opened:
    """One verified release. What is read of it has the hash that its manifest names, also long after verification."""

    def __init__(self, folder: Path, manifest: Manifest, version: str) -> None:
        """version  SHA-256 of the manifest, which names the hashes of all other files"""
        self.version = version
        self.manifest = manifest
        self.release = _Whole(folder, manifest)

    @property
    def id(self) -> str:
        return self.manifest.id

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """west, south, east, north of all zones, degrees."""
        import shapely

        west, south, east, north = (float(edge) for edge in shapely.total_bounds(self.release.places.shapes))
        return west, south, east, north

    def table(self, statistic: str) -> Table:
        """Raises `Problem` (404) where the release has no such table."""
        if statistic not in self.release:
            raise Problem(
                404,
                f"{self.id} has no table {statistic[:100]!r}; it has {', '.join(self.release.tables)}",
            )
        return self.release[statistic]

    def numbers(self, table: Table) -> "pl.DataFrame":
        """The rows of a table without their keys, which follow from the release. Raises `ChangedError`."""
        data = self.release.data(f"tables/{table.name}.parquet")
        return _store.read_bytes(data, (*ESTIMATES, SUPPRESSED))


class _Whole(Release):
    """Reads zones by way of their hash."""

    def data(self, name: str) -> bytes:
        """The bytes of one of its files. Raises `ChangedError`."""
        try:
            data = (self.folder / name).read_bytes()
        except OSError:
            raise ChangedError(f"{name} can't be read any more") from None
        if hashlib.sha256(data).hexdigest() != self.manifest.files.get(name):
            raise ChangedError(f"{name} is not the file that was verified")
        return data

    @cached_property
    def places(self) -> "Zones":
        return _store.read_zones(io.BytesIO(self.data("zones.parquet")))

    @cached_property
    def _named(self) -> "Zones | None":
        if self.manifest.places is None:
            return None
        return _store.read_zones(io.BytesIO(self.data("places.parquet")), _store.PLACE_COLUMNS)
