"""Opting out: devices go on the list of those that are never counted, or come off it."""

from dataclasses import dataclass

from shoal.intake import Pseudonymizer
from shoal.kept import Shelf, erase, follow, followed, kept_lock
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
    """Erase first, then list: a kill in between erases too much, never too little, and there is no receipt."""
    listed = OptOutList(state.folder, state.accounts.database)
    spellings = named.spellings()
    hashes = Pseudonymizer(listed.key())(spellings)
    with kept_lock(state.folder):
        for shelf in Shelf.all(state.folder) if not remove else ():
            erase(shelf, spellings)
        entry = listed.change(hashes, len(named), remove=remove)
        if (version := followed(state.folder)) is not None:
            follow(state.folder, listed.changes(version), None if remove else listed.digest(hashes))
    return Receipt(entry, state.journal.proof(entry))
