"""Why an account says no: one sentence each, with what to do."""

import math
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from fractions import Fraction

from shoal.errors import BudgetError, RefusedError
from shoal.ledger.arithmetic import LENGTH
from shoal.ledger.request import Account, Request, Standing, UnitStanding
from shoal.plan import Unit


def refuse_other_terms(account: Account, request: Request) -> None:
    """Raise `RefusedError` where the plan says other than what was fixed when the source was first used."""
    fixed = f"source {account.source}: its account was opened on {account.created.date()}"
    if request.synthetic != account.synthetic:
        was, now = ("a simulation", "real records") if account.synthetic else ("real records", "a simulation")
        raise RefusedError(f"{fixed} for {was} and this plan is on {now}; give the simulation a name of its own")
    if request.timezone != account.timezone:
        raise RefusedError(
            f"{fixed} with days of {account.timezone} and this plan's are of {request.timezone}; "
            f'set [source] timezone = "{account.timezone}"'
        )
    if LENGTH[request.unit] > LENGTH[account.unit]:
        may = " or ".join(f'"{unit}"' for unit in reversed(LENGTH) if LENGTH[unit] <= LENGTH[account.unit])
        raise RefusedError(
            f"{fixed} for a device over one {account.unit} and this plan's unit, a {request.unit}, is longer; "
            f"set [period] unit = {may}"
        )
    if request.cap_epsilon != account.cap_epsilon:
        cap = _number(account.cap_epsilon)
        raise RefusedError(
            f"{fixed} with a cap of epsilon {cap} and this plan says {_number(request.cap_epsilon)}; "
            f"set [source] cap = {cap}"
        )
    if request.year_epsilon != account.year_epsilon:
        if account.year_epsilon is None:
            raise RefusedError(f"{fixed} without a cap for a year and this plan says one; remove [source] year_cap")
        said = "none" if request.year_epsilon is None else _number(request.year_epsilon)
        cap = _number(account.year_epsilon)
        raise RefusedError(
            f"{fixed} with a cap of epsilon {cap} a year and this plan says {said}; set [source] year_cap = {cap}"
        )


def refuse_overspending(standing: Standing) -> None:
    """Raise `BudgetError` where some account unit, or some calendar year, has less left than the plan needs."""
    unit, account = standing.tightest, standing.account
    if unit.left >= 0:
        _refuse_year(standing)
        return
    left = max(account.cap_rho - unit.spent, Fraction(0))
    raise BudgetError(
        f"source {account.source}: {_unit_name(account.unit, unit)} has rho {_digits(left, ROUND_FLOOR)} left "
        f"(epsilon at most {_epsilon(left, account):.2g} at delta {float(account.cap_delta):g}) and this plan needs "
        f"{_digits(unit.cost, ROUND_CEILING)}; lower [privacy] epsilon, choose another period, or ask for fewer "
        "statistics"
    )


def _refuse_year(standing: Standing) -> None:
    account = standing.account
    for year in standing.years:
        if year.left < 0:
            left = max(account.year_rho - year.spent, Fraction(0))
            raise BudgetError(
                f"source {account.source}: the year {year.year} has rho {_digits(left, ROUND_FLOOR)} left of "
                f"{_digits(account.year_rho, ROUND_FLOOR)} for all its {account.unit}s together and this plan needs "
                f"{_digits(year.cost, ROUND_CEILING)}; lower [privacy] epsilon, choose a shorter period or another year"
            )


def _unit_name(unit: Unit, standing: UnitStanding) -> str:
    start: date = standing.start
    return {"day": f"the day {start}", "week": f"the week of {start}", "month": f"the month {start:%Y-%m}"}[unit]


def _digits(number: Fraction, rounding: str) -> str:
    """Four digits, rounded so that what is left never looks enough for what is needed."""
    decimal = Context(prec=4, rounding=rounding).divide(number.numerator, number.denominator)
    return f"{decimal.normalize():f}"


def _number(number: Fraction) -> str:
    return f"{float(number):.12g}"


def _epsilon(rho: Fraction, account: Account) -> float:
    """An upper bound in words people know: rho + 2 sqrt(rho ln(1/delta)) (Bun and Steinke 2016, proposition 1.3)."""
    simple = float(rho) + 2 * math.sqrt(float(rho) * math.log(1 / float(account.cap_delta)))
    return min(simple, float(account.cap_epsilon))
