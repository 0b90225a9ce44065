"""Signing keys: made, made again from their seed, and never shown."""

import pytest

from shoal.errors import UsageError
from shoal.translog.key import SigningKey
from shoal.translog.note import COSIGNATURE, VerifierKey


def test_the_seed_makes_the_key_again_and_is_not_shown() -> None:
    key = SigningKey.make("example.com/log")
    again = SigningKey.from_seed(key.name, key.seed)
    assert again == key and again.sign("a\n") == key.sign("a\n")
    assert VerifierKey.parse(str(key.vkey)) == key.vkey
    assert SigningKey.make("example.com/log") != key
    assert repr(key.seed) not in repr(key) and key.seed.hex() not in repr(key)


def test_rfc_8032_test_1() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey.from_seed("a", seed)
    assert key.vkey.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.raw(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")


def test_the_types_of_a_log_and_a_witness_have_different_ids() -> None:
    log = SigningKey.from_seed("a", bytes(32))
    witness = SigningKey.from_seed("a", bytes(32), COSIGNATURE)
    assert log.vkey.public == witness.vkey.public and log.vkey.key_id != witness.vkey.key_id


@pytest.mark.parametrize(
    ("name", "seed", "kind"), [("", 32, 1), ("a b", 32, 1), ("a+b", 32, 1), ("a", 31, 1), ("a", 32, 2)]
)
def test_what_can_not_be_a_key_is_wrong_use(name: str, seed: int, kind: int) -> None:
    with pytest.raises(UsageError):
        SigningKey.from_seed(name, bytes(seed), kind)
