"""Releases: a folder of tables about places, with its proof. Loaded on first use, so that `import shoal` is quick."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoal.release.manifest import Facts, Manifest
    from shoal.release.read import Release, Table, open_release
    from shoal.release.statistic_facts import StatisticFacts

__all__ = ["Facts", "Manifest", "Release", "StatisticFacts", "Table", "open_release"]

_HOMES = {"manifest": ("Facts", "Manifest", "StatisticFacts"), "read": ("Release", "Table", "open_release")}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = next(module for module, names in _HOMES.items() if name in names)
    return getattr(import_module(f"{__name__}.{home}"), name)
