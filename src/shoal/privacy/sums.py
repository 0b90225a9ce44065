"""Exact totals by key, sealed: the last thing before noise, and a type with no public reader."""

from typing import NoReturn

import numpy as np

from shoal._arrays import Int64


class SealedError(TypeError):
    """Something tried to look into exact sums: a bug of ours, please report it."""


class ExactSums:
    """Totals by cell before noise, int64[cells], never negative. Sealed: no reader, size, comparison, copy or pickle.

    Python can't stop a determined reader; this stops a careless log line, repr, cache or test. The one reader is
    `privacy._open`, which only `privacy.noise` may import.
    """

    __slots__ = ("__totals",)

    def __init__(self, totals: Int64) -> None:
        if totals.dtype != np.int64 or totals.ndim != 1:  # messages name the rule, never a value
            raise TypeError(f"exact sums are a flat int64 array, got {totals.dtype} with {totals.ndim} dimensions")
        self.__totals = totals.copy()

    def merge(self, other: "ExactSums") -> "ExactSums":
        """Add partial sums. Saturates; as weights are never negative, any order of merges ends alike."""
        return ExactSums(self.__totals + np.minimum(other.__totals, np.iinfo(np.int64).max - self.__totals))

    def __repr__(self) -> str:
        return "<ExactSums, sealed>"

    def __refuse(self, *_: object) -> NoReturn:
        raise SealedError("exact sums can't be read, compared or stored; draw noise first: privacy.noise.measure")

    __eq__ = __len__ = __iter__ = __array__ = __copy__ = __deepcopy__ = __refuse
    __reduce__ = __reduce_ex__ = __getstate__ = __refuse
    __hash__ = None  # type: ignore[assignment]  # as for every type with its own __eq__
