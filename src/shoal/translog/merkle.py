"""Merkle trees as RFC 6962, section 2.1 (RFC 9162, section 2.1) has them: hashes, proofs, and who checks them.

The checking side is pure. The proving side asks `Hashes` for what is stored: the hash of the full subtree number
`index` at `level`, which stands over the entries [index * 2**level, (index + 1) * 2**level).
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

from shoal.errors import UsageError, VerificationError

Hashes = Callable[[int, int], bytes]
"""(level, index) to the 32 bytes of a full subtree."""

WIDTH = 32
"""Bytes of a hash."""

LARGEST = 2**63 - 1
"""The largest size of a tree that is taken: proofs then have at most 63 hashes."""

EMPTY = sha256(b"").digest()
"""Root of the tree without entries."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over 2**k hashes."""
    row = list(hashes)
    if not row or len(row) & (len(row) - 1):
        raise ValueError("only a power of two folds to one hash")
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def subtree_root(start: int, end: int, hashes: Hashes) -> bytes:
    """The root over the entries [start, end), where `start` is a multiple of the least power of two >= end - start.

    MTH(D[start:end]) of section 2.1; with start 0 the root of the tree of `end` entries.
    """
    parts: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(hashes(level, start >> level))
        start += 1 << level
    if not parts:
        return EMPTY
    root = parts.pop()
    while parts:
        root = node_hash(parts.pop(), root)
    return root


def prove_inclusion(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """The audit path of the entry at `index` in the tree of `size` entries, leaf's sibling first (section 2.1.1)."""
    if not 0 <= index < size:
        raise UsageError(f"there is no entry {index} in a log of {size} entries; they are counted from 0")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(subtree_root(middle, end, hashes))
            end = middle
        else:
            path.append(subtree_root(start, middle, hashes))
            start = middle
    return path[::-1]


def prove_consistency(old: int, new: int, hashes: Hashes) -> list[bytes]:
    """That the tree of `new` entries begins with that of `old` (section 2.1.2); empty where old is 0 or equals new."""
    if not 0 <= old <= new:
        raise UsageError(f"a log of {new} entries can't be compared with one of {old}; the older one is the smaller")
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(subtree_root(middle, end, hashes))
            end = middle
        else:
            path.append(subtree_root(start, middle, hashes))
            start, whole = middle, False
    if not whole:
        path.append(subtree_root(start, end, hashes))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check the audit path of a leaf's hash; RFC 9162, section 2.1.3.2. Raises `VerificationError`."""
    if not 0 <= index < size <= LARGEST:
        raise VerificationError(f"the proof speaks of entry {index} of a log that has {size}")
    node, last, found = index, size - 1, leaf
    for part in proof:
        _check_width(part)
        if last == 0:
            raise VerificationError("the proof of inclusion is longer than the tree is high")
        if node & 1 or node == last:
            found = node_hash(part, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, part)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise VerificationError("the proof of inclusion is shorter than the tree is high")
    if found != root:
        raise VerificationError("the proof of inclusion does not lead to the root of the checkpoint")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `new` entries begins with that of `old`; RFC 9162, section 2.1.4.2.

    The empty tree begins every tree, without a proof. Raises `VerificationError`.
    """
    if not 0 <= old <= new <= LARGEST:
        raise VerificationError(f"a log of {new} entries can't follow one of {old}")
    if old in (0, new):
        if proof:
            raise VerificationError("a proof of consistency is given where none is needed")
        if old == new and old_root != new_root:
            raise VerificationError("two checkpoints of the same size have different roots: the log has two histories")
        if (old == 0 and old_root != EMPTY) or (new == 0 and new_root != EMPTY):
            raise VerificationError("a checkpoint of no entries does not have the root of the empty tree")
        return
    parts = list(proof)
    for part in parts:
        _check_width(part)
    if old & (old - 1) == 0:
        parts.insert(0, old_root)
    if not parts:
        raise VerificationError("the proof of consistency is empty")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = parts[0]
    for part in parts[1:]:
        if last == 0:
            raise VerificationError("the proof of consistency is longer than the tree is high")
        if node & 1 or node == last:
            first, second = node_hash(part, first), node_hash(part, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, part)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise VerificationError("the proof of consistency is shorter than the tree is high")
    if first != old_root or second != new_root:
        raise VerificationError("the log does not continue the older checkpoint: it has two histories")


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _check_width(part: bytes) -> None:
    if len(part) != WIDTH:
        raise VerificationError(f"a hash in the proof has {len(part)} bytes instead of {WIDTH}")
