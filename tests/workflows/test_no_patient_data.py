"""What identifies a patient in the DICOM is in no file that medseg writes."""

from __future__ import annotations

import gzip

import numpy as np
import pydicom
import pytest

from medseg.contour import ContourSet, Origin, Slice, trace_slice
from medseg.io.contact_sheet import write_contact_sheet
from medseg.labelmap import Structure
from medseg.workflows.convert import convert
from medseg.workflows.interpolate import interpolate
from medseg.workflows.open_image import open_image
from medseg.workflows.sample_data import write_sample_data
from medseg.workflows.save import save_label_map

CANARY = "CANARY"
TEXT_VRS = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"}
NEEDED = {"Modality", "ImageType", "PhotometricInterpretation", "RescaleType", "SpecificCharacterSet"}


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """A series with a canary in every text that is not needed to read it, and in more that are usual."""
    folder = tmp_path_factory.mktemp("canary")
    write_sample_data(folder / "ct", name="abdomen")
    for path in (folder / "ct" / "dicom").iterdir():
        dataset = pydicom.dcmread(path)
        for element in dataset:
            if element.VR in TEXT_VRS and element.keyword not in NEEDED:
                element.value = CANARY
        dataset.PatientName = f"{CANARY}^NAME"
        dataset.PatientID = dataset.AccessionNumber = dataset.InstitutionName = CANARY
        dataset.PatientComments = dataset.ImageComments = dataset.StudyDescription = CANARY
        dataset.OperatorsName = dataset.ReferringPhysicianName = dataset.DeviceSerialNumber = CANARY
        dataset.PatientBirthDate = "19010203"
        dataset.save_as(path)
    return folder / "ct" / "dicom"


def content_of(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            yield path, gzip.decompress(raw) if path.suffix == ".gz" else raw


def test_a_saved_label_map_and_its_picture_are_free_of_it(series, tmp_path):
    volume = open_image(series)
    assert CANARY not in repr(volume.source)
    mask = np.zeros(volume.grid.shape_kji[1:], bool)
    mask[40:80, 50:90] = True
    contours = ContourSet(
        tuple(c for k in (10, 14) for c in trace_slice(mask, volume.grid, Slice(0, k), "a", Origin.DRAWN))
    )
    completion = interpolate(contours, volume.grid, [Structure("a", "A", 1)])
    save_label_map(
        tmp_path / "a_dseg.nii.gz",
        completion.label_map,
        grid=volume.grid,
        source=volume.source,
        contours=contours,
        author="Ada Reader",
        method=completion.method,
    )
    write_contact_sheet(volume, completion.label_map, tmp_path / "a.png", title="A")
    found = dict(content_of(tmp_path))
    assert len(found) == 5
    for path, content in found.items():
        assert CANARY.encode() not in content, path.name
        assert b"19010203" not in content, path.name


def test_a_converted_series_and_its_manifest_are_free_of_it(series, tmp_path):
    convert([series], tmp_path / "out")
    found = dict(content_of(tmp_path))
    assert len(found) == 2
    for path, content in found.items():
        assert CANARY.encode() not in content, path.name
        assert CANARY not in path.name
        assert b"19010203" not in content, path.name
