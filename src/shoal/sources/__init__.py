"""Sources: files of records, their columns mapped, their bad rows counted by reason."""

from shoal.sources._batches import PointBatch, TripBatch
from shoal.sources._source import Piece, Source, open_source
from shoal.sources.tally import Reason, Tally

__all__ = ["Piece", "PointBatch", "Reason", "Source", "Tally", "TripBatch", "open_source"]
