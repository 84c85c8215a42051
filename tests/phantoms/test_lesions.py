"""Small livers with a tumour: each another patient, with the truth about it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import label

from medseg_phantoms.lesions import LIVER, TUMOUR, liver_lesion_ct

SEEDS = range(6)


@pytest.mark.parametrize("necrotic", [False, True], ids=["solid", "necrotic"])
def test_each_seed_is_another_patient_with_one_tumour_in_his_liver(necrotic):
    volumes = []
    for seed in SEEDS:
        phantom = liver_lesion_ct(seed, voxel_scale=1.5, necrotic=necrotic)
        tumour = phantom.truth.mask(TUMOUR.id)
        assert label(tumour, np.ones((3, 3, 3)))[1] == 1
        assert phantom.truth.mask(LIVER.id).sum() > 2 * tumour.sum()
        assert phantom.volume.grid.is_same_as(phantom.truth.grid)
        volumes.append(tumour.sum() * phantom.volume.grid.voxel_volume_mm3)
    assert len(set(np.round(volumes))) == len(SEEDS)


def test_the_same_arguments_give_the_same_bytes():
    one, again = (liver_lesion_ct(3, voxel_scale=2, necrotic=True) for _ in range(2))
    assert np.array_equal(one.volume.voxels, again.volume.voxels)
    assert np.array_equal(one.truth.voxels, again.truth.voxels)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_necrotic_tumour_is_darker_than_the_liver_in_its_middle_and_brighter_at_its_rim(seed):
    phantom = liver_lesion_ct(seed, necrotic=True)
    values = phantom.volume.voxels[phantom.truth.mask(TUMOUR.id)]
    liver = np.median(phantom.volume.voxels[phantom.truth.mask(LIVER.id)])
    assert np.percentile(values, 15) < liver - 40
    assert np.percentile(values, 90) > liver + 15
