"""A city to try Shoal on: simulated people, phones that report unevenly, and the truth to compare with.

The only room of Shoal that has a seed: what it writes is no one's, so nothing needs protecting.
"""

from shoal.simulate.simulation import simulate

__all__ = ["simulate"]
