"""The settings of a method of interpolation that shape its result, for the record."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import numpy as np

from medseg.interpolation import CompletedStructure

Value = str | int | float | bool

_BETWEEN_SLICES = ("distance", "ends", "parallel")
_COMBINED = ("along_flow", "area_profile", "combined", "flow", "shift", *_BETWEEN_SLICES)
_RADIAL_BASIS = ("boundary_points", "narrow_band", "radial_basis", "rbf_kernels")

MODULES: Mapping[str, tuple[str, ...]] = {
    "signed-distance": _BETWEEN_SLICES,
    "combined": _COMBINED,
    "radial-basis": _RADIAL_BASIS,
    "blended": ("blended", *_COMBINED, *_RADIAL_BASIS),
}
"""For each method the modules of :mod:`medseg.interpolation` whose named numbers it works with."""

IMAGE_MODULES = ("image_help", "image_model", "image_planes")

_NO_RESULT = ("THREADS", "BYTES")
"""Words in the names of numbers that change how fast something is done, not what comes out."""


def parameters_of(one: CompletedStructure) -> dict[str, Value]:
    """What a structure was completed with.

    Args:
        one: The structure.

    Returns:
        By ``module.NAME`` each named number of the method's modules, and of those of the image where it was
        offered; then what was chosen for this structure alone.
    """
    modules = MODULES[one.method] + (IMAGE_MODULES if one.image else ())
    parameters = {name: value for module in modules for name, value in _numbers_of(module).items()}
    if one.image:
        parameters["image.strength"] = one.image.strength
        parameters["image.planes_predicted"] = len(one.image.judged)
        for name, error in (("without", one.image.error_without), ("with", one.image.error_with)):
            if error is not None:
                # Six digits are more than predicting a few planes can tell.
                parameters[f"image.error_{name}"] = float(f"{error:.6g}")
    return parameters


def _numbers_of(module: str) -> dict[str, Value]:
    named = vars(importlib.import_module(f"medseg.interpolation.{module}"))
    return {
        f"{module}.{name}": _shown(value)
        for name, value in named.items()
        if name.isupper() and not any(word in name for word in _NO_RESULT) and _is_number(value)
    }


def _is_number(value: object) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(isinstance(one, (int, float)) for one in value)
    return isinstance(value, (int, float, np.ndarray))


def _shown(value: object) -> Value:
    if isinstance(value, (int, float)):
        return value
    return ", ".join(f"{one:.6g}" for one in np.ravel(np.asarray(value, dtype=float)))
