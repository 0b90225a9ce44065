"""Intake: records under identifiers come in, records under pseudonyms go on."""

from shoal.intake.door import Intake
from shoal.intake.pseudonym import Pseudonymizer

__all__ = ["Intake", "Pseudonymizer"]
