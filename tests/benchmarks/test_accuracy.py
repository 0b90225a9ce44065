"""The accuracy benchmark: cities are as promised, figures are right, twins lose what their limits say and no more."""

import csv
from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from benchmarks.accuracy import _bikes, _cities, _results
from benchmarks.accuracy._bounding import Limits, truncated
from benchmarks.accuracy._case import Case, Estimates, Float64, table_of
from benchmarks.accuracy._cases import SPARSE
from benchmarks.accuracy._cities import City, flows, people_of, places_of, presence, seen, whereabouts
from benchmarks.accuracy._metrics import best_pairs, cell_errors, pairs_at, score
from benchmarks.accuracy._noise import Noise, by_numpy, by_opendp
from benchmarks.accuracy._ours import Shoal
from benchmarks.accuracy._peers import GOOGLE, OPENDP, REPORT, TUMULT, Family, Sampling, tuned, with_regions
from benchmarks.accuracy._results import measured, table

from shoal.privacy.accounting import Need, allocate

SIGMAS = 6  # a normal value lies further out twice in a thousand million
TOWN = City(devices=20_000, columns=20, rows=10, blocks=(4, 2), hours=200_000)


def alike(devices: int, cells: int, weight: int = 1) -> Case:
    """Every device has the same cells, with the same weight in each."""
    who, cell = np.divmod(np.arange(devices * cells), cells)
    every = np.full(who.size, weight)
    return table_of("alike", "alike", "presence", who, cell, cells, 1, np.zeros(cells, dtype=np.int64), every)


def nobody(zones: int = 1000, bins: int = 24) -> Case:
    none = np.zeros(0, dtype=np.int64)
    return table_of("nobody", "nobody", "presence", none, none, zones, bins, np.zeros(zones, dtype=np.int64))


@pytest.fixture(scope="module")
def town() -> Case:
    return presence(TOWN, 1, "town", "town")


class TestCities:
    def test_has_the_device_hours_that_were_asked_for(self, town: Case) -> None:
        assert abs(town.who.size - TOWN.hours) < SIGMAS * TOWN.hours**0.5
        assert town.truth.sum() == town.who.size

    def test_a_device_is_in_one_zone_an_hour(self, town: Case) -> None:
        hour = town.who * town.bins + town.cell % town.bins
        assert (np.bincount(hour) <= 1).all() and (town.weight == 1).all()

    def test_seeds_decide(self, town: Case) -> None:
        assert np.array_equal(presence(TOWN, 1, "town", "town").cell, town.cell)
        assert not np.array_equal(presence(TOWN, 2, "town", "town").truth, town.truth)

    @pytest.mark.parametrize(("by_region", "least", "most"), [(0.35, 0.15, 0.6), (0.0, 0.0, 0.05)])
    def test_activity_depends_on_the_place(self, by_region: float, least: float, most: float) -> None:
        spread = self.spread_of_activity(replace(TOWN, by_region=by_region, by_zone=0.0))
        assert least <= spread <= most

    @staticmethod
    def spread_of_activity(city: City) -> float:
        """Standard deviation over regions of the log share of hours that devices are seen in there."""
        rng = np.random.default_rng(3)
        places = places_of(city, rng)
        people = people_of(city, places, rng)
        where = whereabouts(people, rng)
        region = places.region[where].ravel()
        share = np.bincount(region, seen(city, places, people, where, rng).ravel()) / np.bincount(region)
        return float(np.log(share).std())

    def test_activity_is_heavy_tailed(self, town: Case) -> None:
        hours = np.bincount(town.who, minlength=TOWN.devices)
        assert np.median(hours) <= 10 and np.quantile(hours, 0.1) <= 3 and np.quantile(hours, 0.95) >= 21

    def test_hours_follow_one_another_in_the_same_zone(self, town: Case) -> None:
        zone, hour = np.divmod(town.cell, town.bins)
        order = np.lexsort((hour, town.who))
        zone, hour, who = zone[order], hour[order], town.who[order]
        next_hour = (who[1:] == who[:-1]) & (hour[1:] == hour[:-1] + 1)
        assert (zone[1:] == zone[:-1])[next_hour].mean() > 0.6

    def test_sparse_city_is_empty_by_four_fifths_and_no_region_is(self) -> None:
        case = presence(SPARSE.smaller(3), 1, "sparse", "sparse", regions=True)
        assert 0.75 < (case.truth == 0).mean() < 0.85
        assert (case.by_region(case.truth).reshape(-1, case.bins).sum(axis=1) > 0).all()
        assert np.unique(case.region).size == 200

    def test_trips_go_elsewhere_and_few_devices_make_many(self) -> None:
        case = flows(TOWN, 1, "flows", "flows")
        origin, destination = np.divmod(case.cell, case.zones)
        trips = np.bincount(case.who, case.weight)
        assert (origin != destination).all()
        assert np.median(trips) <= 10 and 0.0005 < (trips > 50).mean() < 0.005
        sizes = np.sort(case.truth[case.truth > 0])[::-1]
        assert sizes[: sizes.size // 100].sum() > 0.1 * sizes.sum()


@pytest.mark.real_data
def test_bikes_are_those_of_the_file(real_data: Path) -> None:
    folder = real_data / "mibici"
    case = _bikes.visits(folder, date(2015, 7, 1))
    with (folder / "stations.csv").open(encoding="latin-1", newline="") as lines:
        stations = sorted(int(row["id"]) for row in csv.DictReader(lines))
    found: Counter[tuple[str, int]] = Counter()
    with (folder / "trips_2015_07.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            end = datetime.fromisoformat(row["Fin_del_viaje"])
            if (end.year, end.month) == (2015, 7) and int(row["Destino_Id"]) in stations:
                week = end.isocalendar().week - date(2015, 7, 1).isocalendar().week
                cell = stations.index(int(row["Destino_Id"])) * 5 + week
                found[row["Usuario_Id"], cell] += 1
    truth = np.zeros(len(stations) * 5)
    for (_, cell), count in found.items():
        truth[cell] += count
    assert np.array_equal(case.truth, truth)
    assert sorted(case.weight) == sorted(found.values())
    sizes = np.bincount(case.region)
    assert sizes.size == 16 and np.ptp(sizes) <= 1


class TestFigures:
    TRUTH = np.array([0.0, 50.0, 50.0, 200.0, 400.0, 1000.0])
    ESTIMATE = np.array([-6.0, 40.0, 50.0, 210.0, 440.0, 1010.0])

    def test_errors_by_hand(self) -> None:
        errors = cell_errors(self.TRUTH, self.ESTIMATE)
        assert errors["MAE"] == pytest.approx((6 + 10 + 0 + 10 + 40 + 10) / 6)
        assert errors["20 to 100"] == pytest.approx(0.1)  # of 0.2 and 0
        assert errors["100 to 500"] == pytest.approx(0.075)  # of 0.05 and 0.1
        assert errors["over 500"] == pytest.approx(0.01)
        assert errors["all"] == pytest.approx(0.05)
        assert errors["within 10 % 20 to 100"] == 0.5

    def test_a_bracket_holds_its_lower_end_alone(self) -> None:
        errors = cell_errors(np.array([20.0, 100.0]), np.array([22.0, 120.0]))
        assert errors["20 to 100"] == pytest.approx(0.1) and errors["100 to 500"] == pytest.approx(0.2)

    def test_pairs_by_hand(self) -> None:
        pairs = pairs_at(np.array([0.0, 0.0, 1.0, 5.0, 4.0]), np.array([9.0, 2.0, 8.0, 3.0, 10.0]), 3.0)
        assert pairs.published == 4
        assert pairs.top == 3 / 5 + 1 / 5  # every pair is among the top 1,000 here; the second is not published
        assert (pairs.false, pairs.inflated) == (1 / 4, 2 / 4)

    def test_threshold_is_the_lowest_with_few_false_pairs(self) -> None:
        truth, estimate = np.zeros(2000), np.zeros(2000)
        truth[:1000], estimate[:1000] = 10.0, np.linspace(2.6, 20.0, 1000)
        estimate[1000:1020] = 5.0
        pairs = best_pairs(truth, estimate, 1.0)
        assert 5.0 < pairs.threshold < 5.2 and pairs.false == 0.0
        assert pairs.top == (estimate[:1000] >= pairs.threshold).mean()
        estimate[1005:1020] = 0.0  # five false ones of nearly a thousand are few enough
        assert best_pairs(truth, estimate, 1.0).threshold == 0.5

    def test_of_a_peer_the_better_version_counts(self) -> None:
        case = replace(nobody(6, 1), cell=np.arange(6), who=np.arange(6), weight=self.TRUTH.astype(np.int64))
        figures = score(case, Estimates(self.ESTIMATE, 1.0))
        assert figures["raw"]["MAE"] == pytest.approx(figures["clipped"]["MAE"] + 1)

        class Fixed:
            name = "fixed"
            setting = "none"

            def __call__(self, case: Case, seed: int) -> Estimates:
                return Estimates(TestFigures.ESTIMATE + seed, 1.0)

        result = measured(case, Fixed(), [0, 2])
        assert result.version == "clipped"
        # seeds 0 and 2 give (0 + 10 + 0 + 10 + 40 + 10) / 6 and (0 + 8 + 2 + 12 + 42 + 12) / 6
        assert result.at("MAE") == pytest.approx((70 + 76) / 12)
        assert result.spread["clipped"]["MAE"] == pytest.approx(1 / 2**0.5)

    def test_sums_of_regions_and_totals_published_apart(self) -> None:
        who, cell = np.array([0, 0, 1]), np.array([0, 2, 3])
        case = table_of("r", "r", "regions", who, cell, 3, 2, np.array([0, 0, 1]))
        assert case.by_region(case.truth).tolist() == case.coarse().truth.tolist() == [2.0, 1.0, 0.0, 0.0]
        noisy = Estimates(np.array([3.0, 0, -1, 0, 0, 0]), 1.0, {}, {"regions": np.array([2.0, 1, 0, 4])})
        figures = score(case, noisy)
        assert figures["sum of raw"]["MAE"] == 1 / 4 and figures["sum of clipped"]["MAE"] == 2 / 4
        assert figures["regions"]["MAE"] == 4 / 4

    def test_shoal_is_held_against_the_best_peer(self, tmp_path: Path) -> None:
        def result(name: str, error: float, runs: int) -> _results.Result:
            figures = {"MAE": error, "20 to 100": 0.5}
            return _results.Result(name, "", runs, "raw", {"raw": figures}, {"raw": dict.fromkeys(figures, 0.0)})

        results = [result("a", 10, 10), result("b", 8, 10), result("lucky", 2, 1), result("Shoal", 4, 10)]
        ratios = [line.split("|")[-2].strip() for line in table("presence", results).splitlines()[2:]]
        assert ratios == ["1.25", "1.00", "0.25", "0.50"]
        _results.keep(tmp_path / "kept.json", nobody(), results, "here")
        assert _results.kept(tmp_path / "kept.json", "nobody") == results
        assert table("presence", results) in _results.shown(tmp_path / "kept.json")


class TestLimits:
    @pytest.mark.parametrize(
        ("limits", "left"), [(Limits(4), 4), (Limits(4, 2), 8), (Limits(0, 7), 7), (Limits(99, 9), 30)]
    )
    def test_a_device_keeps_what_its_limits_allow(self, limits: Limits, left: int) -> None:
        case = alike(50, 10, 3)
        for device in range(3):
            own = replace(case, who=case.who[:10], cell=case.cell[:10], weight=case.weight[:10])
            sums = truncated(own, limits, np.random.default_rng(device))
            assert sums.sum() == left <= (30 if left == 30 else limits.l1)
            assert np.linalg.norm(sums) <= limits.l2
        assert truncated(case, limits, np.random.default_rng(1)).sum() == 50 * left

    @pytest.mark.parametrize("limits", [Limits(4), Limits(0, 4)], ids=str)
    def test_which_are_kept_is_chosen_evenly(self, limits: Limits) -> None:
        sums = truncated(alike(20_000, 10), limits, np.random.default_rng(1))
        assert (np.abs(sums - 8000) < SIGMAS * (20_000 * 0.4 * 0.6) ** 0.5).all()


class TestPeers:
    @pytest.mark.parametrize("draw", [by_opendp, by_numpy])
    @pytest.mark.parametrize("family", [GOOGLE, OPENDP], ids=lambda family: family.name)
    def test_without_loss_they_are_unbiased_and_as_noisy_as_they_say(self, family: Family, draw: Noise) -> None:
        case = alike(500, 24, 1)
        case = replace(case, zones=4000)  # most of the grid is empty
        method = replace(Sampling("", family.kinds[0], Limits(24)), noise=draw)
        errors = method(case, 1).cells - case.truth
        said = method.stderr(case)
        assert abs(errors.mean()) < SIGMAS * said / errors.size**0.5
        # the variance of a sample variance is (kurtosis - 1) / n of its square: 2 / n, for Laplace 5 / n
        assert abs(errors.std() / said - 1) < SIGMAS * 0.5 * (5 / errors.size) ** 0.5

    @pytest.mark.parametrize("family", [GOOGLE, OPENDP, TUMULT, REPORT], ids=lambda family: family.name)
    def test_with_loss_they_are_biased_by_just_that(self, family: Family) -> None:
        case = alike(20_000, 12)
        limits = Limits(3) if family.cells else Limits(0, 3)
        errors = replace(Sampling("", family.kinds[0], limits), noise=by_numpy)(case, 1).cells - case.truth
        assert (np.abs(errors + 20_000 * 9 / 12) < SIGMAS * (20_000 * 3 / 12 * 9 / 12) ** 0.5 + 12 * 18).all()

    def test_scales_are_those_of_the_guarantee(self) -> None:
        case = nobody()
        ours = allocate([Need("x", Fraction(1), Fraction(4))], case.epsilon, case.delta).mechanisms["x"]
        assert Sampling("", "gaussian", Limits(16)).stderr(case) == pytest.approx(ours.stderr, rel=1e-3)
        assert Sampling("", "laplace", Limits(4, 3)).scale(case, Limits(4, 3), 0.5) == 24.0
        apart = with_regions(Sampling("", "gaussian", Limits(16)), 0.75)
        assert apart.stderr(case) == pytest.approx(2 * ours.stderr, rel=1e-3)

    def test_tuning_finds_the_best_limits(self) -> None:
        few, many = alike(2000, 2), alike(2000, 24)

        def judge(case: Case, estimates: Estimates) -> float:
            return float(np.abs(estimates.cells - case.truth).mean())

        assert tuned(OPENDP, few, judge, [1, 2]).limits == Limits(2)
        assert tuned(OPENDP, many, judge, [1, 2]).limits.cells >= 24
        assert tuned(TUMULT, few, judge, [1, 2]).kind == "laplace"

    def test_a_library_that_clips_has_no_negatives(self) -> None:
        method = REPORT.settings(nobody())[0]
        assert (replace(method, noise=by_numpy)(nobody(), 1).cells >= 0).all()


@pytest.mark.parametrize("kind", ["presence", "regions", "flows", "visits"])
def test_shoal_gives_the_truth_where_the_budget_is_ample(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    cells = 144 if kind == "flows" else 48
    who, cell = rng.integers(0, 200, 1000), rng.integers(0, cells, 1000)
    bins = {"presence": 4, "regions": 4, "flows": 1, "visits": 4}[kind]
    case = table_of("x", "x", kind, who, cell, 12, bins, np.arange(12) // 3, None, Fraction(1000))  # type: ignore[arg-type]

    found = Shoal(Fraction(8), tmp_path)(case, 1)

    def errors(truth: Float64) -> Float64:
        return np.abs(found.cells - truth) / (SIGMAS * found.stderr)

    assert (errors(case.truth) < 1).all()
    assert (errors(case.truth * 2) > 1).mean() > 0.5


def test_every_block_of_a_city_is_a_region() -> None:
    for city in (City(), City(columns=100, rows=50), SPARSE):
        region = _cities.places_of(city, np.random.default_rng(1)).region
        sizes = np.bincount(region)
        assert sizes.size == city.blocks[0] * city.blocks[1] and sizes.min() >= 0.9 * sizes.max() * (12 / 13)
