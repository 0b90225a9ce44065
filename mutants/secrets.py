"""Bugs with keys, and with what lies on disks."""

from mutants._mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        "one pseudonym for all units",
        "a device should be known again next week",
        (
            Edit(
                "kept/key.py",
                """return Pseudonymizer(_derived(self.__key, b"pseudonyms", PSEUDONYM_BYTES))""",
                """return Pseudonymizer(_derived(bytes(KEY_BYTES), b"pseudonyms", PSEUDONYM_BYTES))""",
            ),
        ),
        ("rights/test_keep.py::test_a_device_has_another_pseudonym_in_each_unit",),
    ),
    Mutant(
        "one pseudonym for all runs",
        "the key is made once, when the module is loaded",
        (
            Edit(
                "intake/pseudonym.py",
                "KEY_BYTES = 16\n",
                "KEY_BYTES = 16\n_KEY = token_bytes(KEY_BYTES)\n",
            ),
            Edit(
                "intake/pseudonym.py",
                "token_bytes(KEY_BYTES) if key is None else key, dtype",
                "_KEY if key is None else key, dtype",
            ),
        ),
        ("intake/test_pseudonym.py::test_two_runs_share_no_pseudonym",),
    ),
    Mutant(
        "one key for all units",
        "one key is easier to back up",
        (
            Edit(
                "kept/shelf.py",
                "            self.files.replace(file, token_bytes(KEY_BYTES))\n",
                """\
            others = [self.key_file(other).read_bytes() for other in self.spans()]
            self.files.replace(file, others[0] if others else token_bytes(KEY_BYTES))
""",
            ),
        ),
        (
            "rights/test_keep.py::test_a_device_has_another_pseudonym_in_each_unit",
            "rights/test_retention.py::test_afterwards_nothing_opens_with_any_key_that_is_left",
        ),
    ),
    Mutant(
        "kept records in the clear",
        "only the operator can read the state folder",
        (
            Edit(
                "kept/writer.py",
                "sealer.seal(np.concatenate(pieces), own.unit.place(name))",
                "np.concatenate(pieces).tobytes()",
            ),
            Edit(
                "kept/source.py",
                "unit.key.sealer().open(sealed, unit.place(name), POINT",
                "np.frombuffer(sealed, POINT",
            ),
        ),
        ("rights/test_keep.py::test_on_disk_there_is_nothing_to_see",),
    ),
    Mutant(
        "spilled records in the clear",
        "temporary files are gone in a minute",
        (
            Edit(
                "buckets/seal.py",
                """return nonce + self.__box.encrypt(nonce, pack(records).data.cast("B"), place)""",
                """return nonce + bytes(pack(records).data.cast("B"))""",
            ),
            Edit(
                "buckets/seal.py",
                "            plain = self.__box.decrypt(view[:_NONCE_BYTES], view[_NONCE_BYTES:], place)\n",
                "            plain = bytes(view[_NONCE_BYTES:])\n",
            ),
        ),
        ("buckets/test_seal.py::test_nothing_of_the_records_can_be_read_in_a_segment",),
    ),
    Mutant(
        "the key goes last",
        "files first, then the key that nobody needs any more",
        (
            Edit(
                "kept/destroy.py",
                """\
    if key.exists():
        files.overwrite(key, token_bytes(KEY_BYTES))
        files.remove(key)
    for name in files.list(folder):
        if name != DESTROYING:
            files.remove(folder / name)
""",
                """\
    for name in files.list(folder):
        if name != DESTROYING:
            files.remove(folder / name)
    if key.exists():
        files.overwrite(key, token_bytes(KEY_BYTES))
        files.remove(key)
""",
            ),
        ),
        ("kept/test_crash.py::test_the_key_is_written_over_before_anything_else_goes",),
    ),
    Mutant(
        "the key is unlinked and not overwritten",
        "a removed file is gone",
        (Edit("kept/destroy.py", "        files.overwrite(key, token_bytes(KEY_BYTES))\n", ""),),
        ("kept/test_crash.py::test_the_key_is_written_over_before_anything_else_goes",),
    ),
)
