"""Stored numbers, slope and intercept → values, in a type that loses nothing where there is one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.io.nifti.damage import Damage
from medseg.io.nifti.header import Header

Scaling = tuple[float, float]
"""Slope and intercept: value = slope · stored + intercept."""

NO_SCALING: Scaling = (1.0, 0.0)

_WHOLE_TYPES = tuple(
    map(np.dtype, ("uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")),
)
"""From the smallest; the first that holds all values is taken."""


def scaling_of(header: Header) -> tuple[Scaling, list[str]]:
    """Slope and intercept of a header, and what a careful user should know about them.

    A slope of 0 means that nothing is scaled (nifti1.h). Not-a-number in both fields is how nibabel says
    the same.

    Raises:
        Damage: Numbers that nothing can be scaled by.
    """
    slope, intercept = header.number("scl_slope"), header.number("scl_inter")
    if slope == 0:
        unused = math.isfinite(intercept) and intercept != 0
        return NO_SCALING, [f"scl_slope is 0, so scl_inter {intercept:g} was not added"] if unused else []
    if math.isnan(slope) and (math.isnan(intercept) or intercept == 0):
        return NO_SCALING, []
    if not (math.isfinite(slope) and math.isfinite(intercept)):
        raise Damage(f"it scales by a slope of {slope:g} and an intercept of {intercept:g}")
    return (slope, intercept), []


def real_values(stored: npt.NDArray[Any], scaling: Scaling) -> npt.NDArray[Any]:
    """Scale stored numbers.

    Args:
        stored: Numbers ``[…, j, i]`` in any byte order.
        scaling: Slope and intercept.

    Returns:
        The same numbers where nothing is scaled. Whole numbers that stay whole come in the smallest type
        that holds them; others as float32 where 16 bits were stored, which it holds to the last digit, else
        as float64.
    """
    native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    if scaling == NO_SCALING:
        return native
    whole = native.dtype.kind in "iu" and all(number.is_integer() for number in scaling)
    kind = _whole_type(native, scaling) if whole else None
    if kind is not None:
        return _scaled_whole(native, scaling, kind)
    short = native.dtype.kind in "iu" and native.dtype.itemsize <= 2
    return _scaled(native, scaling, np.dtype(np.float32 if short else np.float64))


def count_not_finite(values: npt.NDArray[Any]) -> int:
    """How many values are not-a-number or infinite; counted plane by plane, in little memory."""
    if values.dtype.kind != "f":
        return 0
    return sum(int(plane.size - np.isfinite(plane).sum()) for plane in _planes(values))


def _whole_type(stored: npt.NDArray[Any], scaling: Scaling) -> np.dtype[Any] | None:
    slope, intercept = map(int, scaling)
    ends = [int(number) * slope + intercept for number in (stored.min(), stored.max())]
    for kind in _WHOLE_TYPES:
        limits = np.iinfo(kind)
        if limits.min <= min(ends) and max(ends) <= limits.max:
            return kind
    return None


def _scaled_whole(stored: npt.NDArray[Any], scaling: Scaling, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    # Modulo 2⁶⁴ the steps between may wrap as they like: the result is right wherever it fits.
    slope, intercept = (np.uint64(int(number) % 2**64) for number in scaling)
    values = np.empty(stored.shape, kind)
    for target, plane in zip(_planes(values), _planes(stored), strict=True):
        target[...] = (plane.astype(np.uint64) * slope + intercept).astype(kind)
    return values


def _scaled(stored: npt.NDArray[Any], scaling: Scaling, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    slope, intercept = map(np.float64, scaling)
    values = np.empty(stored.shape, kind)
    # What overflows becomes infinite, and is counted.
    with np.errstate(over="ignore", invalid="ignore"):
        for target, plane in zip(_planes(values), _planes(stored), strict=True):
            target[...] = plane * slope + intercept
    return values


def _planes(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array as ``[plane, j, i]``, a view."""
    return array.reshape(-1, *array.shape[-2:])
