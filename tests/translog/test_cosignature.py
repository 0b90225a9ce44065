"""Cosignatures: the message of the specification's example, signed and checked by another way."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shoal.errors import UsageError, VerificationError
from shoal.translog.cosignature import Cosignature, cosign, verify_cosignature
from shoal.translog.key import SigningKey
from shoal.translog.note import COSIGNATURE, Signature
from tests.translog.test_checkpoint import EXAMPLE

KEY = SigningKey.from_seed("witness.example.com/w1", bytes(32), COSIGNATURE)
TIME = 1_679_315_147
MESSAGE = b"""cosignature/v1
time 1679315147
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
"""


def test_the_message_of_the_specification_is_signed() -> None:
    line = cosign(KEY, EXAMPLE, TIME)
    assert line.data[:8] == TIME.to_bytes(8)
    Ed25519PublicKey.from_public_bytes(KEY.vkey.public).verify(line.data[8:], MESSAGE)
    assert verify_cosignature(KEY.vkey, EXAMPLE, Signature.parse(line.line[:-1])) == Cosignature(KEY.vkey, TIME)


def test_another_time_text_or_key_does_not_verify() -> None:
    line = cosign(KEY, EXAMPLE, TIME)
    later = Signature(line.name, line.key_id, (TIME + 1).to_bytes(8) + line.data[8:])
    never = Signature(line.name, line.key_id, bytes(8) + line.data[8:])
    short = Signature(line.name, line.key_id, line.data[:-1])
    other = SigningKey.make(KEY.name, COSIGNATURE)
    for key, text, signature in (
        (KEY.vkey, EXAMPLE + "x\n", line),
        (KEY.vkey, EXAMPLE, later),
        (KEY.vkey, EXAMPLE, never),
        (KEY.vkey, EXAMPLE, short),
        (other.vkey, EXAMPLE, line),
    ):
        with pytest.raises(VerificationError):
            verify_cosignature(key, text, signature)


def test_a_log_can_not_cosign_and_no_one_before_1970() -> None:
    log = SigningKey.make("example.com/log")
    with pytest.raises(UsageError):
        cosign(log, EXAMPLE, TIME)
    for time in (0, -1, 2**63):
        with pytest.raises(UsageError):
            cosign(KEY, EXAMPLE, time)
    with pytest.raises(UsageError):
        verify_cosignature(log.vkey, EXAMPLE, log.sign(EXAMPLE))
