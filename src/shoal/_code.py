"""Which code this is: the digest that a release states, and the one that compiled kernels are kept under."""

import hashlib
from functools import cache
from pathlib import Path


@cache
def code_digest() -> str:
    """SHA-256 over the names and bytes of Shoal's own modules, as hexadecimal text."""
    return _digest(b"")


@cache
def kernel_digest() -> str:
    """The same over the modules that hold kernels: compiled code may have taken in any other kernel's."""
    return _digest(b"@njit")


def _digest(mark: bytes) -> str:
    root, digest = Path(__file__).parent, hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        content = file.read_bytes()
        if mark in content:
            name = file.relative_to(root).as_posix()
            digest.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()
