"""Inspection tells what can be converted, without reading pixels."""

from __future__ import annotations

import os

import nibabel
import numpy as np
import pydicom
import pytest

from medseg.errors import NoImagesError, UnreadableFileError
from medseg.io.dicom import write_series
from medseg.io.volume_summary import Status
from medseg.space import Grid
from medseg.volume.volume import Quantity, Source, Volume
from medseg.workflows.inspect import inspect

KEYS = {
    "id", "series_uid", "modality", "status", "reason", "message", "geometry", "quantity", "unit", "frames",
    "warnings", "axis",
}  # fmt: skip


@pytest.fixture
def ct(tmp_path):
    grid = Grid.from_axes(
        (4, 3, 2),
        origin_lps_mm=[0, 0, 0],
        step_k_mm=[0, 1, 3],
        step_j_mm=[0, 0.5, 0],
        step_i_mm=[0.25, 0, 0],
    )
    volume = Volume(grid, np.zeros((4, 3, 2), np.int16), Quantity.HU, Source("phantom"))
    write_series(
        volume, tmp_path / "ct", modality="CT", uid_seed="x", patient_name="PHANTOM^TEST", patient_id="P1"
    )
    return tmp_path / "ct"


def test_a_regular_series_is_convertible(ct):
    (summary,) = inspect(ct)
    entry = summary.as_dict()
    assert set(entry) == KEYS
    assert entry["status"] == "convertible"
    assert entry["geometry"]["shape_kji"] == [4, 3, 2]
    assert entry["geometry"]["spacing_kji_mm"] == pytest.approx([10**0.5, 0.5, 0.25])
    assert entry["geometry"]["residual_mm"] == pytest.approx(0, abs=1e-9)
    assert entry["geometry"]["shear"] == pytest.approx(10**-0.5)
    assert (entry["quantity"], entry["unit"], entry["frames"]) == ("HU", "HU", 4)
    assert (entry["reason"], entry["message"]) == (None, "")
    (warning,) = entry["warnings"]
    assert "leans by 18.4°" in warning


def test_a_refusal_has_a_stable_word_and_the_numbers(ct):
    (ct / "IM0003.dcm").unlink()
    (summary,) = inspect(ct)
    assert (summary.status, summary.reason) == (Status.REFUSED, "missing-slices")
    assert "found 6.325 mm between slices 2 and 3" in summary.message
    assert summary.as_dict()["geometry"] is None


def test_an_unreadable_file_is_a_refusal_and_a_warning(ct):
    last = ct / "IM0004.dcm"
    last.write_bytes(last.read_bytes()[:200])
    summary, unreadable = inspect(ct)
    assert summary.status is Status.CONVERTIBLE
    assert "may be slices of it" in summary.warnings[-1]
    assert (unreadable.id, unreadable.status, unreadable.reason) == (
        "unreadable-1",
        Status.REFUSED,
        "unreadable",
    )


def test_cut_off_pixels_are_noticed_without_decoding_them(ct):
    path = ct / "IM0002.dcm"
    path.write_bytes(path.read_bytes()[:-3])
    (summary,) = inspect(ct)
    assert (summary.status, summary.reason) == (Status.REFUSED, "unreadable")
    assert "expected 12 bytes of pixels, found 9" in summary.message


def test_a_folder_without_images_is_an_error(tmp_path):
    with pytest.raises(NoImagesError):
        inspect(tmp_path)


def test_a_nifti_image_is_inspected_too(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((2, 3, 4), np.int16), np.diag([1.0, 2, 3, 1]))
    image.to_filename(tmp_path / "brain.nii.gz")
    (summary,) = inspect(tmp_path / "brain.nii.gz")
    assert (summary.id, summary.status, summary.frames) == ("brain", Status.CONVERTIBLE, 4)
    assert summary.as_dict()["geometry"]["spacing_kji_mm"] == [3, 2, 1]


def test_inspection_of_real_series_agrees_with_reading(real_data):
    statuses = {}
    for summary in inspect(real_data / "sarcoma_pet_ct_mr" / "dicom"):
        statuses.setdefault(summary.modality, set()).add(summary.status.value)
    assert statuses == {
        "CT": {"convertible"},
        "MR": {"convertible"},
        "PT": {"convertible"},
        "RTSTRUCT": {"skipped"},
    }


@pytest.mark.parametrize(
    ("shape", "codes", "reason"),
    [((2, 3, 4, 5, 6), (1, 1), "5d"), ((2, 3, 4), (0, 0), "no-orientation")],
)
def test_a_nifti_image_that_is_not_one_volume_is_refused(tmp_path, shape, codes, reason):
    image = nibabel.Nifti1Image(np.zeros(shape, np.int16), np.eye(4))
    image.set_sform(np.eye(4), codes[0])
    image.set_qform(np.eye(4), codes[1])
    image.to_filename(tmp_path / "brain.nii.gz")
    (summary,) = inspect(tmp_path / "brain.nii.gz")
    assert (summary.id, summary.status, summary.reason) == ("brain", Status.REFUSED, reason)
    assert summary.message


def test_a_truncated_nifti_image_is_an_error(tmp_path):
    (tmp_path / "brain.nii").write_bytes(b"\x5c\1\0\0")
    with pytest.raises(UnreadableFileError):
        inspect(tmp_path / "brain.nii")


def test_a_folder_may_be_named_like_a_nifti_image(ct):
    folder = ct.rename(ct.with_name("study.nii"))
    (summary,) = inspect(folder)
    assert (summary.status, summary.frames) == (Status.CONVERTIBLE, 4)


def test_a_folder_that_cannot_be_listed_says_why(ct, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    (summary,) = inspect(ct)
    assert (summary.status, summary.reason) == (Status.REFUSED, "unreadable")
    assert summary.message == "ct can't be listed: Permission denied"


@pytest.mark.parametrize(
    ("scouts", "expected"),
    [
        (4, [(4, "skipped", "localizer")]),
        (1, [(3, "convertible", None), (1, "skipped", "localizer")]),
    ],
)
def test_scouts_are_set_aside_and_do_not_spoil_their_series(ct, scouts, expected):
    for path in sorted(ct.iterdir())[:scouts]:
        dataset = pydicom.dcmread(path)
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        dataset.save_as(path)
    found = [(summary.frames, summary.status.value, summary.reason) for summary in inspect(ct)]
    assert found == expected


def test_a_4d_nifti_image_is_told_with_its_axis(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((2, 3, 4, 5), np.int16), np.eye(4))
    image.header.set_xyzt_units("mm", "sec")
    image.header["pixdim"][4] = 2.5
    nibabel.save(image, tmp_path / "bold.nii.gz")
    (summary,) = inspect(tmp_path / "bold.nii.gz")
    assert summary.geometry.shape_kji == (4, 3, 2)
    assert summary.as_dict()["axis"] == {"name": "time", "unit": "s", "values": [0, 2.5, 5, 7.5, 10]}
    assert summary.frames == 20
