"""Stored values → real values, in the smallest type that holds them exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import UnsupportedImageError

_EXACT_TYPES: tuple[np.dtype[Any], ...] = tuple(map(np.dtype, ("int16", "uint16", "int32", "uint32")))
"""Integer types from the smallest; NIfTI and its readers know them all."""


@dataclass(frozen=True)
class Rescale:
    """``real = slope · stored + intercept`` (PS3.3 C.11.1.1.2), one for each image."""

    slope: float
    intercept: float

    @property
    def is_whole(self) -> bool:
        """Whether whole stored values stay whole."""
        return float(self.slope).is_integer() and float(self.intercept).is_integer()

    @property
    def is_valid(self) -> bool:
        """Whether different stored values stay different, finite values."""
        return math.isfinite(self.slope) and math.isfinite(self.intercept) and self.slope != 0


IDENTITY = Rescale(1.0, 0.0)


def to_real_values(stored: npt.NDArray[Any], rescales: Sequence[Rescale]) -> npt.NDArray[Any]:
    """Apply each slice's own rescale.

    Args:
        stored: Stored values ``[k, j, i]`` of an integer type.
        rescales: One for each slice.

    Returns:
        A new array, or ``stored`` itself where nothing changes. Whole values come as the smallest of
        int16, uint16, int32 and uint32; others are computed in float64 and rounded once, to float32.

    Raises:
        UnsupportedImageError: Whole values that no 32-bit type holds.
    """
    if not all(rescale.is_whole for rescale in rescales):
        return _fractional(stored, rescales)
    dtype = _smallest_type(stored, rescales)
    if dtype == stored.dtype and set(rescales) <= {IDENTITY}:
        return stored
    real = np.empty(stored.shape, dtype)
    for k, rescale in enumerate(rescales):
        real[k] = stored[k].astype(np.int64) * int(rescale.slope) + int(rescale.intercept)
    return real


def _fractional(stored: npt.NDArray[Any], rescales: Sequence[Rescale]) -> npt.NDArray[Any]:
    real = np.empty(stored.shape, np.float32)
    for k, rescale in enumerate(rescales):
        real[k] = stored[k].astype(np.float64) * rescale.slope + rescale.intercept
    return real


def _smallest_type(stored: npt.NDArray[Any], rescales: Sequence[Rescale]) -> np.dtype[Any]:
    ends = [
        int(value) * int(rescale.slope) + int(rescale.intercept)
        for plane, rescale in zip(stored, rescales, strict=True)
        for value in (plane.min(), plane.max())
    ]
    low, high = min(ends), max(ends)
    for candidate in _EXACT_TYPES:
        limits = np.iinfo(candidate)
        if limits.min <= low and high <= limits.max:
            return candidate
    raise UnsupportedImageError(
        f"expected rescaled values of at most 32 bits, found {low} to {high}", reason="value-range"
    )
