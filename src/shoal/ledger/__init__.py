"""The ledger: budget accounts, charged before any noise is drawn."""

from shoal.ledger.accounts import Accounts
from shoal.ledger.request import AccountStatement, Request, Standing
from shoal.ledger.state import State

__all__ = ["AccountStatement", "Accounts", "Request", "Standing", "State"]
