"""The ledger: budget accounts, charged before any noise is drawn.

Loaded on first use: who only reads what the log says of a release needs neither accounts nor their database.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoal.ledger.accounts import Accounts
    from shoal.ledger.request import AccountStatement, Request, Standing
    from shoal.ledger.state import State

__all__ = ["AccountStatement", "Accounts", "Request", "Standing", "State"]

_HOMES = {"accounts": ("Accounts",), "request": ("AccountStatement", "Request", "Standing"), "state": ("State",)}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = next(module for module, names in _HOMES.items() if name in names)
    return getattr(import_module(f"{__name__}.{home}"), name)
