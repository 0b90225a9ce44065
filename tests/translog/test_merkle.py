"""RFC 6962 trees: the vectors that implementations share, a naive twin, and proofs that are wrong."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.errors import UsageError, VerificationError
from shoal.translog.merkle import (
    EMPTY,
    Hashes,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    subtree_root,
    verify_consistency,
    verify_inclusion,
)
from tests.translog import naive

# The eight leaves, roots and paths of the reference tests of Certificate Transparency (used by most implementations).
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATH_0_OF_8 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
CONSISTENCY_6_TO_8 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]


def stored(entries: list[bytes]) -> Hashes:
    return lambda level, index: naive.mth(entries[index << level : (index + 1) << level])


def hexes(hashes: list[bytes]) -> list[str]:
    return [part.hex() for part in hashes]


def test_reference_vectors() -> None:
    hashes = stored(LEAVES)
    assert hexes([subtree_root(0, size, hashes) for size in range(1, 9)]) == ROOTS
    assert hexes(prove_inclusion(0, 8, hashes)) == PATH_0_OF_8
    assert hexes(prove_consistency(6, 8, hashes)) == CONSISTENCY_6_TO_8
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"


def test_every_proof_of_small_trees_is_the_naive_one_and_verifies() -> None:
    for size in range(1, 34):
        entries = [b"%d" % number for number in range(size)]
        hashes, root = stored(entries), naive.mth(entries)
        for index in range(size):
            proof = prove_inclusion(index, size, hashes)
            assert proof == naive.path(index, entries)
            verify_inclusion(leaf_hash(entries[index]), index, size, proof, root)
            assert naive.rebuilt(leaf_hash(entries[index]), index, size, proof) == root
        for old in range(size + 1):
            proof = prove_consistency(old, size, hashes)
            assert proof == (naive.consistency(old, entries) if old else [])
            verify_consistency(old, naive.mth(entries[:old]), size, root, proof)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), size=st.integers(2, 300))
def test_a_wrong_proof_does_not_verify(data: st.DataObject, size: int) -> None:
    entries = [b"%d" % number for number in range(size)]
    hashes, root = stored(entries), naive.mth(entries)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size - 1))
    leaf, old_root = leaf_hash(entries[index]), naive.mth(entries[:old])
    inclusion, consistency = prove_inclusion(index, size, hashes), prove_consistency(old, size, hashes)
    spoil: Callable[[list[bytes]], list[bytes]] = data.draw(st.sampled_from([_flip, _longer, _shorter, _narrow]))

    def check_inclusion(index: int, size: int, proof: list[bytes]) -> None:
        verify_inclusion(leaf, index, size, proof, root)

    check_inclusion(index, size, inclusion)
    for other in (index + 1, index - 1):
        with pytest.raises(VerificationError):
            check_inclusion(other, size, inclusion)
    with pytest.raises(VerificationError):
        check_inclusion(index, size, spoil(inclusion))
    with pytest.raises(VerificationError):
        verify_inclusion(leaf_hash(b"another"), index, size, inclusion, root)
    verify_consistency(old, old_root, size, root, consistency)
    with pytest.raises(VerificationError):
        verify_consistency(old, old_root, size, root, spoil(consistency))
    with pytest.raises(VerificationError):
        verify_consistency(old, root, size, old_root, consistency)


def test_the_same_size_needs_the_same_root_and_no_proof() -> None:
    root, other = naive.mth([b"a", b"b"]), naive.mth([b"a", b"c"])
    verify_consistency(2, root, 2, root, [])
    for given_root, proof in ((other, []), (root, [root])):
        with pytest.raises(VerificationError):
            verify_consistency(2, root, 2, given_root, proof)
    with pytest.raises(VerificationError):
        verify_consistency(3, root, 2, root, [])
    with pytest.raises(VerificationError):
        verify_consistency(0, root, 2, root, [])
    with pytest.raises(VerificationError):
        verify_inclusion(root, 0, 2**64, [root] * 64, root)


def test_proofs_beyond_the_log_are_wrong_use() -> None:
    hashes = stored([b"a"])
    with pytest.raises(UsageError):
        prove_inclusion(1, 1, hashes)
    with pytest.raises(UsageError):
        prove_consistency(2, 1, hashes)


def _flip(proof: list[bytes]) -> list[bytes]:
    middle = len(proof) // 2
    return [*proof[:middle], bytes([proof[middle][0] ^ 1]) + proof[middle][1:], *proof[middle + 1 :]]


def _longer(proof: list[bytes]) -> list[bytes]:
    return [*proof, proof[-1]]


def _shorter(proof: list[bytes]) -> list[bytes]:
    return proof[:-1]


def _narrow(proof: list[bytes]) -> list[bytes]:
    return [proof[0][:31], *proof[1:]]
