"""W3C PROV: the document is asked by the ``prov`` library and its graph alone, without any code of medseg."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import networkx
import pytest
from prov.graph import prov_to_graph
from prov.model import (
    PROV_TYPE,
    ProvActivity,
    ProvAgent,
    ProvAssociation,
    ProvDerivation,
    ProvDocument,
    ProvEntity,
    ProvMembership,
    ProvUsage,
)

from canaries import WORD
from drawn_cases import write_drawn_case
from medseg.contour import ContourSet, Origin
from medseg.errors import OutputExistsError
from medseg.io.prov_file import prov_json, write_prov
from medseg.provenance.record import Model
from medseg.workflows.history import history, prov_of
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.save import save_label_map
from signed_cases import make_site


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return write_drawn_case(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def site(tmp_path_factory, case):
    site = make_site(tmp_path_factory.mktemp("site"))
    site.sign(case.files, "ada", "submitted")
    site.sign(case.files, "ben", "approved", reason="margins are right")
    return site


@pytest.fixture(scope="module")
def document(case, site):
    written = prov_of(case.files.nifti, trust=site.trust)
    return ProvDocument.deserialize(content=written.decode(), format="json")


def value(record, name):
    """The only value of an attribute."""
    (only,) = (v for key, v in record.attributes if str(key) == name)
    return str(only)


def is_a(record, kind):
    return any(str(t) == kind for t in record.get_attribute(PROV_TYPE))


def ends(document, kind):
    """First and second end of each relation of a kind."""
    return [
        tuple(str(v) for _, v in relation.formal_attributes[:2]) for relation in document.get_records(kind)
    ]


def entities(document, kind):
    return {str(e.identifier): e for e in document.get_records(ProvEntity) if is_a(e, kind)}


def test_which_drawn_contours_does_this_block_come_from_and_who_approved_it(document):
    blocks, planes = (entities(document, f"medseg:{kind}") for kind in ("VoxelBlock", "ContourPlane"))
    (block,) = (
        name
        for name, e in blocks.items()
        if (value(e, "medseg:structure"), value(e, "medseg:slices")) == ("liver", "k=5..6")
    )
    from_ = [used for made, used in ends(document, ProvDerivation) if made == block]
    assert sorted(value(planes[name], "medseg:plane") for name in from_) == ["k=4", "k=7"]
    assert {value(planes[name], "medseg:origin") for name in from_} == {"drawn"}

    (label_map,) = (whole for whole, member in ends(document, ProvMembership) if member == block)
    approvals = {
        str(a.identifier) for a in document.get_records(ProvActivity) if is_a(a, "medseg:approved")
    } & {activity for activity, used in ends(document, ProvUsage) if used == label_map}
    people = {str(a.identifier): a for a in document.get_records(ProvAgent)}
    (approver,) = (
        people[agent] for activity, agent in ends(document, ProvAssociation) if activity in approvals
    )
    assert value(approver, "prov:label") == "Ben Radiologist"
    assert value(approver, "medseg:role") == "radiologist"


def test_the_graph_leads_from_every_block_to_contours_and_to_the_image(document):
    graph = prov_to_graph(document)
    nodes = {str(node.identifier): node for node in graph.nodes}
    (image,) = entities(document, "medseg:Image")
    blocks = entities(document, "medseg:VoxelBlock")
    planes = entities(document, "medseg:ContourPlane")
    assert len(blocks) == 7
    for block in blocks:
        reached = {str(node.identifier) for node in networkx.descendants(graph, nodes[block])}
        assert reached & planes.keys()
        assert image in reached


def test_the_method_and_its_settings_are_there(document):
    (activity,) = (
        a for a in document.get_records(ProvActivity) if str(a.identifier) == "case:interpolated.liver"
    )
    settings = {str(v) for key, v in activity.attributes if str(key) == "medseg:parameter"}
    assert value(activity, "medseg:method") == "combined"
    assert "combined.STRENGTH=0.75" in settings


@pytest.mark.usefixtures("site")
def test_without_a_trust_folder_nobody_approved_anything(case):
    document = ProvDocument.deserialize(content=prov_of(case.files.nifti).decode(), format="json")
    assert not any(is_a(a, "medseg:approved") for a in document.get_records(ProvActivity))
    signers = [a for a in document.get_records(ProvAgent) if str(a.identifier).startswith("claimed:")]
    assert {value(a, "prov:label") for a in signers} == {"Ada Reader", "Ada Annotator", "Ben Radiologist"}
    assert {value(a, "medseg:verified") for a in signers} == {"False"}


def test_an_approval_of_something_else_approves_nothing(case, site):
    story = history(case.files.nifti, trust=site.trust)
    stale = replace(story, signatures=tuple(replace(s, covers_this=False) for s in story.signatures))
    document = ProvDocument.deserialize(content=prov_json(stale).decode(), format="json")
    assert not any(is_a(a, "medseg:approved") for a in document.get_records(ProvActivity))


def test_the_same_story_gives_the_same_bytes_in_every_process(case, site):
    code = f"""
import sys
from medseg.workflows.history import prov_of
sys.stdout.buffer.write(prov_of({str(case.files.nifti)!r}, trust={str(site.trust)!r}))
"""
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
    assert runs == {prov_of(case.files.nifti, trust=site.trust)}


def test_a_revision_and_a_model_are_told(tmp_path, case):
    saved = open_label_map(case.files.nifti)
    files = save_label_map(
        tmp_path / "copy_dseg.nii.gz",
        saved.label_map,
        grid=case.image.grid,
        source=case.image.source,
        contours=ContourSet(tuple(c.with_origin(Origin.ASSISTED) for c in saved.contours)),
        author="Cleo Editor",
        models={"liver": Model("liver-net", "2.1", "ab" * 32)},
        earlier=replace(saved.record, voxels_sha256="cd" * 32),
    )
    document = ProvDocument.deserialize(content=prov_of(files.nifti).decode(), format="json")
    activities = {a.identifier.localpart: a for a in document.get_records(ProvActivity)}
    assert is_a(activities["step.2"], "medseg:edited")
    now = f"voxels:{history(files.nifti).voxels_sha256}"
    assert (now, f"voxels:{'cd' * 32}") in ends(document, ProvDerivation)
    people = {str(a.identifier): a for a in document.get_records(ProvAgent)}
    proposed = [people[who] for what, who in ends(document, ProvAssociation) if what == "case:assisted.liver"]
    (model,) = (a for a in proposed if is_a(a, "medseg:Model"))
    assert (value(model, "prov:label"), value(model, "medseg:sha256")) == ("liver-net", "ab" * 32)


def test_a_file_that_is_there_is_not_replaced_unasked(tmp_path, case):
    story = history(case.files.nifti)
    write_prov(story, tmp_path / "a.json")
    with pytest.raises(OutputExistsError):
        write_prov(story, tmp_path / "a.json")
    write_prov(story, tmp_path / "a.json", overwrite=True)


def test_no_name_of_the_patient_and_no_name_of_a_file_is_in_it(case, site):
    written = prov_of(case.files.nifti, trust=site.trust).decode()
    for word in ("Doe", "Jane", "4711", "case_dseg", WORD, str(case.dicom)):
        assert word not in written
