"""Classes of sensitive places, and which tags of OpenStreetMap and categories of Overture belong to each.

From the lists that regulators ordered sellers of location data to keep (`docs/sensitive-places.md` names them), the
tags of the iD presets and the categories of Overture as of 2026, old (`categories`) and new (`taxonomy`) alike. What
everybody goes to, pharmacies, dentists, lawyers, is not on it; nor is `amenity=shelter`, which is a roof at a bus stop.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from shoal._sensitive import SensitiveClass


@dataclass(frozen=True, slots=True)
class Kind:
    """One class.

    osm       rules, any of which makes a feature belong to it: "key=value", a value * for any, and several joined
              with & that must all hold
    overture  categories: those of a place, those above them in its hierarchy, or its basic category
    """

    name: SensitiveClass
    words: str
    osm: tuple[str, ...]
    overture: frozenset[str]


def _kind(name: SensitiveClass, words: str, osm: str, overture: str) -> Kind:
    return Kind(name, words, tuple(rule.strip() for rule in osm.split(",")), frozenset(overture.split()))


KINDS: Final = (
    _kind(
        "reproductive-health",
        "reproductive and sexual health",
        "healthcare:speciality=abortion, healthcare:speciality=fertility, healthcare:speciality=gynaecology, "
        "healthcare:speciality=obstetrics, healthcare:speciality=venereology, healthcare=birthing_center, "
        "healthcare=midwife",
        "abortion_clinic womens_health_clinic reproductive_perinatal_and_womens_care fertility sperm_clinic "
        "obstetrician_and_gynecologist midwife maternity_center",
    ),
    _kind(
        "mental-health",
        "mental health and addiction",
        "healthcare=psychotherapist, healthcare=counselling, healthcare=rehabilitation, "
        "healthcare:speciality=psychiatry, healthcare:speciality=child_psychiatry, "
        "healthcare:speciality=addiction_medicine, social_facility:for=drug_addicted, "
        "social_facility:for=mental_health",
        "counseling_and_mental_health behavioral_or_mental_health_clinic psychiatrist child_psychiatrist psychologist "
        "psychotherapist psychiatric_hospital abuse_and_addiction_treatment abuse_and_addiction_treatment_center "
        "alcohol_and_drug_treatment_centers addiction_rehabilitation_center crisis_intervention_services "
        "suicide_prevention_services eating_disorder_treatment_centers",
    ),
    _kind(
        "lgbtq",
        "LGBTQ+ places",
        "lgbtq=primary, lgbtq=only",
        "gay_bar gay_and_lesbian_services_organization",
    ),
    _kind(
        "migration",
        "migration and asylum",
        "amenity=refugee_site, social_facility:for=refugee, social_facility:for=migrant, "
        "social_facility:for=asylum_seeker",
        "immigration_and_naturalization immigration_and_naturalization_office immigration_assistance_services "
        "immigration_law",
    ),
    _kind(
        "shelter",
        "shelters and social services",
        "amenity=social_facility, social_facility=*",
        "homeless_shelter foster_care_services child_protection_service",
    ),
    _kind(
        "medical",
        "other medical care",
        "amenity=hospital, amenity=clinic, amenity=doctors, healthcare=hospital, healthcare=clinic, healthcare=doctor, "
        "healthcare=centre, healthcare=hospice, healthcare=laboratory, healthcare=blood_donation, "
        "healthcare=sample_collection, healthcare=dialysis, healthcare=vaccination_centre",
        "hospital childrens_hospital doctor public_health_clinic mobile_clinic walk_in_clinic urgent_care_clinic "
        "emergency_or_urgent_care_facility primary_care_or_general_clinic pediatric_clinic specialized_health_care "
        "specialized_medical_facility cancer_treatment_center dialysis_clinic hospice cannabis_clinic "
        "blood_and_plasma_donation_center",
    ),
    _kind(
        "children",
        "schools and child care",
        "amenity=school, amenity=kindergarten, amenity=childcare",
        "school elementary_school middle_school high_school private_school public_school religious_school preschool "
        "day_care_preschool child_care_and_day_care after_school_program",
    ),
    _kind(
        "religion",
        "religion",
        "amenity=place_of_worship, amenity=monastery, landuse=religious, office=religion, building=church, "
        "building=chapel, building=cathedral, building=mosque, building=synagogue, building=temple, building=shrine, "
        "building=monastery",
        "religious_organization place_of_worship church_cathedral mosque synagogue buddhist_temple hindu_temple "
        "sikh_temple shinto_shrines jehovahs_witness_kingdom_hall convents_and_monasteries mission",
    ),
    _kind(
        "justice",
        "prisons, courts and police",
        "amenity=prison, amenity=courthouse, amenity=police",
        "jail_and_prison jail_or_prison juvenile_detention_center courthouse police_department police_station "
        "law_enforcement",
    ),
    _kind(
        "politics",
        "unions, parties and associations",
        "office=union, office=political_party, office=ngo",
        "labor_union political_organization political_party_office non_governmental_association",
    ),
    _kind(
        "military",
        "military and diplomatic sites",
        "landuse=military, military=base, military=barracks, military=office, military=airfield, military=naval_base, "
        "military=range, military=training_area, military=danger_area, military=checkpoint, office=diplomatic, "
        "amenity=embassy",
        "armed_forces_branch military_site embassy",
    ),
    _kind(
        "adult",
        "adult entertainment",
        "amenity=stripclub, amenity=brothel",
        "strip_club adult_entertainment adult_entertainment_venue",
    ),
)
"""In the order in which a place is told: of several classes that fit it belongs to the first, the most telling one."""

NAMES: Final = tuple(kind.name for kind in KINDS)
WORDS: Final[Mapping[str, str]] = {kind.name: kind.words for kind in KINDS}

if set(NAMES) != set(get_args(SensitiveClass)):
    raise TypeError("shoal.plan and shoal.sensitive name different classes")


def of_osm(tags: Mapping[str, str]) -> SensitiveClass | None:
    """The class of a feature of OpenStreetMap with these tags; None: it is not on the list.

    A value may be several, joined with semicolons, as mappers write them.
    """
    values = {key: {part.strip() for part in value.split(";")} for key, value in tags.items() if key in OSM_KEYS}
    if not values:
        return None
    for kind in KINDS:
        if any(all(_holds(part, values) for part in rule.split("&")) for rule in kind.osm):
            return kind.name
    return None


def of_overture(categories: Iterable[str]) -> SensitiveClass | None:
    """The class of a place of Overture with these categories, of any kind; None: it is not on the list."""
    known = set(categories)
    return next((kind.name for kind in KINDS if known & kind.overture), None)


def _holds(part: str, values: Mapping[str, set[str]]) -> bool:
    key, _, value = part.strip().partition("=")
    return key in values and (value == "*" or value in values[key])


OSM_KEYS: Final = frozenset(
    part.strip().partition("=")[0] for kind in KINDS for rule in kind.osm for part in rule.split("&")
)
"""Keys of OpenStreetMap that any rule looks at."""
