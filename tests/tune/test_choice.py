"""What a bound costs and gains, on cities whose biases are known."""

from math import inf, sqrt

import numpy as np
import pytest

from shoal.tune.choice import Error, Loss, Scene, chosen, descending, error_of_usual, is_corrected, losses, usual_size
from shoal.tune.city import Seen

CELLS, BIAS, CHANCE, NOISE = 4000, 0.1, 0.5, 3.0
SCENE = Scene(size=100.0, total=1e6, cells=1000, above=20)


def seen(fine: np.ndarray, noise: float = 0.0, kept: float = 1.0) -> Seen:
    return Seen(fine, np.array([fine.sum()]), noise, kept)


def two_cities(bias: float, seed: int) -> tuple[list[Seen], list[Seen]]:
    """Whole and bounded numbers of two cities: a bias in common, chance and noise of their own."""
    dice = np.random.default_rng(seed)
    size = dice.lognormal(5, 1, CELLS)
    off = bias * dice.choice([-1.0, 1.0], CELLS)
    whole, bounded = [], []
    for _ in range(2):
        true = size + dice.normal(0, 1, CELLS) * np.sqrt(size)
        whole.append(seen(true + dice.normal(0, NOISE, CELLS), NOISE))
        wrong = off * size + dice.normal(0, 1, CELLS) * np.sqrt(CHANCE * size)
        bounded.append(seen(true + wrong + dice.normal(0, NOISE, CELLS), NOISE, 0.4))
    return whole, bounded


class TestLosses:
    @pytest.mark.parametrize("seed", range(3))
    def test_what_both_cities_err_in_common_is_bias(self, seed: int) -> None:
        whole, bounded = two_cities(BIAS, seed)
        (found,) = losses(whole, [bounded])
        assert found.bias == pytest.approx(BIAS, rel=0.1)
        assert found.chance == pytest.approx(CHANCE, rel=0.3)
        assert found.kept == pytest.approx(0.4, rel=0.05)

    @pytest.mark.parametrize("seed", range(3))
    def test_chance_and_noise_are_no_bias(self, seed: int) -> None:
        """One city alone would call them so."""
        whole, bounded = two_cities(0.0, seed)
        (found,) = losses(whole, [bounded])
        error = bounded[0].fine - whole[0].fine
        alone = sqrt(float(error @ error) / float(whole[0].fine @ whole[0].fine))
        assert found.bias < 0.02 < alone

    def test_noise_is_taken_off(self) -> None:
        dice = np.random.default_rng(4)
        size = dice.lognormal(5, 1, CELLS)
        whole = [seen(size + dice.normal(0, NOISE, CELLS), NOISE) for _ in range(2)]
        bounded = [seen(size + dice.normal(0, NOISE, CELLS), NOISE) for _ in range(2)]
        (found,) = losses(whole, [bounded])
        unaware = [Seen(s.fine, s.top, 0.0, 1.0) for s in whole], [[Seen(s.fine, s.top, 0.0, 1.0) for s in bounded]]
        assert found.chance < 0.01 < losses(*unaware)[0].chance

    def test_no_more_is_given_to_the_wrong_place_than_is_lost(self) -> None:
        whole, bounded = two_cities(BIAS, 5)
        nearly = [Seen(s.fine, s.top, s.noise, 0.99) for s in bounded]
        assert losses(whole, [nearly])[0].bias <= 0.02 < losses(whole, [bounded])[0].bias

    def test_empty_cities(self) -> None:
        nobody = [seen(np.ones(3)), seen(np.array([-1.0, -1, -1]) + 1e-9)]
        assert losses(nobody, [nobody])[0].bias == 0


def test_usual_size_is_where_a_usual_contribution_lies() -> None:
    assert usual_size(seen(np.array([10.0, 30.0])), seen(np.array([10.0, 30.0]))) == 25
    assert usual_size(seen(np.array([1.0, 0.0])), seen(np.array([0.0, 1.0]))) == 0


@pytest.mark.parametrize(
    ("values", "expected"), [([3, 2, 1], [3, 2, 1]), ([1, 3, 2], [2, 2, 2]), ([4, 1, 2, 3, 0], [4, 2, 2, 2, 0])]
)
def test_descending(values: list[float], expected: list[float]) -> None:
    assert descending(values).tolist() == expected


class TestCorrected:
    def test_where_totals_show_the_loss(self) -> None:
        assert is_corrected(SCENE, kept=0.5, noise=10.0, above=100.0)

    @pytest.mark.parametrize(
        ("kept", "noise", "above"),
        [(0.5, 1e4, 100.0), (0.5, 10.0, 1e5), (0.999, 100.0, 100.0), (1.0, 0.0, 0.0)],
        ids=["fine noise", "coarse noise", "little lost", "nothing lost"],
    )
    def test_where_they_do_not(self, kept: float, noise: float, above: float) -> None:
        assert not is_corrected(SCENE, kept, noise, above)

    def test_noise_is_multiplied_and_what_is_left_has_two_parts(self) -> None:
        error = error_of_usual(SCENE, Loss(0.5, 0.03, 0.16), 10.0, 100.0)
        assert (error.noise, error.left, error.both) == pytest.approx((20.0, 5.0, sqrt(425)))
        assert error.corrected and error.is_sound

    def test_else_the_loss_stays(self) -> None:
        error = error_of_usual(SCENE, Loss(0.5, 0.03, 0.16), 1e4, 100.0)
        assert (error.noise, error.left) == pytest.approx((1e4, 50.0))
        assert not error.corrected

    def test_and_is_sound_only_where_noise_hides_it(self) -> None:
        assert Error(8.0, 2.0, corrected=False).is_sound
        assert not Error(8.0, 2.1, corrected=False).is_sound
        assert Error(8.0, 9.0, corrected=True).is_sound


class TestChosen:
    def test_the_smallest_error(self) -> None:
        assert chosen([3.0, 1.0, 2.0]) == 1

    def test_of_equals_the_largest_bound(self) -> None:
        assert chosen([1.0, 1.04, 1.02, 1.2]) == 2

    def test_never_an_infinite_one_unless_all_are(self) -> None:
        assert chosen([2.0, inf]) == 0
        assert chosen([inf, inf]) == 1
