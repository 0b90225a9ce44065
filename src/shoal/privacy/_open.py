"""The one reader of exact sums. Only `shoal.privacy.noise` may import it (checked by import-linter)."""

from typing import cast

from shoal._arrays import Int64
from shoal.privacy.sums import ExactSums


def open_sums(sums: ExactSums) -> Int64:
    """The totals themselves, int64[cells], not a copy: for adding noise, nothing else."""
    return cast(Int64, sums._ExactSums__totals)  # type: ignore[attr-defined]  # sealed by name
