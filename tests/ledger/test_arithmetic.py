"""The cost of a plan in each account unit, against a twin that measures distances and against its proof's table."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.ledger import arithmetic
from shoal.ledger.arithmetic import LENGTH, Price, by_year, costs, factor, grid, reach
from shoal.plan import Unit
from tests.ledger import naive
from tests.ledger.requests import MONDAY, units

ONE = Fraction(1)
OWN, SHARED = Price(ONE, False, True), Price(ONE, False, False)
LAPLACE_OWN, LAPLACE_SHARED = Price(ONE, True, True), Price(ONE, True, False)
KINDS = (OWN, SHARED, LAPLACE_OWN, LAPLACE_SHARED)


@st.composite
def plans(draw: st.DrawFn) -> tuple[Unit, tuple[tuple[date, date], ...], dict[str, Price]]:
    account: Unit = draw(st.sampled_from(sorted(LENGTH)))
    unit: Unit = draw(st.sampled_from([u for u in LENGTH if LENGTH[u] <= LENGTH[account]]))
    start = draw(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
    whole = units(start.replace(day=1) if unit == "month" else start, unit, draw(st.integers(1, 9)))
    kept = draw(st.lists(st.sampled_from(whole), min_size=1, unique=True))
    rho = st.fractions(Fraction(1, 10**6), Fraction(10))
    names = st.sampled_from(["presence", "flows", "visits"])
    prices = draw(st.dictionaries(names, st.builds(Price, rho, st.booleans(), st.booleans()), min_size=1))
    return account, tuple(sorted(kept)), prices


def agrees_with_twin(plan: tuple[Unit, tuple[tuple[date, date], ...], dict[str, Price]]) -> bool:
    account, whole, prices = plan
    found = costs(account, whole, prices.values())
    expected = naive.costs(
        account,
        whole,
        {s: p.rho for s, p in prices.items()},
        [s for s, p in prices.items() if p.laplace],
        [s for s, p in prices.items() if p.apart],
    )
    return {naive.label(account, start): rho for start, rho in found.items()} == expected


@given(plan=plans())
def test_costs_are_those_of_the_worst_data(plan: tuple[Unit, tuple[tuple[date, date], ...], dict[str, Price]]) -> None:
    assert agrees_with_twin(plan)


@given(plan=plans())
def test_reach_holds_every_account_unit_that_may_be_touched(
    plan: tuple[Unit, tuple[tuple[date, date], ...], dict[str, Price]],
) -> None:
    """Whatever the account's unit is: what is spent is asked for before that is known."""
    _, whole, prices = plan
    first, last = reach(whole)
    for account in LENGTH:
        touched = costs(account, whole, prices.values())
        assert first <= min(touched) and max(touched) <= last


@given(rho=st.dictionaries(st.dates(date(2024, 12, 1), date(2027, 2, 1)), st.fractions(0, 1)))
def test_a_unit_belongs_to_the_year_in_which_it_begins(rho: dict[date, Fraction]) -> None:
    years = {start.year for start in rho}
    assert by_year(rho) == {year: sum(r for start, r in rho.items() if start.year == year) for year in years}
    assert list(by_year(rho)) == sorted(years)


WEDNESDAYS = units(date(2026, 3, 4), "week", 3)
OVER_MONTHS = units(date(2026, 3, 30), "week", 1)


def _ignores_overlap(a: int, b: int, price: Price) -> int:
    return a + b


def _adds_what_is_drawn_together(a: int, b: int, price: Price) -> int:
    return a + (4 if price.laplace else 2) * b


def _takes_laplace_for_gaussian(a: int, b: int, price: Price) -> int:
    return factor(a, b, Price(price.rho, False, price.apart))


@pytest.mark.parametrize(
    ("bug", "plan"),
    [
        (_ignores_overlap, ("week", WEDNESDAYS, {"presence": OWN})),
        (_ignores_overlap, ("month", OVER_MONTHS, {"presence": SHARED})),
        (_adds_what_is_drawn_together, ("week", WEDNESDAYS, {"flows": SHARED})),
        (_adds_what_is_drawn_together, ("week", units(MONDAY, "day", 7), {"flows": LAPLACE_SHARED})),
        (_takes_laplace_for_gaussian, ("month", OVER_MONTHS, {"visits": LAPLACE_OWN})),
    ],
)
def test_seeded_bug_is_found(
    bug: Callable[[int, int, Price], int],
    plan: tuple[Unit, tuple[tuple[date, date], ...], dict[str, Price]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert agrees_with_twin(plan)
    monkeypatch.setattr(arithmetic, "factor", bug)
    assert not agrees_with_twin(plan)


Vector = tuple[int, int, int]
vectors = st.tuples(*[st.integers(0, 50)] * 3)


@given(gone=st.lists(vectors, max_size=5), changed=st.lists(st.tuples(vectors, vectors), max_size=5))
def test_no_data_moves_the_sums_further_than_is_paid_for(
    gone: list[Vector], changed: list[tuple[Vector, Vector]]
) -> None:
    nothing = (0, 0, 0)
    moves = [*((v, nothing) for v in gone), *changed]
    everyone = [v for move in moves for v in move] or [nothing]
    square_l2, l1 = max(sum(x * x for x in v) for v in everyone), max(sum(v) for v in everyone)
    a, b = len(gone), len(changed)

    apart = [[x - y for x, y in zip(*move, strict=True)] for move in moves]
    together = [sum(column) for column in zip(*apart, strict=True)]
    assert sum(x * x for row in apart for x in row) <= factor(a, b, OWN) * square_l2
    assert sum(x * x for x in together) <= factor(a, b, SHARED) * square_l2
    assert sum(sum(abs(x) for x in row) ** 2 for row in apart) <= factor(a, b, LAPLACE_OWN) * l1**2
    assert sum(abs(x) for x in together) ** 2 <= factor(a, b, LAPLACE_SHARED) * l1**2


def test_proof_and_code_have_the_same_table() -> None:
    text = (Path(__file__).parents[2] / "docs" / "proofs" / "account.md").read_text()
    rows = [[int(n) for n in row] for row in re.findall(r"^\|" + r" (\d+) \|" * 6, text, re.MULTILINE)]
    assert len(rows) == 5
    for a, b, *factors in rows:
        assert factors == [factor(a, b, price) for price in KINDS]


def test_rows_of_one_unit_cost_the_same_wherever_they_lie() -> None:
    for price in KINDS:
        assert costs("week", units(MONDAY, "week", 3), [price]) == {MONDAY + timedelta(weeks=n): ONE for n in range(3)}


@given(a=st.integers(0, 1000), b=st.integers(0, 1000))
def test_sharing_cells_or_laplace_is_never_cheaper(a: int, b: int) -> None:
    assert factor(a, b, OWN) <= factor(a, b, SHARED) <= factor(a, b, LAPLACE_SHARED)
    assert factor(a, b, OWN) <= factor(a, b, LAPLACE_OWN) <= factor(a, b, LAPLACE_SHARED)


@given(plan=plans(), split=st.integers(1, 8))
def test_one_plan_on_cells_of_its_own_costs_what_its_parts_cost(
    plan: tuple[Unit, tuple[tuple[date, date], ...], dict[str, Price]], split: int
) -> None:
    account, whole, prices = plan
    own = [Price(p.rho, p.laplace, True) for p in prices.values()]
    parts = [costs(account, part, own) if part else {} for part in (whole[:split], whole[split:])]
    together = costs(account, whole, own)
    assert together == {day: sum(part.get(day, Fraction(0)) for part in parts) for day in together}


@pytest.mark.parametrize(
    ("unit", "start", "end", "firsts"),
    [
        ("day", date(2026, 3, 2), date(2026, 3, 4), [date(2026, 3, 2), date(2026, 3, 3)]),
        ("week", date(2026, 3, 4), date(2026, 3, 11), [date(2026, 3, 2), date(2026, 3, 9)]),
        ("week", date(2026, 3, 2), date(2026, 3, 9), [date(2026, 3, 2)]),
        ("week", date(2027, 1, 1), date(2027, 1, 2), [date(2026, 12, 28)]),
        ("month", date(2026, 12, 28), date(2027, 1, 4), [date(2026, 12, 1), date(2027, 1, 1)]),
        ("month", date(2028, 2, 29), date(2028, 3, 1), [date(2028, 2, 1)]),
    ],
)
def test_grid(unit: Unit, start: date, end: date, firsts: list[date]) -> None:
    assert [first for first, _ in grid(unit, start, end)] == firsts


@given(start=st.dates(date(1990, 1, 1), date(2090, 1, 1)), length=st.integers(1, 200))
def test_grid_has_neither_gap_nor_overlap(start: date, length: int) -> None:
    for unit, end in product(LENGTH, [start + timedelta(days=length)]):
        found = list(grid(unit, start, end))
        assert found[0][0] <= start < found[0][1] and found[-1][0] < end <= found[-1][1]
        assert all(one[1] == two[0] for one, two in pairwise(found))
