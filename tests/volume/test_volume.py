"""Volumes hold what they say, and nobody changes them."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.errors import GridMismatchError, UnsupportedImageError
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume

GRID = Grid((2, 3, 4), np.eye(4))
SOURCE = Source("phantom")


def test_voxels_that_own_their_data_are_locked_without_a_copy():
    voxels = np.zeros((2, 3, 4), np.int16)
    volume = Volume(GRID, voxels, Quantity.HU, SOURCE)
    assert volume.voxels is voxels
    with pytest.raises(ValueError, match="read-only"):
        voxels[0, 0, 0] = 1


def test_a_view_is_copied_because_its_owner_could_write_to_it():
    owner = np.zeros((4, 3, 2), np.int16)
    volume = Volume(GRID, owner.T, Quantity.HU, SOURCE)
    owner[:] = 7
    assert volume.voxels.flags.c_contiguous
    assert not volume.voxels.any()


def test_a_view_of_locked_memory_is_shared():
    owner = np.zeros(24, np.int16)
    owner.setflags(write=False)
    volume = Volume(GRID, owner.reshape(2, 3, 4), Quantity.HU, SOURCE)
    assert np.shares_memory(volume.voxels, owner)


def test_another_shape_is_refused():
    with pytest.raises(GridMismatchError, match="expected voxels of shape"):
        Volume(GRID, np.zeros((2, 3, 5), np.int16), Quantity.HU, SOURCE)


@pytest.mark.parametrize("dtype", [complex, bool, object])
def test_voxels_that_are_no_real_numbers_are_refused(dtype):
    with pytest.raises(UnsupportedImageError, match="integer or float"):
        Volume(GRID, np.zeros((2, 3, 4), dtype), Quantity.ARBITRARY, SOURCE)


def test_each_quantity_has_a_unit():
    assert {q.value: q.unit for q in Quantity} == {
        "HU": "HU",
        "SUVbw": "g/ml",
        "BQML": "Bq/ml",
        "CNTS": "counts",
        "arbitrary": "",
    }
