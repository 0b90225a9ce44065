"""Bugs in the accounts: what is charged, when, and what is refused."""

from mutants._mutant import Edit, Mutant

_ACCOUNTS = "ledger/accounts.py"
_WRITE = """\
            pipe.write(*bill.rows(), spending.after(standing), Rows(tables.event, [*opening, *bill.told]))
"""
_MINT = "        return mint(charge, request.rho)  # only now: the transaction above is committed\n"

MUTANTS = (
    Mutant(
        "paid before it is committed",
        "the budget is handed out inside the transaction",
        (
            Edit(
                _ACCOUNTS,
                _WRITE + _MINT,
                _WRITE + "            return mint(charge, request.rho)\n",
            ),
        ),
        ("ledger/test_accounts.py::test_nothing_is_paid_for_before_the_commit",),
        cheap=True,
    ),
    Mutant(
        "a charge is lost in a power cut",
        "SQLite is ten times faster when it does not wait for the disk",
        (Edit("ledger/database.py", "synchronous = EXTRA", "synchronous = OFF"),),
        ("ledger/test_database.py::test_a_commit_survives_a_power_cut",),
        cheap=True,
    ),
    Mutant(
        "a budget is compared as a float",
        "rounding should not refuse the last plan",
        (Edit("ledger/refusals.py", "    if unit.left >= 0:\n", "    if float(unit.left) >= -1e-9:\n"),),
        ("ledger/test_accounts.py::test_spent_means_refused_to_the_last_fraction",),
        cheap=True,
    ),
    Mutant(
        "Laplace charged as Gaussian",
        "one formula for both",
        (
            Edit(
                "ledger/arithmetic.py",
                "        return a + 4 * b if price.apart else (a + 2 * b) ** 2\n",
                "        return a + 2 * b if price.apart else (a + b) ** 2 + b**2\n",
            ),
        ),
        ("ledger/test_arithmetic.py::test_costs_are_those_of_the_worst_data",),
        cheap=True,
    ),
    Mutant(
        "rows that share cells pay as if they did not",
        "every statistic is taken for one by hour or day",
        (Edit("pipeline.py", "if m.statistic.is_apart(plan.source.kind))", "if m.statistic.is_apart)"),),
        ("pipeline/test_request.py::test_only_what_goes_by_hour_or_day_is_charged_as_on_cells_of_its_own",),
        cheap=True,
    ),
    Mutant(
        "the cap of a year is forgotten",
        "each unit has enough left, so the plan is paid",
        (
            Edit(
                "ledger/refusals.py",
                "    if unit.left >= 0:\n        _refuse_year(standing)\n        return\n",
                "    if unit.left >= 0:\n        return\n",
            ),
        ),
        ("ledger/test_years.py::test_spent_to_the_last_fraction",),
        cheap=True,
    ),
    Mutant(
        "a longer unit than the account's",
        "a plan of a month is charged to an account of weeks",
        (Edit("ledger/refusals.py", "    if LENGTH[request.unit] > LENGTH[account.unit]:\n", "    if False:\n"),),
        ("ledger/test_accounts.py::test_what_was_fixed_at_first_stays",),
        cheap=True,
    ),
    Mutant(
        "two spend the same budget",
        "PostgreSQL keeps transactions apart by itself",
        (Edit(_ACCOUNTS, "_LOCKED = _ACCOUNT.with_for_update()", "_LOCKED = _ACCOUNT"),),
        ("ledger/test_accounts.py::test_two_that_read_at_the_same_moment_cannot_both_spend",),
    ),
    Mutant(
        "a total that is not the sum",
        "the year is the sum of its units, so it need not be kept",
        (
            Edit(
                "ledger/spending.py",
                "    years = [(year.year, year.spent + year.cost) for year in standing.years]\n",
                "    years: list[tuple[int, Fraction]] = []\n",
            ),
        ),
        ("ledger/test_spending.py::test_totals_are_exact_by_unit_and_by_year",),
    ),
    Mutant(
        "a charge without its entry",
        "the log is told after the charge, in a transaction of its own",
        (
            Edit(
                _ACCOUNTS,
                _WRITE + _MINT,
                """\
            pipe.write(*bill.rows(), spending.after(standing), Rows(tables.event, opening))
        with self._database.pipe() as pipe:
            pipe.write(Rows(tables.event, bill.told))
"""
                + _MINT,
            ),
        ),
        ("ledger/test_accounts.py::test_a_charge_and_its_entry_are_one_transaction[sqlite]",),
        cheap=True,
    ),
    Mutant(
        "an entry without its charge",
        "the log is told before it is known whether the account can pay",
        (
            Edit(
                _ACCOUNTS,
                """\
        with self._database.pipe() as pipe:
            account, spent
""".rstrip("\n"),
                """\
        with self._database.pipe() as pipe:
            pipe.write(Rows(tables.event, bill.told))
        with self._database.pipe() as pipe:
            account, spent
""".rstrip("\n"),
            ),
            Edit(_ACCOUNTS, "[*opening, *bill.told]", "opening"),
        ),
        ("ledger/test_journal.py::test_a_refused_charge_tells_nothing",),
        cheap=True,
    ),
    Mutant(
        "coarser levels are not charged",
        "a region is only a sum of its zones, so it is free",
        (
            Edit(
                "pipeline.py",
                "rho={name: mechanism.rho for name, mechanism in mechanisms.items()},",
                """rho={name: mechanism.rho for name, mechanism in mechanisms.items() if "." not in name},""",
            ),
            Edit(
                "pipeline.py",
                """if mechanism.kind == "laplace"),""",
                """if mechanism.kind == "laplace" and "." not in name),""",
            ),
            Edit(
                "pipeline.py",
                "for m in design.measures if m.statistic.is_apart(plan.source.kind)),",
                "for m in design.measures if m.level is None and m.statistic.is_apart(plan.source.kind)),",
            ),
            Edit(
                "privacy/budget.py",
                "            paid = self.__left.pop(statistic, None)\n",
                """\
            paid = self.__left.pop(statistic, rho if "." in statistic else None)
""",
            ),
        ),
        ("pipeline/test_request.py::test_every_level_of_every_statistic_is_charged_at_its_price",),
        cheap=True,
    ),
    Mutant(
        "an answer is drawn again",
        "the first release is looked up by another digest of the plan than it was kept under",
        (Edit("pipeline.py", "state.accounts.knows(plan.digest())", "state.accounts.knows(plan.full_digest())"),),
        ("pipeline/test_order.py::TestOrder::test_asked_twice_it_does_nothing_but_place",),
    ),
    Mutant(
        "epsilon of a simulation for real records",
        "one limit for all",
        (
            Edit(
                "plan/source.py",
                "return MAX_EPSILON_SYNTHETIC if self.synthetic else MAX_EPSILON\n",
                "return MAX_EPSILON_SYNTHETIC\n",
            ),
        ),
        ("test_plan.py::test_refused_in_one_sentence",),
        cheap=True,
    ),
    Mutant(
        "a basis that has expired",
        "the basis was looked at when the source was registered",
        (Edit("ledger/registration.py", "basis.expires is not None and basis.expires < on:", "False:"),),
        ("ledger/test_registration.py::test_refused_and_logged",),
        cheap=True,
    ),
)
