"""The hazards that undo differential privacy in practice, and what this release answers to each.

NIST SP 800-226, "Guidelines for Evaluating Differential Privacy Guarantees" (final, March 2025), names such hazards
along its pyramid: the parameters on top, what can undermine them in the middle, how the records came about at the
bottom. Its text could not be had when this was written; the list follows its abstract, NIST's announcement and what is
known of it, in our own order and words, and may lack one.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from shoal.release.manifest import Facts
from shoal.release.words import number

Who = Literal["seen to by Shoal", "for the controller to see to", "remains"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a release answers to one hazard.

    hazard  the question that an overseer asks
    who     sees to it: the software, which can be checked; people, who have to; nobody
    text    plain sentences
    """

    hazard: str
    who: Who
    text: str


def answers(facts: Facts) -> tuple[Answer, ...]:
    """Every hazard, in the order of the pyramid: parameters, what can undermine them, how the records came about."""
    return tuple(_answers(facts))


def surest(epsilon: Fraction) -> str:
    """How sure somebody can become who gave a guess about one device an even chance: e^eps / (1 + e^eps)."""
    share = 1 / (1 + math.exp(-float(epsilon)))
    return f"{share:.0%}" if share < 0.995 else f"{share:.1%}" if share < 0.9995 else "more than 99.9%"


def _answers(facts: Facts) -> Iterator[Answer]:
    p, basis, source = facts.privacy, facts.basis, facts.source
    yield Answer(
        "Is too little protected: a record or a trip instead of whoever made it?",
        "seen to by Shoal",
        f"No. Protected is one device over one {p.unit}: all its records of that {p.unit} together, however many. "
        f"{p.several_units} The period of this release holds {_units(facts)}.",
    )
    yield Answer(
        "Is epsilon too large to mean anything?",
        "for the controller to see to",
        f"Epsilon is {number(p.epsilon)} at delta {number(p.delta)} for one device over one {p.unit}, all tables "
        "together. Somebody who gave a guess about what one device did in one "
        f"{p.unit} an even chance, such as that it is in the records at all, can become at most "
        f"{surest(Fraction(p.epsilon))} sure of it by this release, apart from a chance of about delta. "
        "Whether that is little enough for the purpose is a judgement that no software makes.",
    )
    yield Answer(
        "Can one device count for more than was reckoned with?",
        "seen to by Shoal",
        f"No. All that one device adds to a table in one {p.unit} is held to a length, in whole numbers, before "
        f"anything is added up, and the noise is made for that length: {_bounds(facts)}.",
    )
    yield Answer(
        "Is a group protected less than one?",
        "remains",
        "Yes. A household of five devices is protected with five times epsilon; so is a person with five devices. What "
        "a crowd does is published, which is the purpose.",
    )
    yield Answer(
        "Was the budget spent twice, or not counted?",
        "seen to by Shoal",
        f"This release was charged to the account of the source {source.name}, which counts {facts.account.unit}s, "
        f"under the charge {facts.account.charge}, before noise was drawn. All releases from one source add up in its "
        "account, which refuses beyond its cap. The same plan over the same records gives the first release again, so "
        "that noise can't be averaged away by asking twice. What Shoal can't see is a second account over the same "
        "records under another name: the controller must not make one.",
    )
    yield Answer(
        "Were bounds, places or settings taken from the records?",
        "for the controller to see to",
        "Places, times, classes, bounds and noise were settled by the plan before the first record was read, and every "
        "place of the plan is accounted for. What was decided later was decided on numbers that had their noise. But "
        "who wrote the plan could have looked at the records to choose a bound; Shoal can't see that.",
    )
    yield Answer(
        "Is the noise what the mathematics assumes?",
        "seen to by Shoal",
        f"It is discrete {_mechanisms(facts)} noise on whole numbers, drawn once by the library OpenDP from the "
        "randomness of the operating system. What the guarantee rests on (bounds, sums, noise, budget) is whole "
        "numbers and fractions, never floating point, whose rounding betrayed exact values elsewhere.",
    )
    yield Answer(
        "Is anything exact published beside the noisy numbers?",
        "seen to by Shoal",
        "No. Every number of the tables has noise. No count of records or devices is published, and no name, size, "
        "date or hash of what was read.",
    )
    yield Answer(
        "Does something else betray the records: which rows exist, sizes, time?",
        "for the controller to see to",
        "Rows and sizes: no, they follow from the plan and from noisy numbers. But how long the making took and how "
        "much memory it needed depend on the records: whoever runs Shoal must keep both to themselves.",
    )
    yield Answer(
        "Do later steps make the numbers look better than they are?",
        "seen to by Shoal",
        "What was done after the noise stands in this file. It costs no privacy. Every number has an interval that "
        "holds its noise; small places drown in it, and the intervals show that. What the intervals do not hold is "
        'said under "What is not protected".',
    )
    yield Answer(
        "Whom must one trust?",
        "remains",
        f"{basis.controller}, and whoever runs Shoal for it: they hold the records, and nothing here protects against "
        "them. The guarantee holds against everybody who sees what was published, whatever else they know and "
        "whoever they work with.",
    )
    yield Answer(
        "Were the records collected, kept and guarded as they should be?",
        "for the controller to see to",
        f"Differential privacy says nothing about that. What is stated is the legal basis, {basis.legal_basis}, and "
        f"the purpose, {basis.purpose}. {_assessment(facts)}",
    )
    yield Answer(
        "Do the numbers mislead about people who are not in the records?",
        "remains",
        "They may. Devices are counted, not people: who carries none, or does not use this service, is missing, and "
        "such people are seldom spread evenly. Noise blurs small places and small groups the most.",
    )


def _units(facts: Facts) -> str:
    return f"{facts.privacy.units} {facts.privacy.unit}s" if facts.privacy.units > 1 else f"one {facts.privacy.unit}"


def _bounds(facts: Facts) -> str:
    return ", ".join(f"{s.statistic} {number(s.bound)} ({s.norm})" for s in facts.statistics)


def _mechanisms(facts: Facts) -> str:
    """`Gaussian`, `Laplace` or both."""
    return " and ".join(sorted({s.mechanism.capitalize() for s in facts.statistics}))


def _assessment(facts: Facts) -> str:
    if facts.basis.assessment_sha256 is None:
        return "No assessment of the impact on data protection is named."
    return f"The assessment of the impact on data protection has the SHA-256 {facts.basis.assessment_sha256}."
