"""The door of the house: behind it no identifier exists."""

from fractions import Fraction

from shoal.intake._batches import PseudonymousPoints, PseudonymousTrips
from shoal.intake.pseudonym import Pseudonymizer
from shoal.sources._batches import PointBatch, TripBatch


class Intake:
    """Lets records in under pseudonyms, without those that the plan does not believe.

    Devices that opted out are to be left out here, straight after the pseudonyms are made and before anything else
    looks at a record; sensitive places after that, where the accuracy is looked at. Both belong into `admit_points`
    and `admit_trips` alike, so that no later room can see what was refused.

    pseudonymizer  makes the pseudonyms; one for the whole run, or a device's records fall apart
    max_accuracy   metres; a record that says it is less accurate is dropped
    """

    __slots__ = ("_max_accuracy", "_pseudonymizer")

    def __init__(self, pseudonymizer: Pseudonymizer, max_accuracy: Fraction) -> None:
        self._pseudonymizer = pseudonymizer
        self._max_accuracy = float(max_accuracy)

    def admit_points(self, batch: PointBatch) -> PseudonymousPoints:
        """The batch under pseudonyms; `dropped` says how many records were too inaccurate. Safe to call from threads.

        An accuracy of NaN or below zero says nothing (phones write -1 for `unknown`), so the record is kept.
        """
        pseudonym = self._pseudonymizer(batch.device)
        if batch.accuracy is not None:
            bad = batch.accuracy > self._max_accuracy
            if bad.any():
                keep = ~bad
                return PseudonymousPoints(
                    pseudonym[keep], batch.time[keep], batch.lat[keep], batch.lon[keep], dropped=int(bad.sum())
                )
        return PseudonymousPoints(pseudonym, batch.time, batch.lat, batch.lon)

    def admit_trips(self, batch: TripBatch) -> PseudonymousTrips:
        """The batch under pseudonyms. Safe to call from threads."""
        pseudonym = self._pseudonymizer(batch.device)
        return PseudonymousTrips(pseudonym, batch.start, batch.end, batch.origin, batch.destination)
