"""How the public design reaches the executors: once, apart from the keys, so that what holds a key stays small."""

import hashlib
import pickle
import zlib
from typing import Any

from shoal._code import code_digest
from shoal.design import Design
from shoal.errors import StateError

_kept: dict[str, Design] = {}
"""The design of the run that this process works for; a worker process of Python serves many tasks."""


class Shipped:
    """A design on its way. Pickles as its digest and where to find it.

    design     it
    broadcast  makes a broadcast of bytes (`SparkContext.broadcast`); None: the design travels in the function itself
    """

    def __init__(self, design: Design, broadcast: Any = None) -> None:
        packed = zlib.compress(pickle.dumps(design), 1)
        self._code = code_digest()
        self._digest = hashlib.sha256(packed).hexdigest()
        self._packed = packed if broadcast is None else broadcast(packed)

    def get(self) -> Design:
        """The design. Raises `StateError` on an executor whose Shoal is not the driver's."""
        if self._digest not in _kept:
            if code_digest() != self._code:
                raise StateError(
                    "the executors have another version of Shoal than the driver; install the same one everywhere "
                    "(docs/scaling.md)"
                )
            packed = self._packed if isinstance(self._packed, bytes) else self._packed.value
            _kept.clear()
            _kept[self._digest] = pickle.loads(zlib.decompress(packed))  # noqa: S301 - the driver's own
        return _kept[self._digest]

    def __repr__(self) -> str:
        return "<Shipped design>"
