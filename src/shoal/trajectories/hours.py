"""In which hour of the calendar an instant lies, for kernels that ask in a loop."""

from shoal._arrays import Int64
from shoal._numba import njit


@njit
def hour_of(hour_start: Int64, instant: int) -> int:
    """Index of the hour that holds `instant`; the first or the last one where it lies before or after the period.

    hour_start  int64[h+1]  start of each local hour, and the period's end; h at least 1

    Rule    a guess as if all hours had 3600 seconds, then steps: one where a clock was changed before, seldom more.
    Source  `calendar.Calendar`. Slow twin: `hour_of` in tests/trajectories/naive.py.
    """
    hour: int = min(max(0, (instant - hour_start[0]) // 3600), hour_start.size - 2)
    while hour > 0 and hour_start[hour] > instant:
        hour -= 1
    while hour < hour_start.size - 2 and hour_start[hour + 1] <= instant:
        hour += 1
    return hour
