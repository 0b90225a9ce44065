"""Bugs in what is said: identifiers, records and sums in errors, in logs and on screens."""

from mutants._mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        "an identifier in an error",
        "the message shows an example of what was wrong",
        (
            Edit(
                "intake/pseudonym.py",
                'text or fixed_size_binary(16) here, got {kind}")',
                'text or fixed_size_binary(16) here, got {kind} {device[0]}")',
            ),
        ),
        ("intake/test_pseudonym.py::test_no_identifier_stands_in_an_error",),
    ),
    Mutant(
        "an identifier in a log line",
        "the first device of each batch is logged, to see that something happens",
        (
            Edit(
                "intake/pseudonym.py",
                "        kind, n, at = device.type, len(device), device.offset\n",
                """\
        kind, n, at = device.type, len(device), device.offset
        __import__("logging").getLogger("shoal").debug("first device %s", device[0] if n else None)
""",
            ),
        ),
        ("pipeline/test_leaks.py::TestWholeRun::test_says_nothing_as_json_or_in_the_log",),
    ),
    Mutant(
        "the text of a bug is shown",
        "a report is easier to understand with the error's own words",
        (
            Edit(
                "_failures.py",
                "not of yours ({kind}{where});",
                "not of yours ({kind}: {error}{where});",
            ),
        ),
        ("cli/test_bad_surroundings.py::TestFaults::test_a_bug_shows_its_place_but_no_value",),
    ),
    Mutant(
        "exact sums are shown",
        "a repr helps with debugging",
        (Edit("privacy/sums.py", 'return "<ExactSums, sealed>"', 'return f"<ExactSums {self.__totals}>"'),),
        ("privacy/test_sums.py::test_text_says_nothing",),
        cheap=True,
    ),
    Mutant(
        "exact sums can be compared",
        "tests of engines would be shorter",
        (
            Edit(
                "privacy/sums.py",
                "    __eq__ = __len__ = __iter__ = __array__ = __copy__ = __deepcopy__ = __refuse\n",
                """\
    __len__ = __iter__ = __array__ = __copy__ = __deepcopy__ = __refuse

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExactSums) and bool((self.__totals == other.__totals).all())

""",
            ),
        ),
        ("privacy/test_sums.py::test_looking_is_refused",),
        cheap=True,
    ),
)
