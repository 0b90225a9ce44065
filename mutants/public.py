"""Bugs in what is published: something of the input, or something that depends on how many there are."""

from mutants._mutant import Edit, Mutant

_REPLAY = "pipeline/test_replay.py::test_a_neighbour_is_treated_alike[seen once]"
_ROWS = "            rows = {name: table.rows for name, table in estimated.items()}\n"

MUTANTS = (
    Mutant(
        "an exact total in the manifest",
        "readers want to know how many rows a release is made from",
        (
            Edit(
                "pipeline.py",
                "    return sums, opted_out.version\n",
                "    return sums, opted_out.version, tally.rows\n",
            ),
            Edit("pipeline.py", "sums, opt_outs = sum_up(", "sums, opt_outs, rows_read = sum_up("),
            Edit(
                "pipeline.py",
                "post_processing=(*POST_PROCESSING, ",
                """post_processing=(*POST_PROCESSING, f"Made from {rows_read} rows.", """,
            ),
        ),
        (_REPLAY,),
    ),
    Mutant(
        "a digest of the records in the manifest",
        "so that it can be checked later that they were not changed",
        (
            Edit(
                "pipeline.py",
                "post_processing=(*POST_PROCESSING, ",
                """post_processing=(*POST_PROCESSING, f"Records {request.key}.", """,
            ),
        ),
        (_REPLAY,),
    ),
    Mutant(
        "the digest of the records is the id of the charge",
        "an id that says what was charged needs no random number",
        (Edit("ledger/accounts.py", "charge = secrets.token_hex(8)\n", "charge = request.key[:16]\n"),),
        ("ledger/test_accounts.py::test_the_id_of_a_charge_says_nothing_of_the_records[sqlite]",),
        cheap=True,
    ),
    Mutant(
        "a digest without its key",
        "a hash is a hash",
        (
            Edit(
                "sources/fingerprint.py",
                "digest_size=32, key=self._key, person=_PERSON)",
                "digest_size=32, person=_PERSON)",
            ),
            Edit(
                "sources/fingerprint.py",
                'hashlib.blake2b(key=key, digest_size=32, person=b"shoal file tags")',
                'hashlib.blake2b(digest_size=32, person=b"shoal file tags")',
            ),
        ),
        ("sources/test_fingerprint.py::test_content_order_number_and_key_all_matter",),
        cheap=True,
    ),
    Mutant(
        "rows in the order of their numbers",
        "the largest come first, as readers like them",
        (
            Edit(
                "pipeline.py",
                _ROWS,
                """\
            rows = {
                name: table.rows.sort("estimate", descending=True, nulls_last=True)
                for name, table in estimated.items()
            }
""",
            ),
        ),
        ("pipeline/test_order.py::TestOrder::test_read_charge_draw_write_release",),
    ),
    Mutant(
        "a file whose size depends on the count",
        "rows of which nothing is left are not written, so the file is smaller",
        (
            Edit(
                "pipeline.py",
                _ROWS,
                """\
            rows = {name: table.rows.filter(table.rows["consistent"] != 0) for name, table in estimated.items()}
""",
            ),
            Edit(
                "pipeline.py",
                "        found.rows.height,\n",
                '        found.rows.filter(found.rows["consistent"] != 0).height,\n',
            ),
        ),
        ("pipeline/test_order.py::TestOrder::test_read_charge_draw_write_release",),
    ),
    Mutant(
        "negatives become 0 before they are added up",
        "no zone has fewer than no devices",
        (
            Edit(
                "estimate/consistent.py",
                "    check_levels(estimates, into)\n",
                """\
    check_levels(estimates, into)
    estimates = tuple(np.maximum(level, 0.0) for level in estimates)
""",
            ),
        ),
        ("estimate/test_consistent.py",),
        cheap=True,
    ),
)
