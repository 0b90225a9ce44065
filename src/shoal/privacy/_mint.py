"""Turns a committed charge into a `Paid` budget. Only `shoal.ledger` may import this (checked by import-linter)."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from shoal.privacy.budget import Paid

KEY: Final = object()


def mint(charge: str, rho: Mapping[str, Fraction]) -> Paid:
    """A paid budget for `charge`; call it only after the transaction that wrote the charge has been committed."""
    return Paid(charge, rho, key=KEY)
