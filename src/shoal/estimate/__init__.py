"""What noisy numbers say: estimates, errors, intervals. Post-processing only; nothing here can see an exact sum."""

from shoal.estimate.table import Estimated, Merge, end_table, pair_table, tables

__all__ = ["Estimated", "Merge", "end_table", "pair_table", "tables"]
