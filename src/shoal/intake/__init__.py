"""Intake: records under identifiers come in, records under pseudonyms go on."""

from shoal.intake.barred import Barred, OptOuts
from shoal.intake.deny import DenyList
from shoal.intake.door import Intake
from shoal.intake.pseudonym import Pseudonymizer

__all__ = ["Barred", "DenyList", "Intake", "OptOuts", "Pseudonymizer"]
