"""NIfTI's quaternion, of which only three numbers are stored: (b, c, d) ↔ rotation.

Source: nifti1.h of 2007, "QUATERNION REPRESENTATION OF ROTATION MATRIX".
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

HALF_TURN_A_SQUARED = 1e-7
"""Below this, nifti1_io.c (nifti_quatern_to_mat44) takes a² = 1 - b² - c² - d² for 0, a half turn."""

_ALWAYS_TAKEN_A_SQUARED = 4e-7
"""Above this every reader takes a² as it is; nibabel 5 snaps up to 3.6e-7. Between, readers differ."""

MAX_EXCESS = 1e-5
"""How much longer than 1 float32 arithmetic may make b² + c² + d²; beyond, the numbers are damaged."""


def rotation_from_bcd(b: float, c: float, d: float) -> FloatArray:
    """The 3×3 rotation of a stored quaternion, read as the reference implementation does.

    Raises:
        ValueError: The numbers are no part of a unit quaternion.
    """
    squared = b * b + c * c + d * d
    if not squared <= 1 + MAX_EXCESS:  # a comparison with NaN is false
        raise ValueError(f"the quaternion (b, c, d) = ({b:g}, {c:g}, {d:g}) is longer than 1")
    if 1 - squared < HALF_TURN_A_SQUARED:
        return _half_turn(b, c, d)
    return _rotation(math.sqrt(1 - squared), b, c, d)


def rotations_as_read(b: float, c: float, d: float) -> list[FloatArray]:
    """Every rotation that some reader makes of a stored quaternion close to a half turn."""
    a_squared = 1 - (b * b + c * c + d * d)
    if a_squared >= _ALWAYS_TAKEN_A_SQUARED:
        return [rotation_from_bcd(b, c, d)]
    return [_half_turn(b, c, d), _rotation(math.sqrt(max(a_squared, 0)), b, c, d)]


def bcd_from_rotation(rotation: FloatArray) -> tuple[float, float, float]:
    """The quaternion of a rotation, with a ≥ 0."""
    m = rotation
    # Four times the square of each component; starting from the largest loses no digits.
    squares = np.array(
        [
            1 + m[0, 0] + m[1, 1] + m[2, 2],
            1 + m[0, 0] - m[1, 1] - m[2, 2],
            1 - m[0, 0] + m[1, 1] - m[2, 2],
            1 - m[0, 0] - m[1, 1] + m[2, 2],
        ]
    )
    products = {
        0: (squares[0], m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]),
        1: (m[2, 1] - m[1, 2], squares[1], m[1, 0] + m[0, 1], m[0, 2] + m[2, 0]),
        2: (m[0, 2] - m[2, 0], m[1, 0] + m[0, 1], squares[2], m[2, 1] + m[1, 2]),
        3: (m[1, 0] - m[0, 1], m[0, 2] + m[2, 0], m[2, 1] + m[1, 2], squares[3]),
    }
    quaternion = np.array(products[int(squares.argmax())])
    b, c, d = quaternion[1:] / np.linalg.norm(quaternion) * (-1 if quaternion[0] < 0 else 1)
    return float(b), float(c), float(d)


def nearest_rotation(matrix: FloatArray) -> FloatArray:
    """The orthogonal matrix of determinant 1 closest to one of positive determinant (polar decomposition)."""
    left, _, right = np.linalg.svd(matrix)
    return np.asarray(left @ right, dtype=np.float64)


def _half_turn(b: float, c: float, d: float) -> FloatArray:
    length = math.sqrt(b * b + c * c + d * d)
    return _rotation(0, b / length, c / length, d / length)


def _rotation(a: float, b: float, c: float, d: float) -> FloatArray:
    return np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
        ]
    )
