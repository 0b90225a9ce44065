"""How the design and the lists of the door reach the executors: once, apart from the keys.

So what holds a key stays small, and a list of a million devices is sent once, as ciphertext.
"""

import hashlib
import pickle
import zlib
from typing import Any

from shoal._code import code_digest
from shoal.design import Design
from shoal.engines._spark_keys import Keys
from shoal.errors import StateError
from shoal.intake import Barred

_BARRED = b"barred"
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


class ShippedBarred:
    """Whom the intake does not let in, on its way: sealed under a key of the run, which travels in the functions.

    barred     it
    keys       of the run
    broadcast  as of `Shipped`
    """

    def __init__(self, barred: Barred, keys: Keys, broadcast: Any = None) -> None:
        sealed = keys.box().seal(barred.packed(), _BARRED)
        self._sealed = sealed if broadcast is None else broadcast(sealed)

    def get(self, keys: Keys) -> Barred:
        """It. Not kept between tasks: worker processes outlive the run. A million devices take some 50 ms."""
        sealed = self._sealed if isinstance(self._sealed, bytes) else self._sealed.value
        return Barred.unpacked(keys.box().open(sealed, _BARRED))

    def __repr__(self) -> str:
        return "<Shipped list, sealed>"
