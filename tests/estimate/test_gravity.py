"""Pairs of zones learnt from each other: structure is found, noise alone is nothing, single events stay."""

import numpy as np
import pytest

from shoal._arrays import Bool, Float64
from shoal.estimate import gravity
from shoal.estimate.gravity import Pairs, expected, like_others, said_by_others, surprising
from shoal.estimate.standout import pairs_standing_out, stand_out

ZONES, REGIONS, NOISE = 80, 4, 10.0
FIRST, SECOND = (ends.astype(np.int32) for ends in np.divmod(np.arange(ZONES**2), ZONES))
REGION = np.arange(ZONES) * REGIONS // ZONES
GROUP = (REGION[FIRST] * REGIONS + REGION[SECOND]).astype(np.int32)
PAIRS = Pairs(FIRST, SECOND, GROUP)


def city(seed: int, size: float = 30.0) -> Float64:
    """Whole trips between zones: by what they hold, nearer regions more, as many there as back; four of five zones
    with next to nobody. float64[pairs]."""
    generator = np.random.default_rng(seed)
    homes, jobs = generator.lognormal(0, 1, (2, ZONES)) * np.where(np.arange(ZONES) % 5, 0.05, 2.0)
    near = np.exp(-np.abs(REGION[:, None] - REGION))
    mean = size * np.outer(homes, jobs) * near
    there: Float64 = generator.negative_binomial(2, 2 / (2 + mean)).astype(np.float64)
    return (there + there.T).ravel()


def noise(seed: int, *, laplace: bool, size: tuple[int, ...] = (ZONES**2,)) -> Float64:
    generator = np.random.default_rng(1000 + seed)
    return generator.laplace(0, NOISE / 2**0.5, size) if laplace else generator.normal(0, NOISE, size)


def rms(error: Float64) -> float:
    return float(np.sqrt((error**2).mean()))


def learnt(values: Float64, *, laplace: bool = True, pairs: Pairs = PAIRS) -> Float64:
    shaped = values.reshape(len(PAIRS.first), -1)
    return like_others(pairs, shaped, np.full(shaped.shape, NOISE), laplace=laplace).reshape(values.shape)


@pytest.mark.parametrize("laplace", [False, True], ids=["gaussian", "laplace"])
def test_pairs_are_told_from_noise_and_the_largest_are_found(laplace: bool) -> None:
    truth = city(1, 3.0)
    noisy = truth + noise(1, laplace=laplace)
    found = learnt(noisy, laplace=laplace)
    assert rms(found - truth) < 0.35 * rms(noisy - truth)
    top = np.argsort(-truth)[:100]
    hit = [np.isin(np.argsort(-values)[:100], top).mean() for values in (noisy, found)]
    assert hit[1] > hit[0] + 0.1


def test_ways_back_and_regions_each_help() -> None:
    truth = city(2)
    noisy = truth + noise(2, laplace=False)
    one_way = FIRST < SECOND
    without_back = Pairs(FIRST[one_way], SECOND[one_way], GROUP[one_way])
    apart = like_others(without_back, noisy[one_way, None], np.full((one_way.sum(), 1), NOISE), laplace=False)[:, 0]
    whole = learnt(noisy, laplace=False)
    assert rms((whole - truth)[one_way]) < 0.95 * rms(apart - truth[one_way])
    assert rms(whole - truth) < 0.95 * rms(learnt(noisy, laplace=False, pairs=PAIRS._replace(group=None)) - truth)


def test_noise_alone_is_nothing() -> None:
    for laplace in (False, True):
        assert rms(learnt(noise(3, laplace=laplace), laplace=laplace)) < 0.3 * NOISE


def test_an_event_stays_as_it_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A match between two villages; without the rule it would be smoothed away."""
    truth = city(4)
    lost = int(np.argmin(truth))
    noisy = truth + noise(4, laplace=True)
    noisy[lost] += 15 * NOISE
    assert learnt(noisy)[lost] == noisy[lost]
    monkeypatch.setattr(gravity, "surprising", lambda *_, **__: np.inf)
    assert abs(learnt(noisy)[lost] - noisy[lost]) > 5 * NOISE


@pytest.mark.parametrize("laplace", [False, True], ids=["gaussian", "laplace"])
def test_noise_rarely_surprises(laplace: bool) -> None:
    """Of 400 tables of noise 20 do; more than 45 or less than 3 with a chance below one in a million."""
    loud = [np.abs(noise(k, laplace=laplace, size=(2000,))).max() / NOISE for k in range(400)]
    assert 3 <= (np.array(loud) > surprising(2000, laplace=laplace)).sum() <= 45


def test_several_times_share_what_they_have_in_common() -> None:
    truth = np.stack([city(5, 3.0)] * 3, axis=1)
    noisy = truth + noise(5, laplace=False, size=truth.shape)
    together = learnt(noisy, laplace=False)
    alone = np.stack([learnt(column, laplace=False) for column in noisy.T], axis=1)
    assert rms(together - truth) < 0.9 * rms(alone - truth)


def test_exact_numbers_stay_and_few_pairs_too() -> None:
    truth = city(6)
    exact = like_others(PAIRS, truth[:, None], np.full((truth.size, 1), 1e-6), laplace=False)[:, 0]
    np.testing.assert_allclose(exact, truth, atol=1e-4)
    few = Pairs(FIRST[:50], SECOND[:50])
    values = truth[:50, None].copy()
    assert like_others(few, values, np.full((50, 1), NOISE), laplace=False) is values


def test_nobody_anywhere_and_zones_without_pairs_are_no_trouble() -> None:
    assert learnt(np.zeros(ZONES**2)).tolist() == [0.0] * ZONES**2
    assert learnt(np.full(ZONES**2, -5.0)).max() <= 0
    own = Pairs(np.arange(200, dtype=np.int32), np.arange(200, dtype=np.int32))
    assert np.isfinite(like_others(own, np.arange(200.0)[:, None], np.ones((200, 1)), laplace=True)).all()


@pytest.mark.parametrize("size", [0.0, 1e-200, 1.0, 1e60])
def test_numbers_of_any_size_overflow_nowhere(size: float) -> None:
    """Regions between which nothing moves, without noise, gave 1 / 0; the largest numbers as little."""
    with np.errstate(all="raise", under="ignore"):
        some = size * np.array([1.0, 2.0, 3.0])
        whole, differ, factors = gravity._factors(np.zeros(3), np.zeros(3), some + 1.0)
        assert (whole, differ) == (0.0, 0.0) and np.isfinite(factors).all()
        fitted = gravity._fitted(some**2, np.zeros(3), some)
    assert fitted == pytest.approx(some**2, rel=1e-6)


def test_what_others_say_owes_nothing_to_a_number_itself() -> None:
    truth = city(7)
    noisy = truth + noise(7, laplace=False)
    error = np.full((noisy.size, 1), NOISE)
    said = said_by_others(PAIRS, noisy[:, None], error)[:, 0]
    assert np.corrcoef(said, truth)[0, 1] > 0.7
    louder = noisy.copy()
    rows = np.array([3, ZONES * 7 + 50, ZONES * 40 + 40])  # an empty pair, another one, a zone with itself
    for row in rows:
        louder[row] += 8 * NOISE
        moved = said_by_others(PAIRS, louder[:, None], error)[:, 0]
        assert abs(moved[row] - said[row]) < 0.05 * NOISE
        louder[row] = noisy[row]
    busy = int(np.argmax(truth))
    usual = expected(PAIRS, noisy, error[:, 0]).usual
    louder[busy] += 8 * NOISE
    assert abs(expected(PAIRS, louder, error[:, 0]).usual - usual)[busy] > 0.1 * NOISE


def shares(choose: str, *, laplace: bool, runs: int = 60) -> tuple[float, float]:
    """Mean over runs of the share of chosen pairs that are really 0, and of the 100 largest that are found."""
    false, found = [], []
    for run in range(runs):
        truth = city(run, 2.0)
        noisy = (truth + noise(run, laplace=laplace))[:, None]
        error = np.full(noisy.shape, NOISE)
        chosen: Bool = (
            pairs_standing_out(PAIRS, noisy, error, 0.1, laplace=laplace)[:, 0]
            if choose == "pairs"
            else stand_out(noisy[:, 0], error[:, 0], 0.1, laplace=laplace)
            if choose == "alone"
            else learnt(noisy[:, 0], laplace=laplace) > 0.5 * NOISE
        )
        false.append((truth[chosen] == 0).sum() / max(1, chosen.sum()))
        found.append(chosen[np.argsort(-truth)[:100]].mean())
    return float(np.mean(false)), float(np.mean(found))


@pytest.mark.parametrize("laplace", [False, True], ids=["gaussian", "laplace"])
def test_pairs_stand_out_more_often_and_are_hardly_ever_false(laplace: bool) -> None:
    false, found = shares("pairs", laplace=laplace)
    assert false <= 0.1
    assert found > 1.3 * shares("alone", laplace=laplace)[1]
