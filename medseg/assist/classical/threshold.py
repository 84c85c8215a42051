"""Threshold in a ball: what is brighter, or darker, than its surroundings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from medseg.assist.classical.neighbourhood import ball, connected_to, seeds_of, smoothed, values_of
from medseg.assist.segmenter import Hint, Mask, Method, Parameter, Proposal, Task
from medseg.progress import Progress, silent

CORE = 0.3
"""Share of the ball's radius within which the structure is looked for where no point says more."""


class ThresholdInSphere:
    """Values on one side of a threshold, within a ball, connected with what lies in its middle.

    The threshold parts the values of the ball into two classes (Otsu 1979, IEEE Trans Syst Man Cybern
    9:62-66); the structure is the class of the middle. Or both limits are given.
    """

    name = "threshold-in-sphere"
    title = "Threshold in a ball"
    version = "1"
    needs = frozenset({Hint.SPHERE})
    parameters: Sequence[Parameter] = (
        Parameter("limits", "Where the limits come from", "otsu", choices=("otsu", "given")),
        Parameter("least", "Least value", -1e9, unit="image"),
        Parameter("most", "Largest value", 1e9, unit="image"),
        Parameter("smoothing_mm", "Smoothing", 1.0, unit="mm", least=0, most=10),
        Parameter("fill_holes", "Fill holes", True),  # noqa: FBT003 - a setting that is on
    )

    def propose(self, task: Task, *, progress: Progress = silent) -> Proposal:
        """Propose; see :class:`medseg.assist.segmenter.Segmenter`."""
        assert task.hints.sphere is not None  # noqa: S101 - needs says so
        progress(self.title, 0, 1)
        grid = task.volume.grid
        values = smoothed(values_of(task), grid, task.number("smoothing_mm"))
        inside = ball(grid, task.region, task.hints.sphere)
        first = task.structure_ids[0]
        seeds = seeds_of(task, first) & inside
        if not seeds.any():
            sphere = task.hints.sphere
            seeds = ball(grid, task.region, type(sphere)(sphere.centre_lps_mm, CORE * sphere.radius_mm))
        wanted = self._within_limits(task, values, inside, seeds) & inside
        mask = connected_to(wanted, seeds)
        if task.parameters["fill_holes"]:
            mask = np.asarray(ndimage.binary_fill_holes(mask))
        method = Method(self.name, self.version, task.parameters)
        return Proposal({first: mask}, task.region, method)

    def _within_limits(self, task: Task, values: np.ndarray, inside: Mask, seeds: Mask) -> Mask:
        if task.parameters["limits"] == "given":
            return np.asarray((values >= task.number("least")) & (values <= task.number("most")))
        # Imported here: slow to import.
        from skimage.filters import threshold_otsu

        level = threshold_otsu(values[inside]) if inside.any() else 0.0
        brighter = bool(np.median(values[seeds]) > level) if seeds.any() else True
        return np.asarray(values > level if brighter else values <= level)
