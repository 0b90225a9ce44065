"""Bugs in the log, the witness and the verifier."""

from mutants._mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        "published before it is logged",
        "readers need not wait for the log",
        (
            Edit(
                "pipeline.py",
                "    if not (kept / PROOF).is_file():\n",
                "    early = place(kept, out, state.disk)\n    if not (kept / PROOF).is_file():\n",
            ),
            Edit(
                "pipeline.py",
                "        add_proof(kept, ReleaseProof.of(entry, proof, witnesses), state.disk)\n",
                """\
        add_proof(kept, ReleaseProof.of(entry, proof, witnesses), state.disk)
        add_proof(early, ReleaseProof.of(entry, proof, witnesses), state.disk)
""",
            ),
        ),
        ("pipeline/test_order.py::TestOrder::test_it_stands_in_the_log_before_anybody_can_see_it",),
    ),
    Mutant(
        "the proof is not checked",
        "that there is a proof is proof enough",
        (Edit("release/_logged.py", "        proof.verify(VerifierKey.parse(manifest.log))\n", ""),),
        ("release/test_logged.py::test_lies_that_the_folder_itself_gives_away",),
        cheap=True,
    ),
    Mutant(
        "another key of the same name",
        "keys are compared by the name of their log",
        (
            Edit(
                "release/_logged.py",
                "    if str(folder.trust.key) != folder.manifest.log:\n",
                "    if folder.trust.key.name != VerifierKey.parse(folder.manifest.log).name:\n",
            ),
        ),
        ("release/test_logged.py::test_a_forger_with_a_log_of_his_own",),
        cheap=True,
    ),
    Mutant(
        "an entry about another manifest",
        "the id of the release is compared, and that is enough",
        (
            Edit(
                "release/_logged.py",
                "for name, (one, other) in said.items() if one != other]",
                """for name, (one, other) in said.items() if one != other and name == "release"]""",
            ),
        ),
        ("release/test_logged.py::test_lies_that_the_folder_itself_gives_away",),
        cheap=True,
    ),
    Mutant(
        "a withdrawn release verifies",
        "corrections are for people to read",
        (Edit("release/_logged.py", "        _not_corrected(folder, view, inclusion.index)\n", ""),),
        ("release/test_logged.py::test_a_correction_is_seen_in_the_log_alone",),
        cheap=True,
    ),
    Mutant(
        "verify does not look for the charge",
        "there is an entry, so it was paid for",
        (Edit("release/_logged.py", "        _paid(folder, view, inclusion.index)\n", ""),),
        ("release/test_logged.py::test_a_release_that_was_not_paid_for",),
        cheap=True,
    ),
    Mutant(
        "verify believes the stated rho",
        "the manifest says what the noise costs",
        (Edit("release/_cost.py", "    if Fraction(s.rho) != noise.rho:\n", "    if False:\n"),),
        ("release/test_verify.py::test_lies_in_the_manifest",),
    ),
    Mutant(
        "a witness that answers before it remembers",
        "the file is written, and nobody waits until it is on the disk",
        (
            Edit(
                "translog/witness.py",
                "            self._files.replace(self._file(after.origin), bytes(Note(note.text, (*ours, line))))\n"
                "        return Answer(200, line.line.encode())\n",
                """\
            self._file(after.origin).write_bytes(bytes(Note(note.text, (*ours, line))))
        return Answer(200, line.line.encode())
""",
            ),
        ),
        ("translog/test_witness.py::test_an_answer_comes_after_the_disk",),
        cheap=True,
    ),
    Mutant(
        "a witness that cosigns another history",
        "the proof is there, so it will be right",
        (
            Edit(
                "translog/witness.py",
                "                verify_consistency(before.size, before.root, size, root, proof)\n",
                "",
            ),
        ),
        ("translog/test_witness.py::test_it_cosigns_what_continues_and_nothing_else",),
        cheap=True,
    ),
    Mutant(
        "too few witnesses",
        "one cosignature is enough",
        (
            Edit(
                "translog/proof.py",
                "    if policy is not None and not policy.enough(cosignature.key for cosignature in found):\n",
                "    if policy is not None and policy.witnesses and not found:\n",
            ),
        ),
        ("translog/test_proof.py::test_the_quorum_of_the_policy_is_asked_for",),
        cheap=True,
    ),
)
