"""registry.yaml: in the form of the public registry, filled from the manifest alone, and checked by `verify`."""

import os
import re
from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from shoal.release.manifest import Facts, Manifest
from shoal.release.registry import registry
from shoal.release.verify import verify
from tests.release import make
from tests.release.test_verify import Json, amend, failed, first

ONE_OF = frozenset
TIER_3: dict[str, Any] = {
    "url_slug": str,
    "status": ONE_OF(["Draft"]),
    "tier": ONE_OF([3]),
    "deployment": {
        "basic": {
            "name": str,
            "data_curators": list,
            "intended_use": str,
            "data_product_type": ONE_OF(["Summary statistics"]),
            "data_product_region": str,
            "description": str,
            "publication_date": date,
        },
        "dp_variant": {
            "variant_name": ONE_OF(["Zero-concentrated DP"]),
            "data_domain": str,
            "unprotected_quantities": str,
        },
        "privacy_loss": {
            "privacy_unit": str,
            "privacy_unit_details": str,
            "privacy_parameters": {"epsilon": float, "delta": float, "rho": float},
            "privacy_parameters_details": str,
        },
        "deployment_model": {
            "model_name": ONE_OF(["Central"]),
            "model_name_details": str,
            "actors": str,
            "release_type": ONE_OF(["One release"]),
            "release_type_details": str,
            "data_source_type": ONE_OF(["Static"]),
            "data_source_type_details": str,
            "access_type": ONE_OF(["Non-interactive"]),
            "access_type_details": str,
        },
        "accounting": {"post_processing": str, "composition": str},
        "implementation": {"preprocessing_and_hyperparameter_tuning": str, "mechanisms": str, "justification": str},
        "administrative": {"sources": str, "notes": str, "registry_authors": list},
    },
}
"""Every field of the registry's tier 3 (commit 3e9c812 of its data), but for `data_product_sector`, which no manifest
knows; with the values that Shoal may give where the registry has a list of them."""


def facts_of(folder: Path, **wishes: Any) -> Facts:
    plan = make.plan_in(folder, **wishes)
    return make.parts(plan, make.squares(), folder)[0]


def assert_form(found: Any, form: Any, where: str = "") -> None:
    if isinstance(form, dict):
        assert isinstance(found, dict) and list(found) == list(form), where
        for key, inner in form.items():
            assert_form(found[key], inner, f"{where}/{key}")
    elif isinstance(form, ONE_OF):
        assert found in form, where
    elif form is date:
        assert isinstance(found, str) and date.fromisoformat(found).isoformat() == found, where
    elif form is list:
        assert found and all(isinstance(item, str) and item for item in found), where
    else:
        assert isinstance(found, form) and found, where


WISHES: dict[str, Any] = {
    "usual": {},
    "months": {"start": "2026-03-01", "end": "2026-05-01", "unit": "month"},
    "synthetic": {"synthetic": True, "epsilon": "500"},
    "small epsilon": {"epsilon": "0.0001"},
}


@pytest.mark.parametrize("wishes", WISHES.values(), ids=WISHES)
def test_every_field_of_tier_3_is_there(tmp_path: Path, wishes: Any) -> None:
    assert_form(yaml.safe_load(registry(facts_of(tmp_path, **wishes))), TIER_3)


SCHEMA = os.environ.get("SHOAL_REGISTRY_SCHEMA")
"""The registry's own file, which is not part of this repository: schemas/deployments-schema.yaml of
github.com/opendp/deployments-registry-data. Who has it names it there, and the test below is among the others."""

if SCHEMA is not None:

    def test_the_schema_of_the_registry_accepts_it(tmp_path: Path) -> None:
        """With the validator that the registry uses."""
        jsonschema: Any = import_module("jsonschema")
        schema = yaml.safe_load(Path(str(SCHEMA)).read_text(encoding="utf-8"))
        judge = jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)
        for name, wishes in WISHES.items():
            entry = yaml.safe_load(registry(facts_of(tmp_path / name, **wishes)))
            assert not list(judge.iter_errors(entry)), name
        entry["deployment"]["basic"]["publication_date"] = "10 March"
        entry["deployment"]["dp_variant"]["variant_name"] = "zCDP"
        entry["more"] = 1
        assert len(list(judge.iter_errors(entry))) == 3  # it does judge


def test_the_numbers_are_those_of_the_manifest(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, epsilon="0.5")
    deployment = yaml.safe_load(registry(facts))["deployment"]
    loss = deployment["privacy_loss"]
    assert loss["privacy_parameters"]["epsilon"] == 0.5 and loss["privacy_parameters"]["delta"] == 1e-8
    assert loss["privacy_unit"] == "device-week" and "all records of one device" in loss["privacy_unit_details"]
    for s in facts.statistics:
        assert f"- {s.statistic}: discrete {s.mechanism.capitalize()} " in deployment["implementation"]["mechanisms"]
        assert f"{s.statistic} {s.rho}" in deployment["accounting"]["composition"] or len(s.rho) > 24
    assert deployment["basic"]["publication_date"] == "2026-03-10"
    assert "Licence: CC-BY-4.0. Name as the source: City of Guadalajara." in deployment["administrative"]["notes"]


def test_the_slug_is_made_the_registry_s_way(tmp_path: Path) -> None:
    slug = yaml.safe_load(registry(facts_of(tmp_path)))["url_slug"]
    assert slug == "statistics-of-ride-app-2026-03-02-to-2026-03-08-city-of-guadalajara-2026"


def test_it_says_when_it_is_synthetic_and_nothing_of_the_input(tmp_path: Path) -> None:
    text = registry(facts_of(tmp_path / "a", synthetic=True))
    assert text.count("SYNTHETIC: ") == 2 and 'name: "SYNTHETIC: ' in text
    plain = registry(facts_of(tmp_path / "b"))
    assert "SYNTHETIC" not in plain
    assert not re.search("secret|parquet(?! of the release)", text + plain)


def test_the_written_file_is_the_one_that_follows(made: Path) -> None:
    manifest = Manifest.parse((made / "manifest.json").read_bytes())
    assert (made / "registry.yaml").read_text(encoding="utf-8") == registry(manifest)
    assert "registry.yaml" in manifest.files


def older(manifest: Json, in_plan: Json | None = None) -> Json:
    """As releases were before they stated their terms, but perhaps for their plan."""
    del manifest["publication"], manifest["files"]["registry.yaml"]
    return manifest["plan"].update({"publication": in_plan} if in_plan else {}) or manifest


def test_an_older_release_still_verifies(spoilt: Path) -> None:
    (spoilt / "registry.yaml").unlink()
    amend(spoilt, older)
    assert failed(spoilt) == "", first(spoilt)


def terms(**to: object) -> Callable[[Json], None]:
    return lambda m: m["publication"].update(to)


LIES: dict[str, tuple[Callable[[Json], object], str]] = {
    "licence": (terms(licence="CC0-1.0"), "publication"),
    "attribution": (terms(attribution="Nobody"), "publication"),
    "terms": (terms(terms=["Do what you like."]), "publication"),
    "not protected": (lambda m: m["not_protected"].pop(), "publication"),
    "another wording": (terms(registry=2), "manifest"),
    "not listed": (lambda m: m["files"].pop("registry.yaml"), "files"),
    "no terms": (lambda m: m.pop("publication"), "files"),
    "terms in the plan alone": (lambda m: older(m, in_plan={"licence": "X"}), "publication"),
}


@pytest.mark.parametrize("lie", LIES)
def test_lies_about_the_terms(spoilt: Path, lie: str) -> None:
    change, check = LIES[lie]
    if lie == "terms in the plan alone":
        (spoilt / "registry.yaml").unlink()
    amend(spoilt, change)
    assert failed(spoilt) == check, first(spoilt)


@pytest.mark.parametrize(
    ("old", "new"), [("epsilon: 1.0", "epsilon: 0.1"), ("Central", "Local"), ("tier: 3\n", "tier: 3 \n")]
)
def test_another_text_under_its_own_hash(spoilt: Path, old: str, new: str) -> None:
    file = spoilt / "registry.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    amend(spoilt)
    assert [(o.name, o.reason) for o in verify(spoilt) if not o.passed] == [
        ("publication", "registry.yaml is not what the manifest says")
    ]


def test_facts_without_terms_have_no_entry(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without terms"):
        registry(facts_of(tmp_path).model_copy(update={"publication": None}))
