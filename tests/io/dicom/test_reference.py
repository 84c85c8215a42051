"""The headers that other DICOM objects refer to are those of the planned images, in order, or refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pydicom
import pytest

from medseg.errors import GeometryError, UnreadableFileError, UnsupportedImageError
from medseg.io.dicom.options import ReadOptions
from medseg.io.dicom.read import plan_one
from medseg.io.dicom.reference import NEEDED_UIDS, read_reference
from segmented_series import OBLIQUE, reference_on


def test_headers_follow_the_slices_and_hold_no_pixels(tmp_path):
    reference = reference_on(OBLIQUE, tmp_path)
    assert reference.grid.is_same_as(OBLIQUE)
    for k, header in enumerate(reference.slices):
        np.testing.assert_allclose(header.ImagePositionPatient, OBLIQUE.to_lps_mm([k, 0, 0]), atol=1e-6)
        assert "PixelData" not in header
        assert reference.slice_at(k) is header
    assert reference.first.PatientName == "Doe^Jane"
    assert not reference.is_multi_frame


def test_an_image_changed_since_it_was_planned_is_refused(tmp_path):
    reference_on(OBLIQUE, tmp_path)
    plan = plan_one(tmp_path)
    path = plan.headers[3].path
    dataset = pydicom.dcmread(path)
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.save_as(path)
    with pytest.raises(UnreadableFileError, match="not the image any more") as raised:
        read_reference(plan)
    assert raised.value.details["reason"] == "unreadable"


def test_a_vanished_or_damaged_file_is_named(tmp_path):
    reference_on(OBLIQUE, tmp_path)
    plan = plan_one(tmp_path)
    plan.headers[2].path.write_bytes(b"")
    with pytest.raises(UnreadableFileError, match=plan.headers[2].path.name):
        read_reference(plan)
    plan.headers[2].path.unlink()
    with pytest.raises(UnreadableFileError, match=plan.headers[2].path.name):
        read_reference(plan)


@pytest.mark.parametrize("keyword", NEEDED_UIDS)
def test_images_without_a_uid_are_refused(tmp_path, keyword):
    reference_on(OBLIQUE, tmp_path)
    for path in tmp_path.iterdir():
        dataset = pydicom.dcmread(path)
        if keyword != "SOPInstanceUID" or path.name == "IM0002.dcm":
            setattr(dataset, keyword, "")
        dataset.save_as(path)
    with pytest.raises(UnsupportedImageError, match=keyword) as raised:
        read_reference(plan_one(tmp_path))
    assert raised.value.details["reason"] == "no-uid"


def test_resampled_volumes_are_refused(tmp_path):
    leaning = replace_step(OBLIQUE, np.array([0.0, 1.4, 2.9]))
    reference_on(leaning, tmp_path)
    assert read_reference(plan_one(tmp_path)).grid.shear > 0.1
    plan = plan_one(tmp_path, options=ReadOptions(deshear=True))
    with pytest.raises(GeometryError, match="desheared") as raised:
        read_reference(plan)
    assert raised.value.details["reason"] == "resampled-source"


def test_tiles_of_a_mosaic_are_refused(tmp_path):
    reference_on(OBLIQUE, tmp_path)
    plan = plan_one(tmp_path)
    tiles = tuple(replace(header, tile=(0, 0)) for header in plan.volumes[0])
    with pytest.raises(UnsupportedImageError) as raised:
        read_reference(replace(plan, volumes=(tiles,)))
    assert raised.value.details["reason"] == "mosaic"


def test_slices_in_several_multi_frame_files_are_refused(tmp_path):
    reference_on(OBLIQUE, tmp_path)
    plan = plan_one(tmp_path)
    spread = tuple(replace(header, frames=2) for header in plan.volumes[0])
    with pytest.raises(UnsupportedImageError) as raised:
        read_reference(replace(plan, volumes=(spread,)))
    assert raised.value.details["reason"] == "several-multi-frame-files"


def test_frames_of_a_4d_multi_frame_image_are_those_of_the_volume(real_data):
    plan = plan_one(real_data / "mr_enhanced" / "In", volume_id="mr-77f1b4e1-2")
    reference = read_reference(plan)
    assert len(reference.slices) == 1
    assert reference.is_multi_frame
    assert reference.slice_at(5) is reference.first
    for k, frame in enumerate(reference.frames):
        groups = reference.first.PerFrameFunctionalGroupsSequence[frame - 1]
        stated = groups.PlanePositionSequence[0].ImagePositionPatient
        np.testing.assert_allclose(stated, reference.grid.to_lps_mm([k, 0, 0]), atol=0.05)


def replace_step(grid, step_k_mm):
    """The same grid with another step from slice to slice."""
    affine = grid.index_to_lps_mm.copy()
    affine[:3, 0] = step_k_mm
    return type(grid)(grid.shape_kji, affine, grid.frame_of_reference_uid)
