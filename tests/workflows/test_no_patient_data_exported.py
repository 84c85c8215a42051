"""What identifies a patient in the DICOM leaves in DICOM exports alone, and there only where it belongs."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest

from canaries import Canaries, contents, encoded
from canary_tree import spoil, write
from medseg.contour import ContourSet, Origin, Slice, trace_slice
from medseg.labelmap import Structure
from medseg.workflows.export_label_map import EXPORT_FORMATS, export_label_map
from medseg.workflows.interpolate import how_completed, interpolate
from medseg.workflows.open_image import open_image
from medseg.workflows.save import save_label_map

DICOM_FORMATS = ("dicom-seg", "dicom-seg-labelmap", "rtstruct")

NAMES = {
    "seg-nrrd": "a.seg.nrrd",
    "nrrd": "a.nrrd",
    "itksnap-labels": "labels.txt",
    "stl": "a.stl",
    "obj": "a.obj",
    "ply": "a.ply",
    "gltf": "a.glb",
    "bids": "dataset",
}
"""What each format that is not DICOM is written as."""


MEDSEG = (sys.executable, "-m", "medseg.cli.main")


@dataclass(frozen=True)
class Drawn:
    """A label map that was drawn on a series full of canaries."""

    dicom: Path
    label_map: Path
    canaries: Canaries


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    canaries = Canaries()
    root = tmp_path_factory.mktemp("inputs")
    paths = sorted(write(root / "ct", "ct", modality="CT", patient="1"))
    dicom = spoil(paths, canaries, encoded(canaries.dataset()))
    volume = open_image(dicom)
    mask = np.zeros(volume.grid.shape_kji[1:], bool)
    mask[1:5, 1:4] = True
    contours = ContourSet(
        tuple(c for k in (0, 3) for c in trace_slice(mask, volume.grid, Slice(0, k), "a", Origin.DRAWN))
    )
    completion = interpolate(contours, volume.grid, [Structure("a", "A", 1)])
    label_map = tmp_path_factory.mktemp("saved") / "a_dseg.nii.gz"
    save_label_map(
        label_map,
        completion.label_map,
        grid=volume.grid,
        source=volume.source,
        contours=contours,
        author="Ada Reader",
        completed=how_completed(completion),
    )
    return Drawn(dicom, label_map, canaries)


def everything_in(folder):
    """Names and bytes of all files; of a compressed one, NRRD included, the inflated bytes as well."""
    yield from contents(folder)
    for path in sorted(folder.rglob("*.nrrd")):
        head, _, voxels = path.read_bytes().partition(b"\n\n")
        if b"gzip" in head:
            yield f"{path.name}, inflated", gzip.decompress(voxels)


def canaries_in(folder, canaries):
    found = {name: canaries.found_in(content) for name, content in everything_in(folder)}
    assert len(found) >= 2
    return {name: sorted(keywords) for name, keywords in found.items() if keywords}


def test_the_series_is_full_of_canaries(drawn):
    """Else the tests below would prove nothing."""
    sources = b"".join(path.read_bytes() for path in drawn.dicom.iterdir())
    assert len(drawn.canaries.found_in(sources)) > 1000
    assert drawn.canaries.found_in(str(drawn.dicom).encode()) == {"name of a folder"}


def test_every_format_is_tested():
    assert {*NAMES, *DICOM_FORMATS} == EXPORT_FORMATS.keys()


def test_what_is_saved_is_free_of_it(drawn):
    assert canaries_in(drawn.label_map.parent, drawn.canaries) == {}


@pytest.mark.parametrize(("name", "file"), NAMES.items())
def test_an_export_is_free_of_it(drawn, tmp_path, name, file):
    subject = "s01" if name == "bids" else None
    written = export_label_map(drawn.label_map, tmp_path / file, to=name, image=drawn.dicom, subject=subject)
    assert all(path.stat().st_size for path in written.files)
    assert canaries_in(tmp_path, drawn.canaries) == {}
    assert drawn.canaries.found_in("\n".join(written.notes).encode()) == set()


def test_the_story_is_free_of_it(drawn, tmp_path):
    """As text on the screen, as a page with pictures of the image, and as W3C PROV."""
    page, prov = tmp_path / "story.html", tmp_path / "prov.json"
    told = subprocess.run(
        [*MEDSEG, "history", drawn.label_map, "--html", page, "--image", drawn.dicom, "--prov", prov],
        env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path), "APPDATA": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr.decode()
    assert b"Ada Reader" in told.stdout
    assert drawn.canaries.found_in(told.stdout + b"\n" + told.stderr) == set()
    assert page.stat().st_size > 1000
    assert prov.stat().st_size > 1000
    assert canaries_in(tmp_path, drawn.canaries) == {}


MODULES = {
    # C.7.1.1 Patient
    "PatientName", "PatientID", "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence",
    "PatientBirthDate", "PatientBirthTime", "PatientSex", "QualityControlSubject",
    "OtherPatientIDsSequence", "EthnicGroup", "PatientComments", "PatientSpeciesDescription",
    "PatientSpeciesCodeSequence", "PatientBreedDescription", "PatientBreedCodeSequence",
    "BreedRegistrationSequence", "StrainDescription", "ResponsiblePerson", "ResponsiblePersonRole",
    "ResponsibleOrganization", "PatientIdentityRemoved", "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    # C.7.1.3 Clinical Trial Subject
    "ClinicalTrialSponsorName", "ClinicalTrialProtocolID", "ClinicalTrialProtocolName", "ClinicalTrialSiteID",
    "ClinicalTrialSiteName", "ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID",
    # C.7.2.1 General Study
    "StudyDate", "StudyTime", "AccessionNumber", "IssuerOfAccessionNumberSequence", "ReferringPhysicianName",
    "StudyID", "StudyDescription",
    # C.7.2.2 Patient Study
    "PatientAge", "PatientSize", "PatientWeight",
    # C.7.4.1 Frame of Reference
    "PositionReferenceIndicator",
}  # fmt: skip
"""What a DICOM export may repeat of its series: modules of the patient, the study and the space (PS3.3)."""

WHO_AND_WHICH = ("PatientName", "PatientID", "PatientBirthDate", "StudyID", "AccessionNumber")
"""What it must repeat, so that an archive files it beside its series."""


@pytest.mark.parametrize("name", DICOM_FORMATS)
def test_a_dicom_export_names_the_patient_and_says_so(drawn, tmp_path, name):
    written = export_label_map(drawn.label_map, tmp_path / "out.dcm", to=name, image=drawn.dicom)
    assert any("names the patient" in note for note in written.notes)
    assert drawn.canaries.found_in("\n".join(written.notes).encode()) == set()
    source, export = pydicom.dcmread(next(drawn.dicom.iterdir())), pydicom.dcmread(tmp_path / "out.dcm")
    for keyword in WHO_AND_WHICH:
        assert export[keyword].value == source[keyword].value
    found = drawn.canaries.found_in((tmp_path / "out.dcm").read_bytes())
    # All ages of the series are one canary, which is known by the last element that holds it.
    found -= {drawn.canaries.planted["087Y"]}
    assert {keyword.partition("[")[0] for keyword in found} - MODULES == set()
    assert {keyword for keyword in found if "private" in keyword} == set()
