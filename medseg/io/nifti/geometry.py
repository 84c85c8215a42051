"""NIfTI header ↔ Grid. The sform is the truth; see docs/decisions."""

from __future__ import annotations

from typing import Any

import numpy as np

from medseg.errors import GeometryError, UnsupportedImageError
from medseg.space import GEOMETRY_TOLERANCE_MM, Grid
from medseg.space.handedness import ijk_to_ras_from_kji_to_lps, kji_to_lps_from_ijk_to_ras

FORMS_AGREE_MM = 1e-3
"""Up to this distance at the corners sform and qform say the same; float32 quaternions lose that much."""

_MM_PER_UNIT = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
"""Unknown, metre, millimetre and micrometre, by their codes in nifti1.h."""

_FORM_CODES = range(6)
"""NIFTI_XFORM_UNKNOWN to NIFTI_XFORM_TEMPLATE_OTHER."""

_CODE_SCANNER = 1


def grid_from_header(header: Any) -> tuple[Grid, list[str]]:
    """Read where the voxels lie.

    Args:
        header: A nibabel NIfTI-1 or NIfTI-2 header of a 3-D image.

    Returns:
        The grid, and what a careful user should know about it.

    Raises:
        UnsupportedImageError: The header holds neither an sform nor a qform: where the voxels lie in the
            patient can't be known.
        GeometryError: The matrix is not finite or has no three independent axes.
    """
    warnings: list[str] = []
    unit_code = int(header["xyzt_units"]) & 0b111  # the other bits are the unit of time
    if unit_code not in _MM_PER_UNIT:
        raise UnsupportedImageError(f"expected a unit of length in xyzt_units, found the code {unit_code}")
    if unit_code == 0:
        warnings.append("the header names no unit of length; millimetres are assumed")
    sform, qform = _forms(header)
    if sform is None and qform is None:
        raise UnsupportedImageError(
            "expected an sform or a qform, but both codes are 0: the file does not say where its voxels "
            "lie in the patient",
            hint="convert the image anew from its DICOM series",
        )
    chosen = sform if sform is not None else qform
    scale = np.diag([_MM_PER_UNIT[unit_code]] * 3 + [1.0])
    grid = Grid(header.get_data_shape()[2::-1], kji_to_lps_from_ijk_to_ras(scale @ chosen))
    if sform is not None and qform is not None:
        other = Grid(grid.shape_kji, kji_to_lps_from_ijk_to_ras(scale @ qform))
        apart_mm = grid.max_corner_distance_mm(other)
        if apart_mm > FORMS_AGREE_MM:
            warnings.append(f"sform and qform disagree by up to {apart_mm:.4g} mm; the sform was taken")
    return grid, warnings


def _forms(header: Any) -> tuple[Any, Any]:
    for field in ("sform_code", "qform_code"):
        if int(header[field]) not in _FORM_CODES:
            raise GeometryError(f"expected a {field} of 0 to 5, found {int(header[field])}")
    if int(header["qform_code"]) > 0:
        if not (header["pixdim"][1:4] > 0).all():
            raise GeometryError(
                f"expected positive voxel sizes, found pixdim {header['pixdim'][1:4].tolist()}"
            )
        if header["pixdim"][0] == 0:
            header["pixdim"][0] = 1  # nifti1.h: a qfac of 0 means 1
    try:
        sform = header.get_sform(coded=True)[0]
        qform = header.get_qform(coded=True)[0]
    except Exception as error:  # nibabel raises several kinds for one damaged quaternion
        raise GeometryError(f"the header's orientation can't be read: {error}") from error
    return sform, qform


def write_grid(header: Any, grid: Grid) -> None:
    """Put a grid into a header: the sform always, the qform where it says the same.

    Args:
        header: A nibabel NIfTI header whose data shape is set.
        grid: The grid to write.

    Raises:
        GeometryError: The header's float32 numbers can't hold the grid within
            :data:`~medseg.space.GEOMETRY_TOLERANCE_MM`.
    """
    matrix = ijk_to_ras_from_kji_to_lps(grid.index_to_lps_mm)
    header.set_xyzt_units("mm")
    header.set_sform(matrix, _CODE_SCANNER)
    written = Grid(grid.shape_kji, kji_to_lps_from_ijk_to_ras(header.get_sform()))
    lost_mm = grid.max_corner_distance_mm(written)
    if lost_mm > GEOMETRY_TOLERANCE_MM:
        raise GeometryError(
            f"NIfTI's float32 header would move a corner by {lost_mm:.3g} mm",
            hint="the image lies implausibly far from the origin of its frame of reference",
            max_mm=lost_mm,
        )
    header.set_qform(matrix, _CODE_SCANNER, strip_shears=True)
    held = Grid(grid.shape_kji, kji_to_lps_from_ijk_to_ras(header.get_qform()))
    if held.max_corner_distance_mm(written) > GEOMETRY_TOLERANCE_MM:
        # A quaternion can't hold shear, and a float32 one rounds: better none than a second truth.
        header["qform_code"] = 0
        for field in ("quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z"):
            header[field] = 0
    header["pixdim"][1:4] = grid.spacing_kji_mm[::-1]
