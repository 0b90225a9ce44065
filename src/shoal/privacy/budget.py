"""A paid budget: what the account has been charged and noise may therefore be drawn for, once."""

from collections.abc import Mapping
from fractions import Fraction
from threading import Lock
from types import MappingProxyType


class UnpaidError(RuntimeError):
    """Noise was asked for that nobody paid for, or twice for one payment: a bug of ours, please report it."""


class Paid:
    """A charge that stands in the account. Only the ledger makes one (`privacy._mint`); only `noise` uses it up.

    charge  id of the charge in the account
    rho     statistic -> zCDP cost that was charged for it, exact
    """

    __slots__ = ("__left", "__lock", "charge", "rho")

    def __init__(self, charge: str, rho: Mapping[str, Fraction], *, key: object) -> None:
        from shoal.privacy import _mint

        if key is not _mint.KEY:
            raise UnpaidError("only the ledger turns a charge into a paid budget")
        self.charge = charge
        self.rho = MappingProxyType(dict(rho))
        self.__left = dict(rho)
        self.__lock = Lock()

    def use(self, statistic: str, rho: Fraction) -> None:
        """Use up the payment for `statistic`. Raises `UnpaidError` unless at least `rho` was paid and is unused."""
        with self.__lock:
            paid = self.__left.pop(statistic, None)
        if paid is None or rho > paid:
            raise UnpaidError(f"{statistic}: this draw is not covered by charge {self.charge}")

    def __reduce__(self) -> str:
        raise UnpaidError("a paid budget can't be copied")
