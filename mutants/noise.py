"""Bugs in the noise: too little of it, the wrong kind, the same twice, or none."""

from mutants._mutant import Edit, Mutant

_FILE = "privacy/noise.py"
_DRAW = "        noisy[begin : begin + CHUNK] = draw(totals[begin : begin + CHUNK])\n"
_GAUSSIAN = """\
    if mechanism.kind == "gaussian":
        return dp.make_gaussian(domain, dp.l2_distance(T="i64"), scale=float(mechanism.scale))
    return dp.make_laplace(domain, dp.l1_distance(T="i64"), scale=float(mechanism.scale))
"""
_USE = "    paid.use(statistic, mechanism.rho)\n    noisy = np.empty_like(totals)\n"
_REST = """\
    noisy = np.empty_like(totals)

    def fill(begin: int) -> None:
        noisy[begin : begin + CHUNK] = draw(totals[begin : begin + CHUNK])

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as threads:
        for _ in threads.map(fill, range(0, totals.size, CHUNK)):
            pass
"""

MUTANTS = (
    Mutant(
        "half the noise",
        "the scale is halved on its way to the library, and the check that would notice is gone",
        (
            Edit(_FILE, "    _agree(draw, mechanism)\n", ""),
            Edit(
                _FILE,
                _GAUSSIAN,
                _GAUSSIAN.replace("float(mechanism.scale)", "mechanism.scale / 2"),
            ),
        ),
        ("privacy/test_noise.py::test_the_noise_is_as_wide_as_it_says",),
        cheap=True,
    ),
    Mutant(
        "the mean of two draws",
        "a number that is drawn twice is more precise",
        (
            Edit(
                _FILE,
                _DRAW,
                """\
        part = totals[begin : begin + CHUNK]
        noisy[begin : begin + CHUNK] = (np.array(draw(part)) + np.array(draw(part))) // 2
""",
            ),
        ),
        ("privacy/test_noise.py::test_the_noise_is_as_wide_as_it_says",),
        cheap=True,
    ),
    Mutant(
        "the price of less noise",
        "a factor in the formula from rho to sigma",
        (Edit("privacy/accounting.py", "Fraction(norm**2) / (2 * rho)", "Fraction(norm**2) / (8 * rho)"),),
        ("privacy/test_accounting.py::test_whatever_is_chosen_keeps_the_promise",),
        cheap=True,
    ),
    Mutant(
        "every statistic gets all of rho",
        "the division by shares is lost",
        (
            Edit(
                "privacy/accounting.py",
                "_gaussian_scale(norm, rho * need.share / weight)",
                "_gaussian_scale(norm, rho)",
            ),
        ),
        ("privacy/test_accounting.py::test_whatever_is_chosen_keeps_the_promise",),
        cheap=True,
    ),
    Mutant(
        "rho from the wrong end",
        "the search gives the first value above epsilon, not the last one below",
        (
            Edit(
                "privacy/accounting.py",
                "            high, at_high = guess, at\n    return low\n",
                "            high, at_high = guess, at\n    return high\n",
            ),
        ),
        ("privacy/test_accounting.py::test_rho_is_the_largest_that_keeps_epsilon",),
        cheap=True,
    ),
    Mutant(
        "the library's privacy map is not asked",
        "our own formula says the same",
        (Edit(_FILE, "    _agree(draw, mechanism)\n", ""),),
        ("privacy/test_noise.py::test_a_claim_that_opendp_does_not_share_is_refused",),
        cheap=True,
    ),
    Mutant(
        "float noise",
        "NumPy draws a hundred times faster",
        (
            Edit(
                _FILE,
                _DRAW,
                """\
        part, fast = totals[begin : begin + CHUNK], np.random.default_rng()
        law = fast.normal if mechanism.kind == "gaussian" else fast.laplace
        noisy[begin : begin + CHUNK] = part + np.rint(law(0, mechanism.scale, part.size)).astype(np.int64)
""",
            ),
        ),
        ("privacy/test_noise.py::test_every_number_is_one_that_opendp_drew",),
        cheap=True,
    ),
    Mutant(
        "a fixed seed",
        "the same release should come out of the same records",
        (
            Edit(
                _FILE,
                _DRAW,
                """\
        part, own = totals[begin : begin + CHUNK], np.random.default_rng(begin)
        law = own.normal if mechanism.kind == "gaussian" else own.laplace
        noisy[begin : begin + CHUNK] = part + np.rint(law(0, mechanism.scale, part.size)).astype(np.int64)
""",
            ),
        ),
        ("privacy/test_noise.py::test_two_threads_draw_different_noise",),
        cheap=True,
    ),
    Mutant(
        "noise used again for other hours",
        "one piece of noise is drawn and laid over all cells, piece by piece",
        (
            Edit(
                _FILE,
                "    noisy = np.empty_like(totals)\n",
                "    noisy, once = np.empty_like(totals), np.array(draw(np.zeros(CHUNK, dtype=np.int64)))\n",
            ),
            Edit(
                _FILE,
                _DRAW,
                """\
        part = totals[begin : begin + CHUNK]
        noisy[begin : begin + CHUNK] = part + once[: part.size]
""",
            ),
        ),
        ("privacy/test_noise.py::test_chunks_and_threads_do_not_share_noise",),
        cheap=True,
    ),
    Mutant(
        "noise used again for other measures",
        "drawn noise is kept in a cache by mechanism and size",
        (
            Edit(
                _FILE,
                "class GuaranteeError(RuntimeError):",
                "_kept: dict[tuple[Mechanism, int, int], Int64] = {}\n\n\nclass GuaranteeError(RuntimeError):",
            ),
            Edit(
                _FILE,
                _DRAW,
                """\
        part = totals[begin : begin + CHUNK]
        if (mechanism, begin, part.size) not in _kept:
            _kept[mechanism, begin, part.size] = np.array(draw(np.zeros(part.size, dtype=np.int64)))
        noisy[begin : begin + CHUNK] = part + _kept[mechanism, begin, part.size]
""",
            ),
        ),
        ("privacy/test_noise.py::test_two_measures_one_after_the_other_do_not_share_noise",),
        cheap=True,
    ),
    Mutant(
        "keys taken from the data",
        "only cells that somebody was in are measured",
        (
            Edit(
                _FILE,
                "    if cells is not None:\n",
                """\
    if cells is None:
        cells = np.flatnonzero(totals)
    if cells is not None:
""",
            ),
        ),
        ("privacy/test_noise.py::test_noise_is_added_to_the_sums",),
        cheap=True,
    ),
    Mutant(
        "an empty table is not drawn",
        "where nobody is there is nothing to hide, and the run is over sooner",
        (
            Edit(
                _FILE,
                _USE,
                """\
    paid.use(statistic, mechanism.rho)
    if not totals.any():
        return Measurements(statistic, totals.copy(), mechanism)
    noisy = np.empty_like(totals)
""",
            ),
        ),
        ("privacy/test_noise.py::test_the_noise_is_as_wide_as_it_says",),
        cheap=True,
    ),
    Mutant(
        "charged after the draw",
        "the payment is used up when the numbers are there",
        (
            Edit(
                _FILE,
                "    paid.use(statistic, mechanism.rho)\n" + _REST,
                _REST + "    paid.use(statistic, mechanism.rho)\n",
            ),
        ),
        ("privacy/test_noise.py::test_what_is_not_paid_for_is_not_drawn_either",),
        cheap=True,
    ),
    Mutant(
        "a payment is used twice",
        "the payment is looked up and stays",
        (Edit("privacy/budget.py", "self.__left.pop(statistic, None)", "self.__left.get(statistic)"),),
        ("privacy/test_noise.py::test_a_payment_is_used_once",),
        cheap=True,
    ),
    Mutant(
        "a payment that is too small",
        "whether it was paid for is asked, and not how much",
        (Edit("privacy/budget.py", "if paid is None or rho > paid:", "if paid is None:"),),
        ("privacy/test_noise.py::test_nothing_is_drawn_unpaid",),
        cheap=True,
    ),
    Mutant(
        "a cell is drawn twice",
        "the cells come from our own code and need no check",
        (Edit(_FILE, "        _check(cells, totals.size)\n", ""),),
        ("privacy/test_noise.py::test_no_cell_is_drawn_twice_and_a_refusal_costs_nothing",),
        cheap=True,
    ),
)
