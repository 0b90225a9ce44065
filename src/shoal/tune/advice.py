"""What trials say about one statistic of a plan: sizes brought to its devices and zones, noise to its epsilon."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf

from shoal.design import Design, Measure
from shoal.plan import Statistic as Wish
from shoal.tune.choice import Error, Scene, chosen, error_of_usual, losses, usual_size
from shoal.tune.city import Cities, Seen
from shoal.tune.report import Advice, Tried


class Advisor:
    """Of one statistic: told first of the releases that tried bounds of totals, then of those of the finest level.

    finest   the statistic in `usual`
    usual    the plan's design with default bounds: noise is in proportion to them
    devices  that the source is expected to have
    whole    the statistic in each city where next to nothing is cut off
    wish     what the plan says of it
    """

    def __init__(
        self, finest: Measure, usual: Design, town: Cities, devices: int, whole: Sequence[Seen], wish: Wish
    ) -> None:
        self.name, self._statistic = finest.name, finest.statistic
        self._whole, self._wish = whole, wish
        self._measures = usual.measures_of(self._statistic)
        simulated = next(s for s in town.design.statistics if s.name == self.name)
        people = devices * usual.calendar.units / (town.devices * town.design.calendar.units)
        theirs = town.design.measures_of(simulated)
        cells = self._measures[0].grid.cells
        self._scene = Scene(
            size=usual_size(*whole) * people * theirs[0].grid.cells / cells,
            total=sum(float(seen.top.sum()) for seen in whole) / len(whole) * people,
            cells=cells,
            above=self._measures[1].grid.cells,
        )
        self._top_size = self._scene.total / self._measures[-1].grid.cells
        self._totals: tuple[Tried, ...] = ()
        self.total = self._statistic.wide_bound
        """The bound of totals that is chosen."""

    def hear_totals(self, bounds: Sequence[Fraction], seen: Sequence[Seen]) -> None:
        """What the first city says of bounds of totals. The error of a total: what it loses, and its noise."""
        whole, own = self._whole[0].top.sum(), self._wish.total_bound or self._statistic.wide_bound
        tried = []
        for bound, one in zip(bounds, seen, strict=True):
            kept = min(1.0, float(one.top.sum() / whole))
            error = Error(self._noise(-1, bound), (1 - kept) * self._top_size, corrected=False)
            tried.append(self._tried(bound, own, kept, error))
        self._totals = tuple(tried)
        self.total = bounds[chosen([t.error for t in tried])]

    def advice(self, bounds: Sequence[Fraction], seen: Sequence[Sequence[Seen]]) -> Advice:
        """What both cities say of bounds of the finest level, and with it all there is to say."""
        own = self._wish.bound or self._statistic.bound
        above, found = self._noise(1, self.total), losses(self._whole, seen)
        errors = [
            error_of_usual(self._scene, loss, self._noise(0, b), above) for b, loss in zip(bounds, found, strict=True)
        ]
        tried = [self._tried(b, own, loss.kept, e) for b, loss, e in zip(bounds, found, errors, strict=True)]
        best = bounds[chosen([e.both if e.is_sound else inf for e in errors])]
        return Advice(
            statistic=self.name,
            size=self._scene.size / self._statistic.divisor,
            total_size=self._top_size / self._statistic.divisor,
            bounds=tuple(tried),
            totals=self._totals,
            bound=best,
            total_bound=max(best, self.total),
        )

    def _noise(self, level: int, bound: Fraction) -> float:
        """Standard deviation of the noise in one number of a level, in contributions."""
        measure = self._measures[level]
        usual = self._statistic.bound if level == 0 else self._statistic.wide_bound
        return measure.mechanism.stderr * float(bound / usual)

    def _tried(self, bound: Fraction, own: Fraction, kept: float, error: Error) -> Tried:
        per = self._statistic.divisor
        return Tried(
            float(bound), kept, error.noise / per, error.left / per, error.both / per, error.corrected, bound == own
        )
