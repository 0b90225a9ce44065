"""Bugs in what one device adds at most: bounds, fixed point, sums."""

from mutants._mutant import Edit, Mutant

_LAW = "contracts/test_every_statistic.py::test_one_device_in_one_unit_moves_no_sum_by_more_than_its_bound"
_MAPPED = (
    "            yield measure.name, bounding.bound(statistic.at_level(whole, measure.level), measure.mechanism)\n"
)

MUTANTS = (
    Mutant(
        "no bounding",
        "the engine adds what a statistic gave as it is",
        (
            Edit(
                "engines/_bucket.py",
                _MAPPED,
                """\
            rows = statistic.at_level(whole, measure.level)
            yield measure.name, Bounded(rows.first, rows.cell, rows.weight)
""",
            ),
        ),
        (_LAW,),
    ),
    Mutant(
        "bounded before the levels are put together",
        "bounded once, at the finest level, then added up for the coarser ones",
        (
            Edit(
                "engines/_bucket.py",
                _MAPPED,
                """\
            rows = statistic.at_level(bounding.bound(whole, measure.mechanism), measure.level)
            yield measure.name, Bounded(rows.first, rows.cell, rows.weight)
""",
            ),
        ),
        (_LAW,),
    ),
    Mutant(
        "bounded for each day, not for each unit",
        "every day begins a new row, whatever the unit of privacy is",
        (
            Edit(
                "calendar.py",
                "for day in (*period.unit_starts(), period.end)]",
                """for day in (*period.model_copy(update={"unit": "day"}).unit_starts(), period.end)]""",
            ),
        ),
        ("test_calendar.py::test_units_are_those_of_the_plan",),
        cheap=True,
    ),
    Mutant(
        "the other norm",
        "Laplace noise gets vectors that are bounded in L2",
        (
            Edit(
                "privacy/bounding.py",
                """rows.weight, mechanism.norm, mechanism.kind == "laplace", weight)""",
                "rows.weight, mechanism.norm, False, weight)",
            ),
        ),
        ("privacy/test_bounding.py::test_one_row_more_or_less_moves_the_sums_by_at_most_the_norm",),
        jit=False,
    ),
    Mutant(
        "a float decides",
        "the scaled vector is within the norm by construction, so why look again",
        (
            Edit(
                "privacy/bounding.py",
                """\
            if _within(out, begin, end, norm, absolute):
                break
            factor""",
                """\
            if True:
                break
            factor""",
            ),
            Edit(
                "privacy/bounding.py",
                "np.int64(np.floor(float(weight[i]) * factor))",
                "np.int64(np.rint(float(weight[i]) * factor))",
            ),
        ),
        (
            "privacy/test_bounding.py::test_float_rounding_never_decides",
            "privacy/test_bounding.py::test_one_row_more_or_less_moves_the_sums_by_at_most_the_norm",
        ),
        jit=False,
    ),
    Mutant(
        "fixed point rounds up",
        "no contribution should be lost",
        (
            Edit(
                "privacy/contributions.py",
                "weight = out_weight[i] * one // per",
                "weight = -(-out_weight[i] * one // per)",
            ),
        ),
        ("privacy/test_bounding.py::test_contributions_add_up_before_they_round",),
        jit=False,
    ),
    Mutant(
        "a bound rounds up",
        "a bound of 2.5004 contributions should not become 2.5",
        (
            Edit(
                "privacy/accounting.py",
                "min(MAX_NORM, int(bound * ONE))",
                "min(MAX_NORM, -(-bound.numerator * ONE // bound.denominator))",
            ),
        ),
        ("privacy/test_accounting.py::test_bounds_round_down",),
        cheap=True,
    ),
    Mutant(
        "sums wrap",
        "64 bits are enough for every city",
        (
            Edit(
                "privacy/bounding.py",
                "return most if total > most - weight else total + weight",
                "return total + weight",
            ),
        ),
        ("privacy/test_bounding.py::test_sums_saturate",),
        jit=False,
    ),
    Mutant(
        "merged sums wrap",
        "the sums of two parts are simply added",
        (
            Edit(
                "privacy/sums.py",
                "self.__totals + np.minimum(other.__totals, np.iinfo(np.int64).max - self.__totals)",
                "self.__totals + other.__totals",
            ),
        ),
        ("privacy/test_sums.py::test_any_order_of_merges_ends_alike_and_never_wraps",),
        cheap=True,
    ),
    Mutant(
        "sums wrap on Spark",
        "the same where packed sums meet",
        (
            Edit(
                "engines/_sparse.py",
                "totals[cell] += np.minimum(total, most - totals[cell])",
                "totals[cell] += total",
            ),
        ),
        ("engines/test_sparse.py::test_sums_saturate_wherever_they_meet",),
    ),
    Mutant(
        "small counts suppressed",
        "fewer than ten devices are nobody's business, so they become 0 before the noise",
        (
            Edit(
                "engines/_totals.py",
                "                sums[name] = ExactSums(self._parts.pop(name).dense())\n",
                """\
                totals = self._parts.pop(name).dense()
                totals[totals < 10 * 1024] = 0
                sums[name] = ExactSums(totals)
""",
            ),
        ),
        ("engines/test_totals.py::test_a_table_grows_and_becomes_dense",),
    ),
    Mutant(
        "a zone that depends on others",
        "a zone that a single record fell into must be an error of the positioning",
        (
            Edit(
                "trajectories/from_points.py",
                """\
    zone = zones.locate(records.lat, records.lon)
""",
                """\
    zone = zones.locate(records.lat, records.lon)
    zone = np.where(np.bincount(zone + 1)[zone + 1] > 1, zone, np.int32(-1))
""",
            ),
        ),
        ("contracts/test_every_statistic.py::test_each_row_is_computed_alone",),
    ),
)
