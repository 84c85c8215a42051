"""The part of an image that a hint is about."""

from __future__ import annotations

import numpy as np

from medseg.assist.segmenter import Sphere
from medseg.errors import AssistError
from medseg.space import Box, Grid, box_at

AROUND_BALL = 1.5
"""Radii of the ball that are looked at: some methods need to see what is around it."""


def region_around(grid: Grid, sphere: Sphere | None) -> Box:
    """The box around a ball and some of what surrounds it, or all of the image.

    Raises:
        AssistError: The ball lies outside of the image; reason ``outside-region``.
    """
    shape = np.array(grid.shape_kji)
    if sphere is None:
        return box_at((0, 0, 0), grid.shape_kji)
    # The rows of the inverse are normal to the planes of constant index.
    per_mm = np.linalg.norm(grid.lps_mm_to_index[:3, :3], axis=1)
    reach = AROUND_BALL * sphere.radius_mm * per_mm
    centre = grid.to_index(np.asarray(sphere.centre_lps_mm))
    low = np.clip(np.floor(centre - reach).astype(int), 0, shape)
    high = np.clip(np.ceil(centre + reach).astype(int) + 1, 0, shape)
    if (high <= low).any():
        raise AssistError(
            "the ball lies outside of the image", hint="name its centre in LPS mm", reason="outside-region"
        )
    return box_at(low.tolist(), (high - low).tolist())
