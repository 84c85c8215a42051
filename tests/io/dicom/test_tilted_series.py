"""A tilted series of either sign, from DICOM files to an upright volume."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from scipy import ndimage

from medseg.io.dicom import read_series, write_series
from medseg.volume.resample import deshear
from tilted import TILTS_DEG, ball, positions_lps_mm, sampled, tilted_grid


@pytest.mark.parametrize("tilt_ji_deg", TILTS_DEG.values(), ids=TILTS_DEG)
def test_every_slice_stands_where_its_header_put_it(tmp_path, tilt_ji_deg):
    paths = write_series(
        sampled(tilted_grid(tilt_ji_deg), ball, np.int16),
        tmp_path / "ct",
        modality="CT",
        uid_seed="tilted",
        patient_name="PHANTOM^TILTED",
        patient_id="P1",
    )
    upright = deshear(read_series(tmp_path / "ct"))
    assert upright.grid.shear < 1e-6

    centres = positions_lps_mm(upright.grid)
    for path in paths:
        header = pydicom.dcmread(path)
        row, column = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
        offset = centres - np.array(header.ImagePositionPatient, float)
        k = np.abs(offset[:, 0, 0] @ np.cross(row, column)).argmin()
        assert abs(offset[k, 0, 0] @ np.cross(row, column)) < 1e-3
        row_mm, column_mm = header.PixelSpacing
        j, i = offset[k] @ column / row_mm, offset[k] @ row / column_mm
        inside = (j >= 0) & (j <= header.Rows - 1) & (i >= 0) & (i <= header.Columns - 1)
        hu = ndimage.map_coordinates(header.pixel_array.astype(float), (j[inside], i[inside]), order=1)
        assert inside.sum() >= (header.Rows - 1) * (header.Columns - 1)
        # 0.5 for the rounding; cosines of 16 characters leave less than 1e-9 of a pixel
        assert np.abs(upright.voxels[k][inside] - hu - float(header.RescaleIntercept)).max() < 0.5 + 1e-3
