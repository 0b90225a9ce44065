"""The README.md of a release: what the numbers mean, what is protected, what is not, in plain English."""

from fractions import Fraction

from shoal.release import sentences
from shoal.release.hazards import answers, surest
from shoal.release.manifest import Facts
from shoal.release.plan_facts import PublicationFacts
from shoal.release.words import classes, escape, interval, number, period, rows

_NOT_ADDED = {
    "visitors": "zones or times: a device that stays in two zones, or on two days, is a visitor of both.",
    "catchment": "zones or times: a device that stays in two zones, or on two days, has a row in both. Over homes it "
    "adds up.",
}
"""Statistics of which a device is in several rows, and where."""


def readme(facts: Facts) -> str:
    """Markdown for the folder of a release."""
    parts = [f"# {facts.source.name}, {period(facts.period)}"]
    if facts.synthetic:
        parts.append(f"> **{sentences.synthetic()}**")
    parts += [
        _what(facts),
        "## The tables\n\n" + _tables(facts),
        "## How to read a row\n\n" + _columns(facts),
        "## What is protected\n\n" + _protected(facts),
        "## What is not protected\n\n" + _list(facts.not_protected),
    ]
    if facts.sensitive is not None:
        parts.append("## Sensitive places\n\n" + escape(facts.sensitive.words))
    if facts.post_processing:
        parts.append("## What was done after the noise\n\n" + _list(facts.post_processing))
    parts.append("## The hazards, one by one\n\n" + _hazards(facts))
    if facts.publication is not None:
        parts.append("## Licence and terms of use\n\n" + _terms(facts.publication))
    parts.append("## Check it yourself\n\n" + _check(facts))
    return "\n\n".join(parts) + "\n"


def _list(lines: tuple[str, ...]) -> str:
    return "\n".join(f"- {escape(line)}" for line in lines)


def _what(facts: Facts) -> str:
    source, basis, zones = facts.source, facts.basis, facts.zones
    places = {"h3": "H3 cells", "polygons": "areas", "points": "places"}[zones.kind]
    records = {"points": "location records", "trips": "trips"}[source.kind]
    named = "" if facts.places is None else f" and {facts.places.count:,} named places"
    return (
        f"Statistics of {zones.count:,} {places}{named} from the {records} of the source `{source.name}`, from "
        f"{facts.period.start} up to and without {facts.period.end}, local time of {escape(facts.period.timezone)}. "
        f"Made by Shoal {escape(facts.shoal)} at {facts.created} for {escape(basis.purpose)}; controller: "
        f"{escape(basis.controller)}; legal basis: {escape(basis.legal_basis)}."
    )


def _tables(facts: Facts) -> str:
    lines = ["| table | one row for each | what one number means | noise (95 %) | rows |", "|---|---|---|---|---|"]
    lines += [
        f"| `tables/{s.statistic}.parquet` | {escape(rows(s))} | {escape(s.value)} | {interval(s)} | {s.cells:,} |"
        for s in facts.statistics
    ]
    pairs = [s for s in facts.statistics if s.pairs in ("within", "selected") and s.max_km is not None]
    near = [f"`{s.statistic}` has rows only for zones at most {number(s.max_km or '0')} km apart." for s in pairs]
    chosen = [sentences.top_down(s.statistic, s.keys[:2]) for s in facts.statistics if s.pairs == "selected"]
    text = "\n".join([*lines, "", " ".join([sentences.WHAT_A_TABLE_HOLDS, *near, *chosen]), _maps(facts)])
    return "\n\n".join([text, *([_classes(facts)] if any(s.classes for s in facts.statistics) else [])])


def _maps(facts: Facts) -> str:
    """Where the places are."""
    if facts.places is None:
        return "`zones.parquet` holds the places."
    return "`zones.parquet` holds the zones, `places.parquet` the named places with their categories."


def _classes(facts: Facts) -> str:
    """What the values of `class` are, in their order, which is not that of the alphabet."""
    lines = ["Values of `class`, in their order; a class holds its lower edge and not its upper one:", ""]
    return "\n".join(lines + [f"- `{s.statistic}`: {escape(classes(s))}" for s in facts.statistics if s.classes])


def _columns(facts: Facts) -> str:
    lines = [
        "- `estimate` is the measured value with noise added, corrected for what bounding took away. Use it for sums "
        "and averages. It may be negative where little happens; that is normal, and cutting negative values off makes "
        "every sum too high.",
        "- `lower` and `upper` hold the value, as it was before bounding and noise, 95 times out of 100; `stderr` is "
        "the standard deviation of what may be wrong with it. What they do not hold is said below.",
        "- `consistent` is the best single number to show: a whole number, never negative, adding up over zones, "
        "regions and all. Do not average it over a choice of small places.",
        "- `suppressed` marks rows without numbers, of which nothing may be said.",
    ]
    lines += [f"- Of the total of `{s.statistic}`, {s.corrected:.0%} had been taken away by bounding and was given "
              "back by the correction." for s in facts.statistics if s.corrected]  # fmt: skip
    lines += [f"- Bounding took nothing from `{s.statistic}` that the totals can tell from noise, so nothing was given "
              "back; what it did take the intervals do not hold."
              for s in facts.statistics if s.corrected == 0]  # fmt: skip
    lines += [f"- In `{s.statistic}` zones that are too small were merged; `manifest.json` names the zones of each."
              for s in facts.statistics if s.areas]  # fmt: skip
    lines += [f"- `{s.statistic}` is suppressed by this rule: {escape(s.suppression)}"
              for s in facts.statistics if s.suppression]  # fmt: skip
    for s in (s for s in facts.statistics if s.statistic in _NOT_ADDED):
        why = _NOT_ADDED[s.statistic]
        lines.append(f"- Don't sum `{s.statistic}` over {why.replace('zone', 'place') if s.of_named_places else why}")
    if facts.places is not None:
        lines.append(
            "- `place` is a named place of the plan. A stay counts for the place that holds most of its time, or for "
            "none where it is outside all of them for longer; its zone is found by itself. All places together hold "
            "only a part of all stays. In a table `.region` it is a category of places, in `.all` all places."
        )
    if any("home" in s.keys for s in facts.statistics):
        lines.append("- `home` is the zone where a device spends its nights; devices without such a zone are left out.")
    return "\n".join(lines)


def _protected(facts: Facts) -> str:
    p = facts.privacy
    count = f"{p.units} {p.unit}s" if p.units > 1 else f"one {p.unit}"
    each = "; ".join(f"`{s.statistic}` {number(s.rho)}" for s in facts.statistics)
    return (
        f"Differential privacy for **one device over one {p.unit}**. {escape(p.neighbours)} Whatever is "
        f"concluded from this release would be concluded almost as surely without that device: the odds of any "
        f"conclusion change by at most a factor of e^epsilon, with epsilon = {number(p.epsilon)}, except with a "
        f"chance of about delta = {number(p.delta)}. Who gave a guess about what a device did in "
        f"one {p.unit} an even chance can become at most {surest(Fraction(p.epsilon))} sure of it. "
        f"Exactly: {p.definition} with rho = {number(p.rho)} for each {p.unit} ({each}).\n\n"
        f"The period holds {count}. {escape(p.several_units)}"
        + ("" if facts.opt_outs is None else f"\n\n{sentences.opt_outs(facts.opt_outs)}")
        + ("" if facts.audit is None else f"\n\n{sentences.audit(facts.audit.made)}")
    )


def _hazards(facts: Facts) -> str:
    intro = (
        "A guarantee can be true on paper and undone in practice. NIST Special Publication 800-226 (2025) tells those "
        "who judge a guarantee to look at such hazards one by one. Here they are, in our own words and order, each "
        "with who sees to it; NIST has not looked at this release."
    )
    lines = [f"- **{a.hazard}** *({a.who})* {escape(a.text)}" for a in answers(facts)]
    return "\n\n".join([intro, "\n".join(lines)])


def _terms(facts: PublicationFacts) -> str:
    return (
        f"Licence: {escape(facts.licence)}. Name as the source: {escape(facts.attribution)}.\n\n"
        "Whatever the licence allows, these terms of use come with the release:\n\n" + _list(facts.terms)
    )


def _check(facts: Facts) -> str:
    return (
        f"`shoal verify {facts.id}` checks, without a network: that no file was changed, that every place, class and "
        "time has its row, and that the noise adds up to the stated epsilon. `manifest.json` holds every parameter."
    )
