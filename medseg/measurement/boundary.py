"""The boundary of a mask: the voxels that distances between surfaces are measured from."""

from __future__ import annotations

import numpy as np

from medseg.measurement.requirements import Mask


def boundary(mask: Mask) -> Mask:
    """The voxels of a mask that have a face in common with what is outside of it.

    Beyond the edge of the image is outside. A structure that is one voxel thin is all boundary. These are
    the voxels that an erosion with the six neighbours takes away, as in most published Hausdorff distances.

    Args:
        mask: ``[k, j, i]``.

    Returns:
        A mask of the same shape.
    """
    inner = mask.copy()
    for axis in range(mask.ndim):
        along, eroded = np.moveaxis(mask, axis, 0), np.moveaxis(inner, axis, 0)
        eroded[1:] &= along[:-1]
        eroded[:-1] &= along[1:]
        eroded[[0, -1]] = False
    return np.asarray(mask & ~inner)
