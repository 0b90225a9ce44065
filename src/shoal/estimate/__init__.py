"""What noisy numbers say: estimates, errors, intervals. Post-processing only; nothing here can see an exact sum."""

from shoal.estimate.table import Estimated, Merge, tables

__all__ = ["Estimated", "Merge", "tables"]
