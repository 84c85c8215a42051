"""The abdominal phantom: same bytes, sound truth, plausible values."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from scipy import ndimage

from medseg.volume import Quantity
from medseg_phantoms import PHANTOMS, Phantom, abdominal_ct

TINY_KJI = (20, 64, 64)


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return PHANTOMS["abdomen"]("small")


@pytest.fixture(scope="module")
def tiny() -> Phantom:
    return abdominal_ct(TINY_KJI)


def volumes_ml(phantom: Phantom) -> dict[str, float]:
    voxel_ml = phantom.truth.grid.voxel_volume_mm3 / 1000
    return {s.id: float(phantom.truth.mask(s.id).sum()) * voxel_ml for s in phantom.truth.structures}


def test_two_runs_give_the_same_bytes(tiny):
    digests = {
        hashlib.sha256(p.volume.voxels.tobytes() + p.truth.voxels.tobytes()).hexdigest()
        for p in (tiny, abdominal_ct(TINY_KJI))
    }
    assert len(digests) == 1


def test_another_seed_is_another_scan_of_the_same_patient(tiny):
    other = abdominal_ct(TINY_KJI, seed=1)
    assert not np.array_equal(tiny.volume.voxels, other.volume.voxels)
    np.testing.assert_array_equal(tiny.truth.voxels, other.truth.voxels)


def test_it_is_a_ct_on_one_grid(phantom):
    assert phantom.volume.quantity is Quantity.HU
    assert phantom.volume.voxels.dtype == np.int16
    assert phantom.modality == phantom.volume.source.modality == "CT"
    assert phantom.truth.grid.is_same_as(phantom.volume.grid)
    np.testing.assert_array_equal(phantom.volume.grid.directions, np.eye(3)[:, ::-1])


def test_the_patient_lies_head_first_on_the_back(phantom):
    def middle_lps_mm(structure_id: str) -> np.ndarray:
        return phantom.truth.grid.to_lps_mm(np.argwhere(phantom.truth.mask(structure_id))).mean(axis=0)

    x, y, z = 0, 1, 2
    assert middle_lps_mm("liver")[x] < -30 < 30 < middle_lps_mm("spleen")[x]
    assert middle_lps_mm("kidney-right")[x] < 0 < middle_lps_mm("kidney-left")[x]
    assert middle_lps_mm("spine")[y] > 30
    assert middle_lps_mm("liver")[z] > middle_lps_mm("kidney-right")[z]


@pytest.mark.parametrize(("inner", "outer"), [("necrosis", "tumour"), ("tumour", "liver")])
def test_parts_lie_inside_what_they_are_part_of(phantom, inner, outer):
    inside = phantom.truth.mask_with_parts(inner)
    shell = ndimage.binary_dilation(inside) & ~inside
    assert phantom.truth.structure(inner).part_of == outer
    assert inside.any()
    assert phantom.truth.mask_with_parts(outer)[shell].all()


def test_vessels_run_inside_the_liver(phantom):
    vessels = phantom.truth.mask("vessels")
    neighbours = ndimage.binary_dilation(vessels) & ~vessels
    # They enter at the hilum and leave towards the vena cava; everywhere else they are surrounded.
    assert phantom.truth.mask_with_parts("liver")[neighbours].mean() > 0.95


def test_the_tumour_is_one_lobulated_piece(phantom):
    tumour = phantom.truth.mask_with_parts("tumour")
    assert ndimage.label(tumour)[1] == 1
    points_mm = phantom.truth.grid.to_lps_mm(np.argwhere(tumour))
    radius_mm = np.linalg.norm(points_mm - points_mm.mean(axis=0), axis=1)
    volume_mm3 = tumour.sum() * phantom.truth.grid.voxel_volume_mm3
    ball_radius_mm = (volume_mm3 * 3 / (4 * np.pi)) ** (1 / 3)
    assert 15 < ball_radius_mm < 40
    # A ball of the same volume would end at its radius; lobes reach far beyond, and clefts cut in.
    assert radius_mm.max() > 1.3 * ball_radius_mm
    assert (radius_mm < ball_radius_mm).mean() < 0.85


@pytest.mark.parametrize(
    ("structure_id", "hu"),
    [("liver", 110), ("tumour", 71), ("necrosis", 25), ("vessels", 170), ("spleen", 125)],
)
def test_values_inside_structures(phantom, structure_id, hu):
    mask = phantom.truth.mask(structure_id)
    core = ndimage.binary_erosion(mask, ndimage.generate_binary_structure(3, 1))
    values = phantom.volume.voxels[core if core.sum() > 50 else mask]
    assert values.mean() == pytest.approx(hu, abs=5 if core.sum() > 50 else 20)


def test_bone_is_bright_and_the_room_is_air(phantom):
    assert phantom.volume.voxels[phantom.truth.mask("spine")].mean() > 180
    assert phantom.volume.voxels[:, :10].mean() == pytest.approx(-1000, abs=2)


def test_noise_is_that_of_a_soft_kernel(phantom):
    core = ndimage.binary_erosion(phantom.truth.mask("liver"), np.ones((3, 5, 5)))
    noise = phantom.volume.voxels - phantom.volume.voxels[core].mean()
    assert noise[core].std() == pytest.approx(12, abs=2)
    neighbours = core[:, :, 1:] & core[:, :, :-1]
    together = (noise[:, :, 1:] * noise[:, :, :-1])[neighbours].mean() / noise[core].var()
    assert 0.1 < together < 0.9


def test_every_size_shows_the_same_patient(phantom):
    finer = volumes_ml(abdominal_ct((64, 224, 224)))
    for structure_id, ml in volumes_ml(phantom).items():
        assert ml == pytest.approx(finer[structure_id], rel=0.03), structure_id


def test_progress_is_told_and_can_stop_it():
    class StopError(Exception):
        pass

    calls = []

    def progress(task: str, done: int, total: int) -> None:
        calls.append((done, total))
        if done == 2:
            raise StopError

    with pytest.raises(StopError):
        abdominal_ct(TINY_KJI, progress=progress)
    assert calls == [(0, 20), (1, 20), (2, 20)]


def test_an_unknown_size_is_refused():
    with pytest.raises(ValueError, match="small, full"):
        PHANTOMS["abdomen"]("huge")
