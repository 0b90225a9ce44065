"""Which code this is: the digest that a release states, and that compiled kernels are kept under."""

import hashlib
from functools import cache
from pathlib import Path


@cache
def code_digest() -> str:
    """SHA-256 over the names and bytes of Shoal's own modules, as hexadecimal text."""
    root, digest = Path(__file__).parent, hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()
