"""Proofs for use offline: one of a public log, and that every byte of one counts."""

from pathlib import Path

import pytest

from shoal.errors import VerificationError
from shoal.translog import Log, Policy, Proof, SigningKey, VerifierKey
from shoal.translog.cosignature import cosign
from shoal.translog.note import COSIGNATURE
from tests.translog import naive, outside

KEY = SigningKey.from_seed("example.com/log", bytes(32))
WITNESSES = [SigningKey.from_seed(f"w{n}.example", bytes([n] * 32), COSIGNATURE) for n in (1, 2, 3)]
POLICY = Policy.parse(
    "".join(
        [
            f"log {KEY.vkey}\n",
            *(f"witness w{n} {key.vkey}\n" for n, key in enumerate(WITNESSES)),
            "group two 2 w0 w1 w2\nquorum two\n",
        ]
    ).encode()
)
ENTRY = b"the third"


@pytest.fixture
def log(tmp_path: Path) -> Log:
    log = Log.open(tmp_path, KEY)
    log.append([b"the first", b"the second", ENTRY, b"the fourth", b"the fifth"])
    return log


def cosigned(log: Log, *witnesses: SigningKey) -> Proof:
    text = log.view().note.text
    log.cosign([(key.vkey, cosign(key, text, 1_700_000_000)) for key in witnesses])
    return log.proof(2)


def test_a_proof_of_the_go_checksum_database_verifies() -> None:
    data = outside.SUMDB_PROOF.encode()
    key = VerifierKey.parse(outside.SUMDB_KEY)
    proof = Proof.parse(data)
    assert bytes(proof) == data
    shown = proof.verify(outside.SUMDB_ENTRY.encode(), key, origin=outside.SUMDB_ORIGIN)
    assert shown.checkpoint.size == 58_253_265
    naive.check_offline_proof(data, outside.SUMDB_ENTRY.encode(), key.name, key.public, outside.SUMDB_ORIGIN)
    with pytest.raises(VerificationError):
        proof.verify(outside.SUMDB_ENTRY.encode()[:-1], key, origin=outside.SUMDB_ORIGIN)
    with pytest.raises(VerificationError):
        proof.verify(outside.SUMDB_ENTRY.encode(), key)


def test_every_byte_of_a_proof_counts(log: Log) -> None:
    """Each byte changed, left out, doubled; with three cosignatures, of which two would do."""
    data = bytes(cosigned(log, *WITNESSES))
    shown = Proof.parse(data).verify(ENTRY, KEY.vkey, POLICY)
    assert [c.key.name for c in shown.cosignatures] == ["w1.example", "w2.example", "w3.example"]
    naive.check_offline_proof(data, ENTRY, KEY.name, KEY.vkey.public)
    places = range(len(data))
    spoiled = {data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :] for at in places for flip in (1, 4, 32)}
    spoiled |= {data[:at] + data[at + 1 :] for at in places}
    spoiled |= {data[:at] + data[at : at + 1] + data[at:] for at in places}
    assert data not in spoiled
    for wrong in spoiled:
        with pytest.raises(VerificationError):
            Proof.parse(wrong).verify(ENTRY, KEY.vkey, POLICY)


def test_the_quorum_of_the_policy_is_asked_for(log: Log) -> None:
    Proof.parse(bytes(log.proof(2))).verify(ENTRY, KEY.vkey)
    with pytest.raises(VerificationError, match="too few"):
        cosigned(log, WITNESSES[0]).verify(ENTRY, KEY.vkey, POLICY)
    cosigned(log, WITNESSES[0], WITNESSES[2]).verify(ENTRY, KEY.vkey, POLICY)
    stranger = SigningKey.make("w2.example", COSIGNATURE)
    log.append([b"the sixth"])
    with pytest.raises(VerificationError, match="too few"):
        cosigned(log, WITNESSES[0], stranger).verify(ENTRY, KEY.vkey, POLICY, strict=False)


def test_signers_that_are_not_known_are_named_or_refused(log: Log) -> None:
    proof = cosigned(log, WITNESSES[0])
    assert proof.verify(ENTRY, KEY.vkey, strict=False).unknown == ("w1.example",)
    with pytest.raises(VerificationError, match=r"w1\.example"):
        proof.verify(ENTRY, KEY.vkey)
    extra = Proof(proof.index, proof.hashes, log.proof(2).note, b"unsigned")
    again = Proof.parse(bytes(extra))
    assert again == extra
    again.verify(ENTRY, KEY.vkey, strict=False)
    with pytest.raises(VerificationError):
        again.verify(ENTRY, KEY.vkey)


def test_another_log_entry_or_key_does_not_verify(log: Log) -> None:
    proof = log.proof(2)
    other = SigningKey.make(KEY.name)
    for entry, key, policy in (
        (b"the fourth", KEY.vkey, None),
        (ENTRY, other.vkey, None),
        (ENTRY, KEY.vkey, Policy.parse(f"log {other.vkey}\nquorum none\n".encode())),
    ):
        with pytest.raises(VerificationError):
            proof.verify(entry, key, policy)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"c2sp.org/tlog-proof@v2\nindex 2\n",
        b"c2sp.org/tlog-proof@v1\n",
        b"c2sp.org/tlog-proof@v1\nindex 02\n",
        b"c2sp.org/tlog-proof@v1\nindex -2\n",
        b"c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n",
        b"c2sp.org/tlog-proof@v1\nindex 2\nextra AAAA\n",
        b"c2sp.org/tlog-proof@v1\nindex 2\n" + b"A" * 43 + b"B=\n",
        b"c2sp.org/tlog-proof@v1\nindex 2\n" + (b"A" * 43 + b"=\n") * 64,
        b"c2sp.org/tlog-proof@v1\nextra \xff\nindex 2\n",
    ],
)
def test_what_is_not_a_proof_is_refused(log: Log, head: bytes) -> None:
    with pytest.raises(VerificationError):
        Proof.parse(head + b"\n" + log.checkpoint().encode())
    with pytest.raises(VerificationError):
        Proof.parse(head)
