"""Kept records: those of whole units of privacy, sealed on disk for plans over weeks, each unit under its own key."""

from shoal.kept.destroy import destroy, forget
from shoal.kept.erase import erase, follow, followed, refuse_unfollowed, start_following
from shoal.kept.shelf import Shelf, Span, Terms, Unit, kept_lock
from shoal.kept.source import KeptSource, open_kept
from shoal.kept.writer import Writer

__all__ = [
    "KeptSource",
    "Shelf",
    "Span",
    "Terms",
    "Unit",
    "Writer",
    "destroy",
    "erase",
    "follow",
    "followed",
    "forget",
    "kept_lock",
    "open_kept",
    "refuse_unfollowed",
    "start_following",
]
