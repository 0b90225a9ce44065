"""The tree once more, as RFC 6962 defines it: recursively, on the list of entries, sharing nothing with Shoal."""

import base64
import hashlib


def mth(entries: list[bytes]) -> bytes:
    """Section 2.1: the Merkle Tree Hash."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = split(len(entries))
    return hashlib.sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: list[bytes]) -> list[bytes]:
    """Section 2.1.1: the audit path."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def consistency(m: int, entries: list[bytes]) -> list[bytes]:
    """Section 2.1.2: the consistency proof."""
    return subproof(m, entries, True)


def subproof(m: int, entries: list[bytes], whole: bool) -> list[bytes]:
    if m == len(entries):
        return [] if whole else [mth(entries)]
    k = split(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], whole), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def rebuilt(leaf: bytes, m: int, n: int, proof: list[bytes]) -> bytes:
    """The root to which an audit path leads, by undoing the recursion of `path`."""
    if n == 1:
        assert not proof
        return leaf
    k = split(n)
    if m < k:
        return hashlib.sha256(b"\x01" + rebuilt(leaf, m, k, proof[:-1]) + proof[-1]).digest()
    return hashlib.sha256(b"\x01" + proof[-1] + rebuilt(leaf, m - k, n - k, proof[:-1])).digest()


def both_roots(m: int, n: int, proof: list[bytes], old_root: bytes, whole: bool = True) -> tuple[bytes, bytes]:
    """The older and the newer root to which a consistency proof leads, by undoing the recursion of `subproof`."""
    if m == n:
        if whole:
            assert not proof
            return old_root, old_root
        (only,) = proof
        return only, only
    k = split(n)
    last = proof[-1]
    if m <= k:
        old, new = both_roots(m, k, proof[:-1], old_root, whole)
        return old, hashlib.sha256(b"\x01" + new + last).digest()
    old, new = both_roots(m - k, n - k, proof[:-1], old_root, False)
    return hashlib.sha256(b"\x01" + last + old).digest(), hashlib.sha256(b"\x01" + last + new).digest()


def check_offline_proof(data: bytes, entry: bytes, key_name: str, public: bytes, origin: str | None = None) -> None:
    """A second verifier of C2SP tlog-proof, written from the specification. Raises whatever it stumbles over."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    head, note = data.decode().split("\n\n", 1)
    lines = head.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1" and lines[1].startswith("index ")
    index = int(lines[1].removeprefix("index "))
    hashes = [base64.b64decode(line) for line in lines[2:]]
    text, signatures = note.split("\n\n")
    text += "\n"
    key_id = hashlib.sha256(key_name.encode() + b"\n\x01" + public).digest()[:4]
    mine = [base64.b64decode(line.split(" ")[2]) for line in signatures.splitlines() if line.split(" ")[1] == key_name]
    (blob,) = [blob for blob in mine if blob[:4] == key_id]
    Ed25519PublicKey.from_public_bytes(public).verify(blob[4:], text.encode())
    name, size, root = text.splitlines()[:3]
    assert name == (origin or key_name)
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    assert rebuilt(leaf, index, int(size), hashes) == base64.b64decode(root)
