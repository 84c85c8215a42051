"""Further volumes of a patient lie where the first one lies, by their frame of reference alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from medseg.errors import GridMismatchError
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.volume.resampled import ResampledSlices
from medseg.workflows.list_volumes import list_volumes
from medseg.workflows.open_image import open_image, open_listed
from medseg.workflows.registered import (
    UNKNOWN_PLACE,
    Fit,
    candidates_among,
    candidates_in,
    fit_of,
    read_candidate,
    require_fit,
)

SARCOMA = "sarcoma_pet_ct_mr"
PATIENTS = ("STS_001", "STS_002", "STS_003")


def _volume(uid: str | None) -> Volume:
    grid = Grid.from_axes(
        (2, 3, 4), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 3), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0),
        frame_of_reference_uid=uid,
    )  # fmt: skip
    return Volume(grid, np.zeros((2, 3, 4), np.int16), Quantity.HU, Source("phantom"))


@pytest.mark.parametrize(
    ("first", "second", "fit"),
    [
        ("1.2", "1.2", Fit.SHARED),
        ("1.2", "1.3", Fit.OTHER),
        (None, "1.2", Fit.UNKNOWN),
        ("", "", Fit.UNKNOWN),
    ],
)
def test_the_frame_of_reference_decides(first: str | None, second: str | None, fit: Fit) -> None:
    opened, other = _volume(first), _volume(second)
    assert fit_of(opened.grid, other.grid) is fit
    if fit is Fit.SHARED:
        assert require_fit(other, opened) is other
    elif fit is Fit.UNKNOWN:
        laid_on = require_fit(other, opened)
        assert laid_on.warnings == (UNKNOWN_PLACE,)
        assert laid_on.voxels is other.voxels
    else:
        with pytest.raises(GridMismatchError, match="another") as caught:
            require_fit(other, opened)
        assert caught.value.details["reason"] == "other-frame-of-reference"
        assert "register" in caught.value.hint


def test_what_lies_beside_a_ct_is_found_and_another_patient_is_not_laid_on_it(real_data: Path) -> None:
    folder = real_data / SARCOMA / "dicom"
    listed = list_volumes(folder / "STS_001")
    ct = next(one for one in listed if one.summary.modality == "CT")
    opened = open_listed(ct)
    beside = candidates_among(listed, opened)
    assert [(one.modality, one.fit) for one in beside] == [("PT", Fit.SHARED), ("MR", Fit.SHARED)]
    pet = read_candidate(beside[0], opened)
    assert (pet.quantity, pet.warnings) == (Quantity.SUVBW, open_listed(beside[0].listed).warnings)
    strangers = candidates_in(folder / "STS_002", opened)
    assert {one.fit for one in strangers} == {Fit.OTHER}
    assert len(strangers) == 3
    with pytest.raises(GridMismatchError):
        read_candidate(strangers[0], opened)


def test_nifti_is_laid_on_by_its_coordinates_and_says_so(real_data: Path) -> None:
    folder = real_data / SARCOMA
    opened = open_image(folder / "dicom/STS_001/CT")
    (candidate,) = candidates_in(folder / "nifti/STS_001/PET_image.nii.gz", opened)
    assert (candidate.name, candidate.fit) == ("PET_image.nii.gz", Fit.UNKNOWN)
    assert UNKNOWN_PLACE in read_candidate(candidate, opened).warnings


@pytest.mark.parametrize("patient", PATIENTS)
def test_one_tumour_on_three_grids_lies_right_on_itself(real_data: Path, patient: str) -> None:
    """The tumour was outlined once and filled on the grids of CT, PET and MR: in mm they agree."""
    folder = real_data / SARCOMA / "nifti" / patient
    masks = {name: open_image(folder / f"{name}_mask.nii.gz") for name in ("CT", "PET", "MR_T1")}
    ct = masks["CT"]
    wanted = ct.voxels > 0
    for name in ("PET", "MR_T1"):
        volume = replace(masks[name], voxels=masks[name].voxels.astype(np.float32))
        laid_on = np.asarray(ResampledSlices(volume, ct.grid)) >= 0.5
        dice = 2 * (wanted & laid_on).sum() / (wanted.sum() + laid_on.sum())
        centres = [ct.grid.to_lps_mm(np.argwhere(mask)).mean(axis=0) for mask in (wanted, laid_on)]
        off_mm = float(np.linalg.norm(centres[0] - centres[1]))
        voxel_mm = max(masks[name].grid.spacing_kji_mm)
        assert dice > 0.93, f"{name}: Dice {dice:.3f}"
        assert off_mm < voxel_mm / 4, f"{name}: {off_mm:.2f} mm apart"


def test_each_slice_of_a_pet_is_what_its_reference_holds_there(real_data: Path) -> None:
    folder = real_data / SARCOMA
    opened = open_image(folder / "dicom/STS_001/CT")
    pet = next(one for one in candidates_in(folder / "dicom/STS_001", opened) if one.modality == "PT")
    seen = ResampledSlices(read_candidate(pet, opened), opened.grid)
    reference = nibabel.load(folder / "nifti/STS_001/PET_image.nii.gz")
    from scipy.ndimage import map_coordinates

    rows, columns = np.meshgrid(np.arange(60, 140, 7), np.arange(50, 150, 7), indexing="ij")
    for k in (5, 30, 55):
        lps = opened.grid.to_lps_mm(np.stack([np.full_like(rows, k), rows, columns], axis=-1))
        at = nibabel.affines.apply_affine(np.linalg.inv(reference.affine), lps * (-1, -1, 1))
        expected = map_coordinates(reference.get_fdata(), np.moveaxis(at, -1, 0), order=1, mode="nearest")
        assert np.abs(seen[k][rows, columns] - expected).max() < 1e-3 * reference.get_fdata().max()
