"""Opting out: devices go on the list of those that are never counted, or come off it."""

from dataclasses import dataclass

from shoal.intake import Pseudonymizer
from shoal.ledger import State
from shoal.ledger.entries import OptOutEntry
from shoal.ledger.optouts import OptOutList
from shoal.rights.named import Named
from shoal.translog.proof import Proof


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a change of the list is answered with, whoever was named and whether they were known or not.

    entry  of the log: the list has a new version
    proof  that it is in the log
    """

    entry: OptOutEntry
    proof: Proof


def opt_out(state: State, named: Named) -> Receipt:
    """Put devices on the list: they are in no number that is computed from now on. Raises `StateError`."""
    return _change(state, named, remove=False)


def opt_in(state: State, named: Named) -> Receipt:
    """Take devices off the list: they are counted again. Raises `StateError`."""
    return _change(state, named, remove=True)


def _change(state: State, named: Named, *, remove: bool) -> Receipt:
    listed = OptOutList(state.folder, state.accounts.database)
    hashes = Pseudonymizer(listed.key())(named.spellings())
    entry = listed.change(hashes, len(named), remove=remove)
    return Receipt(entry, state.journal.proof(entry))
