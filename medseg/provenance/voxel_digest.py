"""Digests of voxels, shared by the record of provenance and the content digest."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt


def voxels_sha256(voxels: npt.NDArray[Any]) -> str:
    """SHA-256 of an array's numbers in C order, little-endian, as medseg stores them in NIfTI."""
    little_endian = np.ascontiguousarray(voxels, dtype=voxels.dtype.newbyteorder("<"))
    return hashlib.sha256(little_endian.data).hexdigest()


def structure_sha256(voxels: npt.NDArray[Any], label: int) -> str:
    """SHA-256 of where one structure lies, so that an approval can cover some structures.

    Args:
        voxels: A layer of a label map, C-ordered ``[k, j, i]``.
        label: The structure's label.

    Returns:
        The digest of the ascending flat positions of its voxels as little-endian 64-bit integers.
    """
    positions = np.flatnonzero(voxels.ravel() == label).astype("<u8")
    return hashlib.sha256(positions.data).hexdigest()
