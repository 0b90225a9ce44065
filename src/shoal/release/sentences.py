"""What every release says about its guarantee, in the same words in the manifest, the README and the terminal."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from shoal.plan import Unit

DEFINITION = "rho-zCDP"

WHAT_A_TABLE_HOLDS = (
    "Every place, class and time of a table has its row, zeros too, so which rows exist tells nothing about anyone."
)

NOT_PROTECTED = (
    "What a crowd does is visible, and so is what can be learned about a member of the crowd from it alone; "
    "the guarantee is about what one device adds.",
    "The numbers count devices, not people: who carries no phone, or does not use this service, is not counted.",
    "One person may carry two devices: each is protected by itself, the two together only half as well.",
    "A device that several people share is protected as one.",
    "A device with more activity than the bound is counted with less weight. Coarser totals, which lose little, say "
    "how much that took away from each region and time, and it is given back there. Within a region, zones of devices "
    "that are more active than usual stay somewhat too low, others somewhat too high. What exceeds even the bound of "
    "the totals is lost, and the intervals do not cover it.",
    "The plan, the zones, the period and the source are public and not protected.",
)

TERMS = (
    "Do not try to find out from this release whether a person or a device was somewhere, or is in the records behind "
    "it, and do not try to single one out.",
    "Do not link its numbers to records about persons or devices for such an end.",
    "Show or pass on a number only together with its interval, or say where its interval stands.",
    "Pass these terms on with the release and with every copy of its tables.",
)
"""What is asked of everyone who uses a release, whatever its licence."""


SUPPRESSION = (
    "rows of zones that the area around sensitive places covers at least by half, and of pairs with such a zone, have "
    "no numbers; which zones those are follows from the public list and the zones alone"
)
"""The rule by which rows are marked."""


def no_sensitive_places(reason: str | None) -> str:
    """That no list was applied, and why, where the plan says it."""
    why = "" if reason is None else f" Reason given: {reason.rstrip('.')}."
    return (
        "No list of sensitive places was applied: places such as clinics, shelters and places of worship are counted "
        f"like all others.{why}"
    )


def sensitive_places(places: int, version: str, reviewed: date, buffer: str, isolated: int, *, overdue: bool) -> str:
    """Which list was applied, and what that means."""
    silent = "No zone lies" if isolated == 0 else "One zone lies" if isolated == 1 else f"{isolated:,} zones lie"
    late = " That was more than 90 days before this release was made." if overdue else ""
    return (
        f"A public list of {places:,} sensitive places, version {version}, reviewed {reviewed}, was applied.{late} No "
        f"record that lies in one of them, or within {float(Fraction(buffer)):g} metres of one that is a point, was "
        f"used. {silent} at least by half in that area: such rows are suppressed, also where records name zones "
        "instead of positions. Numbers near these places are about what is left. Further places may have been left out "
        "by a private list; whether that is so is not published."
    )


def at_level(meaning: str, level: str | None, *, by_place: bool = False) -> str:
    """What a number of a coarser table is, given what one of the finest is by zone; `by_place`: of named places."""
    if level not in (None, "region", "all"):
        return f"total of the zone as {level}, over all pairs that are counted: {meaning}"
    if level is not None:
        meaning = f"sum over {'the zones of a region' if level == 'region' else 'all zones'}: {meaning}"
    return meaning.replace("region", "category").replace("zone", "place") if by_place else meaning


def top_down(statistic: str, ends: Sequence[str]) -> str:
    """What the rows of pairs are that were measured top-down, and what accounts for the others."""
    first, second = ends
    return (
        f"Of `{statistic}` the ends were measured first: `{statistic}.{first}` and `{statistic}.{second}` hold the "
        "total of every zone, zeros too. Only pairs of zones whose noisy totals stand out of their noise were measured "
        "then, and all of those have rows; which they are was decided on noisy numbers alone. Every other pair is "
        "accounted for in the totals of its two zones. Pairs and totals stand as they were measured: what bounding "
        "took away is not given back, and they don't add up to each other."
    )


def neighbours(unit: Unit) -> str:
    """Which inputs the guarantee can't tell apart."""
    return f"Add or remove all records of one device in one {unit}."


def several_units(unit: Unit) -> str:
    """What a device loses that is there for longer than one unit."""
    return (
        f"A device that is present in k {unit}s pays k times: over all of them it loses up to k times epsilon, "
        "with a delta that grows as well."
    )


def synthetic() -> str:
    """The warning on every output of a simulated source."""
    return "SYNTHETIC: the records behind this release were simulated. It says nothing about any real place."


def audit(made: str | None) -> str:
    """Whether the code that made a release had withstood attacks."""
    if made is None:
        return (
            "The code that made this release had passed no audit by attack in the 30 days before it: that the "
            "guarantee is kept rests on proofs and tests alone."
        )
    return (
        f"The code that made this release passed an audit by attack on {made[:10]}: no attack on simulated copies did "
        "better than the guarantee allows. `manifest.json` names the report by its SHA-256."
    )


def opt_outs(version: int) -> str:
    """That there are devices which are not counted."""
    return (
        f"Devices whose owners opted out are in no number here: those on version {version} of the list, which is "
        "named in the log. How many they are is not said."
    )
