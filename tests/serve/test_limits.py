"""The bucket of tokens: what it grants over any time is its burst and its rate, no more and no less."""

from shoal.serve.limits import MOST_CLIENTS, Limiter


def test_a_burst_then_the_rate() -> None:
    now = [0.0]
    limiter = Limiter(2.0, 10.0, lambda: now[0])
    assert [limiter.wait("a") for _ in range(11)] == [0] * 10 + [1]
    assert limiter.wait("b") == 0, "each has a bucket of its own"
    now[0] = 0.5
    assert [limiter.wait("a"), limiter.wait("a")] == [0, 1]
    now[0] = 1000.0
    assert [limiter.wait("a") for _ in range(11)] == [0] * 10 + [1], "never fuller than its burst"


def test_a_dear_request_waits_longer() -> None:
    now = [0.0]
    limiter = Limiter(2.0, 10.0, lambda: now[0])
    assert limiter.wait("a", 8.0) == 0
    assert limiter.wait("a", 8.0) == 3
    assert limiter.wait("a", 2.0, take=False) == limiter.wait("a", 2.0) == limiter.wait("a", 0.0) == 0
    assert limiter.wait("a", 1.0, take=False) == 1


def test_no_limit_and_no_end_of_memory() -> None:
    free = Limiter(0.0)
    assert not any(free.wait("a") for _ in range(10_000))
    limiter = Limiter(1.0, 1.0, lambda: 0.0)
    for client in range(MOST_CLIENTS + 10):
        limiter.wait(str(client))
    assert len(limiter._buckets) == MOST_CLIENTS
    assert limiter.wait(str(MOST_CLIENTS)) == 1
