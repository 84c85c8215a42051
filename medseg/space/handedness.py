"""LPS ↔ RAS: the only place where the two meet.

DICOM and ITK count x towards the patient's left and y towards the back (LPS+); NIfTI counts x towards
the right and y towards the front (RAS+). medseg is LPS throughout; the NIfTI reader and writer call this, and
the readers of formats that name the frame in which they count.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_FLIP_XY = np.diag([-1.0, -1.0, 1.0, 1.0])
_REVERSE_AXES = np.eye(4)[[2, 1, 0, 3]]

_SIGNS_TO_LPS = {"LPS": (1.0, 1.0, 1.0), "RAS": (-1.0, -1.0, 1.0), "LAS": (1.0, -1.0, 1.0)}


def ijk_to_ras_from_kji_to_lps(index_to_lps_mm: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Turn a Grid's matrix (index k, j, i → LPS) into NIfTI's (index i, j, k → RAS)."""
    return _FLIP_XY @ np.asarray(index_to_lps_mm, dtype=np.float64) @ _REVERSE_AXES


def kji_to_lps_from_ijk_to_ras(index_to_ras_mm: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Turn NIfTI's matrix (index i, j, k → RAS) into a Grid's (index k, j, i → LPS)."""
    return _FLIP_XY @ np.asarray(index_to_ras_mm, dtype=np.float64) @ _REVERSE_AXES


def points_to_lps(points_mm: npt.ArrayLike, frame: str) -> npt.NDArray[np.float64]:
    """Take points or directions of shape ``(..., 3)`` to LPS.

    Args:
        points_mm: In the frame that is named.
        frame: ``LPS``, ``RAS`` or ``LAS``: the sides of the patient towards which x, y and z grow.
    """
    # Adding 0 turns -0 into 0: a file must not tell which frame a point came from.
    return np.asarray(points_mm, dtype=np.float64) * _SIGNS_TO_LPS[frame] + 0.0
