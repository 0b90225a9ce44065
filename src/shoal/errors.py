"""Every error that Shoal raises on purpose, sorted by what the caller can do about it.

    ShoalError                1  failed
    ├── UsageError            2  wrong use: mend the command or its arguments
    │   └── PlanError         2  wrong use: mend the plan
    ├── DataError             1  an input file can't be used: mend the file
    ├── StateError            1  the state folder, the account or the disk is in the way
    │   └── DiskError         1  the disk alone
    └── RefusedError          3  refused: the guarantee comes first
        ├── BudgetError       3  the account has too little left
        ├── BasisError        3  the basis of the source does not hold
        └── VerificationError 3  a release does not verify

A message is one sentence: what is wrong, where (file, table, key, column), what to do. It never holds a value
that came from a record. Anything that is not a `ShoalError` is a bug of ours and keeps its traceback.
"""

from typing import ClassVar, Literal


class ShoalError(Exception):
    """Base of all errors raised on purpose; `exit_status` is what the command line ends with."""

    exit_status: ClassVar[int] = 1


class UsageError(ShoalError):
    """A command, argument or call that can't be meant like this."""

    exit_status = 2


class PlanError(UsageError):
    """A plan that can't be carried out; the message names file, line and key."""


class DataError(ShoalError):
    """An input file (records, zones, a release) that can't be read or is not what the plan says."""


class StateError(ShoalError):
    """The state folder, the account database or the disk failed; nothing was published."""


class DiskError(StateError):
    """A file or folder that can't be read or written; `reason` is what the system says, without a path."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class RefusedError(ShoalError):
    """Shoal could, but must not. `reason` is how the public log calls it."""

    exit_status = 3
    reason: ClassVar[Literal["budget", "terms", "basis", "sensitive places"]] = "terms"


class BudgetError(RefusedError):
    """The account has too little left for this plan."""

    reason = "budget"


class BasisError(RefusedError):
    """The basis on which the records may be used has expired, or says too little for them."""

    reason = "basis"


class VerificationError(RefusedError):
    """A release that is not what its manifest says."""
