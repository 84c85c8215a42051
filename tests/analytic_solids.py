"""Solids whose volume, surface and length are known, on grids of every kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation
from scipy.special import elliprg

from medseg.space import Grid

FloatArray = npt.NDArray[np.float64]

ROOM_MM = 3.0
"""Around a solid: some voxels of outside on each side."""

_TILT = math.radians(20)
_TURN = Rotation.from_euler("zyx", [-40, 15, 70], degrees=True).as_matrix()
ASKEW = Rotation.from_euler("zyx", [25, -35, 50], degrees=True).as_matrix()
"""How solids are turned: not as any of the grids."""

STEPS: Mapping[str, FloatArray] = MappingProxyType(
    {
        "isotropic": np.eye(3)[:, ::-1],
        "anisotropic": np.diag([0.8, 0.7, 2.0])[:, ::-1],
        "oblique": _TURN @ np.diag([0.8, 0.7, 2.0])[:, ::-1],
        "flipped": np.diag([0.8, -0.7, -2.0])[:, ::-1],
        "sheared": np.array([[0, 0, 0.7], [2 * math.sin(_TILT), 0.8, 0.1], [2 * math.cos(_TILT), 0, 0]]),
    }
)
"""Steps of k, j and i in mm, as columns; by a name of the grid."""


@dataclass(frozen=True)
class Solid:
    """A body about the origin.

    Attributes:
        holds: Whether points ``(n, 3)`` in mm lie in it.
        reach_mm: No point of it lies farther from the origin.
        volume_mm3: Of it.
        surface_mm2: Of it.
        longest_mm: The largest distance between two of its points.
    """

    holds: Callable[[FloatArray], npt.NDArray[np.bool_]]
    reach_mm: float
    volume_mm3: float
    surface_mm2: float
    longest_mm: float


def ball(radius: float) -> Solid:
    """A ball."""
    return ellipsoid((radius, radius, radius))


def ellipsoid(semi_axes: tuple[float, float, float], turn: FloatArray = ASKEW) -> Solid:
    """An ellipsoid, its axes turned; its surface by Carlson's integral (NIST DLMF 19.33.2)."""
    a, b, c = semi_axes
    surface = 4 * math.pi * float(elliprg((a * b) ** 2, (a * c) ** 2, (b * c) ** 2))
    longest = max(semi_axes)
    return Solid(
        lambda p: np.asarray(np.linalg.norm((p @ turn) / semi_axes, axis=-1) <= 1),
        longest,
        4 / 3 * math.pi * a * b * c,
        surface,
        2 * longest,
    )


def torus(ring: float, tube: float, turn: FloatArray = ASKEW) -> Solid:
    """A torus by the radius of its ring and that of its tube."""

    def holds(points: FloatArray) -> npt.NDArray[np.bool_]:
        x, y, z = np.moveaxis(points @ turn, -1, 0)
        return np.asarray((np.hypot(x, y) - ring) ** 2 + z**2 <= tube**2)

    return Solid(
        holds,
        ring + tube,
        2 * math.pi**2 * ring * tube**2,
        4 * math.pi**2 * ring * tube,
        2 * (ring + tube),
    )


def box(edges: tuple[float, float, float], turn: FloatArray = ASKEW) -> Solid:
    """A box, turned."""
    a, b, c = edges
    diagonal = math.hypot(a, b, c)
    return Solid(
        lambda p: (np.abs(p @ turn) <= np.array(edges) / 2).all(axis=-1),
        diagonal / 2,
        a * b * c,
        2 * (a * b + b * c + c * a),
        diagonal,
    )


def voxels_of(solid: Solid, steps: FloatArray, offset: float = 0.3) -> tuple[npt.NDArray[np.bool_], Grid]:
    """What a perfect reader draws of a solid: the voxels whose centres it holds.

    Args:
        solid: Which.
        steps: One of :data:`STEPS`.
        offset: Where the origin lies between voxels, as a share of a step along each axis.

    Returns:
        The mask and its grid.
    """
    room = solid.reach_mm + ROOM_MM
    half = np.ceil(room * np.linalg.norm(np.linalg.inv(steps), axis=1)).astype(int)
    k, j, i = (2 * half + 1).tolist()
    affine = np.eye(4)
    affine[:3, :3] = steps
    affine[:3, 3] = -steps @ (half + offset)
    grid = Grid((k, j, i), affine)
    points = grid.to_lps_mm(np.moveaxis(np.indices(grid.shape_kji), 0, -1))
    return solid.holds(points), grid


def diagonal_mm(steps: FloatArray, axes: tuple[int, ...] = (0, 1, 2)) -> float:
    """The longest diagonal of a voxel, or of its face along some axes."""
    signs = np.array(list(np.ndindex(2, 2, 2))) * 2.0 - 1
    signs[:, [axis for axis in range(3) if axis not in axes]] = 0
    return float(np.linalg.norm(signs @ steps.T, axis=1).max())
