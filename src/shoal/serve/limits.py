"""How often one client may ask: a bucket of tokens that fills up at a steady rate."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

RATE = 100.0
"""Requests a second that one client may make in the long run."""
BURST = 500.0
"""Requests that it may make at once."""
MOST_CLIENTS = 50_000


@dataclass(slots=True)
class Limiter:
    """Buckets by client. Those of who asked last longest ago are forgotten first, by then they are full again.

    rate   tokens a second; 0: no limit
    burst  tokens in a full bucket
    """

    rate: float = RATE
    burst: float = BURST
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait(self, client: str, cost: float = 1.0, *, take: bool = True) -> int:
        """0 where `client` may ask now, which takes `cost` tokens (unless not `take`); else in how many seconds."""
        if self.rate <= 0:
            return 0
        now = self.clock()
        left, since = self._buckets.pop(client, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.rate)
        allowed = left >= cost
        self._buckets[client] = (left - cost if allowed and take else left, now)
        while len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((cost - left) / self.rate))
