"""Bugs at the door: devices that opted out and places that are sensitive, and what is told of the lists."""

from mutants._mutant import Edit, Mutant

_LOCAL = """\
        \"\"\"Every record under its pseudonym into its bucket; the key of the pseudonyms dies with this call.\"\"\"
        intake = Intake(Pseudonymizer(), design.plan.cleaning.max_accuracy, barred, design.sensitive)
"""

MUTANTS = (
    Mutant(
        "opt-outs ignored by the local engine",
        "an argument is not passed on",
        (Edit("engines/local.py", _LOCAL, _LOCAL.replace("barred, design", "None, design")),),
        ("rights/test_optout.py::test_as_if_the_files_did_not_have_them[UUIDs in bytes]",),
    ),
    Mutant(
        "opt-outs ignored by the engine on Spark",
        "the list does not reach the tasks",
        (
            Edit(
                "engines/_spark_tasks.py",
                "barred = None if self._barred is None else self._barred.get(self._keys)",
                "barred = None",
            ),
        ),
        ("engines/test_spark_optouts.py::test_as_if_the_files_did_not_have_them",),
    ),
    Mutant(
        "opt-outs stay in what is kept",
        "who is on the list is not read again, so nothing needs to be erased",
        (
            Edit(
                "rights/optout.py",
                """\
        for shelf in Shelf.all(state.folder) if not remove else ():
            erase(shelf, spellings)
""",
                "",
            ),
        ),
        ("rights/test_erasure.py::test_as_if_they_had_never_been_kept",),
    ),
    Mutant(
        "sensitive places left out by one engine only",
        "the engine on Spark came first, and the list later",
        (
            Edit(
                "engines/_spark_tasks.py",
                "design.plan.cleaning.max_accuracy, barred, design.sensitive)",
                "design.plan.cleaning.max_accuracy, barred)",
            ),
        ),
        ("engines/test_sensitive.py::test_both_engines_leave_out_the_same",),
    ),
    Mutant(
        "the list of opt-outs says who is on it",
        "the answer counts those that were new",
        (
            Edit(
                "ledger/optouts.py",
                """\
            for at in range(0, len(rows), _MANY):
""",
                """\
            before = connection.execute(select(func.count()).select_from(tables.opt_out)).scalar() or 0
            for at in range(0, len(rows), _MANY):
""",
            ),
            Edit(
                "ledger/optouts.py",
                "            entry = OptOutEntry(version=(_version(connection) or 0) + 1)\n",
                """\
            after = connection.execute(select(func.count()).select_from(tables.opt_out)).scalar() or 0
            named = abs(after - before)
            entry = OptOutEntry(version=(_version(connection) or 0) + 1)
""",
            ),
        ),
        ("ledger/test_optouts.py::test_every_change_is_a_version_and_says_nothing_else",),
        cheap=True,
    ),
    Mutant(
        "erasure touches only the files of who was there",
        "a file that holds nothing of the device need not be written again",
        (
            Edit(
                "kept/erase.py",
                """\
                shelf.files.replace(unit.folder / name, sealer.seal(records[stay], unit.place(name)))
""",
                """\
                if not stay.all():
                    shelf.files.replace(unit.folder / name, sealer.seal(records[stay], unit.place(name)))
""",
            ),
        ),
        ("kept/test_crash.py::test_erasing_writes_the_same_files_whoever_is_named",),
    ),
    Mutant(
        "the private deny-list is shown",
        "a repr helps with debugging",
        (
            Edit(
                "intake/deny.py",
                'return "<DenyList, hidden>"',
                'return f"<DenyList {self.__packed.hex()}>"',
            ),
        ),
        ("intake/test_deny.py::test_it_travels_only_packed_and_shows_nothing",),
        jit=False,
    ),
    Mutant(
        "the private deny-list is counted",
        "the operator should see how much it takes away",
        (
            Edit(
                "intake/door.py",
                "                _leave(self._denied.covers(lat, lon), keep)\n",
                "                told += int(_leave(self._denied.covers(lat, lon), keep))\n",
            ),
        ),
        ("engines/test_sensitive.py::test_a_private_list_is_as_if_somebody_had_left_them_out",),
    ),
    Mutant(
        "who opted out is counted",
        "the operator should see how many it was",
        (
            Edit(
                "intake/door.py",
                """\
        pseudonym = self._pseudonymizer(batch.device)
        keep = np.ones(pseudonym.size, dtype=np.bool_)
        dropped: Counter[str] = Counter()
        if batch.accuracy is not None:
""",
                """\
        pseudonym = self._pseudonymizer(batch.device)
        keep = np.ones(pseudonym.size, dtype=np.bool_)
        dropped: Counter[str] = Counter()
        if stay is not None:
            dropped["opted out"] = int(np.count_nonzero(~stay))
        if batch.accuracy is not None:
""",
            ),
        ),
        ("intake/test_barred.py::test_who_is_left_out_is_counted_under_no_reason",),
        jit=False,
    ),
)
