import pytest

from shoal.sensitive.classes import KINDS, NAMES, of_osm, of_overture


@pytest.mark.parametrize(
    ("tags", "name"),
    [
        ({"amenity": "hospital"}, "medical"),
        ({"amenity": "hospital", "name": "General", "religion": "christian"}, "medical"),
        ({"amenity": "clinic", "healthcare:speciality": "abortion;gynaecology"}, "reproductive-health"),
        ({"amenity": "doctors", "healthcare:speciality": "psychiatry"}, "mental-health"),
        ({"amenity": "social_facility", "social_facility": "shelter"}, "shelter"),
        ({"amenity": "social_facility", "social_facility:for": "homeless; refugee"}, "migration"),
        ({"amenity": "bar", "lgbtq": "primary"}, "lgbtq"),
        ({"building": "mosque"}, "religion"),
        ({"office": "union"}, "politics"),
        ({"landuse": "military"}, "military"),
        ({"amenity": "shelter"}, None),
        ({"amenity": "shelter", "shelter_type": "public_transport"}, None),
        ({"amenity": "pharmacy", "healthcare": "pharmacy"}, None),
        ({"lgbtq": "welcome", "amenity": "bar"}, None),
        ({"building": "yes", "shop": "bakery"}, None),
        ({}, None),
    ],
)
def test_tags_of_openstreetmap(tags: dict[str, str], name: str | None) -> None:
    assert of_osm(tags) == name


@pytest.mark.parametrize(
    ("categories", "name"),
    [
        (["hospital"], "medical"),
        (
            ["health_care", "outpatient_care_facility", "behavioral_or_mental_health_clinic", "counseling"],
            "mental-health",
        ),
        (["cultural_and_historic", "place_of_worship", "muslim_place_of_worship"], "religion"),
        (["bar", "gay_bar"], "lgbtq"),
        (["education", "place_of_learning", "school", "high_school"], "children"),
        (["abortion_clinic", "hospital"], "reproductive-health"),
        (["restaurant", "pharmacy", "dentist", "dental_clinic"], None),
        ([], None),
    ],
)
def test_categories_of_overture_old_and_new(categories: list[str], name: str | None) -> None:
    assert of_overture(categories) == name


def test_every_class_can_be_found_by_both() -> None:
    assert len(set(NAMES)) == len(KINDS)
    for kind in KINDS:
        assert kind.osm and kind.overture
        for category in kind.overture:
            assert of_overture([category]) is not None
        for rule in kind.osm:
            tags = dict(part.strip().split("=") for part in rule.split("&"))
            assert of_osm(tags) is not None
