"""NRRD header ↔ Grid: which axes are space, and where they run (format definition, section 4)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.errors import NotOneVolumeError, UnsupportedImageError
from medseg.io.nrrd.damage import Damage
from medseg.io.nrrd.header import NrrdHeader
from medseg.io.shear import is_sheared
from medseg.space import Grid
from medseg.space.handedness import points_to_lps

_FRAMES = {
    "left-posterior-superior": "LPS",
    "lps": "LPS",
    "right-anterior-superior": "RAS",
    "ras": "RAS",
    "left-anterior-superior": "LAS",
    "las": "LAS",
}
"""The spaces that say where the patient's left, back and head are; the others don't."""


@dataclass(frozen=True, eq=False)
class NrrdGeometry:
    """Where the samples of an NRRD file lie.

    Attributes:
        grid: Of its three axes in space.
        list_axis: Which of the file's axes, counted from the fastest, holds layers; None where there is none.
        notes: What had to be assumed.
    """

    grid: Grid
    list_axis: int | None
    notes: tuple[str, ...] = ()


def geometry_of(header: NrrdHeader) -> NrrdGeometry:
    """Read where the samples lie.

    Raises:
        NotOneVolumeError: The file does not have three axes in space and at most one other.
        UnsupportedImageError: Its space or its unit of length is none that places it in a patient.
        Damage, GeometryError: Numbers that can't be read, or axes that can't be.
    """
    frame, notes = _frame_of(header)
    _require_mm(header)
    steps = _steps(header)
    spatial = [axis for axis, step in enumerate(steps) if step is not None]
    others = [axis for axis, step in enumerate(steps) if step is None]
    if len(spatial) != 3 or len(others) > 1:
        raise NotOneVolumeError(
            f"expected three axes in space and at most one list of layers, got {len(spatial)} and "
            f"{len(others)} of sizes {header.sizes}",
            reason="4d" if len(header.sizes) > 3 else "not-3d",
        )
    if "spacedirections" not in header.fields:
        notes.append("the file holds spacings alone: its axes were taken to run left, back and up")
    if "spaceorigin" not in header.fields:
        notes.append("the file does not say where its first voxel lies: it was put at 0, 0, 0")
    i, j, k = (points_to_lps(steps[axis], frame) for axis in spatial)  # type: ignore[arg-type]
    grid = Grid.from_axes(
        tuple(header.sizes[axis] for axis in reversed(spatial)),
        origin_lps_mm=points_to_lps(_origin(header), frame),
        step_k_mm=k,
        step_j_mm=j,
        step_i_mm=i,
    )
    return NrrdGeometry(grid, others[0] if others else None, tuple(notes))


def geometry_fields(grid: Grid, *, with_list: bool) -> dict[str, str]:
    """The fields that say where voxels lie, numbers so that they read back bit for bit.

    Args:
        grid: The grid; NRRD holds flips and shear too.
        with_list: Whether a list of layers comes first, as in Slicer's files.
    """
    steps = [f"({_numbers(grid.index_to_lps_mm[:3, axis])})" for axis in (2, 1, 0)]
    return {
        "space": "left-posterior-superior",
        "space directions": " ".join((["none"] if with_list else []) + steps),
        "space origin": f"({_numbers(grid.origin_lps_mm)})",
        "kinds": " ".join((["list"] if with_list else []) + ["domain"] * 3),
    }


def geometry_notes(grid: Grid) -> tuple[str, ...]:
    """What a user should know about a grid in an NRRD file; nothing about one with right angles."""
    if not is_sheared(grid):
        return ()
    return (
        "the stack of slices leans, as acquired: NRRD holds that and ITK reads it right, but programs that "
        "know right angles only may straighten it",
    )


def _numbers(vector: npt.NDArray[np.float64]) -> str:
    return ",".join(repr(float(number)) for number in vector)


def _frame_of(header: NrrdHeader) -> tuple[str, list[str]]:
    name = header.fields.get("space", "")
    if not name:
        # ITK's readers assume the same.
        return "LPS", ["the file does not name its space: left-posterior-superior was assumed"]
    if name.lower() not in _FRAMES:
        raise UnsupportedImageError(
            f"expected one of the spaces {', '.join(n for n in _FRAMES if '-' in n)}, got {name[:60]!r}",
            hint="that space does not say where the patient's left is",
            reason="space",
        )
    return _FRAMES[name.lower()], []


def _require_mm(header: NrrdHeader) -> None:
    units = set(re.findall(r'"([^"]*)"', header.fields.get("spaceunits", "")))
    if units - {"mm", "millimeter", "millimetre", ""}:
        raise UnsupportedImageError(
            f"expected a grid in mm, got {sorted(units)}", hint="convert the file to mm", reason="unit"
        )


def _steps(header: NrrdHeader) -> list[npt.NDArray[np.float64] | None]:
    """For each axis of the file its step in the file's space; None for one that is not in space."""
    sizes = header.sizes
    if "spacedirections" in header.fields:
        vectors = re.findall(r"\(([^()]*)\)|none", header.fields["spacedirections"])
        steps = [_vector(text) if text else None for text in vectors]
    else:
        spacings = [_number(word) for word in header.field("spacings").split()]
        axes = iter(np.eye(3))
        steps = [None if math.isnan(mm) else mm * next(axes, np.full(3, math.nan)) for mm in spacings]
    if len(steps) != len(sizes):
        raise Damage(f"it has {len(sizes)} axes, but says for {len(steps)} where they run")
    return steps


def _origin(header: NrrdHeader) -> npt.NDArray[np.float64]:
    if "spaceorigin" not in header.fields:
        return np.zeros(3)
    return _vector(header.fields["spaceorigin"].strip("()"))


def _vector(text: str) -> npt.NDArray[np.float64]:
    numbers = [_number(word) for word in text.split(",")]
    if len(numbers) != 3:
        raise NotOneVolumeError(
            f"expected vectors of three numbers, got ({text[:60]})",
            hint="space must have three dimensions",
            reason="5d" if len(numbers) > 4 else "4d",
        )
    return np.array(numbers)


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise Damage(f"expected a number, got {word[:40]!r}") from None
