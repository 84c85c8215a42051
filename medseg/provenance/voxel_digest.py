"""Digests of voxels, shared by the record of provenance and the content digest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def voxels_sha256(voxels: npt.NDArray[Any]) -> str:
    """SHA-256 of an array's numbers in C order, little-endian, as medseg stores them in NIfTI."""
    little_endian = np.ascontiguousarray(voxels, dtype=voxels.dtype.newbyteorder("<"))
    return hashlib.sha256(little_endian.data).hexdigest()


def layers_sha256(layers: Sequence[npt.NDArray[Any]]) -> str:
    """SHA-256 of the voxels of a label map: of one layer as :func:`voxels_sha256`, of several over theirs."""
    return combined_sha256([voxels_sha256(layer) for layer in layers])


def combined_sha256(digests: Sequence[str]) -> str:
    """The digest that stands for the voxels of several layers, from those of each, in order."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(("medseg-layers/1", *digests)).encode()).hexdigest()


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
