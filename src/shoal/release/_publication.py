"""The check of `verify` that licence, terms and registry.yaml are those that follow from the manifest and its plan."""

from shoal.plan import Publication
from shoal.release._check_plan import read_plan
from shoal.release._checks import Failed, Folder
from shoal.release.registry import registry


def publication(folder: Folder) -> None:
    m = folder.manifest
    said = read_plan(m.plan)
    if m.publication is None:  # made before releases stated their terms
        if said.publication != Publication():
            raise Failed("the plan in the manifest states terms of publication, the manifest does not")
        return
    if m.publication.licence != said.publication.licence:
        raise Failed("publication.licence is not what the plan in the manifest says")
    if m.publication.attribution != (said.publication.attribution or said.source.basis.controller):
        raise Failed("publication.attribution is not what the plan in the manifest says")
    if (folder.path / "registry.yaml").read_bytes() != registry(m).encode():
        raise Failed("registry.yaml is not what the manifest says")
