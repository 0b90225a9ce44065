"""docs/transparency-log.md: its example verifies, by Shoal and by the verifier that shares nothing with it."""

import re
from pathlib import Path

from shoal.translog import Policy, Proof, VerifierKey
from tests.translog import naive

TEXT = (Path(__file__).parents[2] / "docs" / "transparency-log.md").read_text(encoding="utf-8")
KEYS = [VerifierKey.parse(key) for key in re.findall(r"^    (\S+\+[0-9a-f]{8}\+\S+)$", TEXT, re.MULTILINE)]


def test_the_example_verifies() -> None:
    (example,) = re.findall(r"(?:^    c2sp\.org/tlog-proof@v1\n)(?:(?:    .*)?\n)+?(?=\S)", TEXT, re.MULTILINE)
    data = re.sub("^    ", "", example, flags=re.MULTILINE).rstrip("\n").encode() + b"\n"
    log, witness = KEYS
    policy = Policy.parse(f"log {log}\nwitness w {witness}\nquorum w\n".encode())
    shown = Proof.parse(data).verify(b"second", log, policy)
    assert shown.checkpoint.size == 3 and len(shown.cosignatures) == 1
    naive.check_offline_proof(data, b"second", log.name, log.public)
