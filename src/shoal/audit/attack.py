"""What an attack is, and what one of them found: rates of success over many simulated devices, never a device.

Two kinds of finding. `Finding`: a membership attack gave each target a score, and some of the targets were in the
records, by a coin. `Share`: an attack guessed things (points of a way, values of a cell), and some guesses were right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from shoal._arrays import Float64
from shoal.audit.ceiling import Ceiling

if TYPE_CHECKING:
    from shoal.audit.world import World


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of targets that were in and of targets that were not, both ascending: no order tells which target.

    inside, outside  float64[n]; the higher, the surer the attack is that the target is in
    """

    inside: Float64
    outside: Float64

    def __post_init__(self) -> None:
        for name in ("inside", "outside"):
            scores = np.sort(np.asarray(getattr(self, name), dtype=np.float64).ravel())
            if not np.isfinite(scores).all():
                raise ValueError("scores of an attack must be numbers: a bug of Shoal's, please report it")
            object.__setattr__(self, name, scores)


@dataclass(frozen=True, eq=False)
class Finding:
    """A membership attack on one statistic.

    attack     its name, such as `membership, one threshold`
    statistic  of the plan, or `all` for all of them together
    scores     on the release
    ceiling    above which no attack can be where the claimed guarantee holds
    controls   name -> scores of the same attack on aggregates without noise (`exact`, `k-anonymous`)
    needed     those of them on which it must succeed, or the audit says nothing
    """

    attack: str
    statistic: str
    scores: Scores
    ceiling: Ceiling
    controls: Mapping[str, Scores] = field(default_factory=dict)
    needed: tuple[str, ...] = ("exact", "k-anonymous")


@dataclass(frozen=True)
class Share:
    """An attack that guesses: how many of its guesses were right.

    what          what was guessed, in words: `points of the way, within 1 km`
    hits, trials  right guesses, and all
    limit         the share that is right without the release, or as the claim allows; at most that must be reached
    limit_means   where the limit comes from, in words
    controls      name -> (hits, trials, least): the same attack on aggregates without noise must reach `least`
    """

    attack: str
    statistic: str
    what: str
    hits: int
    trials: int
    limit: float
    limit_means: str
    controls: Mapping[str, tuple[int, int, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.trials or self.trials < 1 or not 0 <= self.limit <= 1:
            raise ValueError("hits must be among the trials and a limit a share: a bug of Shoal's, please report it")


class Attack(Protocol):
    """One attack. It is given a whole simulated world and must use only what its docstring says its adversary knows."""

    @property
    def name(self) -> str: ...

    def run(self, world: "World") -> Sequence[Finding | Share]:
        """Attack the releases of `world`; the same on its exact and k-anonymous tables as controls."""
        ...
