"""registry.yaml: a release in the form of the public registry of deployments of differential privacy, at its tier 3.

The form is the schema of OpenDP's registry (github.com/opendp/deployments-registry-data, commit 3e9c812, file
schemas/deployments-schema.yaml). Every field follows from the manifest, so `verify` writes the file again and compares.
What a manifest does not know (`data_product_sector`) is left out; nothing is made up.

A change of the wording is a new `PublicationFacts.registry`, and the old wording is kept for the releases that have it.
"""

import re
from collections.abc import Iterable
from fractions import Fraction

from shoal.release import sentences
from shoal.release._yaml import Value, dump
from shoal.release.manifest import Facts
from shoal.release.plan_facts import PublicationFacts
from shoal.release.statistic_facts import StatisticFacts
from shoal.release.words import number, period

_HEAD = (
    "# An entry for the registry of deployments of differential privacy\n"
    "# (github.com/opendp/deployments-registry-data), tier 3.\n"
    "# Shoal wrote it from manifest.json of this release; `shoal verify` says whether the two agree.\n"
)


def registry(facts: Facts) -> str:
    """The text of registry.yaml. Raises `ValueError` for facts without terms of publication: they have no such file."""
    if facts.publication is None:
        raise ValueError("a release without terms of publication has no registry.yaml")
    tree: dict[str, Value] = {
        "url_slug": _slug(facts),
        "status": "Draft",
        "tier": 3,
        "deployment": {
            "basic": _basic(facts),
            "dp_variant": _variant(facts),
            "privacy_loss": _loss(facts),
            "deployment_model": _model(facts),
            "accounting": _accounting(facts),
            "implementation": _implementation(facts),
            "administrative": _administrative(facts, facts.publication),
        },
    }
    return _HEAD + dump(tree)


def _name(facts: Facts) -> str:
    name = f"Statistics of {facts.source.name}, {period(facts.period)}"
    return f"SYNTHETIC: {name}" if facts.synthetic else name


def _slug(facts: Facts) -> str:
    """Name, curator and year, in the registry's way: lower case, everything but letters and digits a hyphen."""
    parts = (_name(facts), facts.basis.controller, facts.created[:4])
    return "-".join(re.sub(r"[\W_]+", "-", part.lower()) for part in parts)


def _basic(facts: Facts) -> dict[str, Value]:
    tables = ", ".join(s.statistic for s in facts.statistics)
    places = {"h3": "H3 cells", "polygons": "areas", "points": "places"}[facts.zones.kind]
    named = "" if facts.places is None else f" and {facts.places.count} named places"
    return {
        "name": _name(facts),
        "data_curators": [facts.basis.controller],
        "intended_use": facts.basis.purpose,
        "data_product_type": "Summary statistics",
        "data_product_region": f"{facts.zones.count} {places}{named}, in zones.parquet of the release; time zone "
        f"{facts.period.timezone}",
        "description": (f"{sentences.synthetic()} " if facts.synthetic else "")
        + f"Tables of places and times with an interval for every number: {tables}. From {facts.period.start} up to "
        f"and without {facts.period.end}.",
        "publication_date": facts.created[:10],
    }


def _variant(facts: Facts) -> dict[str, Value]:
    record = {
        "points": "records of a device, a time and a position",
        "trips": "trips of a device, each with a start and an end",
    }[facts.source.kind]
    return {
        "variant_name": "Zero-concentrated DP",
        "data_domain": f"All sets of {record}, of any number of devices with any number of records each.",
        "unprotected_quantities": "Nothing that was computed from the records is published without noise. Public are "
        "the plan (source, period, unit, settings, bounds, epsilon), the zones and places, and so which rows the "
        "tables have, but for rows that were chosen on numbers that had their noise.",
    }


def _loss(facts: Facts) -> dict[str, Value]:
    p = facts.privacy
    return {
        "privacy_unit": f"device-{p.unit}",
        "privacy_unit_details": _lines(
            [
                p.neighbours,
                f"The period holds {p.units} {p.unit}{'s' if p.units > 1 else ''}. {p.several_units}",
                f"All that one device adds to a table in one {p.unit} is held to a norm before it is added up: "
                + "; ".join(f"{s.statistic} {s.norm} {number(s.bound)}" for s in facts.statistics)
                + ".",
            ]
        ),
        "privacy_parameters": {
            "epsilon": float(Fraction(p.epsilon)),
            "delta": float(Fraction(p.delta)),
            "rho": float(Fraction(p.rho)),
        },
        "privacy_parameters_details": f"For one {p.unit} and all tables together. Exactly: rho = {_exact(p.rho)}, "
        f"which at delta = {_exact(p.delta)} implies an epsilon of at most {_exact(p.epsilon)}.",
    }


def _model(facts: Facts) -> dict[str, Value]:
    controller = facts.basis.controller
    return {
        "model_name": "Central",
        "model_name_details": "The records are read as they are; noise is added to sums before anything is published.",
        "actors": _lines(
            [
                f"{controller}, and who runs Shoal for it: hold the records and are trusted with them.",
                "Who reads the release: not trusted; may know anything else and work with anybody.",
                "The people whose devices are in the records: must trust the controller, not the readers.",
            ]
        ),
        "release_type": "One release",
        "release_type_details": f"Other plans may publish from the source {facts.source.name}. All of them are charged "
        f"to one account, which adds up what a device loses in one {facts.account.unit} and refuses beyond its cap. "
        f"This release has the charge {facts.account.charge}.",
        "data_source_type": "Static",
        "data_source_type_details": "The records of the stated period, as they were when the release was made.",
        "access_type": "Non-interactive",
        "access_type_details": "A folder of tables. Nobody can put questions to the records.",
    }


def _accounting(facts: Facts) -> dict[str, Value]:
    p = facts.privacy
    return {
        "post_processing": _lines(facts.post_processing) if facts.post_processing else "None.",
        "composition": _lines(
            [
                f"Tables of one {p.unit}: their rho are added. "
                + "; ".join(f"{s.statistic} {_exact(s.rho)}" for s in facts.statistics)
                + ".",
                f"Several {p.unit}s: {p.several_units}",
                "Several releases: the account of the source adds up what they cost, in exact fractions.",
            ]
        ),
    }


def _implementation(facts: Facts) -> dict[str, Value]:
    rules = [f"[{table}] {_settings(facts, table)}" for table in ("cleaning", "movement") if facts.plan.get(table)]
    return {
        "preprocessing_and_hyperparameter_tuning": _lines(
            [
                "Each device's records are cleaned and followed by fixed rules that look at no other device.",
                *(f"Rules of the plan: {rule}" for rule in rules),
                *([] if facts.opt_outs is None else [sentences.opt_outs(facts.opt_outs)]),
                "Bounds, noise and its kind follow from the plan and from public knowledge. No privacy loss is "
                "accounted for choosing them: the plan's author must not have taken them from the records, which "
                "nobody can check.",
            ]
        ),
        "mechanisms": _lines(
            [
                *(_mechanism(s) for s in facts.statistics),
                "Noise: discrete, on whole numbers, by the library OpenDP, from the operating system's randomness, "
                "drawn once after the charge. Bounds are enforced, and sums kept, in whole numbers as well, so that no "
                "rounding of floating point can betray a value.",
                "Timing: nobody can ask, so nobody can time an answer; how long the making took is not published.",
                "Access to the records before the noise is with the controller and is not described by this release.",
                f"Software: Shoal {facts.shoal}, SHA-256 of its code {facts.code}.",
            ]
        ),
        "justification": _justification(facts),
    }


def _mechanism(s: StatisticFacts) -> str:
    scale = _exact(str(Fraction(s.scale_fixed, s.fixed_point)))
    return (
        f"{s.statistic}: discrete {s.mechanism.capitalize()} with scale {scale} "
        f"for {s.norm} norm {_exact(s.bound)}; {s.cells} number{'s' if s.cells != 1 else ''}, "
        f"each ±{s.half_width:.4g} in 95 of 100 cases."
    )


def _justification(facts: Facts) -> str:
    unit = facts.privacy.unit
    said = (
        f"The unit is all that one device does in one {unit}, because to protect single records or trips leaves those "
        "open to discovery who make the same trip often. Bounds scale what is too long instead of dropping a part, "
        "which keeps more of it at equal noise. Epsilon, delta and shares are the choice of the plan's author, whose "
        "reasons are not part of the release."
    )
    if facts.basis.assessment_sha256 is None:
        return f"{said} No impact assessment is named."
    return f"{said} The impact assessment that was named has the SHA-256 {facts.basis.assessment_sha256}."


def _administrative(facts: Facts, publication: PublicationFacts) -> dict[str, Value]:
    return {
        "sources": "manifest.json and README.md of the release hold the same facts; its tables are the product."
        + ("" if facts.log is None else f" It stands in the transparency log with the key {facts.log}."),
        "notes": _lines(
            [
                f"Legal basis: {facts.basis.legal_basis}.",
                f"Licence: {publication.licence}. Name as the source: {publication.attribution}.",
                *(f"Term of use: {term}" for term in publication.terms),
                *(f"Not protected: {sentence}" for sentence in facts.not_protected),
            ]
        ),
        "registry_authors": [f"Shoal {facts.shoal}, from the manifest of the release {facts.id}"],
    }


def _settings(facts: Facts, table: str) -> str:
    said = facts.plan[table]
    return ", ".join(f"{key} = {value}" for key, value in sorted(said.items())) if isinstance(said, dict) else str(said)


def _lines(lines: Iterable[str]) -> str:
    """A list in Markdown."""
    return "\n".join(f"- {line}" for line in lines)


def _exact(text: str) -> str:
    """A fraction as a person reads it, and exactly where that is short."""
    return text if len(text) <= 24 else f"about {float(Fraction(text)):.10g} (exactly in manifest.json)"
