"""What numbers are derived from: a table of a release, as `read` gives it. Kept apart so that a table may derive."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from shoal.release.manifest import Manifest
from shoal.release.statistic_facts import StatisticFacts
from shoal.zones._base import Zones

if TYPE_CHECKING:
    import polars as pl


class PublishedRelease(Protocol):
    """See `read.Release`."""

    folder: Path
    manifest: Manifest

    @property
    def id(self) -> str: ...
    @property
    def places(self) -> Zones: ...
    def zones_of(self, facts: StatisticFacts, /) -> Zones: ...
    def __getitem__(self, statistic: str, /) -> "PublishedTable": ...


class PublishedTable(Protocol):
    """See `read.Table`."""

    facts: StatisticFacts

    @property
    def release(self) -> PublishedRelease: ...
    @property
    def name(self) -> str: ...
    @property
    def keys(self) -> tuple[str, ...]: ...
    @property
    def places(self) -> tuple[str, ...]: ...
    @property
    def zones(self) -> Zones: ...
    def to_polars(self) -> "pl.DataFrame": ...
