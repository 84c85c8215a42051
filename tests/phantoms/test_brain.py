"""The brain phantom: same bytes, sound truth, an oblique grid."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from scipy import ndimage

from medseg.volume import Quantity
from medseg_phantoms import PHANTOMS, Phantom, brain_mr

TINY_KJI = (22, 64, 64)
IN_PLANE = np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]], dtype=bool)


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return PHANTOMS["brain"]("small")


def volumes_ml(phantom: Phantom) -> dict[str, float]:
    voxel_ml = phantom.truth.grid.voxel_volume_mm3 / 1000
    return {s.id: float(phantom.truth.mask(s.id).sum()) * voxel_ml for s in phantom.truth.structures}


def test_two_runs_give_the_same_bytes():
    digests = {
        hashlib.sha256(p.volume.voxels.tobytes() + p.truth.voxels.tobytes()).hexdigest()
        for p in (brain_mr(TINY_KJI), brain_mr(TINY_KJI))
    }
    assert len(digests) == 1


def test_it_is_an_mr_on_one_grid(phantom):
    assert phantom.volume.quantity is Quantity.ARBITRARY
    assert phantom.volume.voxels.dtype == np.uint16
    assert phantom.modality == phantom.volume.source.modality == "MR"
    assert phantom.truth.grid.is_same_as(phantom.volume.grid)


def test_the_grid_is_double_oblique_without_shear(phantom):
    grid = phantom.volume.grid
    assert grid.shear < 1e-12
    assert grid.spacing_kji_mm == pytest.approx((4, 1.5, 1.5))
    leaning = 1 - np.abs(grid.directions).max(axis=0)
    assert (leaning > 0.01).all()
    assert np.linalg.det(grid.directions[:, ::-1]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("inner", "outer"),
    [("necrosis", "tumour"), ("tumour", "brain"), ("oedema", "brain"), ("ventricles", "brain")],
)
def test_parts_lie_inside_what_they_are_part_of(phantom, inner, outer):
    inside = phantom.truth.mask_with_parts(inner)
    # Within the slices: a slice is thicker than the tumour's rim.
    shell = ndimage.binary_dilation(inside, IN_PLANE) & ~inside
    assert phantom.truth.structure(inner).part_of == outer
    assert inside.any()
    assert phantom.truth.mask_with_parts(outer)[shell].all()


def test_the_tumour_is_one_piece_on_the_left_in_front(phantom):
    tumour = phantom.truth.mask_with_parts("tumour")
    assert ndimage.label(tumour)[1] == 1
    x, y, z = phantom.truth.grid.to_lps_mm(np.argwhere(tumour)).mean(axis=0)
    assert x > 20
    assert y < -10
    assert z > 20


def test_contrast_is_that_of_t1_after_contrast_medium(phantom):
    mean = {s.id: phantom.volume.voxels[phantom.truth.mask(s.id)].mean() for s in phantom.truth.structures}
    assert mean["ventricles"] < mean["necrosis"] < mean["brain"] < mean["tumour"]
    white_matter = np.percentile(phantom.volume.voxels[phantom.truth.mask("brain")], 80)
    assert mean["ventricles"] < mean["oedema"] < white_matter


def test_the_background_holds_rician_noise(phantom):
    corner = phantom.volume.voxels[:, :10, :10]
    # The mean of a Rayleigh distribution is sqrt(pi / 2) times the noise of one channel.
    assert corner.mean() == pytest.approx(16 * np.sqrt(np.pi / 2), rel=0.05)


def test_every_size_shows_the_same_patient(phantom):
    finer = volumes_ml(brain_mr((60, 176, 176)))
    for structure_id, ml in volumes_ml(phantom).items():
        assert ml == pytest.approx(finer[structure_id], rel=0.03), structure_id
