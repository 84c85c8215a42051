"""Stored values → real values, in the smallest type that holds them exactly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import UnsupportedImageError

_EXACT_TYPES: tuple[np.dtype[Any], ...] = tuple(map(np.dtype, ("int16", "uint16", "int32", "uint32")))
"""Integer types from the smallest; NIfTI and its readers know them all."""

_FRACTIONS = np.dtype(np.float32)


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


@dataclass(frozen=True)
class StoredRange:
    """The smallest and largest stored value of one image, and whether it stores signed values."""

    low: int
    high: int
    signed: bool


def real_type(
    ranges: Sequence[StoredRange], rescales: Sequence[Rescale], scales: Sequence[float] | None
) -> np.dtype[Any]:
    """The smallest of int16, uint16, int32 and uint32 that holds all rescaled values, else float32.

    Args:
        ranges: One for each image.
        rescales: One for each image.
        scales: Further factors, one for each image; there values are float32 always.

    Raises:
        UnsupportedImageError: Values that no 32-bit type holds.
    """
    whole = scales is None and all(rescale.is_whole for rescale in rescales)
    number = int if whole else float
    ends = [
        (value * number(rescale.slope) + number(rescale.intercept)) * number(scale)
        for stored, rescale, scale in zip(ranges, rescales, _factors(scales, ranges), strict=True)
        for value in (stored.low, stored.high)
    ]
    low, high = min(ends), max(ends)
    for candidate in _EXACT_TYPES if whole else (_FRACTIONS,):
        smallest, largest = _limits(candidate)
        if smallest <= low and high <= largest:
            return candidate
    raise UnsupportedImageError(
        f"expected rescaled values of at most 32 bits, found {low:.6g} to {high:.6g}", reason="value-range"
    )


def _factors(scales: Sequence[float] | None, images: Sequence[object]) -> Sequence[float]:
    return [1.0] * len(images) if scales is None else scales


def _limits(dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.kind == "f":
        # As Python's numbers: NumPy would round what it compares with to the narrower type.
        return float(np.finfo(dtype).min), float(np.finfo(dtype).max)
    return np.iinfo(dtype).min, np.iinfo(dtype).max


def to_real_values(
    cells: npt.NDArray[Any],
    ranges: Sequence[StoredRange],
    rescales: Sequence[Rescale],
    scales: Sequence[float] | None = None,
    *,
    each: Callable[[Callable[[int], None], Sequence[int]], Iterable[None]] = map,
) -> npt.NDArray[Any]:
    """Apply each image's own rescale, and where given its scale.

    Whole values are computed in the bits of the type that will hold them: modulo 2^n sums and products
    of the bits are those of the numbers, signed or not, and the type was chosen so that the result fits.
    So no wider array is needed in between, nor another one if the cells are as wide.

    Args:
        cells: Bits of the stored values ``[n, j, i]``, of an unsigned type; overwritten.
        ranges: What the cells hold, one for each image.
        rescales: One for each image.
        scales: Factors to apply after the rescale, one for each image.
        each: Calls a function for each number, in whatever order.

    Returns:
        Real values: a view of ``cells`` if they are as wide. Fractions are computed in float64 and
        rounded once, to float32.

    Raises:
        UnsupportedImageError: Values that no 32-bit type holds.
    """
    dtype = real_type(ranges, rescales, scales)
    factors = _factors(scales, ranges)
    real = cells.view(dtype) if _is_as_wide(dtype, cells) else np.empty(cells.shape, dtype)

    def convert(n: int) -> None:
        stored = cells[n].view(f"{'i' if ranges[n].signed else 'u'}{cells.itemsize}")
        if dtype.kind == "f":
            _scale(stored, rescales[n], factors[n], real[n])
        else:
            _shift(stored, rescales[n], real[n])

    if real.base is not cells or set(rescales) - {IDENTITY}:
        for _ in each(convert, range(len(cells))):
            pass
    return real


def _is_as_wide(dtype: np.dtype[Any], cells: npt.NDArray[Any]) -> bool:
    return dtype.kind != "f" and dtype.itemsize == cells.itemsize


def _scale(stored: npt.NDArray[Any], rescale: Rescale, scale: float, real: npt.NDArray[Any]) -> None:
    exact = stored.astype(np.float64)
    exact *= rescale.slope
    exact += rescale.intercept
    exact *= scale
    real[...] = exact


def _shift(stored: npt.NDArray[Any], rescale: Rescale, real: npt.NDArray[Any]) -> None:
    bits = real.view(f"u{real.itemsize}")
    if not np.may_share_memory(stored, real):
        np.copyto(bits, stored, casting="unsafe")
    cell = 1 << 8 * real.itemsize
    if rescale.slope != 1:
        bits *= bits.dtype.type(int(rescale.slope) % cell)
    if rescale.intercept != 0:
        bits += bits.dtype.type(int(rescale.intercept) % cell)
